"""The command line `sansha`: a module per command or group of commands."""

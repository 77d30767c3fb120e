"""Use cases of the payment provider, one file each: read, decide, write, announce."""

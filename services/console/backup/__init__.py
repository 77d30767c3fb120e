"""Backup and restore (バックアップと復元) of a data folder: consistent while the stack runs, encrypted, checked."""

"""Decisions of the ward, one file each: pure."""

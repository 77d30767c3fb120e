"""Use cases of the ward, one file each: read, decide, write, announce."""

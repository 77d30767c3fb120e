"""Use cases of the card agent, one file each: read, decide, write, announce."""

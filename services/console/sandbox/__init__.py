"""All parties in one process under a stepped clock."""

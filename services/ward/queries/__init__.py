"""Queries that only read: what HTTP shows and `sansha explain` says. A module per subject."""

"""`sansha access`: records of access."""

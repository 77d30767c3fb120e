"""`sansha terminal`: the ward's terminal (端末), which fetches receipt files over HTTPS."""

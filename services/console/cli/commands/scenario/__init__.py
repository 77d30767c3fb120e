"""`sansha scenario`: the library of stories."""

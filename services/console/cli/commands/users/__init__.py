"""`sansha users`: the users of a party."""

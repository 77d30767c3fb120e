"""`sansha duties`: the protection duties of the contract."""

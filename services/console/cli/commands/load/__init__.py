"""`sansha load`: how many receipts or payments a second, how long each takes, and where the time goes."""

"""The parties' books compared: audit, trial balances, deposit notices, the digest."""

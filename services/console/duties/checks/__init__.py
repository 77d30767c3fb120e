"""Checks that a machine makes of one party: each says what it looked at, with numbers that can be found again."""

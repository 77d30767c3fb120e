"""Decisions of the payment provider: pure functions of what is known."""

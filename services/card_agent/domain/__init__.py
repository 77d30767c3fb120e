"""Decisions of the card agent: pure functions of what is known."""

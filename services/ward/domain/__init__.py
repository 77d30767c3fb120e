"""Decisions of the ward, a module each: pure."""

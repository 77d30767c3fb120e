"""Callers of a service's HTTP: their keys, passwords, sessions and roles."""

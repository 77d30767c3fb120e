"""The base of every service. It has no knowledge of any party's domain."""

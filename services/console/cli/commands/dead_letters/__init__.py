"""`sansha dead-letters`: events that were set aside because their handler failed."""

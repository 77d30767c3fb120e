"""Events on their way: the outbox and the relay that sends it, the inbox, what was set aside."""

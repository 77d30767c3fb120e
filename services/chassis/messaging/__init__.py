"""Events between the database and the bus: outbox and relay, inbox, dead letters."""

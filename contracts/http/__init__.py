"""HTTP bodies by the party that answers: `ward`, `payment_provider`, `card_agent`; the other modules are shared."""

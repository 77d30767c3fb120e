"""HTTP bodies, by the party that answers: `ward`, `payment_provider`, `card_agent`; shared parts beside them."""

"""The duties of the contract that protect personal data, as data: who owes what to whom, and how it is shown."""

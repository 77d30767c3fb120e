"""HTTP bodies of 丙 a card agent."""

"""The simulated payers: when they pay, by which channel, with which card."""

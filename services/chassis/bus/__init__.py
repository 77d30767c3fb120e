"""The event bus: the port (`port.py`) and its adapters, opened by URL (`opening.py`)."""

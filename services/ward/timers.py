"""The ward's own timers: none. It acts on what it is told; a deposit that is late shows when somebody looks."""

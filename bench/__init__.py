"""Figures anyone can run: `make bench`. Peers for comparison live under `bench/peers/`."""

"""Benchmarks that anyone can run: `make bench`. Peers to compare with are in `bench/peers/`."""

"""What tests and benchmarks run the project on: a broker and databases in containers, parties as processes, a crowd of
payers. It imports nothing of either, and the product nothing of it."""

"""What tests and benchmarks run the project on: a broker and databases in containers, parties as processes, a crowd of
payers. It imports neither tests nor benchmarks, and the product does not
import it."""

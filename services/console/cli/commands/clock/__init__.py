"""`sansha clock`: the clock of a running stack."""

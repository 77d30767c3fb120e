"""HTTP bodies of 乙 the payment provider."""

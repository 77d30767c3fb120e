"""HTTP bodies of 甲 the ward."""

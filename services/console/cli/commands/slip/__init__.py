"""`sansha slip`: payment slips (納付書)."""

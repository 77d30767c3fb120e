"""Queries of the ward's use cases, a module per group of tables: `slips.lock(…)`, `receipts.add(…)`.

Set-based: a sequence in, one statement. Rows are locked in the order of `tables.LOCK_ORDER`. What HTTP shows is read by
`services.ward.queries`.
"""

"""Every query of a card agent's use cases, a module per group of tables, used with its module's name
(`closings.lock`). Set-based: a sequence in, one statement. (Queries that only read for HTTP are in `queries/`.)

Order of locks: closings by day, then authorizations by payment id, then accounts by id. What belongs to a closing
(deposits, anomalies) is changed only while that closing is locked. New cards are inserted by their unique key.
"""

"""Every query of a card agent's use cases, a module per group of tables, used with its module's name
(`closings.lock`). Set-based: a sequence in, one statement. (Queries that only read for HTTP are in `queries/`.)

Order of locks: closings by day, then authorizations by payment id, then accounts by id. What belongs to a closing
(deposits, anomalies) is changed only while that closing is locked. New authorizations are inserted last, by payment id;
new cards by their unique key, in a separate transaction.
One exception: a withdrawal learns only from its locked authorization that this was carried over (繰越) meanwhile, and
then locks the closing that counts it now. PostgreSQL breaks a deadlock, and the transaction is retried.
"""

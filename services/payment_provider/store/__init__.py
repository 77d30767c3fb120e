"""Every query of the payment provider's use cases, a module per group of tables, used with its module's name
(`payments.lock`). Set-based: a sequence in, one statement. (Queries that only read for HTTP are in `queries/`.)

Order of locks: payments by id, then closings by settler and day, then waiting anomalies by number. A transaction that
counts a payment in, or takes one out, holds its closing (a shared lock), so that it cannot be totalled meanwhile.
New payments are inserted last, by slip and attempt, their unique key; receipts, closings and anomalies by primary key.
A transaction that makes a receipt file inserts the file's row first, then marks the records; it locks no payment and
no closing.
"""

"""甲 the ward: 新宿区 介護保険課, which issues slips, registers receipts and matches deposits with them.

Promises: each receipt record is registered once, in whatever order and however often it comes; a receipt of an
unknown slip, or more than a slip owes, is booked and shown, never dropped; every entry of the premium ledger
(介護システム) balances; what is open is listed with the reason; what does not agree between receipts, statements and
deposits is found, named and decided about, and each decision is kept; a proxy payment whose money misses its named day
counts as the law of its day says.
Consumes: receipt data and the bank network's settlements of the payment provider; each card agent's settlements; its
own timers.
Publishes: nothing so far; slips go to the payer on paper.
"""

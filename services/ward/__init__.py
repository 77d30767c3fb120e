"""甲 the ward: 新宿区 介護保険課, which issues slips, registers receipts and matches deposits with them.

Promises: each receipt record is registered once, in whatever order and however often it comes; a receipt of an
unknown slip, or more than a slip owes, is booked and shown, never dropped; every entry of the premium ledger
(介護システム) balances; what is open is listed with the reason; what does not agree between receipts, statements and
deposits is found, named and decided about, and each decision is kept; a proxy payment whose money misses its named
day counts as the law of its day says; who has not paid as far as it knows is reminded (督促); what was paid too much
is applied to what is overdue or refunded (充当・還付). Its terminal (端末) fetches the same records as files, keeps
nothing once they are registered, and has every step recorded.
Consumes: receipt data, as events and as files, and the bank network's settlements of the payment provider; each card
agent's settlements; its own timers.
Publishes: nothing so far; slips go to the payer on paper.
"""

"""甲 the ward: 新宿区 介護保険課, which issues slips, registers receipts and matches deposits with them.

Promises: each receipt record is registered once, in whatever order and however often it comes; a receipt of an unknown
slip, or of more than a slip owes, is booked and listed, never dropped; every entry of the premium ledger (介護システム)
balances; open items are listed with their reasons; differences between receipts, statements and deposits are found and
named, and each decision about one is recorded; a proxy payment not deposited by its designated date (指定日) counts as
the law of its day says; a debt not paid as far as the ward knows is reminded of (督促); an overpayment is applied to
overdue debts or refunded (充当・還付). Its terminal (端末) fetches the same records as files,
deletes each file once it is registered, and records every step.
Consumes: receipt data, as events and as files, and the bank network's settlements of the payment provider; each card
agent's settlements; its own timers.
Publishes: nothing; slips go to the payer on paper.
"""

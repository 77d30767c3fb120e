"""丙 the designated card agent (指定代理納付者): one code base, an instance for each of JCB and UC.

Promises: every authorization request is answered as the card company answers it, and nothing stays held for one that
was reversed; what it has accepted is deposited once with its closing, or withdrawn before that closing is issued; the
lines of a statement add up to its total. On request (異常) it breaks these promises about settlement, and its books
still say that it fulfilled them; on a second request (精算訂正) it corrects both. Card numbers are entered at it alone,
and it stores none (非保持化).
Consumes: the provider's requests to this agent (authorization, entrustment, reversal); its own timers.
Publishes: authorization results, proxy payments, and settlements: closing statements and deposits.
"""

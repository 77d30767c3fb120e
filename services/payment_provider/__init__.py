"""乙 the payment service provider: the app that scans slips, and the collection centre (収納センター).

Promises: a slip it has taken is not taken twice; every payment ends paid or declined with a named reason; each paid
one is told to the ward as receipt data, 速報 the same day and 確報 after the agreed business days, 速報取消 when it
falls away. It never sees a card number.
Consumes: authorization results and proxy payments of each card agent; its own timers.
Publishes: scans, authorization requests per agent, receipt data, and the bank network's settlements.
"""

"""乙 the payment service provider: the app that scans slips, and the collection centre (収納センター) of every channel.

Promises: a slip is paid in the app once; every payment ends paid, or declined with a named reason; each paid one, in
the app, at a counter, a till or from an account, is reported to the ward as receipt data: 速報 and 確報 when its
channel's terms say, 速報取消 when the money will not come. The same records are in the file of their day, for the
ward's terminal alone. It never sees a card number.
Consumes: authorization results and proxy payments of each card agent; its own timers.
Publishes: scans, authorization requests per agent, receipt data, and the settlements of the channels' networks.
"""

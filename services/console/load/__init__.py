"""Load tests: how many receipts or payments a second, how long each takes, and where the time goes.

`sansha load receipts` writes receipt data (収納データ) onto the topic that the ward reads, `sansha load payments` sends
scans to the provider. Arrivals are an open loop: each has a time at which it is meant to come, stamped into the event,
and what it waits for anything counts from there (no coordinated omission). A receipt is *registered* when the
ward's consumer group has committed its offset, which a ward does after its database has committed.

`arrivals.py`, when each comes; `recording.py`, what was measured; `following.py`, what is registered by now;
`receipts.py`, `payments.py`, the workloads; `running.py`, a run from warm-up to the last receipt; `parties.py`, what
that cost; `places.py`, the stack it runs on; `trials.py`, all of it as a test; `results.py`, the outcome;
`thresholds.py`, `comparing.py`, `page.py`, what is made of the outcome.
"""

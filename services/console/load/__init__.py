"""Load tests: how many receipts or payments a second, how long each takes, and where the time goes.

`sansha load receipts` writes receipt data (収納データ) onto the topic that the ward reads, `sansha load payments` sends
scans to the provider. Arrivals are an open loop: each has an intended time, stamped into the event, and every latency
counts from it (no coordinated omission). A receipt is *registered* once the ward has committed it to its database and
then its offset.

`arrivals.py`: intended times. `receipts.py`, `payments.py`: the workloads. `running.py`: a run, from warm-up to the
last receipt. `following.py`: the receipts registered so far. `recording.py`, `parties.py`: latencies, resource usage.
`target.py`: the stack under test. `trials.py`: a whole test. `results.py`: the outcome, from which `thresholds.py`,
`comparing.py` and `page.py` work.
"""

"""個人情報の保護: a party's register of duties, and what its staff do for them. Knows the contract, no party's words.

`register.py` has the table, `correspondence.py` how a record comes into it: with a message sent, or one that arrives.
`office.py` are a contractor's use cases; the ward's are in its own room. `staff.py` and `behaviour.py` are the
simulation: staff who do on its date what is owed.
"""

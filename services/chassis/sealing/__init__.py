"""Sealing: what a party publishes can be read by its readers alone, what it keeps in topics and files as well.

The format is `contracts/sealing.py`. A party's private keys are in a file of its own, the public keys of all readers in
another; where they are says whether a party seals and opens. Which module does what:

    port.py         what the rest of the chassis sees
    choosing.py     settings → a sealer and an opener; loads cryptography only if there are keys
    key_files.py    the two files, read and written; months destroyed for good
    making.py       key pairs for months
    keyring.py      a party's private keys
    hpke.py         data keys wrapped and unwrapped
    sealer.py, opener.py, files.py
    pseudonyms.py   what stands on the bus in place of a subject that holds a personal number
"""

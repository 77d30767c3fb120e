"""消去: what is no longer needed is erased on its set date, by a timer, recorded and certified. Knows no party's words.

    rules.py      the rules for what every service holds: stored answers, dead letters, logins, persons of accesses
    records.py    the table of erasures: what was erased, and what is still to be done of it
    own_data.py   erases what every service holds
    media.py      makes an erasure real: files are written anew, keys are destroyed
    planning.py   which erasures are due in a fiscal year
    erasing.py    the use cases: plan, erase the rows, finish
    certifying.py the certificate (消去証明書) of a contractor

A party adds its rules (`domain/erasure.py`) and its statements (`store/erasure.py`).
"""

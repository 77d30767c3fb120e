"""What the three parties (三者) share: events, topics, formats, the bank calendar.

Every package may import it; it imports none of theirs.
"""

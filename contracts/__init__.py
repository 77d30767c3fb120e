"""The published language of the three parties (三者): events, topics, formats, the bank calendar.

Any room may import it; it imports no room.
"""

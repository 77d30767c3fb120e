"""The console: command line, sandbox, supervisor, audit. It drives the parties and watches them.

Of a party it imports only `app`; it reaches a running party over HTTP.
"""

__version__ = "0.1.0"

"""The console: command line, sandbox, supervisor, audit. It drives the parties and watches them.

It imports of a party only its `app`; everything it tells or asks a running one goes over HTTP.
"""

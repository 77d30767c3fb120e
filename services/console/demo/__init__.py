"""`sansha demo`: a fiscal year, played in the sandbox or on a running stack."""

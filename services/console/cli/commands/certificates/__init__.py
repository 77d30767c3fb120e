"""`sansha certificates`: the certificates that the authority of a stack has issued."""

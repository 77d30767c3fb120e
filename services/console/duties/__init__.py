"""The auditor's wing: how each duty of the contract stands, from the parties' registers and from checks."""

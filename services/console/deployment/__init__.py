"""What a stack stands on: topics, users and access rules, secrets, the gateway, the list of settings."""

"""Bostan for its users: the SDK, the command line, the REST contract and the quota files."""

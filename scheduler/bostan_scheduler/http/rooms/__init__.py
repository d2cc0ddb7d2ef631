"""The routes, one room a noun: each reads a request, asks the store or the leader, and answers."""

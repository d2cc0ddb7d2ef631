"""The ranks of this node: what the centre wants of each, what each does, and what is said of it."""

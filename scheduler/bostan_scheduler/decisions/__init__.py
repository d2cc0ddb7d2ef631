"""What the scheduler decided, and on what: snapshots as text, the log of decisions, and planning again from both."""

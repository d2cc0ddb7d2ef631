"""The way from each version of the tables to the next; run by the leader when it starts."""

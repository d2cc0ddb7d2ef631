"""What a run is told in: a table, JSON, and plots."""

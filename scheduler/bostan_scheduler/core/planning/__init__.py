"""The plan, and what it derives from the snapshot: kept up to date row by row."""

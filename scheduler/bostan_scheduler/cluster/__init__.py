"""The centre as a Ray application: one leader, some fronts, and how they are started and found."""

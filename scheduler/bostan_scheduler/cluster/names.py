"""By what names actors find each other."""

NAMESPACE = "bostan"
LEADER = "leader"

"""Readers of traces, one file a format: each gives the jobs of a file as `Asked`, or names the line and field that is wrong."""

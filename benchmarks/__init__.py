"""Measurements that are committed: each prints a table and can write one JSON form."""

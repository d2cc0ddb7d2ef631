"""Decisions as pure functions over an immutable snapshot: no clock, no chance, no input or output."""

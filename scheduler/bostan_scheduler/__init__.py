"""The centre: one writer, its store and its interfaces."""

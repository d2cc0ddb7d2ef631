"""What travels beside the session: work directories, checkpoints, outputs (by content) and logs (by offset)."""

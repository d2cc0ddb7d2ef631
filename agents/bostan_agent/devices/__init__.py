"""The node's GPUs: what the agent wants to know of them (`port`), and who answers (NVML or a simulation)."""

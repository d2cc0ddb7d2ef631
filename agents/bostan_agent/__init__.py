"""The node agent: reports a node's GPUs and supervises the ranks that run on them."""

"""How ranks run on a node: one interface (`port`), one implementation a module.

A runtime starts ranks, learns what becomes of them, stops them and finds them again after the agent
was away. What the agent wants of a runtime is in `port`; nothing else here is its concern, save
`environment` (what a rank sees) and `kept` (the checkpoint copies in a rank's folder).
"""

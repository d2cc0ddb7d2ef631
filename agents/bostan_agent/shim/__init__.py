"""The supervisor of one rank: standard library only, started once per rank, outlives the agent.

A rank lives in a folder of its own. Which file says what is told in `records`; the folder is the
whole interface beside a control socket (`control`), so an agent that comes back needs no memory.
"""

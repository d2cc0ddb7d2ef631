"""A whole province in virtual time, with everything that can go wrong in it, drawn from one seed.

The centre is the real writer over a real store; nodes, their agents, shims and ranks, users and the wide-area lines are
models. `truth` knows what really runs where, whatever anybody believes, and asserts what must never happen.
"""

from simulation.run import Outcome, simulate

__all__ = ["Outcome", "simulate"]

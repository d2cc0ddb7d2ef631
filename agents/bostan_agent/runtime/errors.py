"""What can go wrong between the agent and its ranks.

RuntimeFault
├── RankExists        a rank of this name was started here before and is not forgotten
├── RankUnknown       a rank was neither started nor found here
├── TooManyRanks      the node runs as many ranks as its settings allow
├── StillRunning      a rank that has not ended cannot be forgotten
├── ShimUnreachable   the rank's shim does not answer; the rank may well be running
├── ShimRefused       the rank's shim answered no, with its reason
├── SweepIncomplete   processes of a rank whose shim died cannot be killed
└── LauncherFailed    the process that makes shims cannot be started
"""

from __future__ import annotations


class RuntimeFault(Exception):
    """The runtime could not do what was asked."""


class RankExists(RuntimeFault):
    """A rank of this name was started here before and is not forgotten."""


class RankUnknown(RuntimeFault):
    """A rank was neither started nor found here."""


class TooManyRanks(RuntimeFault):
    """The node runs as many ranks as its settings allow."""


class StillRunning(RuntimeFault):
    """A rank that has not ended cannot be forgotten."""


class ShimUnreachable(RuntimeFault):
    """The rank's shim does not answer; the rank may well be running."""


class ShimRefused(RuntimeFault):
    """The rank's shim answered no, with its reason."""


class SweepIncomplete(RuntimeFault):
    """Processes of a rank whose shim died cannot be killed."""


class LauncherFailed(RuntimeFault):
    """The process that makes shims cannot be started."""

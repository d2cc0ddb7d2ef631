"""What can go wrong in a shim.

ShimError
├── SpecError        the spec of a rank is malformed
├── StartError       the rank's main process could not be started
└── SnapshotError    a declared checkpoint could not be copied
"""

from __future__ import annotations


class ShimError(Exception):
    """A shim could not do what was asked."""


class SpecError(ShimError):
    """The spec of a rank is malformed."""


class StartError(ShimError):
    """The rank's main process could not be started."""


class SnapshotError(ShimError):
    """A declared checkpoint could not be copied."""

"""The errors that an operator of the centre can mend.

CentreError
├── FolderInUse       another centre runs on the data folder
├── UnsafeAddress     it would listen beyond this machine without TLS
├── NotReady          its parts did not come up in time
├── BadToken          a token whose role and reach do not fit
├── NoCentre          a folder holds no centre
├── NoSuchToken       the token to revoke is not there
├── BadSnapshot       a file is not a snapshot that this release can plan from
└── BadDecisionLog    a folder does not hold a log of decisions that can be compared
"""


class CentreError(Exception):
    """The centre cannot do this as it is set up."""


class FolderInUse(CentreError):
    """Another centre runs on this data folder."""


class UnsafeAddress(CentreError):
    """The centre would listen where others can reach it, without TLS."""


class NotReady(CentreError):
    """The centre did not get ready in time."""


class BadToken(CentreError):
    """The role of the token and its reach do not fit."""


class NoCentre(CentreError):
    """The data folder holds no centre."""


class NoSuchToken(CentreError):
    """There is no such token in force."""


class BadSnapshot(CentreError):
    """A file is damaged, of another kind, or of another release."""


class BadDecisionLog(CentreError):
    """A log of decisions is missing, damaged, or has nothing to compare."""

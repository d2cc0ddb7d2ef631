"""Why a journal could not be used.

JournalError
├── JournalDamaged       the file is no journal of ours
└── JournalUnwritable    a commit failed: the disk is full or broken
"""


class JournalError(Exception):
    """The journal of this node could not be used."""


class JournalDamaged(JournalError):
    """The file is no journal, or one that a newer agent wrote."""


class JournalUnwritable(JournalError):
    """A record could not be made durable; the agent must not go on as if it were."""

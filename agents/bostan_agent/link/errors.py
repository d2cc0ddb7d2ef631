"""Why a session ended.

LinkError
├── LineLost         the line broke, or the centre went away: dial again soon
├── NodeRefused      the centre does not take this node as it is: dial again slowly
├── Unprepared       its token or its certificates cannot be read any more: try again slowly
└── JournalForked    the centre knows more of the journal than we do: dial again under a new journal id
"""


class LinkError(Exception):
    """A session with the centre ended."""


class LineLost(LinkError):
    """The line broke, or the centre went away."""


class NodeRefused(LinkError):
    """The centre does not take this node as it is."""


class Unprepared(LinkError):
    """What this node presents itself with cannot be read."""


class NodeChanged(LinkError):
    """What the hello said of this node is out of date."""


class JournalForked(LinkError):
    """The centre has acknowledged records that this journal never had: it is an old copy."""

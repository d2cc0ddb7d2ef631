"""Why a file did not travel.

FilesError
├── BadArchive        an archive that must not, or cannot, be unpacked
├── NotPacked         a folder that cannot be packed: too large, or it cannot be read
├── BadBlob           bytes that are not what their name says, or of an impossible size
├── NoSpace           this node's disk cannot hold it
├── BlobUnknown       the centre does not have it
├── BlobRefused       the centre will never take it
└── LineCut           the centre is out of reach: try again
"""


class FilesError(Exception):
    """A file could not travel."""


class BadArchive(FilesError):
    """An archive that must not, or cannot, be unpacked."""


class NotPacked(FilesError):
    """A folder that cannot be packed."""


class BadBlob(FilesError):
    """Bytes that are not what their name says."""


class NoSpace(FilesError):
    """This node's disk cannot hold it."""


class BlobUnknown(FilesError):
    """The centre does not have it."""


class BlobRefused(FilesError):
    """The centre will never take it."""


class LineCut(FilesError):
    """The centre is out of reach."""

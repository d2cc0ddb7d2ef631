"""What the file stores can refuse, and fail at.

FilesError
├── BadName          an id that could lead elsewhere
├── BlobError
│   ├── BlobUnknown      there is no complete archive of this hash
│   ├── WrongOffset      a part that does not begin where the last one ended
│   ├── TooLarge         more than an archive, a part or the number of uploads may be
│   ├── HashDiffers      all bytes came, and they are not those of the hash; they were dropped
│   └── DiskFull         the disk has no room to spare
└── LogGap           bytes between what is kept and what was sent are missing
"""


class FilesError(Exception):
    """The files could not be kept or given out."""


class BadName(FilesError):
    """An id is not one."""


class BlobError(FilesError):
    """Something about an archive."""


class BlobUnknown(BlobError):
    """There is no complete archive of this hash."""


class WrongOffset(BlobError):
    """The part does not begin at `offset`, where the last one ended."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the next part begins at byte {offset}")
        self.offset = offset


class TooLarge(BlobError):
    """More than is allowed."""


class HashDiffers(BlobError):
    """The bytes are not those of the hash."""


class DiskFull(BlobError):
    """The disk of the centre has no room to spare."""


class LogGap(FilesError):
    """The log is kept up to `next_offset`; what was sent begins later."""

    def __init__(self, next_offset: int) -> None:
        super().__init__(f"the log is kept up to byte {next_offset}")
        self.next_offset = next_offset

"""Ids that become names of files: checked here, so that none leads out of its folder."""

import re

from bostan_scheduler.files.errors import BadName

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ATTEMPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.[0-9]{1,9}")
_OWNER = re.compile(r"(-park/)?[a-z0-9][a-z0-9/-]{0,62}|-(staff|checkpoint|output)")
RANKS_MAX = 1_000_000


def blob_name(sha256: str) -> str:
    """The hash as a name. Raises BadName."""
    if not _SHA256.fullmatch(sha256):
        raise BadName("an archive is named by 64 lower-case hexadecimal digits")
    return sha256


def owned_name(sha256: str, owner: str) -> str:
    """The hash and whose it is, as a name. Raises BadName."""
    if not _OWNER.fullmatch(owner):
        raise BadName("an owner is named by the id of a firm or a park")
    return f"{blob_name(sha256)}.{owner.replace('/', '_')}"


def rank_name(attempt_id: str, rank: int) -> str:
    """Where a rank's log lies, below the folder of logs. Raises BadName."""
    if not _ATTEMPT.fullmatch(attempt_id):
        raise BadName("an attempt is named JOB.NUMBER")
    if not 0 <= rank < RANKS_MAX:
        raise BadName(f"a rank is a number from 0 to {RANKS_MAX - 1}")
    return f"{attempt_id}/{rank}"

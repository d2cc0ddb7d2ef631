"""Where the traces are: third-party data that is not part of the project. A bench that misses one says so."""

import os
from pathlib import Path

VARIABLE = "BOSTAN_TRACES"
DEFAULT = Path("../shared/traces")


def folder() -> Path:
    """The folder of the traces."""
    return Path(os.environ.get(VARIABLE) or DEFAULT)


def found(*names: str) -> bool:
    """Whether the folder has all these files; if not, which are missing is printed and the bench is to be skipped."""
    missing = [name for name in names if not (folder() / name).is_file()]
    if missing:
        print(f"skipped: {folder()} has no {', '.join(missing)}; set {VARIABLE} to the folder that has")
    return not missing


def numbers(text: str) -> tuple[int, ...]:
    """Seeds such as `42-51` or `42,45`. Raises ValueError."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    if not found:
        raise ValueError(f"{text} names no number")
    return tuple(found)

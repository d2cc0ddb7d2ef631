"""Where the traces are: third-party data that is not part of the project. A bench that misses one says so."""

import os
from pathlib import Path

VARIABLE = "BOSTAN_TRACES"
DEFAULT = Path("../shared/traces")
SIGMA_MAX, RATE_MAX = 10.0, 1e6


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


def stem(path: Path) -> str:
    """The name of a file without what says how it is written."""
    return path.name.partition(".")[0]


def sigmas(text: str) -> tuple[float | None, ...]:
    """Errors of estimates such as `0,1`. Raises ValueError."""
    return tuple(map(sigma, text.split(",")))


def sigma(text: str) -> float | None:
    """The error of estimates; `none` is to have no estimates. Raises ValueError."""
    return None if text == "none" else _number(text, SIGMA_MAX)


def rates(text: str) -> tuple[float, ...]:
    """Jobs an hour, such as `2.0,2.4`. Raises ValueError."""
    return tuple(_number(part, RATE_MAX) for part in text.split(","))


def _number(text: str, most: float) -> float:
    value = float(text)
    if not 0.0 <= value <= most:
        raise ValueError(f"{text} is not 0 to {most:g}")
    return value

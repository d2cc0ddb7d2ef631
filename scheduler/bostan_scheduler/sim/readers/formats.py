"""The formats of traces by name, and `FORMAT:FILE` read as one of them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from bostan.errors import BostanError

from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.readers import gavel, muri, openb, philly_vc, shockwave, swf
from bostan_scheduler.sim.readers.options import Options

Reader = Callable[[Path, Options], Iterator[Asked]]

FORMATS: Final[Mapping[str, Reader]] = {
    "muri": muri.read,
    "openb": openb.read,
    "shockwave": shockwave.read,
    "gavel": gavel.read,
    "philly-vc": philly_vc.read,
    "swf": swf.read,
}


class BadTrace(BostanError):
    """A trace is not given as FORMAT:FILE."""

    exit_code = 2


def read_trace(text: str, options: Options) -> list[Asked]:
    """The jobs of `FORMAT:FILE`.

    Raises:
        BadTrace: there is no such format, or the form is another.
        InvalidFile: something is wrong in the file or the options.
    """
    name, colon, file = text.partition(":")
    if name not in FORMATS or not colon or not file:
        raise BadTrace(
            f"--trace {text[:60]}: no such trace", f"write FORMAT:FILE with one of {', '.join(FORMATS)}"
        )
    return list(FORMATS[name](options.base / file, options))

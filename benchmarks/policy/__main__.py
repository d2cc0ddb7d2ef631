"""python -m benchmarks.policy NAME [--json FILE] ...: one module of this package for each bench."""

import sys
from importlib import import_module
from pkgutil import iter_modules

from bostan.errors import BostanError

import benchmarks.policy as benches

HELPERS = {"__main__", "figures", "published", "runs", "traces"}


def main(arguments: list[str] | None = None) -> int:
    """Run the bench that the first argument names. A bench has `main(arguments)`."""
    given = sys.argv[1:] if arguments is None else arguments
    known = names()
    name = given[0].replace("-", "_") if given else ""
    if name not in known:
        shown = ",".join(one.replace("_", "-") for one in known)
        print(f"usage: python -m benchmarks.policy {{{shown}}} ...", file=sys.stderr)
        return 2
    try:
        import_module(f"{benches.__name__}.{name}").main(given[1:])
    except BostanError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def names() -> list[str]:
    """The benches that there are."""
    return sorted(found.name for found in iter_modules(benches.__path__) if found.name not in HELPERS)


if __name__ == "__main__":
    sys.exit(main())

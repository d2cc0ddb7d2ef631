"""The console script of the centre: says in a line what is missing, where it was installed without what it needs."""

import sys
from importlib.util import find_spec

NEEDS = (
    *("alembic", "cattrs", "fastapi", "grpc", "google.protobuf", "numpy", "orjson", "prometheus_client"),
    *("psutil", "ray", "sqlalchemy", "structlog", "uvicorn"),
)
"""What the package's extra `scheduler` brings, and `bostan` alone does not."""


def main() -> None:
    """Run a command of `bostan-scheduler`."""
    missing = [name for name in NEEDS if not _is_there(name)]
    if missing:
        sys.exit(
            f"bostan-scheduler: {', '.join(missing)} not installed; run: pip install 'bostan[scheduler]'"
        )
    from bostan_scheduler.commands import app

    app()


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:  # of a module inside a package that is not there
        return False

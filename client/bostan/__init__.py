"""Bostan for its users: the SDK, the command line, the REST contract and the quota files.

What is named here is loaded when it is first used: a command line that only prints its help needs none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bostan._version import __version__

if TYPE_CHECKING:
    from bostan.api import Job, NewJob
    from bostan.asyncclient import AsyncClient
    from bostan.client import Client
    from bostan.errors import BostanError
    from bostan.jobfile import JobSpec, load_job, read_job

_HOMES = {
    "AsyncClient": "bostan.asyncclient",
    "BostanError": "bostan.errors",
    "Client": "bostan.client",
    "Job": "bostan.api",
    "JobSpec": "bostan.jobfile",
    "NewJob": "bostan.api",
    "load_job": "bostan.jobfile",
    "read_job": "bostan.jobfile",
}

__all__ = [
    "AsyncClient",
    "BostanError",
    "Client",
    "Job",
    "JobSpec",
    "NewJob",
    "__version__",
    "load_job",
    "read_job",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__

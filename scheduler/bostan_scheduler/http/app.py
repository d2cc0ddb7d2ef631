"""Puts the REST interface together from its parts."""

from itertools import chain

from bostan import __version__
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from bostan_scheduler.http.door import Door
from bostan_scheduler.http.front import Front
from bostan_scheduler.http.openapi import describe
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.problems import Problem, answer_http, answer_problem, answer_validation
from bostan_scheduler.http.rooms import (
    blobs,
    events,
    forecasts,
    health,
    jobs,
    logs,
    me,
    nodes,
    outputs,
    parks,
    quotas,
    submitting,
    tokens,
    usage,
    windows,
)

# The router looks from first to last: what is asked most stands first.
_ROOMS = (
    submitting,
    jobs,
    forecasts,
    logs,
    outputs,
    blobs,
    me,
    events,
    nodes,
    parks,
    quotas,
    usage,
    tokens,
    windows,
    health,
)


def create_app(parts: HttpParts) -> FastAPI:
    """The application over these parts. Several of them may run in one process."""
    front = Front.of(parts)
    app = FastAPI(
        title="Bostan",
        version=__version__,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.front = front
    app.router.routes[:0] = chain.from_iterable(room.router.routes for room in _ROOMS)
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(RequestValidationError, answer_validation)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_middleware(Door, limits=parts.limits, times=front.metrics.times)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app

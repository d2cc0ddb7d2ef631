"""The one place where access is enforced: a route that lets nobody in but whom the table names, before it reads a body."""

from collections.abc import Callable, Coroutine
from typing import Any

from bostan.api import Role
from fastapi import Request, Response
from fastapi.routing import APIRoute

from bostan_scheduler.http.access import OPEN, TABLE, Access
from bostan_scheduler.http.asker import Asker, Reach
from bostan_scheduler.http.front import Front
from bostan_scheduler.http.problems import Problem

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route of the table. Making one that is not in it is a programmer's error."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()
        method = next(iter(self.methods or ()))
        if (method, self.path) in OPEN:
            return handler
        access = TABLE.get((method, self.path))
        assert access is not None, f"{method} {self.path} is not in the table of access"
        return _guarded(handler, access)


def _guarded(handler: Handler, access: Access) -> Handler:
    async def admit(request: Request) -> Response:
        front: Front = request.app.state.front
        token = await front.doorkeeper.token(request)
        role = Role(token.role)
        reach = access.get(role)
        if reach is None:
            raise Problem(403, f"the role {role} may not do this", "ask somebody whose role may")
        asker = Asker(token, role, reach)
        _check_bound(asker)
        _check_reach(request, asker)
        request.state.asker = asker
        return await handler(request)

    return admit


def _check_bound(asker: Asker) -> None:
    """A token of a firm or a park that names none reaches nothing, instead of everything."""
    unbound = (asker.reach is Reach.OWN_FIRM and not asker.token.firm) or (
        asker.reach is Reach.OWN_PARK and not asker.token.park
    )
    if unbound:
        raise Problem(403, f"your token has the role {asker.role} and names nothing", "get a new one")


def _check_reach(request: Request, asker: Asker) -> None:
    """What the path and the query name must be within reach, whoever else it may belong to, and whether it exists."""
    asked = request.query_params
    for kind, own, named in (
        ("park", asker.park, request.path_params.get("park")),
        ("park", asker.park, asked.get("park")),
        ("firm", asker.firm, asked.get("firm")),
        ("project", asker.project, asked.get("project")),
    ):
        if own is not None and named is not None and named != own:
            remedy = f"leave {kind} out, or name {own}"
            raise Problem(403, f"your token is for the {kind} {own}", remedy, field=kind)

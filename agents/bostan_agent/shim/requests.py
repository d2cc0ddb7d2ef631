"""What a client of the control socket may ask, and what each request does.

status            how the rank is
watch             no reply, but an event `state` that says the same, and every event from then on
stop              checkpoint: bool, grace_seconds: number
renew             deadline_boottime_ns: integer
checkpoint_done   step: integer or null; answered when the checkpoint is recorded
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bostan_agent.shim.control import Client, Control
from bostan_agent.shim.declaring import Outcome, Refused
from bostan_agent.shim.errors import SpecError
from bostan_agent.shim.fields import optional, required
from bostan_agent.shim.records import Cause

if TYPE_CHECKING:
    from bostan_agent.shim.supervisor import Supervisor

Request = Mapping[str, object]
_FOR_THE_RANK = frozenset({"status", "checkpoint_done"})


class Requests:
    """Answers requests on behalf of one supervisor."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._known = {
            "status": self._status,
            "watch": self._watch,
            "stop": self._stop,
            "renew": self._renew,
            "checkpoint_done": self._checkpoint_done,
        }

    def handle(self, client: Client, request: Request) -> None:
        """Do what `request` asks and reply under its `id`."""
        name = str(request.get("do"))
        if name not in self._known:
            self._refuse(client, request, f"unknown request {name!r}")
        elif not client.trusted and name not in _FOR_THE_RANK:
            self._refuse(client, request, f"request {name!r} is the agent's, not the rank's")
        else:
            self._try(client, request, name)

    def _try(self, client: Client, request: Request, name: str) -> None:
        try:
            self._known[name](client, request)
        except SpecError as exc:
            self._refuse(client, request, str(exc))

    def _status(self, client: Client, request: Request) -> None:
        self._accept(client, request, self._supervisor.describe())

    def _watch(self, client: Client, _request: Request) -> None:
        client.watching = True
        self._control.send(client, {"event": "state", **self._supervisor.describe()})

    def _stop(self, client: Client, request: Request) -> None:
        grace_seconds = required(request, "grace_seconds", float)
        if grace_seconds < 0:
            raise SpecError("field 'grace_seconds' must be 0 or more")
        checkpoint = required(request, "checkpoint", bool)
        patience = self._supervisor.patience(checkpoint=checkpoint, grace_seconds=grace_seconds)
        self._accept(client, request, {})
        self._supervisor.stop(Cause.STOPPED, patience)

    def _renew(self, client: Client, request: Request) -> None:
        refused = self._supervisor.renew(required(request, "deadline_boottime_ns", int))
        if refused is None:
            self._accept(client, request, {})
        else:
            self._refuse(client, request, refused.message)

    def _checkpoint_done(self, client: Client, request: Request) -> None:
        def answer(outcome: Outcome) -> None:
            if isinstance(outcome, Refused):
                self._refuse(client, request, outcome.message)
            else:
                self._accept(client, request, {"checkpoint": outcome.to_record()})

        self._supervisor.declare(optional(request, "step", int), answer)

    def _accept(self, client: Client, request: Request, answer: Mapping[str, object]) -> None:
        self._reply(client, request, {"reply": "ok", **answer})

    def _refuse(self, client: Client, request: Request, message: str) -> None:
        self._reply(client, request, {"reply": "refused", "message": message})

    def _reply(self, client: Client, request: Request, answer: Mapping[str, object]) -> None:
        self._control.send(client, {"id": request.get("id"), **answer})

    @property
    def _control(self) -> Control:
        return self._supervisor.control

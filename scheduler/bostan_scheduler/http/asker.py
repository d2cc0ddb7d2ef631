"""Who asks, and how far they reach: everything, one firm (perhaps one project of it), or one park."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated

from bostan.api import Role
from fastapi import Depends, Request

from bostan_scheduler.core.job import Job
from bostan_scheduler.files.owners import STAFF
from bostan_scheduler.service.ports import JobFilter, TokenRow


class Reach(Enum):
    """How far a role sees and acts on a route."""

    EVERYTHING = auto()
    OWN_FIRM = auto()
    OWN_PARK = auto()


@dataclass(frozen=True, slots=True)
class Asker:
    """The holder of a token, on a route that they may use."""

    token: TokenRow
    role: Role
    reach: Reach

    @property
    def name(self) -> str:
        """How history calls them."""
        return self.token.name

    @property
    def firm(self) -> str | None:
        """The only firm they see; None: all of them."""
        return self.token.firm if self.reach is Reach.OWN_FIRM else None

    @property
    def firms(self) -> tuple[str, ...] | None:
        """The firm they see, as the store takes it; None: all."""
        return None if self.firm is None else (self.firm,)

    @property
    def owner(self) -> str:
        """Whose the archives are that they send."""
        return self.firm or STAFF

    @property
    def project(self) -> str | None:
        """The only project they see; None: all of what their firm has."""
        return self.token.project if self.reach is Reach.OWN_FIRM else None

    @property
    def park(self) -> str | None:
        """The only park they see; None: all."""
        return self.token.park if self.reach is Reach.OWN_PARK else None

    def sees(self, job: Job) -> bool:
        """Whether a job is theirs to see."""
        firm_fits = self.firm is None or job.spec.firm == self.firm
        return firm_fits and (self.project is None or job.spec.project == self.project)

    def narrowed(
        self, firm: str | None, project: str | None, phase: str | None = None, name: str | None = None
    ) -> JobFilter:
        """Which jobs they asked for, of those they see. What is not theirs was refused before."""
        named = None if firm is None else (firm,)
        return JobFilter(self.firms or named, self.project or project, phase, name)


async def _asker(request: Request) -> Asker:
    asker: Asker = request.state.asker
    return asker


Who = Annotated[Asker, Depends(_asker)]

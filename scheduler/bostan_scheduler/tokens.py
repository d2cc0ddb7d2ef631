"""The token commands of the centre's machine: straight into the store, whether the centre runs or not."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bostan.api import Role

from bostan_scheduler.core.instant import DAY_SECONDS, after
from bostan_scheduler.errors import BadToken, NoCentre, NoSuchToken
from bostan_scheduler.service.clock import wall_ms
from bostan_scheduler.service.tokens import mint
from bostan_scheduler.settings import CentreSettings
from bostan_scheduler.store import Store, open_store

KNOWN_SHOWN_MAX = 20
FIRM_ROLES = (Role.FIRM_OWNER, Role.MEMBER)


@dataclass(frozen=True, slots=True)
class Made:
    """A token just made."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose token it is to be, and how far it reaches. Raises `BadToken` where the role and the reach do not fit."""

    name: str
    role: Role
    firm: str | None = None
    project: str | None = None
    park: str | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        if self.role in FIRM_ROLES and self.firm is None:
            raise BadToken(f"a {self.role} belongs to a firm; add --firm")
        if self.role not in FIRM_ROLES and self.firm is not None:
            raise BadToken(f"--firm means nothing for the role {self.role}; remove it")
        if self.project is not None and self.role is not Role.MEMBER:
            raise BadToken("--project is for members; remove it")
        if (self.role is Role.OPERATOR) != (self.park is not None):
            raise BadToken("--park goes with the role operator, and only with it")


def create(settings: CentreSettings, wanted: Wanted, *, new: bool = False) -> Made:
    """Make a token, with `new` in a centre that is made for it. Raises `BadToken`, `NoCentre`."""
    now = wall_ms()
    expires_at = after(now, wanted.days * DAY_SECONDS) if wanted.days is not None else None
    reach = {"firm": wanted.firm, "project": wanted.project, "park": wanted.park}
    secret, row = mint(wanted.name, wanted.role, now=now, expires_at=expires_at, **reach)
    with _store(settings, new=new) as store:
        _check_reach(store, wanted)
        store.add_token(row)
    return Made(row.id, secret)


def listed(settings: CentreSettings) -> list[dict[str, Any]]:
    """All tokens, without anything secret."""
    shown = ("id", "name", "role", "firm", "project", "park", "created_at", "expires_at", "revoked_at")
    with _store(settings) as store:
        return [{name: getattr(token, name) for name in shown} for token in store.tokens()]


def revoke(settings: CentreSettings, token_id: str) -> None:
    """Revoke a token. Raises `NoSuchToken`."""
    with _store(settings) as store:
        if not store.revoke_token(token_id, wall_ms()):
            raise NoSuchToken(f"there is no token {token_id} in force; see `bostan-scheduler token list`")


def _check_reach(store: Store, wanted: Wanted) -> None:
    """What it is for must be there. Raises `BadToken`."""
    firms, parks = {firm.id: firm for firm in store.firms()}, [park.id for park in store.parks()]
    if wanted.firm is not None and wanted.firm not in firms:
        raise BadToken(f"there is no firm {wanted.firm} ({_known(firms)}); apply quotas that name it first")
    if wanted.project is not None and wanted.project not in firms[wanted.firm or ""].projects:
        projects = _known(firms[wanted.firm or ""].projects)
        raise BadToken(f"{wanted.firm} has no project {wanted.project} ({projects}); correct --project")
    if wanted.park is not None and wanted.park not in parks:
        raise BadToken(f"there is no park {wanted.park} ({_known(parks)}); make it known first")


def _known(ids: Iterable[str]) -> str:
    return f"known: {', '.join(sorted(ids)[:KNOWN_SHOWN_MAX]) or 'none'}"


@contextmanager
def _store(settings: CentreSettings, *, new: bool = False) -> Iterator[Store]:
    if not new:
        _refuse_nothing(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = open_store(settings.store_url, settings.store_settings(), migrate=True)
    try:
        yield store
    finally:
        store.close()


def _refuse_nothing(settings: CentreSettings) -> None:
    """A mistyped folder is not made into a centre. Raises `NoCentre`."""
    folder = settings.data_dir.absolute()
    if not settings.store and not (folder / "bostan.db").exists():
        raise NoCentre(f"{folder} holds no centre; correct --data-dir, or start one there, or add --new")

"""Who asks, and what of an explanation is theirs to see."""

from dataclasses import dataclass, replace

from bostan_scheduler.core.waits import Reason, wait
from bostan_scheduler.core.why.help import Help, HelpKind
from bostan_scheduler.core.why.parks import ParkRow
from bostan_scheduler.core.why.why import QuotaRow, Why

OTHERS = ""
"""Stands for all other firms together."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A firm, the operator of a park, or with neither somebody who may see everything."""

    firm: str | None = None
    park: str | None = None


EVERYTHING = Viewer()


def seen_by(why: Why, viewer: Viewer) -> Why:
    """A firm sees how many others there are, but not who and not what quota they have; an operator sees one park."""
    if viewer.park is not None:
        return _in_park(why, viewer.park)
    return _of_firm(why, viewer.firm) if viewer.firm is not None else why


def _of_firm(why: Why, firm: str) -> Why:
    own = why.quotas[0].quota if why.quotas else ""
    return replace(
        why,
        parks=tuple(_others_together(row, firm) for row in why.parks),
        quotas=tuple(row for row in why.quotas if row.quota == own),
        helps=tuple(
            one for one in why.helps if one.raises is None or one.raises.quota in (own, _above(why.quotas))
        ),
    )


def _above(quotas: tuple[QuotaRow, ...]) -> str | None:
    """What the leaf is right under: its own firm knows that."""
    ids = list(dict.fromkeys(row.quota for row in quotas))
    return ids[1] if len(ids) > 1 else None


def _others_together(row: ParkRow, firm: str) -> ParkRow:
    mine = sum(gpus for one, gpus in row.held_by if one == firm)
    others = sum(gpus for one, gpus in row.held_by if one != firm)
    told = ((firm, mine), (OTHERS, others))
    return replace(row, held_by=tuple((one, gpus) for one, gpus in told if gpus))


def _in_park(why: Why, park: str) -> Why:
    """What firms are allowed is none of an operator's business, nor are other parks."""
    rows = tuple(row for row in why.parks if row.park == park)
    here = tuple(row.lacks for row in rows if row.lacks is not None)
    return replace(
        why,
        waits=here or (wait(Reason.NOT_IN_THIS_PARK, park=park),),
        parks=rows,
        quotas=(),
        helps=tuple(one for one in why.helps if _of_park(one, park)),
    )


def _of_park(one: Help, park: str) -> bool:
    elsewhere = one.kind is HelpKind.PARK and dict(one.numbers)["park"] != park
    return one.kind is not HelpKind.QUOTA and not elsewhere

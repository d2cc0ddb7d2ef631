"""API tokens: made, listed without their secrets, revoked."""

from collections.abc import Iterator

from bostan import api
from fastapi import APIRouter, Request, Response

from bostan_scheduler.http.asker import Asker, Who
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.bodies import answer, read_body, takes
from bostan_scheduler.http.front import Front, Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.pages import Wanted, page_by
from bostan_scheduler.http.params import TokenId
from bostan_scheduler.http.problems import Problem, invalid, not_found, raise_all
from bostan_scheduler.http.translate.records import token_info
from bostan_scheduler.service.ports import TokenRow
from bostan_scheduler.service.tokens import PARK, in_force, mint

router = APIRouter(route_class=GuardedRoute, tags=["tokens"])

_INSTANT_MAX = 2**53
_OF_FIRM = (api.Role.FIRM_OWNER, api.Role.MEMBER)


@router.post("/v1/tokens", status_code=201, response_model=api.Token, openapi_extra=takes(api.NewToken))
async def make_token(request: Request, front: Here, who: Who) -> Response:
    """Make a token; its secret is shown this once."""
    new = await read_body(request, api.NewToken)
    _check_giver(who, new)
    await _check_names(front, new)
    secret, row = mint(
        new.name,
        new.role,
        now=front.parts.clock(),
        firm=new.firm,
        project=new.project,
        park=new.park,
        expires_at=new.expires_at,
    )
    await from_store(front.parts.reader.add_token, row)
    return answer(api.Token(id=row.id, secret=secret, name=row.name, role=new.role), 201)


@router.get("/v1/tokens", response_model=api.Page[api.TokenInfo])
async def tokens(front: Here, who: Who, wanted: Wanted) -> Response:
    """People's tokens in force that the asker sees, oldest first."""
    now = front.parts.clock()
    found = [
        token
        for token in await from_store(front.parts.reader.tokens)
        if token.role != PARK and in_force(token, now) and (who.firm is None or token.firm == who.firm)
    ]
    part, cursor = page_by(found, lambda token: f"{token.created_at:020d} {token.id}", wanted)
    return answer(api.Page(items=tuple(token_info(token) for token in part), next_cursor=cursor))


@router.delete("/v1/tokens/{token_id}", status_code=204)
async def revoke_token(front: Here, who: Who, token_id: TokenId) -> Response:
    """Revoke a token, of a person or of a park's agents. Every front forgets it within seconds."""
    reader = front.parts.reader
    found = next((one for one in await from_store(reader.tokens) if one.id == token_id), None)
    if found is None or not _may_revoke(who, found):
        raise not_found(f"token {token_id}", "see the list of tokens")
    if not await from_store(reader.revoke_token, token_id, front.parts.clock()):
        raise not_found(f"token {token_id} in force", "see the list of tokens")
    front.doorkeeper.forget(token_id)
    return Response(status_code=204)


def _may_revoke(who: Asker, token: TokenRow) -> bool:
    return who.firm is None or (token.firm == who.firm and token.role == api.Role.MEMBER)


def _check_giver(who: Asker, new: api.NewToken) -> None:
    if who.firm is None:
        return
    if new.role is not api.Role.MEMBER:
        detail = "role: a firm's owner makes tokens for its members"
        raise Problem(403, detail, "write member, or ask an administrator", field="role")
    if new.firm != who.firm:
        raise Problem(403, f"firm: your token is for {who.firm}", f"write {who.firm}", field="firm")


async def _check_names(front: Front, new: api.NewToken) -> None:
    """A role names what it reaches and nothing else, and what it names is there."""
    raise_all(_wrongly_given(new))
    if not new.name.isprintable():
        raise invalid("name", "name: holds characters that cannot be shown", "use letters and digits")
    if new.expires_at is not None and not front.parts.clock() < new.expires_at <= _INSTANT_MAX:
        raise invalid("expires_at", "expires_at: is not in the future", "give an instant in UTC milliseconds")
    reader = front.parts.reader
    firms = {firm.id: firm for firm in await from_store(reader.firms)}
    if new.firm is not None and new.firm not in firms:
        raise invalid("firm", f"firm: there is no firm {new.firm}", "see `bostan quotas show`")
    if new.project is not None and new.project not in firms[new.firm or ""].projects:
        raise invalid("project", f"project: {new.firm} has no project {new.project}", "correct the name")
    if new.park is not None and new.park not in {park.id for park in await from_store(reader.parks)}:
        raise invalid("park", f"park: there is no park {new.park}", "see `bostan parks`")


def _wrongly_given(new: api.NewToken) -> Iterator[Problem]:
    """What the role needs and was not given, and what means nothing for it."""
    operator, of_firm = new.role is api.Role.OPERATOR, new.role in _OF_FIRM
    rules = (
        ("firm", new.firm, of_firm, of_firm),
        ("project", new.project, False, new.role is api.Role.MEMBER),
        ("park", new.park, operator, operator),
    )
    for field, value, needed, allowed in rules:
        if needed and value is None:
            detail, option = f"{field}: is needed for the role {new.role}", f"--{field} {field.upper()}"
            yield invalid(field, detail, f"add it; on the command line: {option}")
        if value is not None and not allowed:
            yield invalid(field, f"{field}: means nothing for the role {new.role}", "leave it out")

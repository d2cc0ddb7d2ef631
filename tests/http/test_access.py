"""Who may use which route: every route is in the table, and the table is what happens."""

import pytest
from bostan.api import Role
from bostan_scheduler.http.access import OPEN, TABLE
from bostan_scheduler.http.asker import Reach
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.service.tokens import mint
from fastapi import APIRouter

PLACES = {
    "job_id": "j-none",
    "rank": "0",
    "sha256": "a" * 64,
    "park": "p",
    "name": "a",
    "token_id": "none",
} | {"window_id": "none"}

# What each role may do, written down once more, by hand: `+` may, `-` may not.
ROLES = ("admin", "auditor", "operator", "owner", "member")
EXPECTED = {
    "POST /v1/jobs": "+--++",
    "POST /v1/job-batches": "+--++",
    "GET /v1/jobs": "++-++",
    "GET /v1/jobs/{job_id}": "++-++",
    "GET /v1/jobs/{job_id}/attempts": "++-++",
    "GET /v1/jobs/{job_id}/why": "+++++",
    "GET /v1/jobs/{job_id}/forecast": "++-++",
    "POST /v1/forecasts": "+--++",
    "GET /v1/jobs/{job_id}/logs": "++-++",
    "POST /v1/jobs/{job_id}/cancel": "+--++",
    "POST /v1/jobs/{job_id}/requeue": "+--++",
    "GET /v1/jobs/{job_id}/outputs": "++-++",
    "GET /v1/jobs/{job_id}/outputs/{rank}": "++-++",
    "HEAD /v1/blobs/{sha256}": "+--++",
    "PATCH /v1/blobs/{sha256}": "+--++",
    "GET /v1/whoami": "+++++",
    "GET /v1/capacity": "+++++",
    "GET /v1/firms": "++-++",
    "GET /v1/parks": "+++++",
    "POST /v1/parks": "+----",
    "POST /v1/parks/{park}/tokens": "+-+--",
    "GET /v1/parks/{park}/maintenance": "+++++",
    "POST /v1/parks/{park}/maintenance": "+-+--",
    "DELETE /v1/parks/{park}/maintenance/{window_id}": "+-+--",
    "GET /v1/reservations": "++---",
    "POST /v1/reservations": "+----",
    "DELETE /v1/reservations/{window_id}": "+----",
    "GET /v1/nodes": "+++--",
    "GET /v1/nodes/{park}/{name}": "+++--",
    "POST /v1/nodes/{park}/{name}/drain": "+-+--",
    "POST /v1/nodes/{park}/{name}/undrain": "+-+--",
    "POST /v1/nodes/{park}/{name}/confirm-dead": "+-+--",
    "GET /v1/gpus": "+++--",
    "GET /v1/quotas": "++-++",
    "GET /v1/quotas/document": "++---",
    "PUT /v1/quotas/document": "+----",
    "GET /v1/usage": "++-++",
    "POST /v1/tokens": "+--+-",
    "GET /v1/tokens": "++-+-",
    "DELETE /v1/tokens/{token_id}": "+--+-",
    "GET /v1/events": "++-++",
}


def test_every_route_is_in_the_table_and_every_row_is_a_route(rest):
    routes = {(method, route.path) for route in rest.app.routes for method in route.methods}
    routes.discard(("HEAD", "/v1/openapi.json"))
    assert routes == TABLE.keys() | OPEN


def test_every_route_but_the_open_ones_is_guarded(rest):
    plain = {route.path for route in rest.app.routes if not isinstance(route, GuardedRoute)}
    assert plain == {"/v1/openapi.json"}


def test_a_route_that_is_not_in_the_table_cannot_be_made():
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(AssertionError, match="not in the table"):
        router.get("/v1/back-door")(lambda: None)


def test_the_list_by_hand_is_whole():
    assert EXPECTED.keys() == {f"{method} {path}" for method, path in TABLE}


def test_the_table_in_the_documentation_is_this_one(request):
    text = (request.config.rootpath / "docs" / "rest.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    told = {route.strip("`"): cells for route, *cells in rows}
    words = {Reach.EVERYTHING: "all", Reach.OWN_FIRM: "own firm", Reach.OWN_PARK: "own park", None: "-"}
    roles = (Role.ADMIN, Role.AUDITOR, Role.OPERATOR, Role.FIRM_OWNER, Role.MEMBER)
    assert told == {
        f"{method} {path}": [words[access.get(role)] for role in roles]
        for (method, path), access in TABLE.items()
    }


@pytest.mark.parametrize("row", EXPECTED.items(), ids=EXPECTED.keys())
async def test_roles(rest, row):
    route, allowed = row
    method, path = route.split()
    for role, may in zip(ROLES, allowed, strict=True):
        answer = await rest.ask(role, method, path.format(**PLACES))
        assert (answer.status_code != 403) == (may == "+"), f"{role}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize("route", EXPECTED)
async def test_nobody_comes_in_without_a_token(rest, route):
    method, path = route.split()
    for who in (None, "bst_0123456789_wrong", "", "Basic"):
        answer = await rest.ask(who, method, path.format(**PLACES))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_body_is_not_even_read_from_somebody_unknown(rest):
    answer = await rest.ask(None, "POST", "/v1/jobs", content=b"{" * 100)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("who", "path", "kind"),
    [
        ("operator", "/v1/nodes?park=q", "park"),
        ("operator", "/v1/gpus?park=q", "park"),
        ("operator", "/v1/nodes/q/a", "park"),
        ("owner", "/v1/jobs?firm=zeta", "firm"),
        ("owner", "/v1/jobs?firm=acme&firm=zeta", "firm"),
        ("member", "/v1/usage?firm=zeta", "firm"),
        ("member", "/v1/events?firm=nobody", "firm"),
        ("bound", "/v1/jobs?project=speech", "project"),
    ],
)
async def test_what_lies_beyond_ones_reach_is_refused_by_name(rest, who, path, kind):
    answer = await rest.get(who, path)
    assert answer.status_code == 403
    assert answer.json()["field"] == kind
    assert answer.json()["remedy"]


@pytest.mark.parametrize("role", [Role.FIRM_OWNER, Role.MEMBER, Role.OPERATOR])
async def test_a_token_that_names_nothing_reaches_nothing(rest, role):
    secret, row = mint("nobody's", role, now=rest.story.now)
    rest.story.store.add_token(row)
    for path in ("/v1/jobs", "/v1/nodes", "/v1/tokens", "/v1/events"):
        assert (await rest.get(secret, path)).status_code == 403


async def test_a_parks_agents_do_not_use_rest(rest):
    secret = (await rest.post("operator", "/v1/parks/p/tokens")).json()["secret"]
    assert (await rest.get(secret, "/v1/whoami")).status_code == 403


JOB_ROUTES = [route for route in EXPECTED if "{job_id}" in route]


@pytest.mark.parametrize("route", JOB_ROUTES)
async def test_a_foreign_job_is_not_there(rest, route):
    job_id = await rest.submit(project="speech")
    method, path = route.split()
    foreign = path.format(**PLACES | {"job_id": job_id})
    absent = path.format(**PLACES)
    for who in ("rival", "bound"):
        answers = [await rest.ask(who, method, one) for one in (foreign, absent)]
        assert [answer.status_code for answer in answers] == [404, 404]
        told = [answer.text.replace(job_id, "JOB").replace("j-none", "JOB") for answer in answers]
        assert told[0] == told[1]


async def test_lists_hold_what_one_may_see(rest):
    vision, speech = await rest.submit(project="vision"), await rest.submit(project="speech")
    zeta = await rest.submit("rival", firm="zeta")
    sees = {
        "admin": {vision, speech, zeta},
        "auditor": {vision, speech, zeta},
        "owner": {vision, speech},
        "member": {vision, speech},
        "bound": {vision},
        "rival": {zeta},
    }
    for who, jobs in sees.items():
        assert {one["id"] for one in (await rest.seen(who, "/v1/jobs"))["items"]} == jobs
    assert [one["id"] for one in (await rest.seen("rival", "/v1/firms"))["items"]] == ["zeta"]
    assert {one["firm"] for one in (await rest.seen("owner", "/v1/quotas"))["items"]} == {"acme"}
    assert len((await rest.seen("auditor", "/v1/quotas"))["items"]) == 2


async def test_an_operator_sees_the_nodes_of_their_own_park(rest):
    rest.story.connect("p/a")
    rest.story.connect("q/b")
    assert [one["id"] for one in (await rest.seen("operator", "/v1/nodes"))["items"]] == ["p/a"]
    assert {one["park"] for one in (await rest.seen("operator", "/v1/gpus"))["items"]} == {"p"}
    assert len((await rest.seen("admin", "/v1/nodes"))["items"]) == 2


@pytest.mark.parametrize(
    ("who", "changes", "field"),
    [
        ("owner", {"firm": "zeta"}, "firm"),
        ("bound", {}, "project"),
        ("bound", {"project": "speech"}, "project"),
    ],
)
async def test_nobody_submits_for_others(rest, new_job, who, changes, field):
    answer = await rest.post(who, "/v1/jobs", new_job(**changes))
    assert (answer.status_code, answer.json()["field"]) == (403, field)
    answer = await rest.post(who, "/v1/job-batches", {"jobs": [new_job(**changes)]})
    assert (answer.status_code, answer.json()["field"]) == (403, f"jobs.0.{field}")

"""Every method of the client sends what the contract says, the asyncio twin exactly the same."""

import inspect
from typing import Any

import httpx
import pytest
from bostan import AsyncClient, Client
from bostan.api import NewJob, NewMaintenance, NewReservation, NewToken, Phase, QuotaDocument, Role
from bostan.errors import BostanError, InvalidFile, ServerFault
from bostan.retry import ONCE

JOB = NewJob(name="train", firm="acme", command=("true",))
PAGE = {"items": []}
CLASS = {"class": "h100-80g-sxm"}

CALLS = [
    ("whoami", (), {}, "GET /v1/whoami"),
    ("firms", (), {}, "GET /v1/firms?limit=500"),
    ("capacity", (), {}, "GET /v1/capacity"),
    ("tokens", (), {}, "GET /v1/tokens?limit=500"),
    (
        "new_token",
        (NewToken(name="ci", role=Role.ADMIN),),
        {},
        'POST /v1/tokens {"name":"ci","role":"admin"}',
    ),
    ("maintenance", ("n 1",), {}, "GET /v1/parks/n%201/maintenance?limit=500"),
    (
        "announce_maintenance",
        ("north", NewMaintenance(nodes=("n1",), from_at=1, until_at=2)),
        {"idempotency_key": "k"},
        'POST /v1/parks/north/maintenance {"nodes":["n1"],"gpu_classes":[],"from_at":1,"until_at":2,"reason":""}',
    ),
    (
        "reserve",
        (NewReservation(park="north", firm="acme", gpu_class="t4-16g", gpus=2, from_at=1, until_at=2),),
        {},
        'POST /v1/reservations {"park":"north","firm":"acme","gpu_class":"t4-16g","gpus":2,"from_at":1,"until_at":2}',
    ),
    ("call_off_maintenance", ("north", "ups"), {}, "DELETE /v1/parks/north/maintenance/ups"),
    ("reservations", (), {}, "GET /v1/reservations?limit=500"),
    ("give_up_reservation", ("contest",), {}, "DELETE /v1/reservations/contest"),
    ("revoke_token", ("t 1",), {}, "DELETE /v1/tokens/t%201"),
    ("job", ("j/1",), {}, "GET /v1/jobs/j%2F1"),
    ("jobs", (), {"firm": "acme", "phase": Phase.QUEUED}, "GET /v1/jobs?limit=500&firm=acme&phase=queued"),
    ("attempts", ("j1",), {}, "GET /v1/jobs/j1/attempts?limit=500"),
    ("why", ("j1",), {}, "GET /v1/jobs/j1/why"),
    ("forecast", ("j1",), {}, "GET /v1/jobs/j1/forecast"),
    ("cancel", ("j1", "typo"), {}, 'POST /v1/jobs/j1/cancel {"reason":"typo"}'),
    (
        "requeue",
        ("j1",),
        {"avoid_node": True},
        'POST /v1/jobs/j1/requeue {"checkpoint":true,"avoid_node":true}',
    ),
    ("logs", ("j1",), {"rank": 2, "limit": 9}, "GET /v1/jobs/j1/logs?rank=2&offset=0&limit=9"),
    ("parks", (), {}, "GET /v1/parks?limit=500"),
    ("park_add", ("tabriz", "Tabriz"), {}, 'POST /v1/parks {"id":"tabriz","name":"Tabriz"}'),
    ("park_token", ("tabriz",), {}, "POST /v1/parks/tabriz/tokens"),
    ("nodes", (), {"park": "tabriz"}, "GET /v1/nodes?limit=500&park=tabriz"),
    ("node", ("tabriz/n1",), {}, "GET /v1/nodes/tabriz/n1"),
    ("gpus", (), {"gpu_class": "t4-16g"}, "GET /v1/gpus?limit=500&class=t4-16g"),
    (
        "drain",
        ("tabriz/n1", "fans"),
        {"requeue": True},
        'POST /v1/nodes/tabriz/n1/drain {"reason":"fans","requeue":true}',
    ),
    ("undrain", ("tabriz/n1",), {}, "POST /v1/nodes/tabriz/n1/undrain"),
    ("confirm_dead", ("tabriz/n1",), {}, "POST /v1/nodes/tabriz/n1/confirm-dead"),
    ("quotas", (), {}, "GET /v1/quotas?limit=500"),
    ("quota_document", (), {}, "GET /v1/quotas/document"),
    (
        "apply_quotas",
        (QuotaDocument(parks=(), firms=(), quotas=()),),
        {},
        'PUT /v1/quotas/document {"gpu_classes":{},"class_facts":{},"parks":[],"firms":[],"quotas":[],'
        '"maintenance":[],"reservations":[],"local_reserves":[]}',
    ),
    ("usage", (), {"firm": "acme", "from_at": 1, "until_at": 2}, "GET /v1/usage?firm=acme&until=2&from=1"),
    ("events", (), {"after": 7, "job": "j1"}, "GET /v1/events?limit=500&after=7&job=j1"),
]
TABLE = pytest.mark.parametrize(("method", "args", "options", "sent"), CALLS, ids=[call[0] for call in CALLS])


class Recorder:
    """Notes a request in one line, and refuses it: what is answered is not the question here."""

    def __init__(self) -> None:
        self.seen = ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.content.decode()
        self.seen = f"{request.method} {request.url.raw_path.decode()}" + (f" {body}" if body else "")
        assert request.headers["Authorization"] == "Bearer secret"
        return httpx.Response(418, json={"title": "noted", "status": 418})


@TABLE
def test_a_method_sends_what_the_contract_says(method, args, options, sent):
    recorder = Recorder()
    with Client("http://centre", "secret", transport=httpx.MockTransport(recorder), retry=ONCE) as client:
        call = getattr(client, method)
        with pytest.raises(BostanError, match="noted"):
            next(iter(call(*args, **options)))
    assert recorder.seen == sent


@TABLE
async def test_the_twin_sends_the_same(method, args, options, sent):
    recorder = Recorder()
    async with AsyncClient(
        "http://centre", "secret", transport=httpx.MockTransport(recorder), retry=ONCE
    ) as client:
        answer = getattr(client, method)(*args, **options)
        with pytest.raises(BostanError, match="noted"):
            await (answer if inspect.isawaitable(answer) else anext(answer))
    assert recorder.seen == sent


def public(kind: type) -> dict[str, tuple[list[str], str | None]]:
    methods = {name: each for name, each in inspect.getmembers(kind, callable) if not name.startswith("_")}
    return {
        name: (list(inspect.signature(each).parameters), inspect.getdoc(each))
        for name, each in methods.items()
    }


def test_both_clients_have_the_same_methods_parameters_and_words():
    ours, twins = public(Client), public(AsyncClient)
    assert ours.keys() == twins.keys()
    assert {name: each[0] for name, each in ours.items()} == {name: each[0] for name, each in twins.items()}
    assert all(words for _, words in ours.values())
    assert {call[0] for call in CALLS} <= ours.keys()


@pytest.mark.parametrize("method", ["job", "why", "park_token", "revoke_token"])
@pytest.mark.parametrize("hostile", ["", ".", ".."])
def test_an_id_cannot_lead_to_another_path(method, hostile):
    recorder = Recorder()
    client = Client("http://centre", transport=httpx.MockTransport(recorder))
    with client, pytest.raises(BostanError, match="is not an id"):
        getattr(client, method)(hostile)
    assert recorder.seen == ""


@pytest.mark.parametrize("wrong", ["n1", "/n1", "tabriz/", ""])
def test_a_node_is_named_with_its_park(wrong):
    with Client("http://centre") as client, pytest.raises(BostanError, match="PARK/NAME"):
        client.node(wrong)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda client: client.park_add("Not An Id"), "id"),
        (lambda client: client.cancel("j1", "x" * 600), "reason"),
        (lambda client: client.submit_batch([JOB] * 1001), "jobs"),
        (lambda client: client.submit_batch([]), "jobs"),
    ],
)
def test_what_the_contract_has_no_room_for_is_told_before_it_is_sent(call, field):
    recorder = Recorder()
    client = Client("http://centre", transport=httpx.MockTransport(recorder))
    with client, pytest.raises(InvalidFile) as refused:
        call(client)
    assert refused.value.field == field
    assert recorder.seen == ""


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>Welcome</html>"),
        httpx.Response(200, json={"name": "ada"}),
        httpx.Response(200, json=[1]),
        httpx.Response(301, headers={"Location": "https://elsewhere"}),
    ],
)
def test_an_answer_that_is_not_the_centres_is_a_fault_with_advice(answer):
    client = Client("http://centre", transport=httpx.MockTransport(lambda _: answer))
    with client, pytest.raises(ServerFault, match="check that the URL"):
        client.whoami()


@pytest.mark.parametrize(
    "url", ["", "centre", "ftp://centre", "http://cen tre", "http://[::1", "http://centre:99999"]
)
def test_a_bad_url_is_told_as_one(url):
    with pytest.raises(BostanError), Client(url, retry=ONCE) as client:
        client.whoami()


def test_fields_of_a_newer_centre_are_passed_over():
    newer: dict[str, Any] = {"items": [{"id": "p", "name": "P", "colour": "red"}], "total": 1}
    with Client(
        "http://centre", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=newer))
    ) as client:
        assert [park.id for park in client.parks()] == ["p"]

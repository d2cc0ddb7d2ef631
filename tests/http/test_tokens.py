"""Tokens: made with a secret that is shown once, kept as a hash, good until they expire or are revoked."""

import time

import pytest
from bostan.api import Role
from bostan_scheduler.service.tokens import hash_of, in_force, mint


def test_a_secret_is_long_and_only_its_hash_is_kept():
    (secret, row), (other, _) = (mint("ada", Role.ADMIN, now=5) for _ in range(2))
    prefix, token_id, random = secret.split("_", 2)
    assert (prefix, token_id, row.name, row.role, row.created_at) == ("bst", row.id, "ada", "admin", 5)
    assert len(random) >= 43  # 256 bits in base64
    assert secret != other
    assert row.sha256 == hash_of(secret)
    assert random not in repr(row)


def test_a_token_is_in_force_until_it_expires_or_is_revoked():
    _, row = mint("ada", Role.ADMIN, now=0, expires_at=10)
    assert in_force(row, 9)
    assert not in_force(row, 10)
    _, unending = mint("ada", Role.ADMIN, now=0)
    assert in_force(unending, 2**60)


async def test_whoami_says_whose_token_it_is(rest):
    assert await rest.seen("bound", "/v1/whoami") == {
        "name": "bound",
        "role": "member",
        "firm": "acme",
        "project": "vision",
        "park": None,
    }


async def test_an_administrator_gives_a_token_and_takes_it_back(rest):
    new = {"name": "carol", "role": "member", "firm": "acme", "project": "speech"}
    made = (await rest.post("admin", "/v1/tokens", new)).json()
    assert (await rest.seen(made["secret"], "/v1/whoami"))["name"] == "carol"
    listed = await rest.seen("admin", "/v1/tokens", limit=500)
    assert made["secret"] not in str(listed)
    assert made["id"] in {one["id"] for one in listed["items"]}
    assert (await rest.ask("admin", "DELETE", f"/v1/tokens/{made['id']}")).status_code == 204
    assert (await rest.get(made["secret"], "/v1/whoami")).status_code == 401
    assert (await rest.ask("admin", "DELETE", f"/v1/tokens/{made['id']}")).status_code == 404
    assert made["id"] not in {one["id"] for one in (await rest.seen("admin", "/v1/tokens"))["items"]}


async def test_a_token_expires(rest):
    new = {"name": "dora", "role": "auditor", "expires_at": rest.story.now + 1000}
    secret = (await rest.post("admin", "/v1/tokens", new)).json()["secret"]
    assert (await rest.get(secret, "/v1/whoami")).status_code == 200
    rest.story.now += 1000
    assert (await rest.get(secret, "/v1/whoami")).status_code == 401


async def test_what_another_front_has_revoked_is_forgotten_within_seconds(rest, monkeypatch):
    assert (await rest.get("member", "/v1/whoami")).status_code == 200
    store = rest.story.store
    token = next(one for one in store.tokens() if one.name == "member")
    assert store.revoke_token(token.id, rest.story.now)
    later = time.monotonic() + 5.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert (await rest.get("member", "/v1/whoami")).status_code == 401


async def test_a_firms_owner_manages_members_of_their_firm_alone(rest):
    new = {"name": "emma", "role": "member", "firm": "acme"}
    made = (await rest.post("owner", "/v1/tokens", new)).json()
    for changes in ({"role": "firm-owner"}, {"role": "admin", "firm": None}, {"firm": "zeta"}):
        assert (await rest.post("owner", "/v1/tokens", new | changes)).status_code == 403
    names = {one["name"] for one in (await rest.seen("owner", "/v1/tokens"))["items"]}
    assert names == {"owner", "member", "bound", "emma"}
    tokens = {one.name: one.id for one in rest.story.store.tokens()}
    for foreign in ("admin", "rival", "owner"):
        assert (await rest.ask("owner", "DELETE", f"/v1/tokens/{tokens[foreign]}")).status_code == 404
    assert (await rest.ask("rival", "DELETE", f"/v1/tokens/{made['id']}")).status_code == 404
    assert (await rest.ask("owner", "DELETE", f"/v1/tokens/{made['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("new", "field"),
    [
        ({"role": "member"}, "firm"),
        ({"role": "member", "firm": "nobody"}, "firm"),
        ({"role": "admin", "firm": "acme"}, "firm"),
        ({"role": "member", "firm": "acme", "project": "poetry"}, "project"),
        ({"role": "firm-owner", "firm": "acme", "project": "vision"}, "project"),
        ({"role": "operator"}, "park"),
        ({"role": "operator", "park": "z"}, "park"),
        ({"role": "auditor", "park": "p"}, "park"),
        ({"role": "king"}, "role"),
        ({"role": "admin", "expires_at": 5}, "expires_at"),
        ({"role": "admin", "expires_at": 2**70}, "expires_at"),
        ({"role": "admin", "name": ""}, "name"),
        ({"role": "admin", "name": "a\u001b[2Jb"}, "name"),
    ],
)
async def test_a_token_names_what_its_role_reaches_and_nothing_else(rest, new, field):
    answer = await rest.post("admin", "/v1/tokens", {"name": "x"} | new)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.json()["remedy"]


async def test_a_park_has_tokens_for_its_agents(rest):
    made = (await rest.post("operator", "/v1/parks/p/tokens")).json()
    row = rest.story.store.token(hash_of(made["secret"]))
    assert (made["park"], row.role, row.park) == ("p", "park", "p")
    assert (await rest.post("admin", "/v1/parks/z/tokens")).status_code == 404
    assert (await rest.post("operator", "/v1/parks/q/tokens")).status_code == 403
    listed = (await rest.seen("admin", "/v1/tokens", limit=500))["items"]
    assert made["id"] not in {one["id"] for one in listed}
    assert (await rest.ask("admin", "DELETE", f"/v1/tokens/{made['id']}")).status_code == 204


async def test_wrong_tokens_from_one_address_are_asked_to_wait(small):
    answers = [await small.get(f"bst_{n}_wrong", "/v1/whoami") for n in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["remedy"]


async def test_a_token_that_was_seen_lately_passes_beside_wrong_ones(small):
    assert (await small.get("member", "/v1/whoami")).status_code == 200
    for number in range(5):
        await small.get(f"bst_{number}_wrong", "/v1/whoami")
    assert (await small.get("member", "/v1/whoami")).status_code == 200
    assert (await small.get("owner", "/v1/whoami")).status_code == 429


async def test_what_a_role_needs_is_told_with_its_option(rest):
    new = {"name": "x", "role": "member", "park": "p"}
    problem = (await rest.post("admin", "/v1/tokens", new)).json()
    assert [(one["detail"], one["remedy"]) for one in problem["mistakes"]] == [
        ("firm: is needed for the role member", "add it; on the command line: --firm FIRM"),
        ("park: means nothing for the role member", "leave it out"),
    ]

"""Commands that change something send exactly the order, and say what became of it."""

import pytest
from bostan.workdir import pack

NODE = {
    "id": "tabriz/n1",
    "park": "tabriz",
    "name": "n1",
    "state": "draining",
    "agent_version": "1",
    "driver_version": "1",
    "isolation": "process",
    "cpus": 1,
    "memory_bytes": 1,
    "last_heard_at": 0,
}
QUOTAS = """\
schema_version: 1
meta: {scope: province, title: {en: Province}, timezone: Asia/Tehran, owners: [admin]}
parks:
  tabriz: {name: {fa: تبریز}, operator: tabriz-op, pools: {a: {gpu_class: h100-80g-sxm, nodes: 2, gpus_per_node: 8}}}
firms:
  acme: {name: {en: Acme}, type: startup, home_park: tabriz}
quotas:
  - {id: province, parent: null, from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z, gpus: {h100-80g-sxm: {guaranteed: 8}}}
  - {id: acme, parent: province, firm: acme, from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z, gpus: {h100-80g-sxm: {guaranteed: 4, borrow_limit: 2}}}
"""


@pytest.mark.parametrize(
    ("words", "path", "answer", "order", "said"),
    [
        (
            ["cancel", "job-1", "--reason", "typo"],
            "/v1/jobs/job-1/cancel",
            "job",
            {"reason": "typo"},
            "job-1 is to be cancelled; it is queued now",
        ),
        (
            ["requeue", "job-1"],
            "/v1/jobs/job-1/requeue",
            "job",
            {"checkpoint": True, "avoid_node": False},
            "job-1 is to be requeued; it is queued now",
        ),
        (
            ["requeue", "job-1", "--no-checkpoint", "--avoid-node"],
            "/v1/jobs/job-1/requeue",
            "job",
            {"checkpoint": False, "avoid_node": True},
            "job-1 is to be requeued; it is queued now",
        ),
        (
            ["drain", "tabriz/n1", "--reason", "fans", "--requeue"],
            "/v1/nodes/tabriz/n1/drain",
            NODE,
            {"reason": "fans", "requeue": True},
            "tabriz/n1 is draining",
        ),
        (["undrain", "tabriz/n1"], "/v1/nodes/tabriz/n1/undrain", NODE, None, "tabriz/n1 is draining"),
        (
            ["node", "confirm-dead", "tabriz/n1", "--yes"],
            "/v1/nodes/tabriz/n1/confirm-dead",
            NODE,
            None,
            "tabriz/n1 is draining",
        ),
        (
            ["park", "add", "tabriz", "--name", "Tabriz"],
            "/v1/parks",
            {"id": "tabriz", "name": "Tabriz"},
            {"id": "tabriz", "name": "Tabriz"},
            "Added tabriz",
        ),
        (
            ["park", "token", "tabriz"],
            "/v1/parks/tabriz/tokens",
            {"park": "tabriz", "id": "t1", "secret": "s3cret"},
            None,
            "s3cret",
        ),
    ],
)
def test_an_order_is_sent_as_the_contract_says(bostan, centre, make_job, words, path, answer, order, said):
    centre.answers[f"POST {path}"] = make_job() if answer == "job" else answer
    told = bostan(*words)
    assert (told.code, told.out) == (0, said + "\n")
    assert centre.bodies == [order]
    printed = bostan(*words, "-o", "json").json
    laid_down = centre.answers[f"POST {path}"]
    assert {key: printed[key] for key in laid_down if key != "spec"} == {
        key: laid_down[key] for key in laid_down if key != "spec"
    }


def test_cancelling_a_job_on_a_silent_node_says_what_is_held(bostan, centre, make_job):
    centre.answers["POST /v1/jobs/job-1/cancel"] = make_job(phase="active", state="unknown")
    assert "held until its lease ends" in bostan("cancel", "job-1").err


def test_a_node_is_not_called_dead_by_accident(bostan, centre):
    told = bostan("node", "confirm-dead", "tabriz/n1")
    assert told.code == 2
    assert "next: give --yes when the node's power is off" in told.err
    assert centre.asked == []


def test_a_token_for_a_person(bostan, centre):
    centre.answers["POST /v1/tokens"] = {"id": "t1", "secret": "s3cret", "name": "ada", "role": "member"}
    told = bostan("token", "create", "ada", "--role", "member", "--firm", "acme", "--expires-in", "30d")
    assert told.out == "s3cret\n"
    sent = centre.bodies[0]
    assert sent.pop("expires_at") > 1_700_000_000_000 + 30 * 86_400_000
    assert sent == {"name": "ada", "role": "member", "firm": "acme"}


@pytest.mark.parametrize(
    "words",
    [
        ["--role", "king"],
        ["--role", "member", "--firm", "No Id"],
        ["--role", "member", "--expires-in", "soon"],
    ],
)
def test_a_token_that_could_not_be(bostan, centre, words):
    told = bostan("token", "create", "ada", *words)
    assert told.code == 2
    assert "error: " in told.err
    assert centre.asked == []


def test_revoking_a_token(bostan, centre):
    centre.answers["DELETE /v1/tokens/t1"] = {}
    assert bostan("token", "revoke", "t1").out == "Revoked t1\n"


def test_outputs_are_unpacked_into_a_folder(bostan, centre, home):
    (home / "made").mkdir()
    (home / "made" / "model").write_text("weights")
    centre.archives = {0: pack(home / "made", home / "a.tar.gz").path.read_bytes()}
    told = bostan("download", "job-1")
    assert told.code == 0
    assert "1 archive" in told.out
    assert (home / "job-1" / "model").read_text() == "weights"
    again = bostan("download", "job-1")
    assert again.code == 2
    assert "exists and is not an empty folder" in again.err


def test_a_download_in_which_something_is_missing_fails_and_says_so(bostan, centre, home):
    (home / "made").mkdir()
    (home / "made" / "model").write_text("weights")
    centre.archives = {0: pack(home / "made", home / "a.tar.gz").path.read_bytes()}
    centre.outputs_news = [{"on_the_way": {"1": "tabriz/n1"}}, {"lost": {"1": "the disk is full"}}]
    told = bostan("download", "job-1", "-C", "out")
    assert (told.code, (home / "out" / "model").read_text()) == (1, "weights")
    assert "1 archive still on the way from tabriz/n1" in told.err
    assert "rank 1: its outputs are lost: the disk is full" in told.err


def test_a_download_ends_when_its_time_is_over(bostan, centre):
    centre.outputs_news = [{"on_the_way": {"0": "tabriz/n1"}}] * 100
    told = bostan("download", "job-1", "--timeout", "0s")
    assert (told.code, told.out) == (7, "")
    assert " next: they come once the node can be heard; then: bostan download job-1" in told.err


@pytest.fixture
def quota_folder(home) -> str:
    (home / "quotas").mkdir()
    (home / "quotas" / "all.yaml").write_text(QUOTAS)
    return "quotas"


def test_quota_files_are_checked_without_a_centre(anybody, quota_folder):
    told = anybody("quotas", "validate", quota_folder)
    assert (told.code, told.out) == (0, "quotas: 1 park, 1 firm, 2 quotas; no mistakes\n")


def test_a_mistake_in_quota_files_is_told_by_line(anybody, home, quota_folder):
    path = home / "quotas" / "all.yaml"
    path.write_text(QUOTAS.replace("home_park: tabriz", "home_park: tabris"))
    told = anybody("quotas", "validate", quota_folder)
    assert told.code == 2
    assert "all.yaml:6: " in told.err


def test_applied_quotas_are_sent_in_the_contracts_units(bostan, centre, quota_folder):
    centre.answers["PUT /v1/quotas/document"] = {"items": []}
    assert bostan("quotas", "apply", quota_folder).out == "Applied quotas: 1 park, 1 firm, 2 quotas\n"
    sent = centre.bodies[0]
    assert sent["parks"] == [{"id": "tabriz", "name": "تبریز"}]
    assert sent["firms"] == [{"id": "acme", "name": "Acme", "projects": ["main"]}]
    assert sent["quotas"][1]["from_at"] == 1_767_225_600_000
    assert sent["quotas"][1]["gpus"] == {"h100-80g-sxm": {"guaranteed": 4, "borrow_limit": 2}}
    assert bostan("quotas", "validate", quota_folder, "-o", "json").json["quotas"][1]["firm"] == "acme"

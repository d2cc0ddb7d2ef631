"""What is listed fits 80 columns, tells names that try to move the cursor apart, and is the contract's JSON when asked."""

import pytest
from bostan.api import Attempt, Firm, Gpu, Job, Node, Page, Park, QuotaUse, TokenInfo, Usage, Why

NASTY = "a\x1b[31mred\nname " + "x" * 100
UUID = "GPU-5f9e1c2a-77aa-4f10-9c1e-0123456789ab"
GPU = {
    "uuid": UUID,
    "node": "n1",
    "park": "tabriz",
    "name": NASTY,
    "gpu_class": "h100-80g-sxm",
    "memory_bytes": 80 * 2**30,
    "verdict": "healthy",
    "state": "held",
    "job": "job-0123456789abcdef",
    "utilisation_percent": 97,
}
NODE = {
    "id": "tabriz/n1",
    "park": "tabriz",
    "name": "n1",
    "state": "ready",
    "agent_version": "0.1.0",
    "driver_version": "570.1",
    "isolation": "process",
    "cpus": 64,
    "memory_bytes": 2**40,
    "last_heard_at": 1_760_000_000_000,
    "gpus": [GPU],
    "problems": [NASTY],
    "labels": {"rack": "7"},
}
PARK = {"id": "tabriz", "name": NASTY, "nodes": 3, "nodes_silent": 1, "gpus": 24, "gpus_free": 5}
QUOTA = {
    "quota": "west/acme",
    "parent": None,
    "firm": "acme",
    "gpu_class": "h100-80g-sxm",
    "guaranteed": 8,
    "borrow_limit": None,
    "lend_limit": 8,
    "used": 3,
    "available": 5,
    "from_at": 0,
    "until_at": 1_760_000_000_000,
    "in_force": True,
}
FIRM = {"id": "acme", "name": NASTY, "projects": ["vision", "speech"]}
TOKEN = {"id": "tok-1", "name": NASTY, "role": "member", "firm": "acme", "expires_at": 1_760_000_000_000}
LISTS = [
    (["parks"], "/v1/parks", Park, PARK, ["tabriz", "24"]),
    (["nodes"], "/v1/nodes", Node, NODE, ["tabriz/n1", "ready"]),
    (["gpus"], "/v1/gpus", Gpu, GPU, ["5f9e1c2a-77a", "held", "97 %"]),
    (["quotas", "show"], "/v1/quotas", QuotaUse, QUOTA, ["h100-80g-sxm", "any", "2025-10-09 08:53"]),
    (["firms"], "/v1/firms", Firm, FIRM, ["acme", "vision, speech"]),
    (["token", "list"], "/v1/tokens", TokenInfo, TOKEN, ["tok-1", "member"]),
]
EACH = pytest.mark.parametrize(
    ("words", "path", "model", "item", "shown"), LISTS, ids=[each[1] for each in LISTS]
)


@EACH
def test_a_list_fits_a_terminal_and_no_name_leaves_its_line(bostan, centre, words, path, model, item, shown):
    centre.answers[f"GET {path}"] = {"items": [item, item]}
    told = bostan(*words)
    assert told.code == 0
    lines = told.out.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in told.out
    assert all(word in lines[1] for word in shown)


@EACH
def test_a_list_is_one_page_of_the_contract_in_json(bostan, centre, words, path, model, item, shown):
    centre.answers[f"GET {path}"] = {"items": [item]}
    told = bostan(*words, "-o", "json")
    assert Page[model].model_validate_json(told.out).items == (model(**item),)


@EACH
def test_an_empty_list_says_so_and_prints_nothing_to_be_parsed(
    bostan, centre, words, path, model, item, shown
):
    centre.answers[f"GET {path}"] = {"items": []}
    told = bostan(*words)
    assert (told.code, told.out) == (0, "")
    assert told.err.startswith("There are no ")


def test_one_firm_in_full(bostan, centre):
    centre.answers["GET /v1/firms"] = {"items": [FIRM | {"name": "Acme"}, {"id": "zeta"}]}
    assert bostan("firms", "acme").out.splitlines() == [
        "firm      acme",
        "name      Acme",
        "projects  vision, speech",
    ]
    assert bostan("firms", "zeta", "-o", "json").json["id"] == "zeta"
    told = bostan("firms", "nobody")
    assert (told.code, told.err) == (
        5,
        "error: There is no firm nobody that you may see\n next: bostan firms\n",
    )


def test_the_jobs_of_all_pages_up_to_a_limit(bostan, centre):
    told = bostan("jobs", "--limit", "3")
    assert [line.split()[0] for line in told.out.splitlines()] == ["JOB", "job-0", "job-1", "job-2"]
    assert "There are more" in told.err
    assert len(bostan("jobs", "-o", "json").json["items"]) == 6
    assert all(len(line) <= 80 for line in told.out.splitlines())


def test_the_jobs_of_a_phase(bostan, centre):
    bostan("jobs", "--phase", "queued", "--firm", "acme")
    assert "firm=acme" in centre.asked[0][1]
    assert "phase=queued" in centre.asked[0][1]
    assert bostan("jobs", "--phase", "asleep").code == 2


def test_one_job_with_its_attempts(bostan, centre, ended_job):
    job = ended_job("failed", exit_code=3, detail="out of memory")
    centre.states = [job]
    centre.answers["GET /v1/jobs/job-1/attempts"] = {"items": [job["attempt"]]}
    told = bostan("show", "job-1")
    assert ["exit", "code", "3"] in [line.split() for line in told.out.splitlines()]
    assert "out of memory" in told.out
    assert "1970-01-01 00:00:01 UTC by ada" in told.out
    assert told.out.splitlines()[-1].split()[:3] == ["1", "finished", "tabriz/n1"]
    assert Job.model_validate(bostan("show", "job-1", "-o", "json").json).attempt == Attempt(**job["attempt"])


def test_what_a_job_said_to_the_planner_and_how_often_it_made_room(bostan, centre, ended_job):
    job = ended_job("failed")
    claim = {"qos": "scavenger", "estimate_seconds": 10_800, "speeds": {"t4-16g": 0.2, "a100-80g": 1.0}}
    job["spec"] = {**job["spec"], **claim, "rank": {"gpus": 1, "gpu_milli": 250}, "replicas": 2}
    job["preempted_at"] = 1_760_000_000_000
    centre.states = [job]
    tries = [{**job["attempt"], "outcome": outcome} for outcome in ("preempted", "node-lost", "preempted")]
    centre.answers["GET /v1/jobs/job-1/attempts"] = {"items": tries}
    shown = " ".join(bostan("show", "job-1").out.split())
    for fact in (
        "qos scavenger",
        "estimate 3h",
        "speeds t4-16g 0.2, a100-80g 1",
        "each with 0.25 of a GPU",
        "preempted 2 times, last at 2025-10-09 08:53:20 UTC",
    ):
        assert fact in shown


def test_an_estimate_that_was_learnt_is_told_as_such(bostan, centre, make_job):
    centre.states = [make_job(learnt_seconds=5400)]
    centre.answers["GET /v1/jobs/job-1/attempts"] = {"items": []}
    assert "estimate 1h30m, learnt from jobs like it" in " ".join(bostan("show", "job-1").out.split())


def test_jobs_tell_their_qos_where_some_are_not_standard(bostan, centre, make_job):
    asked = {**make_job()["spec"], "qos": "scavenger", "rank": {"gpus": 1, "gpu_milli": 500}, "replicas": 3}
    centre.answers["GET /v1/jobs"] = {"items": [make_job(spec=asked), make_job("job-2")]}
    lines = bostan("jobs").out.splitlines()
    assert [line.split()[-1] for line in lines] == ["QOS", "scavenger", "standard"]
    assert "1.5" in lines[1].split()
    assert max(map(len, lines)) <= 80
    centre.answers["GET /v1/jobs"] = {"items": [make_job()]}
    assert "QOS" not in bostan("jobs").out


def test_what_became_of_the_outputs_of_a_job(bostan, centre, ended_job):
    job = ended_job("failed", exit_code=3, detail="out of memory")
    rank = job["attempt"]["ranks"][0]
    lost = {"outputs": "lost", "outputs_detail": "the disk is full"}
    states = [{"outputs": "kept"}, {"outputs": "on-the-way"}, *[lost] * 5]
    job["attempt"]["ranks"] = [{**rank, "rank": number, **state} for number, state in enumerate(states)]
    centre.states = [job]
    centre.answers["GET /v1/jobs/job-1/attempts"] = {"items": []}
    shown = " ".join(bostan("show", "job-1").out.split())
    assert "1 kept; 1 still on the way; 5 lost; rank 2: the disk is full; rank 3" in shown
    assert "and 2 more" in shown


def test_why_a_job_waits(bostan, centre):
    wait = {
        "reason": "quota-full",
        "sentence": "acme uses 8 of 8 GPUs.",
        "numbers": {"used": 8, "allowed": 8},
    }
    lacks = {"reason": "gpus-busy", "sentence": "1 of 8 a100 are free, the job asks 2"}
    parks = [
        {
            "park": "tabriz",
            "gpu_class": "a100",
            "gpus": 8,
            "free": 1,
            "nodes": 2,
            "nodes_away": 1,
            "lacks": lacks,
        },
        {"park": "yazd", "gpu_class": "a100", "gpus": 4, "free": 4, "nodes": 1, "allowed": False},
    ]
    helps = [{"kind": "park", "sentence": "it would start now in yazd, which the job does not allow"}]
    answer = {"job_id": "job-1", "state": "queued", "since": 0, "waits": [wait, lacks], "ahead": 2}
    answer |= {"ahead_of_all": 5, "parks": parks, "helps": helps}
    centre.answers["GET /v1/jobs/job-1/why"] = answer
    told = bostan("why", "job-1")
    assert [" ".join(line.split()) for line in told.out.splitlines()] == [
        "job-1 is queued since 1970-01-01 00:00:00 UTC",
        "quota-full: acme uses 8 of 8 GPUs.",
        "also gpus-busy: 1 of 8 a100 are free, the job asks 2",
        "5 jobs go first, 2 of the same firm",
        "",
        "PARK CLASS FREE OF KEPT NODES AWAY MISSING",
        "tabriz a100 1 8 0 2 1 gpus-busy",
        "yazd a100 4 4 0 1 0 not allowed by the job",
        "",
        "What would help:",
        "it would start now in yazd, which the job does not allow",
    ]
    assert Why.model_validate(bostan("why", "job-1", "-o", "json").json) == Why.model_validate(answer)


def test_administrators_see_the_quotas_above(bostan, centre):
    rows = [
        {"quota": "acme", "gpu_class": "a100", "uses": 2, "limit": None, "available": 0},
        {"quota": "all", "gpu_class": "a100", "uses": 8, "limit": 8, "available": 0},
    ]
    answer = {"job_id": "job-1", "state": "queued", "since": 0, "waits": [], "quotas": rows}
    centre.answers["GET /v1/jobs/job-1/why"] = answer
    assert [line.split() for line in bostan("why", "job-1").out.splitlines()[2:]] == [
        ["QUOTA", "CLASS", "USES", "LIMIT", "AVAILABLE"],
        ["acme", "a100", "2", "none", "0"],
        ["all", "a100", "8", "8", "0"],
    ]


def test_one_node_in_full(bostan, centre):
    centre.answers["GET /v1/nodes/tabriz/n1"] = NODE
    told = bostan("nodes", "tabriz/n1")
    assert UUID in told.out
    assert "1.0 TiB" in told.out
    assert "rack=7" in told.out
    assert "\x1b" not in told.out


def test_usage_in_hours_and_for_a_span(bostan, centre):
    row = {"firm": "acme", "project": None, "gpu_class": "t4-16g", "gpu_milliseconds": 5_400_000, "jobs": 2}
    centre.answers["GET /v1/usage"] = {"from_at": 0, "until_at": 1000, "rows": [row]}
    told = bostan("usage", "--from", "1970-01-02", "--until", "1970-01-02T01:00")
    assert told.out.splitlines()[1].split() == ["acme", "-", "t4-16g", "2", "5,400.000", "1.50"]
    assert centre.asked[0][1] == "/v1/usage?until=90000000&from=86400000"
    assert Usage.model_validate(bostan("usage", "-o", "json").json).rows[0].jobs == 2


def test_a_long_quota_id_is_never_cut(bostan, centre):
    long = QUOTA | {"quota": "province/west/" + "q" * 40}
    centre.answers["GET /v1/quotas"] = {"items": [long]}
    assert long["quota"] in bostan("quotas", "show").out.splitlines()[1].split()


def test_usage_since_so_long_ago(bostan, centre):
    centre.answers["GET /v1/usage"] = {"from_at": 0, "until_at": 1000, "rows": []}
    none = bostan("usage", "--from", "7d")
    assert (none.code, none.out) == (0, "")
    assert none.err.startswith("No GPU time was used\n")
    told = bostan("usage", "--from", "yesterday")
    assert told.code == 2
    assert "next: write 2026-01-31, or 7d" in told.err

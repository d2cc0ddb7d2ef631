"""Submitting: durable when answered, once for each key, refused with the field and the remedy when it cannot be."""

import hashlib
import json

import pytest
from bostan import api
from bostan.api.common import MISTAKES_MAX
from bostan.errors import InvalidFile
from bostan.jobfile import job_from
from bostan_scheduler.service.messages import Tell


async def test_a_job_is_queued_and_answered_as_it_was_asked(rest, new_job):
    asked = new_job(
        project="vision",
        env={"LR": "0.1"},
        replicas=2,
        rank={"gpus": 4, "cpus": 8, "memory_bytes": 2**34},
        gpu_classes=["a100"],
        min_gpu_memory_bytes=2**34,
        time_limit_seconds=3600,
        parks={"allow": ["p"], "prefer": ["p"]},
        checkpoint_on_signal=True,
        retries={"node_lost": 1, "start_failed": 2, "exit": 3},
        lease_seconds=600,
        qos="reserved",
        estimate_seconds=1800,
        speeds={"a100": 1.0, "a100/1g.10gb": 0.14},
    )
    answer = await rest.post("owner", "/v1/jobs", asked)
    assert answer.status_code == 201
    job = api.Job.model_validate(answer.json())
    assert job.spec == api.NewJob.model_validate(asked)
    assert (job.state, job.phase, job.submitted_by, job.attempt) == ("queued", "queued", "owner", None)
    assert answer.headers["location"] == f"/v1/jobs/{job.id}"
    kept = api.Job.model_validate(await rest.seen("owner", f"/v1/jobs/{job.id}"))
    assert kept.spec == job.spec
    assert kept.submitted_at == job.submitted_at


async def test_a_part_of_a_gpu_is_kept_as_it_was_asked(rest):
    job_id = await rest.submit(rank={"gpu_milli": 250}, qos="scavenger")
    shown = api.Job.model_validate(await rest.seen("owner", f"/v1/jobs/{job_id}"))
    assert (shown.spec.rank.gpu_milli, shown.spec.qos) == (250, api.Qos.SCAVENGER)
    spec = rest.story.service.snapshot.jobs[job_id].spec
    assert (spec.rank.gpus, spec.rank.gpu_milli, spec.qos) == (1, 250, "scavenger")


async def test_a_batch_is_queued_in_its_order(rest, new_job):
    batch = {"jobs": [new_job(name=f"n{number}") for number in range(5)]}
    answer = await rest.post("owner", "/v1/job-batches", batch)
    assert answer.status_code == 201
    jobs = [await rest.seen("owner", f"/v1/jobs/{one}") for one in answer.json()["ids"]]
    assert [job["name"] for job in jobs] == [f"n{number}" for number in range(5)]


async def test_with_the_same_key_the_same_job_is_answered(rest, new_job):
    key = {"Idempotency-Key": "once"}
    first = await rest.post("owner", "/v1/jobs", new_job(), headers=key)
    rest.story.now += 60_000
    again = await rest.post("owner", "/v1/jobs", new_job(), headers=key)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.json()["submitted_at"] == first.json()["submitted_at"]
    other = await rest.post("owner", "/v1/jobs", new_job(name="other"), headers=key)
    assert other.status_code == 409
    assert "new key" in other.json()["remedy"]
    member = await rest.post("member", "/v1/jobs", new_job(), headers=key)
    assert member.json()["id"] != first.json()["id"]
    assert len((await rest.seen("owner", "/v1/jobs"))["items"]) == 2


async def test_a_batch_is_repeated_as_a_whole(rest, new_job):
    key, batch = {"Idempotency-Key": "once"}, {"jobs": [new_job(), new_job()]}
    answers = [await rest.post("owner", "/v1/job-batches", batch, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    single = await rest.post("owner", "/v1/jobs", batch["jobs"][0], headers=key)
    assert single.status_code == 409


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x\u0007"}, "name"),
        ({"command": []}, "command"),
        ({"command": ["a\0b"]}, "command.0"),
        ({"command": "python"}, "command"),
        ({"env": {"A=B": "1"}}, "env.A=B"),
        ({"env": {"A": "\0"}}, "env.A"),
        ({"env": {"": "1"}}, "env."),
        ({"env": {"A-B": "1"}}, "env.A-B"),
        ({"replicas": 0}, "replicas"),
        ({"replicas": "many"}, "replicas"),
        ({"rank": {"gpus": -1}}, "rank.gpus"),
        ({"rank": {"memory_bytes": 2**60}}, "rank.memory_bytes"),
        ({"min_gpu_memory_bytes": 2**80}, "min_gpu_memory_bytes"),
        ({"time_limit_seconds": 0}, "time_limit_seconds"),
        ({"qos": "gold"}, "qos"),
        ({"estimate_seconds": 0}, "estimate_seconds"),
        ({"estimate_seconds": 3601, "time_limit_seconds": 3600}, "estimate_seconds"),
        ({"speeds": {"a100": 0}}, "speeds.a100"),
        ({"speeds": {"a100": 1e9}}, "speeds.a100"),
        ({"speeds": {"A100": 1}}, "speeds.A100.[key]"),
        ({"speeds": {f"c{number}": 1 for number in range(65)}}, "speeds"),
        ({"speeds": {"a100": 1}, "rank": {"gpus": 0}}, "speeds"),
        ({"rank": {"gpus": 2, "gpu_milli": 500}}, "rank.gpu_milli"),
        ({"rank": {"gpus": 0, "gpu_milli": 500}}, "rank.gpu_milli"),
        ({"rank": {"gpu_milli": 0}}, "rank.gpu_milli"),
        ({"rank": {"gpu_milli": 500}, "gpu_classes": ["a100/1g.10gb"]}, "rank.gpu_milli"),
        ({"shoe_size": 42}, "shoe_size"),
        ({"firm": "NOBODY"}, "firm"),
        ({"firm": "nobody"}, "firm"),
        ({"project": "poetry"}, "project"),
        ({"work_dir": {"sha256": "a" * 64, "size_bytes": 5}}, "work_dir"),
        ({"work_dir": {"sha256": "../../etc/passwd", "size_bytes": 5}}, "work_dir.sha256"),
    ],
)
async def test_one_clear_error_names_the_field_and_the_remedy(rest, new_job, changes, field):
    answer = await rest.post("admin", "/v1/jobs", new_job(**changes))
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, field), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    assert problem["remedy"]


@pytest.mark.parametrize(
    "name", ["RANK", "WORLD_SIZE", "MASTER_PORT", "CUDA_VISIBLE_DEVICES", "BOSTAN_TOKEN", "RAY_ADDRESS"]
)
async def test_what_a_rank_is_told_by_bostan_itself_cannot_be_set(rest, new_job, name):
    """With the error of the job file; before, such a variable was dropped without a word."""
    with pytest.raises(InvalidFile) as told:
        job_from({"name": "train", "command": ["true"], "env": {"FINE": "a", name: "b"}})
    answer = await rest.post("owner", "/v1/jobs", new_job(env={"FINE": "a", name: "b"}))
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, f"env.{name}")
    assert f"{problem['detail']}; {problem['remedy']}" in str(told.value)
    batch = {"jobs": [new_job(), new_job(env={name: ""})]}
    answer = await rest.post("owner", "/v1/job-batches", batch)
    assert (answer.status_code, answer.json()["field"]) == (422, f"jobs.1.env.{name}")


async def test_all_that_is_wrong_is_told_in_plain_words(rest, new_job):
    wrong = new_job(
        firm="ACME", replicas=0, rank={"gpus": "two"}, qos="gold", parcs={}, estimate_seconds=None
    )
    del wrong["name"]
    problem = (await rest.post("owner", "/v1/jobs", wrong)).json()
    assert {one["field"]: (one["detail"], one["remedy"]) for one in problem["mistakes"]} == {
        "name": ("name: is missing", "add it"),
        "firm": ("firm: is not an id", "write 1 to 63 of a-z, 0-9, '-' and '/'"),
        "replicas": ("replicas: must be at least 1", "write 1 or more"),
        "rank.gpus": ("rank.gpus: must be a whole number, not 'two'", "write it as a whole number"),
        "qos": (
            "qos: must be 'reserved', 'standard' or 'scavenger'",
            "write 'reserved', 'standard' or 'scavenger'",
        ),
        "parcs": ("parcs: is an unknown key", "did you mean `parks`?"),
    }
    assert problem["field"] == problem["mistakes"][0]["field"]
    assert all(one["detail"] in problem["detail"] for one in problem["mistakes"])
    later = new_job(env={"RANK": "1", "BOSTAN_X": "2"}, command=["a\0b"])
    told = (await rest.post("owner", "/v1/jobs", later)).json()
    assert [one["field"] for one in told["mistakes"]] == ["command.0", "env.RANK", "env.BOSTAN_X"]
    alone = (await rest.post("owner", "/v1/jobs", new_job(replicas=0))).json()
    assert (alone["mistakes"], alone["detail"]) == ([], "replicas: must be at least 1")


async def test_the_mistakes_that_are_told_are_limited(rest):
    problem = (await rest.post("owner", "/v1/job-batches", {"jobs": [{}] * 40})).json()
    assert len(problem["mistakes"]) == MISTAKES_MAX
    assert problem["detail"].endswith("; and 20 more")


async def test_in_a_batch_the_job_is_named_too(rest, new_job):
    for bad, field in (({"command": ["\0"]}, "jobs.1.command.0"), ({"replicas": 0}, "jobs.1.replicas")):
        answer = await rest.post("admin", "/v1/job-batches", {"jobs": [new_job(), new_job(**bad)]})
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await rest.seen("admin", "/v1/jobs"))["items"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rank": {"gpus": 5}}, "rank.gpus"),
        ({"rank": {"gpus": 4}, "replicas": 3}, "replicas"),
        ({"gpu_classes": ["h100"]}, "gpu_classes"),
        ({"min_gpu_memory_bytes": 2**40}, "min_gpu_memory_bytes"),
        ({"parks": {"allow": ["z"]}}, "parks.allow.0"),
        ({"parks": {"deny": ["p", "q"]}}, "parks"),
    ],
)
async def test_what_no_park_could_ever_run_is_refused_at_once(rest, new_job, changes, field):
    rest.story.connect("p/a", 4)
    rest.story.connect("p/b", 4)
    answer = await rest.post("owner", "/v1/jobs", new_job(**changes))
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert answer.json()["remedy"]


async def test_what_is_busy_or_away_can_still_be_waited_for(rest, new_job):
    rest.story.connect("p/a", 4)
    await rest.run(rank={"gpus": 4})
    rest.story.wait(60)
    assert (await rest.post("owner", "/v1/jobs", new_job(rank={"gpus": 4}))).status_code == 201
    denied = new_job(parks={"deny": ["q"]})
    assert (await rest.post("owner", "/v1/jobs", denied)).status_code == 201


async def test_a_node_that_has_just_joined_counts(rest, new_job):
    rest.story.connect("p/a", 2)
    assert (await rest.post("owner", "/v1/jobs", new_job(rank={"gpus": 8}))).status_code == 422
    rest.story.connect("p/b", 8)
    assert (await rest.post("owner", "/v1/jobs", new_job(rank={"gpus": 8}))).status_code == 201


@pytest.mark.parametrize(
    ("rank", "field"),
    [
        ({"cpus": 65}, "rank.cpus"),
        ({"memory_bytes": 513 * 2**30}, "rank.memory_bytes"),
        ({"gpus": 0, "cpus": 65}, "rank.cpus"),
    ],
)
async def test_what_no_node_has_beside_its_gpus_is_refused(rest, new_job, rank, field):
    rest.story.connect("p/a", 4)
    answer = await rest.post("owner", "/v1/jobs", new_job(rank=rank))
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert (await rest.post("owner", "/v1/jobs", new_job(rank={"cpus": 64}))).status_code == 201


async def test_while_no_gpu_is_known_nothing_is_called_impossible(rest, new_job):
    assert (await rest.post("owner", "/v1/jobs", new_job(rank={"gpus": 64}))).status_code == 201


async def test_a_work_directory_must_be_here_whole(rest, new_job):
    data = b"the work directory"
    sha256 = hashlib.sha256(data).hexdigest()
    rest.files.blobs.append(sha256, 0, len(data), data[:5], "acme")
    asked = new_job(work_dir={"sha256": sha256, "size_bytes": len(data)})
    answer = await rest.post("owner", "/v1/jobs", asked)
    assert (answer.status_code, answer.json()["field"]) == (422, "work_dir")
    rest.files.blobs.append(sha256, 5, len(data), data[5:], "acme")
    assert (await rest.post("owner", "/v1/jobs", asked)).status_code == 201
    asked["work_dir"]["size_bytes"] += 1
    assert (await rest.post("owner", "/v1/jobs", asked)).status_code == 422


async def test_a_work_directory_of_another_firm_is_as_if_it_were_not_here(rest, new_job):
    data = b"the work directory"
    sha256 = hashlib.sha256(data).hexdigest()
    rest.files.blobs.append(sha256, 0, len(data), data, "acme")
    asked = new_job(work_dir={"sha256": sha256, "size_bytes": len(data)})
    nowhere = new_job(work_dir={"sha256": "a" * 64, "size_bytes": len(data)})
    for who, firm in (("rival", "zeta"), ("admin", "acme")):
        answers = [await rest.post(who, "/v1/jobs", one | {"firm": firm}) for one in (asked, nowhere)]
        assert [one.status_code for one in answers] == [422, 422]
        known, unknown = (one.text.replace(sha256, "a" * 64) for one in answers)
        assert known == unknown
    batch = {"jobs": [new_job(firm="zeta"), asked | {"firm": "zeta"}]}
    answer = await rest.post("rival", "/v1/job-batches", batch)
    assert (answer.status_code, answer.json()["field"]) == (422, "jobs.1.work_dir")
    assert (await rest.post("bound", "/v1/jobs", asked | {"project": "vision"})).status_code == 201


async def test_limits_of_a_quota_are_refused_with_their_numbers(rest, new_job, new_document):
    document = new_document()
    document["quotas"][0] |= {"max_job": {"gpus": 2}, "max_queued": 1}
    assert (await rest.ask("admin", "PUT", "/v1/quotas/document", json=document)).status_code == 200
    answer = await rest.post("owner", "/v1/jobs", new_job(rank={"gpus": 3}))
    assert (answer.status_code, answer.json()["field"]) == (422, "gpus")
    await rest.submit()
    answer = await rest.post("owner", "/v1/jobs", new_job())
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_without_the_leader_nothing_is_promised(rest, new_job):
    rest.leader.away = True
    answer = await rest.post("owner", "/v1/jobs", new_job())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "Idempotency-Key" in answer.json()["remedy"]


async def test_what_is_wrong_never_reaches_the_leader(rest, new_job):
    before = len(rest.leader.asked)
    await rest.post("owner", "/v1/jobs", new_job(replicas=0))
    await rest.post("owner", "/v1/jobs", new_job(firm="zeta"))
    assert len(rest.leader.asked) == before
    await rest.post("owner", "/v1/jobs", new_job())
    assert [type(one) for one in rest.leader.asked[before:]] == [Tell]


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
async def test_a_body_that_is_not_json_is_not_taken(rest, new_job, kind):
    answer = await rest.ask(
        "owner", "POST", "/v1/jobs", content=json.dumps(new_job()), headers={"Content-Type": kind}
    )
    assert answer.status_code == 415

"""Jobs over their lives: listed by pages, shown in one word, explained, cancelled, requeued, tried again."""

import pytest
from bostan import api


async def shown(rest, job_id, who="owner"):
    return api.Job.model_validate(await rest.seen(who, f"/v1/jobs/{job_id}"))


async def test_a_jobs_life_in_one_word(rest):
    story = rest.story
    story.connect("p/a", 4)
    job_id = await rest.submit(rank={"gpus": 4})
    assert (await shown(rest, job_id)).state == "queued"
    story.plan()
    assert (await shown(rest, job_id)).state == "starting"
    story.all_run(job_id)
    running = await shown(rest, job_id)
    assert (running.state, running.phase) == ("running", "active")
    assert running.attempt.phase == "running"
    assert [rank.state for rank in running.attempt.ranks] == ["started"]
    assert running.attempt.lease_until > story.now
    story.exits(f"{job_id}.1/0", seconds=10)
    done = await shown(rest, job_id)
    assert (done.state, done.outcome, done.exit_code) == ("succeeded", "succeeded", 0)
    assert (done.gpu_seconds, done.finished_at) == (40, story.now)
    assert done.attempt.phase == "finished"


async def test_a_silent_node_makes_a_job_unknown(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    rest.story.wait(60)
    job = await shown(rest, job_id)
    assert (job.state, job.attempt.phase) == ("unknown", "unknown")
    await rest.post("owner", f"/v1/jobs/{job_id}/cancel")
    job = await shown(rest, job_id)
    assert (job.state, job.attempt.intent) == ("unknown", "stop")


@pytest.mark.parametrize(("words", "code"), [({"code": 7}, 7), ({"signal": 9}, 137)])
async def test_a_failed_job_ends_with_the_code_of_its_command(rest, words, code):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    rest.story.exits(f"{job_id}.1/0", **words)
    job = await shown(rest, job_id)
    assert (job.state, job.outcome, job.exit_code) == ("failed", "failed", code)
    assert job.outcome_detail


async def test_why_a_job_waits(rest):
    rest.story.connect("p/a", 4)
    await rest.run(rank={"gpus": 4})
    first, second = [await rest.submit(rank={"gpus": 2}) for _ in range(2)]
    rest.story.plan()
    why = api.Why.model_validate(await rest.seen("member", f"/v1/jobs/{second}/why"))
    assert (why.state, why.waits[0].reason, why.ahead) == ("queued", "gpus-busy", 1)
    assert why.waits[0].numbers["asks"] == 2
    assert "0 of 4 a100 are free" in why.waits[0].sentence
    job = await shown(rest, first)
    assert job.wait == why.waits[0]


async def test_what_would_help_a_job(rest):
    rest.story.connect("p/a", 4)
    await rest.run(rank={"gpus": 3})
    waits = await rest.submit(rank={"gpus": 4}, parks={"allow": ["p"]})
    rest.story.plan()
    why = api.Why.model_validate(await rest.seen("member", f"/v1/jobs/{waits}/why"))
    assert [one.kind for one in why.helps] == ["gpus"]
    assert why.helps[0].sentence == "it would start now with 1 of the 4 GPUs"
    (park,) = why.parks
    assert (park.park, park.free, park.gpus, park.lacks and park.lacks.reason) == ("p", 1, 4, "gpus-busy")


async def test_a_firm_does_not_read_who_is_in_its_way(rest):
    rest.story.connect("p/a", 4)
    rest.story.run("theirs", "zeta 4")
    waits = await rest.submit()
    rest.story.plan()
    path = f"/v1/jobs/{waits}/why"
    answer = await rest.get("member", path)
    assert answer.json()["parks"][0]["held_by"] == {"": 4}
    assert "zeta" not in answer.text
    assert "theirs" not in answer.text
    for role in ("admin", "auditor", "operator"):
        assert (await rest.seen(role, path))["parks"][0]["held_by"] == {"zeta": 4}
    assert (await rest.get("rival", path)).status_code == 404


async def test_an_operator_is_told_of_jobs_that_may_run_in_their_park(rest):
    for park in ("p", "q"):
        rest.story.connect(f"{park}/a", 1)
    await rest.run(), await rest.run()
    here = await rest.submit(parks={"allow": ["p"]})
    elsewhere = await rest.submit(parks={"allow": ["q"]})
    rest.story.plan()
    why = await rest.seen("operator", f"/v1/jobs/{here}/why")
    assert ([park["park"] for park in why["parks"]], why["quotas"]) == (["p"], [])
    assert why["waits"][0]["reason"] == "gpus-busy"
    assert (await rest.get("operator", f"/v1/jobs/{elsewhere}/why")).status_code == 404


async def test_a_job_that_does_not_wait_says_since_when(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    why = await rest.seen("owner", f"/v1/jobs/{job_id}/why")
    assert (why["state"], why["waits"], why["since"]) == ("running", [], rest.story.now)
    rest.story.exits(f"{job_id}.1/0")
    assert (await rest.seen("owner", f"/v1/jobs/{job_id}/why"))["state"] == "succeeded"


async def test_without_the_leader_jobs_are_shown_and_not_explained(rest):
    job_id = await rest.submit()
    rest.leader.away = True
    assert (await shown(rest, job_id)).wait is None
    answer = await rest.get("owner", f"/v1/jobs/{job_id}/why")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_a_queued_job_is_cancelled_at_once_and_only_once(rest):
    job_id = await rest.submit()
    answer = await rest.post("member", f"/v1/jobs/{job_id}/cancel", {"reason": "a mistake"})
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    assert answer.json()["outcome_detail"] == "cancelled by member: a mistake"
    for order in ("cancel", "requeue"):
        answer = await rest.post("member", f"/v1/jobs/{job_id}/{order}")
        assert (answer.status_code, answer.json()["remedy"]) == (409, f"see `bostan show {job_id}`")


async def test_a_running_job_is_stopped(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    answer = await rest.post("owner", f"/v1/jobs/{job_id}/cancel", {})
    assert answer.json()["state"] == "stopping"
    assert rest.story.read() == [f"stop {job_id}.1/0 p/a cancelled"]


async def test_a_job_is_requeued_and_resumes_from_its_checkpoint(rest):
    story = rest.story
    story.connect("p/a", 4)
    story.connect("p/b", 4)
    job_id = await rest.run()
    first = (await shown(rest, job_id)).attempt.ranks[0].node
    answer = await rest.post("owner", f"/v1/jobs/{job_id}/requeue", {"avoid_node": True})
    assert (answer.status_code, answer.json()["state"]) == (202, "stopping")
    story.saves(f"{job_id}.1/0", step=30)
    story.exits(f"{job_id}.1/0", cause="stopped")
    story.plan()
    attempts = (await rest.seen("owner", f"/v1/jobs/{job_id}/attempts"))["items"]
    tries = [api.Attempt.model_validate(one) for one in attempts]
    assert [one.number for one in tries] == [1, 2]
    assert (tries[0].outcome, tries[0].checkpoint_step) == ("requeued", 30)
    assert tries[1].resumed_from_step == 30
    assert tries[1].ranks[0].node != first


async def test_a_queued_job_is_not_requeued(rest):
    job_id = await rest.submit()
    answer = await rest.post("owner", f"/v1/jobs/{job_id}/requeue")
    assert answer.status_code == 409
    assert answer.json()["remedy"]


async def test_pages_go_through_all_jobs_newest_first(rest):
    made = []
    for number in range(7):
        rest.story.now += number % 2
        made.append(await rest.submit(name=f"n{number}"))
    seen, cursor = [], None
    while True:
        page = await rest.seen("owner", "/v1/jobs", limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [one["id"] for one in page["items"]]
        assert len(page["items"]) <= 3
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_jobs_that_come_meanwhile_do_not_shift_the_pages(rest):
    first, second, third = [await rest.submit() for _ in range(3)]
    page = await rest.seen("owner", "/v1/jobs", limit=2)
    await rest.submit()
    rest_of_them = await rest.seen("owner", "/v1/jobs", limit=2, cursor=page["next_cursor"])
    assert [one["id"] for one in page["items"] + rest_of_them["items"]] == [third, second, first]


async def test_filters(rest):
    rest.story.connect("p/a", 1)
    running = await rest.run(name="a", project="vision")
    queued = await rest.submit(name="b", project="speech")

    async def ids(**filters):
        return [one["id"] for one in (await rest.seen("admin", "/v1/jobs", **filters))["items"]]

    assert await ids(phase="active") == [running]
    assert await ids(phase="queued", firm="acme") == [queued]
    assert await ids(project="vision") == [running]
    assert await ids(name="b") == [queued]
    assert await ids(firm="zeta") == []
    assert (await rest.get("admin", "/v1/jobs?phase=lost")).status_code == 422


async def test_a_page_is_no_larger_than_allowed(small):
    for _ in range(5):
        await small.submit()
    assert len((await small.seen("owner", "/v1/jobs"))["items"]) == 2
    assert len((await small.seen("owner", "/v1/jobs", limit=500))["items"]) == 3


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "AAAA",
        "W10",
        "bnVsbA",
        "WzEsMl0",
        "WyJhIiwxXQ",
        "WzEsImEiLDNd",
        "W1tbW1tbW1tb",
        "WzM2ODkzNDg4MTQ3NDE5MTAzMjMyLCJhIl0",  # [2**65, "a"]
        "x" * 5000,
    ],
)
async def test_a_bad_cursor_is_refused(rest, cursor):
    answer = await rest.get("owner", "/v1/jobs", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")
    assert answer.json()["remedy"]


async def test_a_cursor_of_another_list_is_refused(rest):
    for _ in range(2):
        await rest.submit()
    cursor = (await rest.seen("owner", "/v1/jobs", limit=1))["next_cursor"]
    assert (await rest.get("admin", "/v1/tokens", params={"cursor": cursor})).status_code == 422

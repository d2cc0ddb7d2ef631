"""Submitting: from a file, from the command line, and only to see whether it could run."""

import pytest
from bostan import talks
from bostan.api import NewJob
from fastapi import Response

CAPACITY = {
    "classes": [
        {"park": "tabriz", "gpu_class": "t4-16g", "memory_bytes": 16 * 2**30, "gpus": 8, "gpus_per_node": 4},
        {
            "park": "shiraz",
            "gpu_class": "h100-80g-sxm",
            "memory_bytes": 80 * 2**30,
            "gpus": 16,
            "gpus_per_node": 8,
        },
    ]
}


def quota(quota_id: str = "acme", gpu_class: str = "t4-16g", guaranteed: int = 4, **changes):
    use = {
        "quota": quota_id,
        "parent": None,
        "firm": "acme",
        "gpu_class": gpu_class,
        "guaranteed": guaranteed,
    }
    use |= {
        "borrow_limit": 0,
        "lend_limit": 0,
        "used": 0,
        "available": 0,
        "from_at": 0,
        "until_at": 9,
        "in_force": True,
    }
    return use | changes


@pytest.fixture
def province(centre):
    centre.answers["GET /v1/capacity"] = CAPACITY
    centre.answers["GET /v1/quotas"] = {"items": [quota(), quota(gpu_class="h100-80g-sxm", guaranteed=2)]}
    return centre


def job_text(**changes: object) -> str:
    fields = {
        "name": "train",
        "command": "[python, train.py]",
        "work_dir": "null",
        "gpus": 2,
        "gpu_classes": "[t4-16g]",
    }
    return "".join(f"{key}: {value}\n" for key, value in (fields | changes).items() if value is not None)


def busy() -> Response:
    return Response('{"title": "Service Unavailable", "detail": "the leader did not answer"}', 503)


def test_a_restart_of_the_centre_is_waited_for_in_a_word(bostan, centre, job_file):
    centre.faults = [busy, busy, busy]
    told = bostan("submit", job_file())
    assert (told.code, told.out) == (0, "Submitted job-1\n")
    assert told.err.count("the leader did not answer; trying again for 45 s\n") == 1


def test_a_centre_that_stays_away_is_given_up_and_what_is_not_known_is_said(
    bostan, centre, job_file, monkeypatch
):
    monkeypatch.setattr(talks, "RESTART_SECONDS_MAX", 0.2)
    centre.faults = [lambda: None, lambda: None, *[busy] * 1000]
    told = bostan("submit", job_file())
    assert told.code == 8
    assert "trying again" in told.err
    assert "error: " in told.err
    assert "It may have the job all the same: bostan jobs\n" in told.err


def test_a_job_file_is_submitted(bostan, centre, job_file):
    told = bostan("submit", job_file())
    assert (told.code, told.out) == (0, "Submitted job-1\n")
    assert told.err == "Follow it: bostan logs -f job-1\n"
    sent = NewJob(**centre.submitted[0])
    assert (sent.firm, sent.rank.gpus, sent.gpu_classes, sent.work_dir) == ("acme", 2, ("t4-16g",), None)


IMPOSSIBLE = [
    ({"gpus": 9}, "job.yaml:4: gpus: asks 9 GPUs on one node; the largest node has 4 t4-16g (tabriz)"),
    ({"replicas": 9}, "job.yaml:6: replicas: 9 x 2 GPUs in one park; the largest park has 8 t4-16g (tabriz)"),
    ({"gpu_classes": "[v100-32g]"}, "job.yaml:5: gpu_classes: no park has v100-32g"),
    ({"parks": "{allow: [tabris]}"}, "job.yaml:6: parks.allow[0]: there is no park tabris"),
]


@pytest.mark.parametrize(("changes", "expected"), IMPOSSIBLE)
def test_what_no_park_could_run_is_told_by_line_before_anything_is_sent(
    bostan, province, job_file, home, changes, expected
):
    (home / "work").mkdir()
    told = bostan("submit", job_file(job_text(**{"work_dir": "work", **changes})))
    assert (told.code, told.out) == (2, "")
    assert f"/{expected}" in told.err
    assert " next: " in told.err
    assert (province.submitted, province.blobs) == ([], {})


def test_a_park_that_is_known_and_has_no_gpus_yet_may_be_named(bostan, province, job_file):
    province.answers["GET /v1/parks"] = {"items": [park("tabriz"), park("shiraz"), park("new")]}
    told = bostan("submit", job_file(job_text(parks="{prefer: [new]}")))
    assert told.code == 0


def park(park_id: str):
    return {"id": park_id, "name": "", "nodes": 0, "nodes_silent": 0, "gpus": 0, "gpus_free": 0}


def test_a_dry_run_does_not_promise_what_nobody_knows(bostan, province, job_file):
    province.answers["GET /v1/capacity"] = {"classes": []}
    told = bostan("submit", job_file(), "--dry-run")
    assert told.code == 2
    assert "job.yaml:4: gpus: no node of any park has reported a GPU yet" in told.err


def test_a_submitted_job_in_json(bostan, job_file):
    assert bostan("submit", job_file(), "-o", "json").json["id"] == "job-1"


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(bostan, province, job_file):
    told = bostan("submit", job_file(), "--dry-run")
    assert told.code == 0
    assert facts(told.out)["command"] == "python train.py"
    assert told.err == "Nothing was sent; it could run\n"
    assert province.submitted == []
    assert province.count("POST") == 0


def test_a_dry_run_shows_every_field_of_the_request(bostan, province, job_file):
    """What the file says, and what stands where it says nothing."""
    unsaid = facts(bostan("submit", job_file(), "--dry-run").out)
    assert unsaid["project"] == unsaid["work directory"] == unsaid["environment"] == "none"
    assert unsaid["parks"] == "any"
    assert unsaid["qos"] == "standard"
    assert unsaid["estimate"] == "none; the centre learns one from jobs like it"
    assert unsaid["stop grace"] == "30s"
    assert unsaid["checkpoint"] == "only of its own accord"
    assert unsaid["retries"].startswith("3 times when its node is lost, 3 times when it cannot be started, 0")
    assert unsaid["lease"] == "as long as the centre gives"
    wanted = {
        "project": "vision",
        "cpus": 3,
        "memory": "5GiB",
        "gpu_classes": None,
        "min_gpu_memory": "6GiB",
        "env": "{LR: 1e-3}",
        "parks": "{deny: [shiraz], prefer: [tabriz]}",
        "checkpoint": "{signal: true, grace: 70s}",
        "stop_grace": "71s",
        "retries": "{node_lost: 1, start_failed: 2, exit: 4}",
        "lease": "172s",
        "qos": "scavenger",
        "estimate": "73s",
        "speeds": "{t4-16g: 0.5}",
        "time_limit": "74s",
    }
    told = bostan("submit", job_file(job_text(**wanted)), "--dry-run")
    assert told.code == 0, told.err
    said = facts(told.out)
    assert said["each with"] == "2 GPUs, 3 CPUs, 5.0 GiB, GPU memory from 6.0 GiB"
    assert (said["environment"], said["not in"], said["preferred parks"]) == ("LR=1e-3", "shiraz", "tabriz")
    assert said["checkpoint"] == "on SIGUSR1, within 1m10s"
    assert said["retries"].startswith("1 time when its node is lost, 2 times when it cannot be started, 4 ")
    assert (said["stop grace"], said["lease"]) == ("1m11s", "at most 2m52s")
    assert (said["estimate"], said["speeds"], said["qos"]) == ("1m13s", "t4-16g 0.5", "scavenger")
    assert (said["project"], said["time limit"]) == ("vision", "1m14s")


def facts(out):
    return dict((part.strip() for part in line.split("  ", 1)) for line in out.splitlines())


def test_a_dry_run_in_json_is_the_request_itself(bostan, province, job_file, home):
    (home / "work").mkdir()
    (home / "work" / "train.py").write_text("print()")
    told = bostan("submit", job_file(job_text(work_dir="work")), "--dry-run", "-o", "json")
    wanted = NewJob(**told.json)
    assert wanted.work_dir is not None
    assert wanted.work_dir.size_bytes > 0
    assert province.blobs == {}
    bostan("submit", job_file(job_text(work_dir="work")))
    assert NewJob(**province.submitted[0]) == wanted


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ({"gpus": 5}, 4, "asks 5 GPUs on one node; the largest node has 4 t4-16g (tabriz)"),
        ({"gpus": 4, "replicas": 3}, 6, "3 x 4 GPUs in one park; the largest park has 8 t4-16g (tabriz)"),
        ({"gpu_classes": "[b200]"}, 5, "no park has b200"),
        ({"gpus": 4, "replicas": 2}, 6, "8 GPUs in all; the quota of acme allows at most 4 t4-16g"),
        (
            {"gpus": 3, "gpu_classes": "[h100-80g-sxm]"},
            4,
            "3 GPUs in all; the quota of acme allows at most 2",
        ),
        ({"gpus": 5, "gpu_classes": None}, 4, "5 GPUs in all; the quota of acme allows at most 4 t4-16g"),
        ({"firm": "globex"}, 6, "globex has no quota in force"),
        ({"parks": "{allow: [qom]}"}, 6, "there is no park qom"),
    ],
)
def test_what_could_never_run_is_told_by_line(bostan, province, job_file, changes, line, said):
    told = bostan("submit", job_file(job_text(**changes)), "--dry-run")
    assert told.code == 2
    assert f"job.yaml:{line}: " in told.err
    assert said in told.err
    assert " next: " in told.err


@pytest.mark.parametrize(
    "quotas",
    [
        pytest.param([quota(borrow_limit=None)], id="borrows without limit"),
        pytest.param([quota(borrow_limit=4)], id="borrows enough"),
        pytest.param(
            [quota(guaranteed=8, parent="west"), quota("west", guaranteed=8, firm=None)],
            id="ancestor has room",
        ),
    ],
)
def test_a_quota_that_could_let_it_in_some_day(bostan, province, job_file, quotas):
    province.answers["GET /v1/quotas"] = {"items": quotas}
    assert bostan("submit", job_file(job_text(gpus=4, replicas=2)), "--dry-run").code == 0


@pytest.mark.parametrize(
    "quotas",
    [
        pytest.param(
            [quota(guaranteed=8, parent="west"), quota("west", guaranteed=6, firm=None)],
            id="ancestor is too small",
        ),
        pytest.param([quota(guaranteed=8, in_force=False)], id="not in force"),
        pytest.param([quota(guaranteed=8, gpu_class="other")], id="of another class"),
        pytest.param([], id="none"),
    ],
)
def test_a_quota_that_never_could(bostan, province, job_file, quotas):
    province.answers["GET /v1/quotas"] = {"items": quotas}
    assert bostan("submit", job_file(job_text(gpus=4, replicas=2)), "--dry-run").code == 2


def test_a_job_without_gpus_needs_no_quota(bostan, province, job_file):
    province.answers["GET /v1/quotas"] = {"items": []}
    assert bostan("submit", job_file(job_text(gpus=0, gpu_classes=None)), "--dry-run").code == 0


def test_run_takes_everything_from_the_command_line(bostan, centre, home, monkeypatch):
    monkeypatch.setenv("SEED", "7")
    (home / "train.py").write_text("print()")
    told = bostan(
        *("run", "-d", "--gpus", "2", "--class", "h100-80g-sxm", "--class", "t4-16g", "--replicas", "2"),
        *(
            "--time-limit",
            "2h",
            "--memory",
            "4GiB",
            "--cpus",
            "8",
            "-e",
            "LR=1e-3",
            "-e",
            "SEED",
            "--park",
            "tabriz",
        ),
        *("--qos", "scavenger", "--estimate", "90m", "--speed", "h100-80g-sxm=1", "--speed", "t4-16g=0.2"),
        *("--checkpoint-signal", "--", "python3", "train.py", "--gpus", "9"),
    )
    assert (told.code, told.out) == (0, "Submitted job-1\n")
    sent = NewJob(**centre.submitted[0])
    assert sent.name == "python3"
    assert sent.command == ("python3", "train.py", "--gpus", "9")
    assert (sent.rank.gpus, sent.rank.cpus, sent.rank.memory_bytes) == (2, 8, 4 * 2**30)
    assert sent.gpu_classes == ("h100-80g-sxm", "t4-16g")
    assert (sent.replicas, sent.time_limit_seconds, sent.checkpoint_on_signal) == (2, 7200, True)
    assert sent.env == {"LR": "1e-3", "SEED": "7"}
    assert sent.parks.allow == ("tabriz",)
    assert (sent.qos, sent.estimate_seconds) == ("scavenger", 5400)
    assert sent.speeds == {"h100-80g-sxm": 1.0, "t4-16g": 0.2}
    assert sent.work_dir is not None
    assert sent.work_dir.sha256 in centre.blobs


def test_run_asks_for_a_part_of_a_gpu(bostan, centre):
    assert bostan("run", "-d", "--no-work-dir", "--gpu-milli", "250", "--", "x").code == 0
    assert NewJob(**centre.submitted[0]).rank.gpu_milli == 250


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--qos", "gold"), "command line: qos: must be reserved, standard or scavenger, not 'gold'"),
        (("--estimate", "2d"), "command line: estimate: 2d is longer than the time_limit of 1d"),
        (("--speed", "t4-16g"), "command line: --speed: 't4-16g' is not a class and its speed"),
        (("--speed", "t4-16g=nan"), "command line: speeds.t4-16g: nan is not from 0.001 to 1000"),
        (
            ("--gpus", "2", "--gpu-milli", "500"),
            "command line: gpu_milli: is a part of one GPU, and gpus is 2",
        ),
    ],
)
def test_what_run_cannot_mean_is_told_before_anything_is_sent(bostan, centre, words, said):
    told = bostan("run", "-d", "--no-work-dir", *words, "--", "x")
    assert told.code == 2
    assert said in told.err
    assert centre.submitted == []


def test_run_without_dashes_leaves_the_commands_own_options_alone(bostan, centre):
    bostan("run", "-d", "--no-work-dir", "python", "-c", "print()", "--name", "x")
    sent = NewJob(**centre.submitted[0])
    assert (sent.command, sent.work_dir) == (("python", "-c", "print()", "--name", "x"), None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--time-limit", "5"], "command line: time_limit: "),
        (["--memory", "4 GB"], "command line: memory: "),
        (["--env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set here"),
        (["--env", "RANK=1"], "is set by Bostan itself"),
        (["--class", "No Class"], "command line: gpu_classes[0]: "),
        (["--gpus", "100"], "rank.gpus"),
    ],
)
def test_run_tells_what_is_wrong_with_its_words(bostan, centre, words, said):
    told = bostan("run", "-d", "--no-work-dir", *words, "--", "true")
    if words[0] == "--gpus":
        assert told.code == 2
        assert "gpus" in told.err
    else:
        assert told.code == 2
        assert said in told.err
    assert centre.submitted == []


def test_run_names_the_job_after_its_program(bostan, centre):
    for program in ("./my-train.sh", "/usr/bin/python3.11", "---"):
        bostan("run", "-d", "--no-work-dir", "--", program)
    assert [each["name"] for each in centre.submitted] == ["mytrainsh", "python311", "job"]


def test_who_has_no_firm_is_asked_for_one(bostan, centre, job_file):
    from fastapi.responses import JSONResponse

    centre.faults = [lambda: JSONResponse({"name": "root", "role": "admin"})]
    told = bostan("submit", job_file())
    assert told.code == 2
    assert "firm: is needed: root has no firm" in told.err
    assert centre.submitted == []


def test_ctrl_c_before_the_centre_has_answered_says_where_to_look(bostan, job_file, monkeypatch):
    def interrupted(*_words: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bostan.client.Client.submit", interrupted)
    told = bostan("submit", job_file())
    assert (told.code, told.out) == (130, "")
    assert "see whether it has the job: bostan jobs" in told.err

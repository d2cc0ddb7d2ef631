"""What the system says no to, as a user meets it at the command line: roles, tokens, job files, impossible requests."""

import pytest

pytestmark = pytest.mark.ray

NOT_ALLOWED, NOT_FOUND, REFUSED, BAD_FILE = 4, 5, 6, 2

BAD_JOBS = {
    "unknown key": ("name: x\ncommand: [ls]\ngpu: 1\n", "job.yaml:3: gpu:"),
    "no unit": ("name: x\ncommand: [ls]\ntime_limit: 5\n", "job.yaml:3: time_limit:"),
    "not YAML": ("name: [x\n", "job.yaml:"),
    "no command": ("name: x\n", "command"),
    "more than a node has": ("name: x\ncommand: [ls]\ngpus: 3\n", "gpus"),
    "a class nobody has": ("name: x\ncommand: [ls]\ngpu_classes: [h100-80g-sxm]\n", "h100-80g-sxm"),
}


@pytest.fixture(scope="module")
def people(land):
    return {
        "nobody": "bst_0000000000000000000000000000000000000000000000000000000000000000",
        "admin": land.admin,
        "member": land.member,
        "stranger": land.person("stranger", role="member", firm="other"),
        "auditor": land.person("auditor", role="auditor"),
        "operator": land.person("operator", role="operator", park="here"),
        "elsewhere": land.person("elsewhere", role="operator", park="elsewhere"),
    }


@pytest.fixture(scope="module")
def job(land):
    job = land.command(
        land.member, "run", "--detach", "--no-work-dir", "-o", "json", "--", "/bin/sleep", "600"
    ).json["id"]
    land.until_state(land.member, job, "running")
    yield job
    assert land.command(land.member, "cancel", job).code == 0


@pytest.mark.parametrize(
    ("who", "words", "code"),
    [
        ("nobody", "whoami", NOT_ALLOWED),
        ("nobody", "jobs", NOT_ALLOWED),
        ("member", "show JOB", 0),
        ("auditor", "show JOB", 0),
        ("stranger", "show JOB", NOT_FOUND),
        ("stranger", "logs JOB", NOT_FOUND),
        ("stranger", "cancel JOB", NOT_FOUND),
        ("auditor", "cancel JOB", NOT_ALLOWED),
        ("operator", "cancel JOB", NOT_ALLOWED),
        ("auditor", "run --no-work-dir --firm bench -- ls", NOT_ALLOWED),
        ("operator", "run --no-work-dir --firm bench -- ls", NOT_ALLOWED),
        ("stranger", "run --no-work-dir --firm bench -- ls", NOT_ALLOWED),
        ("member", "park add mine", NOT_ALLOWED),
        ("member", "park token here", NOT_ALLOWED),
        ("member", "token create x --role admin", NOT_ALLOWED),
        ("elsewhere", "drain here/n1", NOT_ALLOWED),
        ("member", "drain here/n1", NOT_ALLOWED),
        ("elsewhere", "park token here", NOT_ALLOWED),
        ("auditor", "quotas show", 0),
    ],
)
def test_each_role_may_do_its_own_things_and_no_others(land, people, job, who, words, code):
    done = land.command(people[who], *words.replace("JOB", job).split())
    assert done.code == code, (done.out, done.err)
    if code:
        assert done.err.startswith("error: ")
        assert done.out == ""


@pytest.mark.parametrize("mistake", BAD_JOBS)
def test_a_bad_job_file_is_told_by_its_line_and_nothing_is_sent(land, tmp_path, mistake):
    text, said = BAD_JOBS[mistake]
    (tmp_path / "job.yaml").write_text(text)
    done = land.command(land.member, "submit", str(tmp_path / "job.yaml"))
    assert done.code in (BAD_FILE, REFUSED), done.out
    assert said in done.err
    assert "Traceback" not in done.err
    with land.client(land.member) as client:
        assert not list(client.jobs(name="x"))


def test_an_agent_with_a_wrong_token_stays_outside(land, two_gpus):
    before, land.park = land.park, "bst_wrong"
    try:
        land.join("intruder", *two_gpus)
    finally:
        land.park = before
    land.until("it was refused", lambda: "token" in (land.folder / "intruder.log").read_text())
    with land.client(land.admin) as client:
        assert "here/intruder" not in {node.id for node in client.nodes()}
    land.kill_agent("intruder")

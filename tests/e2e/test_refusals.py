"""What the system says no to, as a user meets it at the command line: roles, tokens, job files, impossible requests."""

import pytest
from bostan.api import NewJob, NewToken
from bostan.errors import NotAllowed, NotAuthenticated, NotFound

pytestmark = pytest.mark.ray

REFUSED, BAD_FILE = 6, 2

BAD_JOBS = {
    "unknown key": ("name: x\ncommand: [ls]\ngpu: 1\n", "job.yaml:3: gpu:"),
    "no unit": ("name: x\ncommand: [ls]\ntime_limit: 5\n", "job.yaml:3: time_limit:"),
    "not YAML": ("name: [x\n", "job.yaml:"),
    "no command": ("name: x\n", "command"),
    "more than a node has": ("name: x\ncommand: [ls]\ngpus: 3\n", "gpus"),
    "a class nobody has": ("name: x\ncommand: [ls]\ngpu_classes: [h100-80g-sxm]\n", "h100-80g-sxm"),
}


@pytest.fixture
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
def job(whole_land):
    land = whole_land
    job = land.command(
        land.member, "run", "--detach", "--no-work-dir", "-o", "json", "--", "/bin/sleep", "600"
    ).json["id"]
    land.until_state(land.member, job, "running")
    yield job
    assert land.command(land.member, "cancel", job).code == 0


WISHES = {
    "see who I am": lambda client, job: client.whoami(),
    "see the job": lambda client, job: client.job(job),
    "read its log": lambda client, job: client.logs(job),
    "cancel it": lambda client, job: client.cancel(job),
    "submit for bench": lambda client, job: client.submit(NewJob(name="x", firm="bench", command=("ls",))),
    "add a park": lambda client, job: client.park_add("mine"),
    "let agents in": lambda client, job: client.park_token("here"),
    "make an admin": lambda client, job: client.new_token(NewToken(name="x", role="admin")),
    "drain n1": lambda client, job: client.drain("here/n1"),
    "see quotas": lambda client, job: list(client.quotas()),
}


@pytest.mark.parametrize(
    ("who", "wish", "answer"),
    [
        ("nobody", "see who I am", NotAuthenticated),
        ("nobody", "see the job", NotAuthenticated),
        ("member", "see the job", None),
        ("auditor", "see the job", None),
        ("stranger", "see the job", NotFound),
        ("stranger", "read its log", NotFound),
        ("stranger", "cancel it", NotFound),
        ("auditor", "cancel it", NotAllowed),
        ("operator", "cancel it", NotAllowed),
        ("auditor", "submit for bench", NotAllowed),
        ("operator", "submit for bench", NotAllowed),
        ("stranger", "submit for bench", NotAllowed),
        ("member", "add a park", NotAllowed),
        ("member", "let agents in", NotAllowed),
        ("elsewhere", "let agents in", NotAllowed),
        ("member", "make an admin", NotAllowed),
        ("member", "drain n1", NotAllowed),
        ("elsewhere", "drain n1", NotAllowed),
        ("auditor", "see quotas", None),
    ],
)
def test_each_role_may_do_its_own_things_and_no_others(land, people, job, who, wish, answer):
    with land.client(people[who]) as client:
        if answer is None:
            WISHES[wish](client, job)
            return
        with pytest.raises(answer):
            WISHES[wish](client, job)


@pytest.mark.parametrize(
    ("who", "words", "code"),
    [("nobody", "jobs", 4), ("stranger", "show JOB", 5), ("auditor", "cancel JOB", 4)],
)
def test_the_command_line_says_no_in_a_line_and_by_its_exit_code(land, people, job, who, words, code):
    done = land.command(people[who], *words.replace("JOB", job).split())
    assert done.code == code, (done.out, done.err)
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
    land.parks["nowhere"] = "bst_wrong"
    land.join("intruder", *two_gpus, park="nowhere")
    land.until("it was refused", lambda: "token" in (land.folder / "intruder.log").read_text())
    with land.client(land.admin) as client:
        assert "intruder" not in {node.name for node in client.nodes()}
    land.kill_agent("intruder")

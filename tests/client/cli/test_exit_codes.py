"""What goes wrong is told in two lines on standard error, and each kind has its exit code."""

from pathlib import Path

import pytest
from bostan.cli.exitcodes import ALL
from fastapi import Response

DOCS = Path(__file__).parents[3] / "docs" / "cli.md"


def problem(status: int) -> Response:
    return Response('{"title": "No", "detail": "because", "remedy": "do so"}', status)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 6), (401, 4), (403, 4), (404, 5), (409, 6), (413, 6), (422, 6), (500, 8)],
)
def test_an_error_answer_has_its_exit_code(bostan, centre, status, code):
    centre.faults = [lambda: problem(status)]
    told = bostan("show", "job-1")
    assert (told.code, told.out) == (code, "")
    what = "because" if code < 8 else "No: because"  # the protocol's own words say nothing to people
    assert told.err == f"error: {what}\n next: do so\n"


def test_all_that_is_wrong_with_a_request_is_told(bostan, centre):
    mistakes = '[{"field": "a", "detail": "a: is missing", "remedy": "add it"}, {"detail": "b: is odd"}]'
    body = f'{{"detail": "a: is missing; b: is odd", "remedy": "add it", "mistakes": {mistakes}}}'
    centre.faults = [lambda: Response(body, 422)]
    assert bostan("show", "job-1").err == "error: a: is missing\n next: add it\nerror: b: is odd\n"


def test_no_centre_at_all(anybody, monkeypatch):
    import bostan.client
    from bostan.retry import ONCE

    monkeypatch.setattr(
        bostan.client.Client.__init__,
        "__kwdefaults__",
        {"transport": None, "retry": ONCE, "follow_retry": ONCE},
    )
    monkeypatch.setenv("BOSTAN_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("BOSTAN_TOKEN", "t")
    told = anybody("whoami")
    assert told.code == 3
    assert told.err.startswith("error: Cannot reach the centre at http://127.0.0.1:9 (")
    assert told.err.splitlines()[1].startswith(" next: check the URL")


def test_waiting_too_long(bostan, centre, make_job):
    centre.states = [make_job()]
    told = bostan("wait", "job-1", "--timeout", "0s")
    assert told.code == 7
    assert "next: it goes on; ask again: bostan wait job-1" in told.err


def test_a_mistake_in_a_file(bostan, job_file):
    told = bostan("submit", job_file("name: train\ncommand: [x]\ngpus: many\ncolour: red\n"))
    assert told.code == 2
    lines = told.err.splitlines()
    assert [line.partition("job.yaml:")[2].partition(":")[0] for line in lines[::2]] == ["3", "4"]
    assert all(line.startswith(" next: ") for line in lines[1::2])


def test_a_fault_of_this_machine(bostan, centre, tmp_path):
    centre.archives = {0: b"x"}
    (tmp_path / "file").write_text("")
    told = bostan("download", "job-1", "-C", str(tmp_path / "file" / "below"))
    assert told.code == 1
    assert "error: " in told.err
    assert "this machine said so" in told.err


def test_nothing_an_answer_says_can_move_the_cursor(bostan, centre):
    centre.faults = [lambda: Response('{"title": "No\\u001b[2J\\nerror: yes"}', 404)]
    told = bostan("show", "job-1")
    assert told.err.count("\n") == 1
    assert "\x1b" not in told.err


def test_the_codes_are_listed_by_the_command_and_in_the_docs(anybody):
    listed = anybody("help", "exit-codes").out
    documented = DOCS.read_text()
    for code, meaning in ALL.items():
        assert f"{code:>3}  {meaning}" in listed
        assert f"| {code} | {meaning} |" in documented
    assert anybody("help", "exit-codes", "-o", "json").json == {
        str(code): meaning for code, meaning in ALL.items()
    }

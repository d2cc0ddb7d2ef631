"""`dump` and `replay` as an administrator runs them, over the store of a centre that runs and one that has stopped."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bostan.cli.words import local_time_exact
from bostan_scheduler.commands import app
from bostan_scheduler.core.instant import DAY_MILLISECONDS
from bostan_scheduler.decisions.history import entries
from bostan_scheduler.decisions.limits import DecisionLimits
from bostan_scheduler.decisions.log import FileDecisionLog
from bostan_scheduler.decisions.snapshot_file import read_file
from bostan_scheduler.service.clock import wall_ms
from bostan_scheduler.store import open_store
from stories import Story
from typer.testing import CliRunner, Result

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """The data folder of a centre at work: a job runs, one waits, and its decisions are logged."""
    folder = tmp_path / "data"
    folder.mkdir()
    store = open_store(f"sqlite:///{folder / 'bostan.db'}", migrate=True)
    story = Story(store=store, decisions=FileDecisionLog(folder / "decisions"))
    story.quota("negar", gpus=2)
    story.connect("p/gpu-host")
    secrets = {"command": ("train", "--key=s3cret"), "env": (("KEY", "s3cret"),)}
    story.run("j1", "negar 2", **secrets)
    story.submit("j2", "negar 2", **secrets)
    story.plan()
    story.decisions.close()
    yield folder
    store.close()


@pytest.fixture
def kept_twice(tmp_path: Path) -> Path:
    """The data folder of a centre that kept its decisions of yesterday with their snapshots, the last two minutes apart."""
    folder = tmp_path / "kept"
    log = FileDecisionLog(folder / "decisions", DecisionLimits(snapshot_every=1))
    story = Story(now=wall_ms() - DAY_MILLISECONDS, decisions=log)
    story.quota("negar", gpus=4)
    story.connect("p/gpu-host")
    story.submit("j1", "negar 2")
    story.plan()
    story.wait(300)
    story.submit("j2", "negar 2")
    story.plan()
    story.decisions.close()
    return folder


def as_typed(at: int) -> str:
    """An instant as somebody would give it, to the millisecond."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat()


def test_what_is_dumped_can_be_replayed(run: Run, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "dump.json"
    before = {path: path.read_bytes() for path in data.glob("bostan.db")}
    dumped = run("dump", "--data-dir", data, "-o", file)
    assert dumped.exit_code == 0, dumped.output
    assert "2 unfinished jobs and 1 nodes" in dumped.stderr
    assert file.stat().st_mode & 0o077 == 0
    assert {path: path.read_bytes() for path in data.glob("bostan.db")} == before
    told = run("replay", file)
    assert told.exit_code == 0, told.output
    assert "nothing starts or stops" in told.stdout
    assert "1 wait: quota" in told.stdout
    plan = json.loads(run("replay", file, "-o", "json", "--order", "fifo").stdout)
    assert (plan["order"], plan["waiting"]) == ("fifo", {"quota": 1})
    assert "Start" not in {one["case"] for one in plan["changes"]}


def test_a_dump_goes_to_standard_output_and_comes_from_standard_input(run: Run, data: Path) -> None:
    dumped = run("dump", "--data-dir", data)
    told = CliRunner().invoke(app, ["replay", "-"], input=dumped.stdout_bytes)
    assert "1 wait: quota" in told.stdout, told.output


def test_secrets_are_left_out_unless_they_are_asked_for(run: Run, data: Path) -> None:
    assert "s3cret" not in run("dump", "--data-dir", data).stdout
    assert "s3cret" in run("dump", "--data-dir", data, "--with-commands").stdout


def test_an_anonymous_dump_names_nobody_and_waits_alike(run: Run, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "dump.json.gz"
    assert run("dump", "--data-dir", data, "--anonymise", "-o", file).exit_code == 0
    text = gzip.decompress(file.read_bytes()).decode()
    assert [name for name in ("negar", "gpu-host", "s3cret", "member") if name in text] == []
    assert "1 wait: quota" in run("replay", file).stdout


def test_a_dump_of_an_earlier_time_is_what_was_decided_on_then(
    run: Run, kept_twice: Path, tmp_path: Path
) -> None:
    """Not what is now with an earlier time: the second job had not come yet when the first was started."""
    file, log = tmp_path / "then.json", kept_twice / "decisions"
    *_, first, second = entries(log, 0)
    dumped = run("dump", "--data-dir", kept_twice, "--at", as_typed(second.at - 1), "-o", file)
    assert dumped.exit_code == 0, dumped.output
    assert ": 1 unfinished jobs and 1 nodes" in dumped.stderr
    then = read_file(file)
    assert (then.sha256, then.snapshot.now, list(then.snapshot.jobs)) == (first.snapshot, first.at, ["j1"])
    assert then.about["from"] == "the log of decisions"
    again = json.loads(run("replay", file, "-o", "json").stdout)
    assert again["sha256"] == first.sha256
    assert run("dump", "--data-dir", kept_twice, "--at", as_typed(second.at), "-o", file).exit_code == 0
    assert read_file(file).sha256 == second.snapshot


def test_an_anonymous_dump_of_an_earlier_time_names_nobody(run: Run, kept_twice: Path) -> None:
    told = run("dump", "--data-dir", kept_twice, "--at", "0s", "--anonymise").stdout
    assert [name for name in ("negar", "gpu-host") if name in told] == []


def test_a_time_of_which_nothing_was_kept_is_refused_and_what_there_is_is_told(
    run: Run, kept_twice: Path, data: Path
) -> None:
    told = run("dump", "--data-dir", kept_twice, "--at", "2020-01-01")
    assert told.exit_code == 1
    assert "no decision by 2020-01-01 00:00:00" in told.stderr
    first, *_ = entries(kept_twice / "decisions", 0)
    assert f"the oldest is of {local_time_exact(first.at)}; give a later time" in told.stderr
    for path in (data / "decisions" / "snapshots").iterdir():
        path.unlink()
    told = run("dump", "--data-dir", data, "--at", "0s")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "there is none at all" in told.stderr


def test_a_log_is_compared_and_a_difference_is_told_by_the_exit_code(run: Run, data: Path) -> None:
    told = run("replay", "--log", data / "decisions")
    assert (told.exit_code, told.stdout[:1]) == (0, "1"), told.output
    (path,) = (data / "decisions").glob("*.jsonl")
    path.write_text(path.read_text().replace('"gpus":["p/gpu-host:0"', '"gpus":["p/gpu-host:3"'))
    told = run("replay", "--log", data / "decisions")
    assert told.exit_code == 1
    assert '-{"attempt":' in told.stdout


def test_a_cut_off_file_is_said_to_be_so(run: Run, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "dump.json.gz"
    run("dump", "--data-dir", data, "-o", file)
    whole = file.read_bytes()
    for damaged, says in (
        (whole[:-9], "it is cut off"),
        (whole[:100] + b"\0" * 40 + whole[140:], "damaged"),
        (b"", "not JSON"),
    ):
        file.write_bytes(damaged)
        told = run("replay", file)
        assert told.exit_code == 1
        assert f"{file}" in told.stderr
        assert says in told.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["replay"], 2, "give either FILE or --log"),
        (["replay", "x", "--log", "y"], 2, "give either FILE or --log"),
        (["replay", "x", "--since", "7d"], 2, "--since means nothing with FILE"),
        (["replay", "--log", "y", "--order", "fifo"], 2, "--order means nothing with --log"),
        (["replay", "x", "--order", "chaos"], 2, "one of fifo,"),
        (["replay", "nowhere.json"], 1, "nowhere.json: No such file"),
        (["replay", "--log", "nowhere"], 1, "there is no log of decisions"),
        (["replay", "--log", "nowhere", "--since", "soon"], 2, "'soon' is no date"),
        (["dump", "--data-dir", "nowhere"], 1, "there is no such store"),
        (["dump", "--data-dir", "nowhere", "--at", "noon"], 2, "'noon' is no date"),
        (["dump", "--data-dir", "nowhere", "--anonymise", "--with-commands"], 1, "leave one of them out"),
        (["dump", "--data-dir", "nowhere", "--at", "2h"], 1, "there is no log of decisions"),
        (["dump", "--data-dir", "nowhere", "--at", "2199-01-31"], 1, "2199-01-31 00:00:00 UTC has not come"),
        (
            ["dump", "--at", "2h", "--with-commands"],
            1,
            "kept snapshots hold no commands; leave it or --at out",
        ),
    ],
)
def test_bad_words_are_refused_in_a_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    told = run(*words)
    assert told.exit_code == code, told.output
    assert says in " ".join(told.stderr.replace("│", " ").split())
    assert "Traceback" not in told.stderr


def test_a_store_that_no_centre_has_led_is_said_to_be_so(run: Run, tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'bostan.db'}", migrate=True).close()
    told = run("dump", "--data-dir", tmp_path)
    assert told.exit_code == 1
    assert "no centre has ever run" in told.stderr


def test_a_file_that_cannot_be_written_is_named(run: Run, data: Path, tmp_path: Path) -> None:
    told = run("dump", "--data-dir", data, "-o", tmp_path / "nowhere" / "dump.json")
    assert told.exit_code == 1
    assert "cannot be written" in told.stderr


@pytest.mark.parametrize("command", ["dump", "replay"])
def test_help_has_an_example(run: Run, command: str) -> None:
    assert "Example" in run(command, "--help").stdout

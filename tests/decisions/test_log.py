"""The log of decisions: what is written and when, what it never does to the leader, and its limits."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bostan_scheduler.core.instant import DAY_MILLISECONDS
from bostan_scheduler.core.job import Job
from bostan_scheduler.decisions import hashing, scribe
from bostan_scheduler.decisions.files import LogFiles, log_files
from bostan_scheduler.decisions.kept import KeptSnapshots
from bostan_scheduler.decisions.limits import DecisionLimits
from bostan_scheduler.decisions.log import FileDecisionLog
from bostan_scheduler.replays import replay_log
from bostan_scheduler.service.messages import AskPlanning, PlanningAnswer
from bostan_scheduler.service.ports import Commit, StoreError
from bostan_scheduler.settings import CentreSettings
from bostan_scheduler.store import open_store
from stories import Story
from worlds import NOW

OpenLog = Callable[..., FileDecisionLog]


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in log_files(folder) for line in path.read_text().splitlines()]


def started(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in entry["changes"] if one["case"] == "Start"]


def centre(log: FileDecisionLog, **parts: Any) -> Story:
    """A centre with a node of four GPUs and quota for two."""
    story = Story(decisions=log, **parts)
    story.quota("x", gpus=2)
    story.connect("p/a")
    story.plan()
    return story


def test_a_decision_says_what_starts_where_and_why_the_rest_waits(log: OpenLog, folder: Path) -> None:
    story = centre(log())
    story.submit("j1", "x 2")
    story.submit("j2", "x 2")
    story.submit("j3", "x 2")
    story.plan()
    story.decisions.close()
    entry = entries(folder)[-1]
    (start,) = started(entry)
    assert start["attempt"]["places"] == [{"gpus": ["p/a:0", "p/a:1"], "node_id": "p/a", "rank": 0}]
    assert entry["waiting"] == {"quota": 2}
    assert (entry["at"], entry["epoch"]) == (story.now, 1)
    assert entry["plan_milliseconds"] > 0
    assert len(entry["snapshot"]) == len(entry["sha256"]) == 64


def test_plans_that_decide_nothing_are_written_once_a_minute(log: OpenLog, folder: Path) -> None:
    story = centre(log())
    story.wait(150, "p/a")
    story.decisions.close()
    assert [(one["at"] - NOW) // 1000 for one in entries(folder)] == [0, 75, 150]
    (answer,) = story.ask(AskPlanning())
    assert isinstance(answer, PlanningAnswer)
    assert answer.tally.plans == 14
    assert answer.tally.plan_seconds > 0
    assert answer.tally.decisions == 3


class Refusing:
    """A store whose commits fail while it is told to."""

    def __init__(self) -> None:
        self.store, self.fails = open_store("memory:"), False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, commit: Commit) -> int:
        if self.fails:
            raise StoreError("the disk says no")
        return self.store.commit(commit)


def test_what_was_not_committed_was_not_decided(log: OpenLog, folder: Path) -> None:
    store = Refusing()
    story = centre(log(), store=store)
    story.submit("j1", "x 2")
    store.fails = True
    with pytest.raises(StoreError):
        story.service.plan(story.now)
    store.fails = False
    story.submit("j2", "x 2")  # the step after the failed one is not taken for it
    story.plan()
    story.decisions.close()
    assert [len(started(one)) for one in entries(folder)] == [0, 1]


def test_a_disk_that_is_full_stops_nobody_and_is_counted(
    log: OpenLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[str] = []
    monkeypatch.setattr(scribe.log, "warning", lambda what, **facts: complaints.append(facts["error"]))
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")
    story = centre(log())
    story.run("j1", "x 1")
    story.run("j2", "x 1")
    story.decisions.close()
    tally = story.decisions.tally()
    assert (tally.decisions, tally.snapshots) == (0, 0)
    assert tally.decisions_lost >= 3
    assert len(complaints) == 1, "once a minute, or it fills the log of the centre too"
    assert story.state("j2") == "active running"


def test_a_disk_that_hangs_holds_nobody_up_and_what_it_misses_is_made_up_for(
    log: OpenLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, hung = threading.Event(), threading.Event()
    append = LogFiles.append

    def hang(files: LogFiles, at: int, line: bytes) -> None:
        hung.set()
        assert hangs.wait(30)
        append(files, at, line)

    monkeypatch.setattr(LogFiles, "append", hang)
    story = centre(log(waiting_max=1, rows_slack=0))
    assert hung.wait(30)
    for number in range(4):
        story.run(f"j{number}", "x 0")
    lost = story.decisions.tally().decisions_lost
    assert lost > 0
    hangs.set()
    story.decisions.scribe.close()
    story.run("after", "x 1")
    story.decisions.close()
    assert story.decisions.tally().decisions_lost == lost
    assert replayed_alike(folder)


def replayed_alike(folder: Path) -> bool:
    return replay_log(folder, 0, lambda _: None)


def test_an_entry_that_fails_on_its_way_to_a_hash_is_followed_by_right_ones(
    log: OpenLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe.log, "warning", lambda *_, **__: None)
    story = centre(log())
    story.decisions.scribe.close()
    with monkeypatch.context() as patch:
        patch.setattr("bostan_scheduler.decisions.hashing.bare_text", lambda job: 1 / 0)
        story.run("j1", "x 1")
        story.decisions.scribe.close()
    assert story.decisions.tally().decisions_lost == 1
    story.run("j2", "x 1")
    story.decisions.close()
    assert story.decisions.tally().decisions_lost == 1
    assert len(entries(folder)) == 2
    assert replayed_alike(folder)


def test_an_entry_that_is_too_long_is_written_without_its_changes(log: OpenLog, folder: Path) -> None:
    story = centre(log(entry_bytes_max=600))
    story.run("j1", "x 2")
    story.decisions.close()
    assert entries(folder)[-1]["changes"] == []
    assert entries(folder)[-1]["left_out"] >= 1
    assert replayed_alike(folder)


def test_the_settings_reach_the_log() -> None:
    chosen = CentreSettings(decision_log_bytes_max=2**20, decision_log_days=3, decision_snapshot_every=0)
    limits = chosen.decision_limits()
    assert (limits.bytes_max, limits.file_bytes, limits.days) == (2**20, 2**18, 3)
    assert limits.snapshot_every == 0
    assert CentreSettings().decision_limits() == DecisionLimits()


def test_an_entry_costs_what_has_changed_and_not_what_there_is(
    log: OpenLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = centre(log(snapshot_every=0))
    for number in range(300):
        story.submit(f"waits{number}", "x 4")
    story.run("j0", "x 0")
    story.decisions.scribe.flush()
    written: list[str] = []
    text = hashing.bare_text

    def counted(job: Job) -> bytes:
        written.append(job.id)
        return text(job)

    monkeypatch.setattr(hashing, "bare_text", counted)
    story.submit("j1", "x 0")
    story.plan()
    story.decisions.close()
    assert set(written) == {"j0", "j1"}


# Files


def files(folder: Path, **limits: int) -> LogFiles:
    return LogFiles(folder, DecisionLimits(**{"file_bytes": 100, "bytes_max": 250} | limits))


def names(folder: Path) -> list[int]:
    return [int(path.stem) for path in log_files(folder)]


def test_a_file_that_is_full_is_followed_by_another_and_the_oldest_goes(folder: Path) -> None:
    for at in range(12):
        files(folder).append(at, b"x" * 49 + b"\n")
    assert names(folder) == [8, 10]
    assert sum(path.stat().st_size for path in log_files(folder)) <= 250


def test_a_file_of_a_day_is_followed_by_another_and_an_old_one_goes(folder: Path) -> None:
    for day in range(6):
        files(folder, days=3).append(day * DAY_MILLISECONDS, b"{}\n")
    assert names(folder) == [day * DAY_MILLISECONDS for day in (2, 3, 4, 5)]


def test_after_a_line_that_was_torn_another_begins(folder: Path) -> None:
    files(folder).append(1, b"{}\n")
    with log_files(folder)[0].open("ab") as file:
        file.write(b'{"at":')
    files(folder).append(2, b"{}\n")
    assert log_files(folder)[0].read_bytes() == b'{}\n{"at":\n{}\n'


def test_files_are_for_the_centre_alone(log: OpenLog, folder: Path) -> None:
    centre(log()).decisions.close()
    assert folder.stat().st_mode & 0o077 == 0
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*.*")} == {0}


# Snapshots


def kept(folder: Path) -> int:
    return len(list(folder.glob("snapshots/*")))


def test_of_snapshots_the_newest_are_kept(log: OpenLog, folder: Path) -> None:
    story = centre(log(snapshots_max=2))
    for number in range(4):
        story.run(f"j{number}", "x 0")
    story.decisions.close()
    assert kept(folder) == 2
    assert entries(folder)[-1]["snapshot"] in {
        path.name.removesuffix(".json.gz") for path in folder.glob("snapshots/*")
    }


def test_of_snapshots_no_more_bytes_are_kept_than_allowed(log: OpenLog, folder: Path) -> None:
    story = centre(log(snapshot_bytes_max=10))
    story.decisions.close()
    assert kept(folder) == 0
    assert story.decisions.tally().snapshots_lost == 1


def test_only_every_so_many_decisions_have_one(log: OpenLog, folder: Path) -> None:
    story = centre(log(snapshot_every=3))
    for number in range(4):
        story.run(f"j{number}", "x 0")
    story.decisions.close()
    assert len(entries(folder)) == 5
    assert kept(folder) == 2


def test_none_is_kept_when_none_is_wanted(log: OpenLog, folder: Path) -> None:
    centre(log(snapshot_every=0)).decisions.close()
    assert len(entries(folder)) == 1
    assert kept(folder) == 0


def test_while_a_large_one_is_written_no_other_is(
    log: OpenLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe, "SMALL_ROWS", 0)
    begun, written = threading.Event(), threading.Event()
    keep = KeptSnapshots.keep

    def hold(*parts: Any) -> Any:
        begun.set()
        assert written.wait(30)
        return keep(*parts)

    monkeypatch.setattr(KeptSnapshots, "keep", hold)
    story = centre(log())
    assert begun.wait(30)
    story.run("j1", "x 0")
    story.run("j2", "x 0")
    story.decisions.scribe.flush()
    written.set()
    story.decisions.close()
    tally = story.decisions.tally()
    assert tally.snapshots + tally.snapshots_lost == tally.decisions == 3
    assert tally.snapshots_lost > 0

"""A logged decision is made again bit for bit, from its snapshot alone; and one that is not is shown."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.codec import without_commands
from bostan_scheduler.decisions.document import lines, read
from bostan_scheduler.decisions.files import log_files
from bostan_scheduler.decisions.hashing import hash_of
from bostan_scheduler.decisions.kept import snapshot_path
from bostan_scheduler.decisions.log import FileDecisionLog
from bostan_scheduler.decisions.planning import decide, in_order
from bostan_scheduler.decisions.replaying import differences, replay
from bostan_scheduler.decisions.snapshot_file import read_file, write_file
from bostan_scheduler.errors import BadDecisionLog, BadSnapshot
from bostan_scheduler.replays import replay_file, replay_log
from clusters import clusters
from hypothesis import given, settings
from stories import Story
from worlds import world

OpenLog = Callable[..., FileDecisionLog]


def copied(snapshot: Snapshot) -> Snapshot:
    """The snapshot, written down and read back."""
    sha256 = hash_of(snapshot, secrets=True)
    return read(b"".join(lines(snapshot, sha256, {})), "copy").snapshot


@settings(max_examples=40, deadline=None)
@given(clusters())
def test_a_copy_of_any_world_is_planned_alike(snapshot: Snapshot) -> None:
    for before in (snapshot, apply_all(snapshot, decide(snapshot).changes)):
        bare = without_commands(before)
        sha256 = hash_of(before)
        assert list(differences(replay(before, sha256), replay(copied(bare), sha256))) == []


def busy_day(story: Story) -> None:
    """Firms come and go, jobs run, fail, are requeued and cancelled, a node is lost, a leader dies."""
    story.quota("x", "y")
    for node_id in ("p/a", "p/b", "q/a"):
        story.connect(node_id)
    for number in range(6):
        story.submit(f"j{number}", f"{'xy'[number % 2]} 2", command=("secret-command",))
    story.plan()
    story.all_run("j0")
    story.exits("j0.1/0")
    story.submit("gang", "x 4x2")
    story.wait(50, "p/a p/b")
    story.restarts()
    story.wait(90, "p/a p/b")
    for node_id in ("p/a", "p/b"):
        story.connect(node_id)
    for number in range(3):
        story.submit(f"late{number}", "y 1")
        story.wait(25, "p/a p/b")


def test_every_decision_of_a_story_is_made_again_bit_for_bit(log: OpenLog, folder: Path) -> None:
    story = Story(decisions=log())
    busy_day(story)
    story.decisions.close()
    said: list[str] = []
    assert replay_log(folder, 0, said.append)
    counts = story.decisions.tally()
    assert counts.decisions > 3
    assert counts.decisions_lost == counts.snapshots_lost == 0
    assert said == [f"{counts.decisions} decisions are the same bit for bit, 0 differ, 0 have no snapshot"]


def test_nothing_of_what_users_run_is_in_log_or_snapshots(log: OpenLog, folder: Path) -> None:
    story = Story(decisions=log())
    busy_day(story)
    story.decisions.close()
    for path in (*log_files(folder), *folder.glob("snapshots/*")):
        assert b"secret-command" not in path.read_bytes()
        assert "secret-command" not in str(replay_text(path))


def replay_text(path: Path) -> object:
    return replay_file(path, None) if path.name.endswith(".json.gz") else ""


def decided(log: OpenLog) -> Story:
    """A centre that has started one job of two, and closed its log."""
    story = Story(decisions=log())
    story.quota("x", gpus=2)
    story.connect("p/a")
    story.submit("j1", "x 2")
    story.submit("j2", "x 2")
    story.plan()
    story.decisions.close()
    return story


def test_a_decision_that_is_not_made_again_is_shown(log: OpenLog, folder: Path) -> None:
    decided(log)
    (path,) = log_files(folder)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    start = next(one for one in entries[-1]["changes"] if one["case"] == "Start")
    start["attempt"]["places"][0]["gpus"] = ["p/a:3"]
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    said: list[str] = []
    assert not replay_log(folder, 0, said.append)
    shown = "\n".join(said)
    assert "planning gives something else now" in shown
    assert '-{"attempt":' in shown
    assert '+{"attempt":' in shown
    assert "1 differ" in said[-1]


def test_a_bit_that_no_line_shows_is_a_difference_too(log: OpenLog, folder: Path) -> None:
    decided(log)
    (path,) = log_files(folder)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    entries[-1] |= {"sha256": "0" * 64, "left_out": 1, "changes": []}
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    said: list[str] = []
    assert not replay_log(folder, 0, said.append)
    assert f"  -hash of the changes: {'0' * 64}" in said


def test_decisions_without_a_snapshot_are_counted_and_none_at_all_is_an_error(
    log: OpenLog, folder: Path
) -> None:
    story = decided(log)
    said: list[str] = []
    for path in folder.glob("snapshots/*"):
        path.unlink()
    with pytest.raises(BadDecisionLog, match="decision_snapshot_every"):
        replay_log(folder, 0, said.append)
    assert said[-1].endswith(f"{story.decisions.tally().decisions} have no snapshot")
    with pytest.raises(BadDecisionLog, match="an earlier --since"):
        replay_log(folder, story.now + 1, said.append)


def test_another_file_in_the_place_of_a_snapshot_is_refused(log: OpenLog, folder: Path) -> None:
    decided(log)
    (path,) = folder.glob("snapshots/*")
    other = world("node p/a 2")
    write_file(path, lines(other, hash_of(other), {}))
    with pytest.raises(BadSnapshot, match="another file was put in its place"):
        replay_log(folder, 0, lambda _: None)


@pytest.mark.parametrize("line", ["{", "[]", '{"at": 1}', '{"mood": "good"}'])
def test_a_damaged_line_is_named(log: OpenLog, folder: Path, line: str) -> None:
    decided(log)
    (path,) = log_files(folder)
    whole = path.read_text()
    path.write_text(f"{line}\n{whole}")
    with pytest.raises(BadSnapshot, match=r"\.jsonl:1: "):
        replay_log(folder, 0, lambda _: None)
    path.write_text(f"{whole}{line}")  # not ended: whoever wrote it died over it
    assert replay_log(folder, 0, lambda _: None)


def test_a_folder_without_a_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadDecisionLog, match="there is no log of decisions"):
        replay_log(tmp_path, 0, lambda _: None)


def test_a_file_can_be_replayed_in_another_order(log: OpenLog, folder: Path) -> None:
    decided(log)
    path = next(iter(folder.glob("snapshots/*")))
    own, other = replay_file(path, None), replay_file(path, "fifo")
    assert (own.snapshot, other.order) == (path.name.removesuffix(".json.gz"), "fifo")
    assert own.snapshot != other.snapshot
    assert other.snapshot == hash_of(in_order(read_file(path).snapshot, "fifo"))
    assert snapshot_path(folder / "snapshots", own.snapshot) == path

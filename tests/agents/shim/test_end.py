"""How a rank ends is on record, whoever was there to see it."""

import os
import signal

import pytest
from bostan_agent.shim import processes
from bostan_agent.shim.records import Cause


@pytest.mark.parametrize("code", [0, 7, 255])
def test_an_exit_code_is_recorded(bench, code):
    ended = bench.shell(f"exit {code}").ended()
    assert (ended.cause, ended.code, ended.signal) == (Cause.EXITED, code, None)


def test_a_death_by_signal_is_recorded(bench):
    ended = bench.shell("kill -SEGV $$").ended()
    assert (ended.cause, ended.code, ended.signal) == (Cause.EXITED, None, signal.SIGSEGV)


def test_the_end_is_recorded_with_launcher_and_agent_gone(lone_bench, wait_until):
    rank = lone_bench.shell("read line < go; exit 9", cwd=str(lone_bench.folder))
    os.mkfifo(lone_bench.folder / "go")
    rank.state()
    rank.launch.close()
    lone_bench.zygote.kill()
    shim = rank.state().shim_pid
    wait_until(lambda: processes.facts(shim).parent == 1, "adoption by the first process")
    (lone_bench.folder / "go").write_text("on you go\n")
    assert rank.ended().code == 9


def test_stamps_are_in_the_order_of_events(bench):
    ended = bench.shell("echo hello; sleep 0.05").ended()
    stamps = [ended.started, ended.first_output, ended.main_ended, ended.ended]
    assert [stamp.boottime_ns for stamp in stamps] == sorted(stamp.boottime_ns for stamp in stamps)
    assert ended.main_ended.boottime_ns - ended.first_output.boottime_ns > 40_000_000
    assert ended.log_end_offset == len("hello\n")


def test_a_silent_rank_has_no_first_output(bench):
    assert bench.shell("exit 0").ended().first_output is None


def test_events_tell_the_story_in_order(bench):
    rank = bench.shell("echo hello")
    assert [record["event"] for record in rank.launch.records()] == ["started", "first_output", "exited"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"argv": ["no-such-command"]}, "cannot start 'no-such-command': no such command on PATH="),
        ({"argv": ["true"], "cwd": "/no/such/folder"}, "No such file or directory: '/no/such/folder'"),
        ({"argv": ["/etc/passwd"]}, "Permission denied"),
    ],
)
def test_a_command_that_cannot_run_says_why(bench, fields, words):
    ended = bench.launch(bench.spec(**fields)).ended()
    assert (ended.cause, ended.code, ended.started) == (Cause.START_FAILED, None, None)
    assert words in ended.message


def test_a_torn_spec_is_a_failed_start(bench):
    folder = bench.folder / "torn.0"
    folder.mkdir()
    (folder / "spec.json").write_text('{"attempt_id": "to')
    ended = bench.send(folder).ended()
    assert (ended.cause, ended.attempt_id) == (Cause.START_FAILED, "torn")
    assert "spec.json is not JSON" in ended.message


def test_a_rank_that_has_ended_is_not_started_again(bench):
    rank = bench.shell("echo once >> ran", cwd=str(bench.folder))
    first = rank.ended()
    again = bench.send(rank.folder)
    assert list(again.launch.records()) == []
    assert again.ended() == first
    assert (bench.folder / "ran").read_text() == "once\n"


def test_a_second_shim_leaves_a_living_rank_alone(bench):
    rank = bench.shell("exec sleep 100")
    rank.launch.event("started")
    assert list(bench.send(rank.folder).launch.records()) == []
    assert rank.launch.ask(do="status")["phase"] == "running"


def test_what_the_main_process_leaves_behind_is_killed(bench):
    rank = bench.shell("setsid sleep 100 & echo left; exit 3")
    assert rank.ended().code == 3
    assert rank.crew() == []


def test_output_written_at_the_very_end_is_in_the_log(bench):
    rank = bench.shell("head -c 500000 /dev/zero; echo the end")
    assert rank.ended().log_end_offset == 500_000 + len("the end\n")
    assert rank.log().endswith(b"the end\n")

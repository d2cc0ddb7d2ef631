"""What the main process is given: a clean slate, its own session, and nothing of ours."""

import os
import signal
from pathlib import Path

import pytest
from bostan_agent.shim import main_process
from bostan_agent.shim.cgroup import Cgroup

CAP_SYS_RESOURCE = 24


def may_lower_oom_score() -> bool:
    return bool(int(status_field("self", "CapEff"), 16) >> CAP_SYS_RESOURCE & 1)


def status_field(pid: int | str, name: str) -> str:
    """One field of what /proc says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_it_inherits_no_environment_and_no_descriptors(bench):
    rank = bench.python(
        "import os; print(sorted(os.environ), os.listdir('/proc/self/fd'))", env={"LC_CTYPE": "C"}
    )
    rank.ended()
    # Descriptor 3 is the listing of the folder itself.
    assert rank.log() == b"['BOSTAN_SHIM_SOCKET', 'LC_CTYPE', 'PATH'] ['0', '1', '2', '3']\n"


def test_it_leads_a_session_of_its_own(bench):
    rank = bench.python("import os; print(os.getsid(0) == os.getpid() != os.getppid())")
    rank.ended()
    assert rank.log() == b"True\n"


def test_signals_are_as_a_fresh_process_has_them(bench):
    rank = bench.launch(bench.spec(["cat", "/proc/self/status"]))
    rank.ended()
    status = dict(line.split(b":", 1) for line in rank.log().splitlines())
    # 32 and 33 are the C library's own; GNU make hands them down ignored, and no program can set them back.
    masks = [int(status[mask], 16) & ~(0b11 << 31) for mask in (b"SigBlk", b"SigIgn", b"SigCgt")]
    assert masks == [0, 0, 0]


def test_stdin_is_empty_and_stderr_is_logged(bench):
    rank = bench.shell("cat; echo problem >&2")
    rank.ended()
    assert rank.log() == b"problem\n"


@pytest.mark.skipif(not may_lower_oom_score(), reason="needs the right to lower an OOM score")
def test_the_kernel_kills_the_shim_last_and_the_rank_as_any_other(bench):
    rank = bench.shell("cat /proc/self/oom_score_adj; exec sleep 100")
    rank.prints(b"\n")
    assert rank.log() == b"0\n"
    assert Path(f"/proc/{rank.state().shim_pid}/oom_score_adj").read_text() == "-900\n"


@root_only
def test_it_runs_as_the_user_of_the_spec_without_a_way_back(bench):
    bench.folder.chmod(0o755)
    rank = bench.shell("id -u; id -g; id -G; grep NoNewPrivs /proc/self/status", uid=65534, gid=65533)
    rank.ended()
    assert rank.log().split() == [b"65534", b"65533", b"65533", b"NoNewPrivs:", b"1"]


def test_it_dies_with_its_shim(bench, wait_until):
    rank = bench.shell("exec sleep 100")
    rank.launch.event("started")
    state = rank.state()
    os.kill(state.shim_pid, signal.SIGKILL)
    wait_until(lambda: rank.crew() == [], "death of the main process")


def test_it_never_runs_unrecorded(bench):
    """The folder names the process before its command begins."""
    rank = bench.shell("cat state.json", cwd=str(bench.folder / "try0.0"))
    rank.ended()
    assert f'"main_pid": {rank.state().main_pid}'.encode() in rank.log()


def test_the_shim_is_small(bench):
    rank = bench.shell("echo ready; exec sleep 100")
    rank.prints(b"ready")
    assert int(status_field(rank.state().shim_pid, "VmRSS")) <= 15 * 1024


def test_it_is_born_in_its_cgroup(bench):
    rank = bench.shell("cat /proc/self/cgroup")
    rank.ended()
    cgroup = rank.state().cgroup
    assert cgroup is None or f"/{Path(cgroup).name}\n".encode() in rank.log()


def test_a_kernel_that_cannot_fork_into_a_cgroup_still_forks(tmp_path):
    """What is no cgroup at all stands for a kernel too old for the call."""
    pid, born_inside = main_process._fork(Cgroup(str(tmp_path)))
    if pid == 0:
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert not born_inside

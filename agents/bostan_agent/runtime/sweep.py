"""Killing what is left of a rank whose shim died.

Three nets: its cgroup; its main process with all below it; and, as orphans lose their parents, every
process that was started with this rank's socket in its environment. A pid from the records counts only
with its start ticks.
"""

from __future__ import annotations

import os
import time

from bostan_agent.runtime.errors import SweepIncomplete
from bostan_agent.shim import processes
from bostan_agent.shim.cgroup import Cgroup
from bostan_agent.shim.records import State
from bostan_agent.shim.spec import RankSpec

_LOOK_AGAIN_SECONDS = 0.01
_MARK = "BOSTAN_SHIM_SOCKET"


def sweep(state: State, spec: RankSpec | None, seconds_max: float) -> None:
    """Kill every process of the rank and wait until none is left.

    Raises:
        SweepIncomplete: some were still there after `seconds_max`.
    """
    give_up_at = time.monotonic() + seconds_max
    while left := _remains(state, spec):
        if time.monotonic() > give_up_at:
            raise SweepIncomplete(f"processes {sorted(left)} of a rank without shim cannot be killed")
        if state.cgroup is not None:
            Cgroup(state.cgroup).kill()
        for pid, ticks in left.items():
            processes.kill_exactly(pid, ticks)
        time.sleep(_LOOK_AGAIN_SECONDS)
    if state.cgroup is not None:
        # One that will not go is a leftover, not a danger: nothing runs in it.
        while not Cgroup(state.cgroup).remove() and time.monotonic() < give_up_at:
            time.sleep(_LOOK_AGAIN_SECONDS)


def _remains(state: State, spec: RankSpec | None) -> dict[int, int]:
    """The rank's living processes, each with its start ticks."""
    pids = set() if state.cgroup is None else set(Cgroup(state.cgroup).pids())
    if processes.start_ticks(state.main_pid) == state.main_ticks:
        pids |= {state.main_pid, *processes.descendants(state.main_pid)}
    mark = None if spec is None else spec.env.get(_MARK)
    if mark is not None:
        pids |= set(processes.with_environment(f"{_MARK}={mark}"))
    known = {pid: processes.facts(pid) for pid in pids - {os.getpid()}}
    return {
        pid: fact.start_ticks for pid, fact in known.items() if fact is not None and fact.state not in "ZX"
    }

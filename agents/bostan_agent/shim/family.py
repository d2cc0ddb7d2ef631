"""All the processes of one rank: the main one and whatever it started, however it hid them.

Two nets: the rank's cgroup, where there is one, and the orphans that the kernel hands to their
subreaper. A process that slips through both would have to be root.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from bostan_agent.shim import cgroup, processes
from bostan_agent.shim.main_process import fork_main
from bostan_agent.shim.spec import RankSpec

_DISSOLVE_SECONDS_MAX = 1.0
_DISSOLVE_AGAIN_SECONDS = 0.005


class Family:
    """Starts, signals, kills and reaps the processes of one rank. Its process must be a subreaper."""

    def __init__(self, spec: RankSpec) -> None:
        """Make the rank's cgroup, where it may have one, and fork the main process up to its gate."""
        self._spec = spec
        self._cgroup: cgroup.Cgroup | None = None
        self._childless = False
        self.limits_held: tuple[str, ...] = ()
        if spec.cgroup:
            made = cgroup.create(f"bostan-{spec.key.folder_name}-{os.getpid()}", spec.limits)
            self._cgroup, self.limits_held = made or (None, ())
        self.main = fork_main(self._cgroup)
        self.main_status: int | None = None

    @property
    def cgroup_path(self) -> str | None:
        """Where the rank's cgroup is, if it has one."""
        return None if self._cgroup is None else self._cgroup.path

    def release(self) -> None:
        """Let the main process run its command.

        Raises:
            StartError: the command could not be run.
        """
        self.main.release(self._spec)

    def ask_for_checkpoint(self) -> bool:
        """SIGUSR1 to the main process alone. False where it would die of it, having no handler yet."""
        if self.main_status is not None or not processes.catches(self.main.pid, signal.SIGUSR1):
            return False
        processes.send([self.main.pid], signal.SIGUSR1)
        return True

    def terminate(self, helper: int | None) -> None:
        """SIGTERM to every process of the rank; `helper` is a child of ours that is none of them."""
        processes.send(self._living(helper), signal.SIGTERM)

    def kill(self, helper: int | None) -> None:
        """SIGKILL to every process of the rank."""
        if self._cgroup is not None:
            self._cgroup.kill()
        processes.send(self._living(helper), signal.SIGKILL)

    def reap(self) -> Iterator[int]:
        """Collect the children that have ended; yields their pids."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._childless = True
                return
            if pid == 0:
                return
            if pid == self.main.pid:
                self.main_status = status
            yield pid

    def gone(self, helper: int | None) -> bool:
        """Whether the main process has ended and no other process of the rank is left."""
        return self.main_status is not None and (self._childless or not self._living(helper))

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed one of them for memory."""
        return self._cgroup is not None and self._cgroup.ran_out_of_memory()

    def dissolve(self) -> None:
        """Remove the cgroup, now empty. Whoever forgets the rank removes it otherwise."""
        give_up_at = time.monotonic() + _DISSOLVE_SECONDS_MAX
        while self._cgroup is not None and not self._cgroup.remove() and time.monotonic() < give_up_at:
            time.sleep(_DISSOLVE_AGAIN_SECONDS)

    def _living(self, helper: int | None) -> set[int]:
        if self._childless:
            return set()
        inside = set() if self._cgroup is None else set(self._cgroup.pids())
        return (inside | set(processes.descendants(os.getpid()))) - {helper}

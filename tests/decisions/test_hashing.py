"""The hash that is brought up to date row by row is the hash from scratch, whatever has happened."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.files import log_files
from bostan_scheduler.decisions.hashing import SnapshotHash, hash_of
from bostan_scheduler.decisions.history import entries
from bostan_scheduler.decisions.limits import DecisionLimits
from bostan_scheduler.decisions.log import FileDecisionLog
from bostan_scheduler.decisions.tables import TABLES, rows_of
from bostan_scheduler.service.writer import Service
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulation import centre, simulate
from values import values_of


@settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_rows_that_come_change_and_go(data: st.DataObject) -> None:
    snapshot = data.draw(values_of(Snapshot))
    known = SnapshotHash()
    put(known, rows_of(snapshot))
    for _ in range(data.draw(st.integers(1, 3))):
        table = data.draw(st.sampled_from(sorted(TABLES)))
        before = dict(getattr(snapshot, table))
        row_id = data.draw(st.sampled_from([*before, "fresh"]))
        row = data.draw(st.none() | values_of(TABLES[table]))
        now = {key: one for key, one in {**before, row_id: row}.items() if one is not None}
        snapshot = replace(snapshot, **{table: now, "now": data.draw(values_of(int))})
        put(known, {(table, row_id): row})
        assert known.root(snapshot) == hash_of(snapshot)


def put(known: SnapshotHash, rows: Any) -> None:
    for _ in known.put(rows):
        pass


class Watched(FileDecisionLog):
    """A log that also hashes every snapshot from scratch, where it notes it."""

    def note(self, draft: Draft, *parts: Any) -> None:
        super().note(draft, *parts)
        self.fresh = hash_of(draft.view)

    def keep(self, draft: Draft) -> None:
        if self._noted is not None and self._noted[0] is draft:
            self.expected.append(self.fresh)
        super().keep(draft)


def test_through_a_storm_with_failing_commits_and_falling_leaders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs: list[Watched] = []

    class Logged(Service):
        @classmethod
        def start(cls, *parts: Any) -> Any:
            logs.append(Watched(tmp_path / str(len(logs)), DecisionLimits(waiting_max=10**6)))
            logs[-1].expected = []
            return super().start(*parts, logs[-1])

    monkeypatch.setattr(centre, "Service", Logged)
    outcome = simulate(7)
    for log in logs:
        log.close()
        assert log.tally().decisions_lost == 0
        assert [entry.snapshot for entry in written(log.folder)] == log.expected
    assert len(logs) == outcome.leaders + 1 > 2
    assert sum(len(log.expected) for log in logs) >= outcome.attempts


def written(folder: Path) -> list[Any]:
    return list(entries(folder, 0)) if log_files(folder) else []

"""The XIDs seen so far: they outlive the child that saw them, so that none is forgotten when it is restarted."""

from collections.abc import Iterable
from dataclasses import replace

from bostan_agent.devices.values import Reading, Telemetry, XidSeen, XidTally

_XIDS_MAX = 256
"""Distinct XIDs kept for a GPU: NVIDIA's catalogue has fewer; a garbled driver could name any number."""


class Tally:
    """Counts XIDs by GPU."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, XidTally]] = {}

    def count(self, event: XidSeen) -> None:
        """Take note of one."""
        of_gpu = self._seen.setdefault(event.gpu, {})
        before = of_gpu.get(event.xid)
        if before is not None:
            of_gpu[event.xid] = replace(before, count=before.count + 1, last_seen_seconds=event.at_seconds)
        elif len(of_gpu) < _XIDS_MAX:
            of_gpu[event.xid] = XidTally(event.xid, 1, event.at_seconds, event.at_seconds)

    def of(self, gpu: str) -> tuple[XidTally, ...]:
        """What was seen of one GPU, in the order of first sight."""
        return tuple(self._seen.get(gpu, {}).values())

    def added_to(self, telemetry: Telemetry) -> Telemetry:
        """The telemetry with each GPU's XIDs; a GPU that gave no reading still shows its XIDs in one that is empty."""
        read = {reading.uuid for reading in telemetry.readings}
        told = (replace(reading, xids=self.of(reading.uuid)) for reading in telemetry.readings)
        silent = (Reading(uuid, xids=self.of(uuid)) for uuid in self._missing(read))
        return replace(telemetry, readings=(*told, *silent))

    def _missing(self, read: set[str]) -> Iterable[str]:
        return (uuid for uuid in self._seen if uuid not in read)

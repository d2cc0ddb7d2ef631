"""Whether each node can be heard. What a cut line keeps back arrives when it is whole again; a machine that is off tells nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bostan_scheduler.core.reports import RankReported


@dataclass(slots=True)
class Lines:
    """What each cut node has yet to tell, and which nodes are off."""

    kept: dict[str, list[RankReported]] = field(default_factory=dict)
    off: set[str] = field(default_factory=set)

    def whole(self, node_id: str) -> bool:
        """Whether the node can be heard."""
        return node_id not in self.kept and node_id not in self.off

    @property
    def all_whole(self) -> bool:
        """Whether every node can be heard."""
        return not self.kept and not self.off

    def cut(self, node_id: str) -> None:
        """Nothing gets through any more."""
        self.kept[node_id] = []

    def mend(self, node_id: str) -> list[RankReported]:
        """The line is whole again; what the node had to tell meanwhile."""
        return self.kept.pop(node_id)

    def through(self, reports: Iterable[RankReported]) -> list[RankReported]:
        """Those reports that reach the centre now."""
        if self.all_whole:
            return list(reports)
        arrived = []
        for report in reports:
            if report.node_id in self.kept:
                self.kept[report.node_id].append(report)
            elif report.node_id not in self.off:
                arrived.append(report)
        return arrived

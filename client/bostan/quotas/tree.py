"""Is the list of quota nodes a tree: every parent there, no circle, windows within windows, one leaf for a firm."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from bostan.quotas.instants import utc_text
from bostan.strictmodel import Finding, nearest


class TreeNode(Protocol):
    """What of a quota node makes it part of a tree."""

    @property
    def id(self) -> str: ...
    @property
    def parent(self) -> str | None: ...
    @property
    def firm(self) -> str | None: ...
    @property
    def from_unix_seconds(self) -> int: ...
    @property
    def until_unix_seconds(self) -> int: ...


def tree_findings(nodes: Sequence[TreeNode], firms: Collection[str]) -> Iterator[Finding]:
    """Everything that keeps the nodes from being a tree over these firms."""
    by_id = {node.id: node for node in nodes}
    circular = _in_a_circle(by_id)
    yield from _repeated(nodes)
    for at, node in enumerate(nodes):
        if node.firm is not None and node.firm not in firms:
            yield Finding(("quotas", at, "firm"), f"there is no firm {node.firm}", _near(node.firm, firms))
        if node.parent is not None and node.parent not in by_id:
            yield Finding(
                ("quotas", at, "parent"), f"there is no quota {node.parent}", _near(node.parent, by_id)
            )
        elif node.id in circular:
            yield Finding(
                ("quotas", at, "parent"), f"{node.id} is its own ancestor", "give it a parent above it"
            )
        elif node.parent is not None:
            yield from _under_parent(at, node, by_id[node.parent])
    yield from _two_leaves(nodes)


def _near(word: str, known: Collection[str]) -> str:
    near = nearest(word, sorted(known))
    return f"did you mean {near}?" if near else "add it, or correct the name"


def _repeated(nodes: Sequence[TreeNode]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for at, node in enumerate(nodes):
        if first.setdefault(node.id, at) != at:
            yield Finding(
                ("quotas", at, "id"),
                f"{node.id} stands twice (first as quotas[{first[node.id]}])",
                "keep one",
            )


def _in_a_circle(by_id: dict[str, TreeNode]) -> set[str]:
    """Ids from which going up never ends, each visited once."""
    ends: dict[str, bool] = {}
    for start in by_id:
        path: dict[str, None] = {}
        step: str | None = start
        while step in by_id and step not in ends and step not in path:
            path[step] = None
            step = by_id[step].parent
        ends.update(dict.fromkeys(path, ends.get(step, step not in path) if step is not None else True))
    return {each for each, ended in ends.items() if not ended}


def _under_parent(at: int, node: TreeNode, parent: TreeNode) -> Iterator[Finding]:
    if parent.firm is not None:
        problem = f"{parent.id} is the quota of firm {parent.firm}, which is a leaf"
        yield Finding(("quotas", at, "parent"), problem, "choose a parent without a firm")
    if node.from_unix_seconds < parent.from_unix_seconds:
        begins = utc_text(parent.from_unix_seconds)
        yield Finding(("quotas", at, "from"), f"is before {parent.id} begins ({begins})", "begin no earlier")
    if node.until_unix_seconds > parent.until_unix_seconds:
        ends = utc_text(parent.until_unix_seconds)
        yield Finding(("quotas", at, "until"), f"is after {parent.id} ends ({ends})", "end no later")


def _two_leaves(nodes: Sequence[TreeNode]) -> Iterator[Finding]:
    """A firm's jobs must have one quota to count against at every moment."""
    leaves: dict[str, list[tuple[int, TreeNode]]] = defaultdict(list)
    for at, node in enumerate(nodes):
        if node.firm is not None:
            leaves[node.firm].append((at, node))
    for firm, placed in leaves.items():
        placed.sort(key=lambda pair: pair[1].from_unix_seconds)
        for (_, earlier), (at, later) in itertools.pairwise(placed):
            if later.from_unix_seconds < earlier.until_unix_seconds and later.id != earlier.id:
                problem = f"{firm} has the quota {earlier.id} at the same time"
                yield Finding(("quotas", at, "firm"), problem, "let one begin when the other ends")

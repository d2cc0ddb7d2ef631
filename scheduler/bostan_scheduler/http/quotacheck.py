"""What must hold in a quota document beyond each field by itself: a tree, known names, and nothing promised twice."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from bostan import api
from bostan.quotas.tree import tree_findings

from bostan_scheduler.http.problems import Problem, invalid, raise_all
from bostan_scheduler.http.windowcheck import INSTANT_MAX, window_problems

_FIELDS = {"from": "from_at", "until": "until_at"}


@dataclass(frozen=True, slots=True)
class _Placed:
    """A quota node in the words of the tree's check; a project's leaf is a leaf of its own."""

    id: str
    parent: str | None
    firm: str | None
    from_unix_seconds: int
    until_unix_seconds: int


def check_document(document: api.QuotaDocument) -> None:
    """Raises Problem for all contradictions of a kind; what is checked later may rest on what is checked first."""
    for problems in (
        chain(_names(document), _fields(document)),
        _owners(document),
        _tree(document),
        _promised_twice(document),
        window_problems(document),
    ):
        raise_all(problems)


def _names(document: api.QuotaDocument) -> Iterator[Problem]:
    lists = {
        "parks": [park.id for park in document.parks],
        "firms": [firm.id for firm in document.firms],
    }
    for kind, ids in lists.items():
        seen: set[str] = set()
        for place, one in enumerate(ids):
            if one in seen:
                yield invalid(f"{kind}.{place}.id", f"{kind}: {one} stands twice", "keep one")
            seen.add(one)
    for place, park in enumerate(document.parks):
        if "/" in park.id:
            yield invalid(f"parks.{place}.id", f"parks: {park.id} has a / in it", "use - instead")
    of_device: dict[str, str] = {}
    for gpu_class, names in document.gpu_classes.items():
        for name in names:
            if of_device.setdefault(name, gpu_class) != gpu_class:
                detail = f"gpu_classes: {name[:100]} is also listed by {of_device[name]}"
                yield invalid(f"gpu_classes.{gpu_class}", detail, "keep it in one class")


def _fields(document: api.QuotaDocument) -> Iterator[Problem]:
    for place, node in enumerate(document.quotas):
        at = f"quotas.{place}"
        if not 0 <= node.from_at < node.until_at <= INSTANT_MAX:
            detail = f"until_at: {node.id} is never in force"
            yield invalid(f"{at}.until_at", detail, "let it end after it begins")
        for gpu_class, quota in node.gpus.items():
            if quota.lend_limit is not None and quota.lend_limit > quota.guaranteed:
                detail = f"lend_limit: {node.id} lends more {gpu_class} than it is guaranteed"
                yield invalid(f"{at}.gpus.{gpu_class}.lend_limit", detail, f"at most {quota.guaranteed}")


def _owners(document: api.QuotaDocument) -> Iterator[Problem]:
    projects = {firm.id: firm.projects for firm in document.firms}
    for place, node in enumerate(document.quotas):
        if node.firm is not None and node.firm not in projects:
            detail = f"firm: there is no firm {node.firm}"
            yield invalid(f"quotas.{place}.firm", detail, "add it under firms, or correct the name")
        if node.project is not None and node.project not in projects.get(node.firm or "", ()):
            detail = f"project: {node.firm or 'no firm'} has no project {node.project}"
            yield invalid(f"quotas.{place}.project", detail, "add it to the firm, or correct the name")


def _tree(document: api.QuotaDocument) -> Iterator[Problem]:
    placed = [_placed(node) for node in document.quotas]
    leaves = {node.firm for node in placed if node.firm is not None}
    for finding in tree_findings(placed, leaves):
        path = ".".join(_FIELDS.get(str(part), str(part)) for part in finding.at)
        yield invalid(path, f"{path}: {finding.problem}", finding.remedy)


def _placed(node: api.QuotaNode) -> _Placed:
    leaf = f"{node.firm} {node.project}" if node.firm and node.project else node.firm
    return _Placed(node.id, node.parent, leaf, node.from_at // 1000, node.until_at // 1000)


def _promised_twice(document: api.QuotaDocument) -> Iterator[Problem]:
    """At no moment may children be guaranteed more than their parent is."""
    children: dict[str, list[api.QuotaNode]] = defaultdict(list)
    for node in document.quotas:
        if node.parent is not None:
            children[node.parent].append(node)
    for place, parent in enumerate(document.quotas):
        below = children[parent.id]
        for gpu_class in sorted({name for child in below for name in child.gpus}):
            has, promised = _guaranteed(parent, gpu_class), _most_at_once(below, gpu_class)
            if promised > has:
                detail = f"gpus: children of {parent.id} are guaranteed {promised} of {has} {gpu_class}"
                at = f"quotas.{place}.gpus.{gpu_class}"
                yield invalid(at, detail, "lower a child or raise the parent")


def _guaranteed(node: api.QuotaNode, gpu_class: str) -> int:
    quota = node.gpus.get(gpu_class)
    return quota.guaranteed if quota else 0


def _most_at_once(nodes: Sequence[api.QuotaNode], gpu_class: str) -> int:
    """The largest sum of guarantees at one moment; windows end before others begin."""
    changes: dict[int, int] = defaultdict(int)
    for node in nodes:
        changes[node.from_at] += _guaranteed(node, gpu_class)
        changes[node.until_at] -= _guaranteed(node, gpu_class)
    most = total = 0
    for instant in sorted(changes):
        total += changes[instant]
        most = max(most, total)
    return most

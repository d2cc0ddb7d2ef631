"""The documents: no link leads nowhere, decisions are numbered and whole, fragments are named as agreed."""

import re
import unicodedata
from pathlib import Path

import pytest

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
DECISION = re.compile(r"(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md")
FRAGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|deprecated|removed|fixed|security)\.md")
SECTIONS = ["Summary", "Goals", "Non-goals", "Decision", "Alternatives"]


def test_no_link_is_dead(texts, root):
    pages = [path for path in texts if path.suffix == ".md"]
    assert pages
    assert [complaint for page in pages for complaint in dead_links(page, root)] == []


def test_a_dead_link_is_seen(tmp_path):
    (tmp_path / "there.md").write_text("# A heading: of `mine`\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#a-heading-of-mine) [c](gone.md) [d](there.md#other) [e](#nowhere)\n"
    )
    assert dead_links(page, tmp_path) == [
        "page.md: gone.md leads nowhere",
        "page.md: there.md#other leads nowhere",
        "page.md: #nowhere leads nowhere",
    ]


def test_decisions_are_numbered_without_a_gap(root):
    pages = sorted(
        path.name for path in (root / "docs" / "decisions").glob("*.md") if path.name != "README.md"
    )
    assert [name for name in pages if not DECISION.fullmatch(name)] == []
    assert [int(name[:4]) for name in pages] == list(range(len(pages)))


def test_each_decision_says_all_that_the_template_asks(root):
    pages = sorted((root / "docs" / "decisions").glob("[0-9]*.md"))
    assert pages
    for page in pages:
        headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings == SECTIONS, page.name


def test_changelog_fragments_are_named_by_slug_and_kind(root):
    names = [path.name for path in (root / "changelog.d").iterdir() if path.name != "README.md"]
    assert [name for name in names if not FRAGMENT.fullmatch(name)] == []


@pytest.mark.parametrize("name", ["12.added.md", "shim-grace.fixed.md"])
def test_fragment_names_that_are_taken(name):
    assert FRAGMENT.fullmatch(name)


@pytest.mark.parametrize("name", ["Shim.fixed.md", "shim.mended.md", "shim.fixed.txt", ".fixed.md"])
def test_fragment_names_that_are_refused(name):
    assert not FRAGMENT.fullmatch(name)


def dead_links(page: Path, root: Path) -> list[str]:
    """The links of a page that lead to no file or no heading; links to other hosts are not followed."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [target for target in LINK.findall(text) if not re.match(r"[a-z]+:", target)]
    return [
        f"{page.relative_to(root)}: {target} leads nowhere" for target in targets if not leads(page, target)
    ]


def leads(page: Path, target: str) -> bool:
    """Whether a relative link leads to a file, and to a heading of it where it names one."""
    path, _, anchor = target.partition("#")
    goal = page.parent / path if path else page
    if not goal.exists():
        return False
    return not anchor or anchor in anchors(goal)


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make, by the rule that forges share."""
    return {slug(heading) for heading in HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))}


def slug(heading: str) -> str:
    kept = (char for char in heading.lower() if char in " -_" or unicodedata.category(char)[0] in "LNM")
    return "".join(kept).replace(" ", "-")

"""The locked requirements: whole, hashed, without addresses, and in step with pyproject.toml."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; [^\\]+)? \\$", re.MULTILINE)
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
# What of pyproject.toml each file must satisfy: extras and groups.
FILES = {
    "base": ([], []),
    "agent": (["agent"], []),
    "scheduler": (["scheduler"], []),
    "sim": (["scheduler", "sim"], []),
    "demo": (["agent", "scheduler"], ["demo"]),
    "dev": (["agent", "scheduler", "sim"], ["dev"]),
}


@pytest.mark.parametrize("name", [*FILES, "build", "protos"])
def test_every_line_is_a_pin_or_a_hash(name, root):
    lines = (root / "requirements" / f"{name}.txt").read_text().splitlines()
    assert [line for line in lines if not HASH.match(line) and not PIN.match(line)] == []


@pytest.mark.parametrize(("name", "parts"), FILES.items(), ids=FILES.keys())
def test_every_range_is_met(name, parts, root):
    wanted = requirements(tomllib.loads((root / "pyproject.toml").read_text()), *parts)
    pins = locked((root / "requirements" / f"{name}.txt").read_text())
    assert [str(need) for need in wanted if not met(need, pins)] == [], "run: make lock"


@pytest.mark.parametrize("name", sorted({*FILES, "build"} - {"dev"}))
def test_files_agree_on_versions(name, root):
    pins, dev = (locked((root / "requirements" / f"{file}.txt").read_text()) for file in (name, "dev"))
    assert {key: version for key, version in pins.items() if dev.get(key) != version} == {}


def test_the_generator_is_the_one_that_pyproject_pins(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())
    pins = locked((root / "requirements" / "protos.txt").read_text())
    assert all(met(Requirement(line), pins) for line in project["dependency-groups"]["protos"])


def test_a_range_that_is_not_met_is_seen():
    pins = {"ray": {"2.60.0"}}
    assert met(Requirement("ray>=2.60"), pins)
    assert not met(Requirement("ray>=2.61"), pins)
    assert not met(Requirement("httpx"), pins)


def requirements(project: dict, extras: list[str], groups: list[str]) -> list[Requirement]:
    """All that pyproject.toml asks of a file with these extras and groups."""
    lines = list(project["project"]["dependencies"])
    for extra in extras:
        lines += project["project"]["optional-dependencies"][extra]
    for group in groups:
        lines += members(project["dependency-groups"], group)
    return [Requirement(line) for line in lines]


def members(groups: dict, name: str) -> list[str]:
    """The requirements of a group and of the groups that it includes."""
    found: list[str] = []
    for item in groups[name]:
        found += [item] if isinstance(item, str) else members(groups, item["include-group"])
    return found


def locked(text: str) -> dict[str, set[str]]:
    """Package name -> its locked versions (several where Python versions differ)."""
    pins: dict[str, set[str]] = {}
    for name, version in PIN.findall(text):
        pins.setdefault(canonicalize_name(name), set()).add(version)
    return pins


def met(need: Requirement, pins: dict[str, set[str]]) -> bool:
    """Whether a package is locked, in versions of its range only."""
    versions = pins.get(canonicalize_name(need.name), set())
    return bool(versions) and all(need.specifier.contains(version) for version in versions)

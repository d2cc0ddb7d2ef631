"""The Makefile: it says what it can do, and what it runs is there."""

import os
import re
import subprocess

import pytest

from benchmarks.policy.__main__ import names

TARGETS = {"help", "demo", "test", "check", "bench", "gen", "lock", "fix", "dev", "clean"}


def test_help_names_every_target(root):
    # These tests may themselves run under make, which would have its child announce its folder.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "help"], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert {line.split()[1] for line in done.stdout.splitlines()} == TARGETS


def test_every_script_that_it_runs_is_there(root):
    makefile = (root / "Makefile").read_text()
    scripts = set(re.findall(r"\b(?:examples|scripts)/[\w/]+\.(?:py|sh)\b", makefile))
    assert "examples/demo/run.py" in scripts
    assert [script for script in sorted(scripts) if not (root / script).is_file()] == []


def test_every_benchmark_is_run_by_it(root):
    listed = re.search(r"^BENCHES := (.+)$", (root / "Makefile").read_text(), re.MULTILINE)
    assert listed is not None
    missing = [name for name in listed.group(1).split() if not (root / "benchmarks" / f"{name}.py").is_file()]
    assert missing == []


def test_every_policy_bench_is_run_by_it(root):
    listed = re.search(r"^POLICIES := (.+)$", (root / "Makefile").read_text(), re.MULTILINE)
    assert listed is not None
    assert sorted(name.replace("-", "_") for name in listed.group(1).split()) == names()


@pytest.mark.parametrize("script", ["scripts/install.sh", ".ci/run"])
def test_what_is_run_by_name_may_be_run(script, root):
    assert (root / script).stat().st_mode & 0o111

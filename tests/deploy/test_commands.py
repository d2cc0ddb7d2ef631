"""What the containers run: the programs take the commands and flags that the chart gives them."""

import subprocess
import sys
from pathlib import Path

import pytest

CONTAINERS = {"centre": "default", "agent": "everything"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_program_knows_its_command_and_flags(name, pods):
    case = CONTAINERS[name]
    found = [
        pod for full, pod in pods if full.startswith(f"{case}/") and pod["containers"][0]["name"] == name
    ]
    program, command, *rest = found[0]["containers"][0]["args"]
    done = subprocess.run(
        [beside_python(program), command, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    flags = {word for word in rest if word.startswith("--")}
    assert flags
    assert {flag for flag in flags if flag not in done.stdout} == set()


def beside_python(program: str) -> str:
    """Where an installed program is."""
    return str(Path(sys.executable).parent / program)

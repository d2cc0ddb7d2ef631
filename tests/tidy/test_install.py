"""scripts/install.sh on a machine that lacks something: it says what, and how to get it."""

import os
import subprocess
from pathlib import Path

import pytest

OLD = '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n'
BARE = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; *print*) echo python3.12 ;; esac\n'


@pytest.fixture
def machine(tmp_path, root):
    """Runs the script where the only programs are a few of the system's and one `python3` of the test's."""
    for name in ("sh", "cat", "dirname", "sha256sum", "env"):
        (tmp_path / name).symlink_to(next(path for path in places(name) if path.exists()))

    def install(python: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "python3").write_text(python)
        (tmp_path / "python3").chmod(0o755)
        env = {"PATH": str(tmp_path), "VENV": str(tmp_path / "venv")}
        command = [str(root / "scripts" / "install.sh"), "demo"]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return install


def test_an_old_python_is_named_with_the_remedy(machine):
    done = machine(OLD)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; python3 is Python 3.9.2" in done.stderr
    assert "apt install" in done.stderr


def test_a_python_without_venv_is_named_with_its_package(machine):
    done = machine(BARE)
    assert done.returncode == 1
    assert "apt install python3.12-venv" in done.stderr


def places(name: str) -> list[Path]:
    return [Path(folder) / name for folder in os.environ["PATH"].split(":")]

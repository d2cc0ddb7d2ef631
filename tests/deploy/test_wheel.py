"""The wheel that images and users install: all packages with their data, and nothing beside them."""

import subprocess
import sys
import zipfile

import pytest

PACKAGES = {"bostan", "bostan_agent", "bostan_protos", "bostan_scheduler"}


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """The names in the wheel, built as the Dockerfile builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--quiet",
        "--wheel-dir",
        str(folder),
    ]
    command = [sys.executable, "-m", "pip", *build, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_it_holds_our_packages_alone(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_it_holds_every_file_of_the_packages(wheel, root):
    folders = {
        "bostan": "client",
        "bostan_agent": "agents",
        "bostan_protos": "protos",
        "bostan_scheduler": "scheduler",
    }
    wanted = {
        path.relative_to(root / folder).as_posix()
        for package, folder in folders.items()
        for path in (root / folder / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert wanted <= set(wheel)


def test_it_is_typed_and_licensed(wheel):
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(wheel)
    assert any(name.endswith("licenses/LICENSE") for name in wheel)

"""Writes requirements/*.txt from pyproject.toml: every version and hash fixed, for every Python that we support.

A file holds no registry address and no path: it installs from whatever index the machine is set to use, and the
hashes hold it to what was locked. Versions already locked stay until `--upgrade` is given.

    scripts/lock.py [--upgrade]
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"

# One line for each file: what of pyproject.toml it must satisfy.
FILES = {
    "base": ["pyproject.toml"],
    "agent": ["pyproject.toml", "--extra=agent"],
    "scheduler": ["pyproject.toml", "--extra=scheduler"],
    "sim": ["pyproject.toml", "--extra=scheduler", "--extra=sim"],
    "demo": ["pyproject.toml", "--extra=agent", "--extra=scheduler", "--group=demo"],
    "dev": ["pyproject.toml", "--all-extras", "--group=dev"],
    "build": ["--group=build"],
    "protos": ["--group=protos"],
}
FORM = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
]
PLAIN = ["--no-header", "--no-annotate", "--no-config", "--quiet"]


def main(arguments: list[str] | None = None) -> int:
    """Lock every file; dev first, so that the others agree with it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest versions that the ranges allow"
    )
    upgrade = parser.parse_args(arguments).upgrade
    lock("dev", ["--upgrade"] if upgrade else [])
    for name in FILES.keys() - {"dev", "protos"}:
        lock(name, ["--upgrade", f"--constraints={FOLDER.name}/dev.txt"])
    lock("protos", ["--upgrade"] if upgrade else [])
    return 0


def lock(name: str, extra: list[str]) -> None:
    """Write one requirements file."""
    print(f"requirements/{name}.txt", flush=True)
    output = ["-o", f"{FOLDER.name}/{name}.txt"]
    command = [sys.executable, "-m", "uv", "pip", "compile", *FORM, *PLAIN, *FILES[name], *extra, *output]
    subprocess.run(command, cwd=ROOT, env=without_index_settings(), check=True, stdout=subprocess.DEVNULL)


def without_index_settings() -> dict[str, str]:
    """The environment, less what could lead the resolver to this machine's own wheels."""
    return {key: value for key, value in os.environ.items() if key != "UV_FIND_LINKS"}


if __name__ == "__main__":
    sys.exit(main())

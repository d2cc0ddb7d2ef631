"""Writes the Python code of every .proto file beside it, with a toolchain that never moves.

The toolchain is the oldest that we support, pinned by requirements/protos.txt: what it writes runs on every
newer protobuf. It lives in an environment of its own, build/protos-venv, since the programs themselves run on
a newer protobuf than the generator can.

    scripts/gen_protos.py            write the generated files
    scripts/gen_protos.py --check    write nothing; say which files are stale, exit 1 if any is
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
LOCK = ROOT / "requirements" / "protos.txt"
TOOLS = ROOT / "build" / "protos-venv"
NEWEST_PYTHON = (3, 14)  # the first that grpcio-tools 1.66.2 has no wheel for
ENDINGS = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


def main(arguments: list[str] | None = None) -> int:
    """Generate, or compare; the exit status is 1 when a comparison finds a stale file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    check = parser.parse_args(arguments).check
    install_tools()
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        return report(stale(fresh)) if check else replace(fresh)


def install_tools() -> None:
    """Make build/protos-venv hold exactly what requirements/protos.txt says; quick when it does already."""
    stamp = TOOLS / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print(f"Installing the protobuf toolchain into {TOOLS.relative_to(ROOT)}", file=sys.stderr)
    subprocess.run([python_for_tools(), "-m", "venv", "--clear", TOOLS], check=True)
    install = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--require-hashes", "-r", str(LOCK)]
    subprocess.run([TOOLS / "bin" / "python", *install], check=True)
    stamp.write_text(wanted)


def python_for_tools() -> str:
    """A Python for which the old generator was built: this one, or an older one of this machine."""
    if sys.version_info < NEWEST_PYTHON:
        return sys.executable
    for name in ("python3.13", "python3.12", "python3.11"):
        if found := shutil.which(name):
            return found
    sys.exit("the protobuf generator was not built for a Python this new: install python3.13 beside it")


def generate(into: Path) -> None:
    """Write the code of every .proto file under `into`, in the same layout as protos/."""
    sources = sorted(PROTOS.rglob("*.proto"))
    assert sources, f"no .proto file under {PROTOS}"
    plugin = f"--plugin=protoc-gen-mypy={TOOLS / 'bin' / 'protoc-gen-mypy'}"
    plugin_grpc = f"--plugin=protoc-gen-mypy_grpc={TOOLS / 'bin' / 'protoc-gen-mypy_grpc'}"
    outputs = [f"--{kind}_out={into}" for kind in ("python", "grpc_python")]
    typings = [f"--{kind}_out=quiet:{into}" for kind in ("mypy", "mypy_grpc")]
    protoc = [
        str(TOOLS / "bin" / "python"),
        "-W",
        "ignore",
        "-m",
        "grpc_tools.protoc",
        f"--proto_path={PROTOS}",
    ]
    command = [*protoc, plugin, plugin_grpc, *outputs, *typings, *map(str, sources)]
    if subprocess.run(command, check=False).returncode:
        sys.exit("protoc refused the .proto files; its reason stands above")


def generated(folder: Path) -> Iterator[Path]:
    """The generated files under a folder, as paths relative to it."""
    return (path.relative_to(folder) for path in folder.rglob("*") if path.name.endswith(ENDINGS))


def stale(fresh: Path) -> list[Path]:
    """The files that differ between protos/ and a fresh run, or exist on one side only."""
    either = {*generated(fresh), *generated(PROTOS)}
    return sorted(path for path in either if content(fresh / path) != content(PROTOS / path))


def content(path: Path) -> bytes | None:
    """What a file holds, or None where there is no such file."""
    return path.read_bytes() if path.is_file() else None


def report(paths: list[Path]) -> int:
    """Name the stale files and the remedy."""
    for path in paths:
        print(f"protos/{path} is not what its .proto file gives; run: make gen", file=sys.stderr)
    return 1 if paths else 0


def replace(fresh: Path) -> int:
    """Bring protos/ to the fresh state, touching only the files that differ."""
    for path in stale(fresh):
        if (new := content(fresh / path)) is None:
            (PROTOS / path).unlink()
        else:
            (PROTOS / path).write_bytes(new)
        print(f"protos/{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The project's own files, as the tidy tests read them: every text file, and every Python module parsed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("client", "scheduler", "agents")
OURS = (*SHIPPED, "protos", "examples", "benchmarks", "scripts", "tests")
PASSED_OVER = {"build", "dist", "__pycache__", "node_modules"}


@dataclass(frozen=True)
class Module:
    """One Python file of ours: its path from the root, and what stands in it."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def generated(self) -> bool:
        return self.path.stem.endswith(("_pb2", "_pb2_grpc"))

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.name)

    def functions(self) -> Iterator[tuple[str, int]]:
        """Each function's name and length in lines, its docstring not counted: words should cost nothing."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{self.name}::{node.name}", _span(node) - _docstring_lines(node)


def _span(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return _span(node.body[0]) if ast.get_docstring(node) is not None else 0


def _modules(folders: tuple[str, ...]) -> list[Module]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    modules = [Module(path) for path in sorted(found) if PASSED_OVER.isdisjoint(path.parts)]
    return [module for module in modules if not module.generated]


def _texts(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in {".ci", ".gitignore"}
        if hidden or path.name in PASSED_OVER or path.is_symlink():
            continue
        if path.is_dir():
            yield from _texts(path)
        elif b"\0" not in path.read_bytes():
            yield path


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """Every Python module that a person wrote, tests too."""
    return _modules(OURS)


@pytest.fixture(scope="session")
def shipped() -> list[Module]:
    """The modules that users install."""
    return _modules(SHIPPED)


@pytest.fixture(scope="session")
def texts() -> list[Path]:
    """Every text file that a person wrote."""
    return [path for path in _texts(ROOT) if "_pb2" not in path.name]

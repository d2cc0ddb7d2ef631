"""What every module must be: said in a docstring, importable, and within its layer."""

import ast
import subprocess
import sys

import pytest

CORE_ASSERTIONS_PER_1000_LINES = 10

# These run inside a tool that sets their world up first.
NOT_IMPORTABLE_ALONE = (".migrations.env", "__main__")

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [found.name for found in pkgutil.walk_packages(package.__path__, sys.argv[1] + ".")]
for name in names:
    if not name.endswith(tuple(sys.argv[2].split(","))):
        importlib.import_module(name)
print(*sys.modules)
"""


def test_every_module_says_what_idea_lives_there(modules):
    silent = [module.name for module in modules if not ast.get_docstring(module.tree)]
    assert silent == []


@pytest.mark.parametrize("package", ["bostan", "bostan_protos", "bostan_agent", "bostan_scheduler"])
def test_every_module_imports(package):
    loaded = import_all(package)
    assert package in loaded


def test_a_startup_needs_neither_grpc_nor_ray_nor_the_centre():
    assert import_all("bostan").isdisjoint({"grpc", "ray", "sqlalchemy", "fastapi", "bostan_scheduler"})


def test_the_shim_needs_the_standard_library_alone(shipped):
    shim = [module for module in shipped if "/shim/" in module.name]
    assert shim
    foreign = [
        f"{module.name} imports {name}" for module in shim for name in imported(module.tree) if not own(name)
    ]
    assert foreign == []


def test_the_core_asserts_what_it_believes(shipped):
    core = [module for module in shipped if "/bostan_scheduler/core/" in module.name]
    assertions = sum(isinstance(node, ast.Assert) for module in core for node in ast.walk(module.tree))
    lines = sum(len(module.text.splitlines()) for module in core)
    assert lines > 0
    assert 1000 * assertions / lines >= CORE_ASSERTIONS_PER_1000_LINES


def import_all(package: str) -> set[str]:
    """Import a package's every module in a fresh interpreter, warnings as errors; the modules it then holds."""
    command = [
        sys.executable,
        "-W",
        "error::SyntaxWarning",
        "-c",
        IMPORT_ALL,
        package,
        ",".join(NOT_IMPORTABLE_ALONE),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def imported(tree: ast.Module) -> set[str]:
    """The absolute names that a module imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return names


def own(name: str) -> bool:
    """Whether a name is the standard library's or the shim's."""
    return name.split(".")[0] in sys.stdlib_module_names or name.startswith("bostan_agent.shim")

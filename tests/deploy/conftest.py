"""What the deploy tests share: the chart rendered as `make gen` renders it, and its manifests as values."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
Manifest = dict[str, Any]


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def chart() -> Path:
    """The chart's folder."""
    return ROOT / "deploy" / "helm" / "bostan"


@pytest.fixture(scope="session")
def gen_chart() -> ModuleType:
    """The script that writes the golden files."""
    spec = importlib.util.spec_from_file_location("gen_chart", ROOT / "scripts" / "gen_chart.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def render(gen_chart: ModuleType) -> Callable[[Manifest], list[Manifest]]:
    """Values -> every manifest that the chart makes of them."""

    def manifests(values: Manifest) -> list[Manifest]:
        return [
            found for text in gen_chart.render(values).values() for found in yaml.safe_load_all(text) if found
        ]

    return manifests


@pytest.fixture(scope="session")
def cases(gen_chart: ModuleType, render: Callable[[Manifest], list[Manifest]]) -> dict[str, list[Manifest]]:
    """Every file of values in the chart's ci/ folder, rendered."""
    folder = gen_chart.CHART / "ci"
    texts = {name: (folder / f"{name}-values.yaml").read_text() for name in gen_chart.cases()}
    return {name: render(yaml.safe_load(text)) for name, text in texts.items()}


@pytest.fixture(scope="session")
def pods(cases: dict[str, list[Manifest]]) -> list[tuple[str, Manifest]]:
    """Every pod's specification in every case, named by case and object."""
    return [
        (f"{case}/{one['metadata']['name']}", spec)
        for case, manifests in cases.items()
        for one in manifests
        for spec in _pods(one)
    ]


def _pods(manifest: Manifest) -> Iterator[Manifest]:
    match manifest["kind"]:
        case "Pod":
            yield manifest["spec"]
        case "StatefulSet" | "DaemonSet":
            yield manifest["spec"]["template"]["spec"]

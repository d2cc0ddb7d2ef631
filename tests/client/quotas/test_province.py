"""The example province: it loads clean, says what its names promise, and agrees with its schema."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from bostan.quotas import read_quotas
from bostan.quotas.guarantees import capacity_by_class
from bostan.quotas.schema import quota_schema, quota_schema_text

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "quotas"


def test_the_example_loads_clean():
    loaded = read_quotas(FOLDER)
    assert loaded.warnings == ()
    assert len(loaded.files.parks) == 3
    assert len(loaded.files.firms) == 6
    assert capacity_by_class(loaded.files) == {"a100-80g": 32, "rtx4090-24g": 12, "t4-16g": 16}
    assert ("negar-nlp", "speech") in loaded.files.projects
    assert ("sabz-agri", "main") in loaded.files.projects


def test_every_firm_of_the_example_has_a_quota_for_ten_jalali_years():
    files = read_quotas(FOLDER).files
    assert {node.firm for node in files.quotas if node.firm} == set(files.firms)
    assert {(node.from_unix_seconds, node.until_unix_seconds) for node in files.quotas} == {
        (1774038600, 2089571400)
    }


def test_the_schema_file_is_fresh():
    assert (FOLDER / "schema.json").read_text(encoding="utf-8") == quota_schema_text(), (
        "run scripts/gen_quota_schema.py"
    )


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.yaml")), ids=lambda path: path.name)
def test_the_schema_accepts_every_example_file(path):
    text = path.read_text(encoding="utf-8")
    jsonschema.Draft202012Validator(quota_schema()).validate(yaml.safe_load(text))
    reference = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / reference).resolve() == FOLDER / "schema.json"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"schema_version": 2},
        {"schema_version": 1, "grants": []},
        {"schema_version": 1, "firms": {"a": {"name": {"en": "A"}, "type": "x", "home_park": "P"}}},
        {
            "schema_version": 1,
            "quotas": [{"id": "a", "parent": None, "from": "2026-01-01", "until": "soon", "gpus": {}}],
        },
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(wrong):
    validator = jsonschema.Draft202012Validator(json.loads(quota_schema_text()))
    assert list(validator.iter_errors(wrong))

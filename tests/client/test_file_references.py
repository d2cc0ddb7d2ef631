"""The reference pages of job files and quota files: their examples load, and they leave no field out."""

import re
from pathlib import Path

import pytest
from bostan.jobfile import JobSpec, job_schema, load_job
from bostan.jobfile.spec import Checkpoint, ParkChoice, Retries
from bostan.quotas import Firm, GpuClass, MaxJob, Meta, Park, Pool, QuotaFiles, QuotaNode, Share, load_quotas

DOCS = Path(__file__).resolve().parents[2] / "docs"


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def examples(name):
    return re.findall(r"^```yaml\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", examples("job-file.md"))
def test_every_example_job_loads(tmp_path, text):
    (tmp_path / "job.yaml").write_text(text)
    assert load_job(tmp_path / "job.yaml").name == "digits"


@pytest.mark.parametrize("text", examples("quotas.md"))
def test_every_example_of_quotas_loads(tmp_path, text):
    (tmp_path / "quotas.yaml").write_text(text)
    assert len(load_quotas(tmp_path).quotas) == 2


def keys(*models):
    return {info.alias or name for model in models for name, info in model.model_fields.items()}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("job-file.md", keys(JobSpec, ParkChoice, Checkpoint, Retries)),
        ("quotas.md", keys(QuotaFiles, Meta, GpuClass, Park, Pool, Firm, QuotaNode, Share, MaxJob)),
    ],
)
def test_the_page_names_every_field(name, fields):
    text = page(name)
    assert [field for field in sorted(fields) if not re.search(rf"\b{field}\b", text)] == []


def test_the_page_gives_the_defaults_that_the_schema_gives():
    defaults = {
        "replicas": "`1`",
        "gpus": "`1`",
        "time_limit": "`24h`",
        "stop_grace": "`30s`",
        "qos": "`standard`",
    }
    properties = job_schema()["properties"]
    for field, told in defaults.items():
        row = next(line for line in page("job-file.md").splitlines() if line.startswith(f"| `{field}`"))
        assert row.split(" | ")[2] == told
        assert str(properties[field]["default"]).replace("1d", "24h") == told.strip("`")

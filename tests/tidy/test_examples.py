"""Every example that is a file of ours loads: a reader who copies one starts from something that works."""

from bostan.jobfile import load_job
from bostan.quotas import read_quotas


def test_every_example_province_loads_without_a_warning(root):
    provinces = sorted(path.parent for path in (root / "quotas").rglob("province.yaml"))
    assert provinces
    for province in provinces:
        assert read_quotas(province).warnings == (), province


def test_every_example_job_loads(root):
    jobs = sorted((root / "examples").rglob("job*.yaml"))
    assert jobs
    for job in jobs:
        assert load_job(job).command, job


def test_no_example_is_left_unread(root):
    known = {*(root / "examples").rglob("job*.yaml"), *(root / "quotas").rglob("*.yaml")}
    others = {path for folder in ("examples", "quotas") for path in (root / folder).rglob("*.y*ml")} - known
    assert others == set(), "name a job file job*.yaml, and put quota files under quotas/"

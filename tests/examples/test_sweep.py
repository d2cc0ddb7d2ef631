"""The sweep's own words; that it runs against a real centre is told with the other journeys."""

import importlib.util
import sys
from pathlib import Path

import pytest

SWEEP = Path(__file__).resolve().parent.parent.parent / "examples" / "sweep" / "sweep.py"


@pytest.fixture
def sweep():
    spec = importlib.util.spec_from_file_location("sweep_example", SWEEP)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_each_rate_is_a_job_with_the_digits_folder_and_no_shell(sweep):
    job = sweep.job(0.03, 5, "python3")
    assert job.argv == ("python3", "train.py", "--rate", "0.03", "--epochs", "5")
    assert Path(job.work_dir) == SWEEP.parent.parent / "digits"

"""What the tests of job files share: a job file on disk, and its mistakes as lines."""

import pytest
from bostan.errors import InvalidFile
from bostan.jobfile import load_job


@pytest.fixture
def job(tmp_path):
    """Load a job file with this text."""

    def load(text):
        path = tmp_path / "job.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_job(path)

    return load


@pytest.fixture
def mistakes(job, tmp_path):
    """The mistakes in a job file with this text, each as `line: field: problem; remedy`."""

    def load(text):
        with pytest.raises(InvalidFile) as caught:
            job(text)
        assert str(caught.value) == str(caught.value.problems[0])
        return [str(each).removeprefix(f"{tmp_path}/job.yaml:") for each in caught.value.problems]

    return load

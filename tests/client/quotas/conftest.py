"""What the tests of quota files share: a small good province to break, one change at a time."""

import pytest
from bostan.errors import InvalidFile
from bostan.quotas import load_quotas

# Line numbers stand in the tests: add lines only at the end.
PROVINCE = """\
schema_version: 1
meta:
  scope: province/p07
  title: {en: "Sample"}
  timezone: Asia/Tehran
  owners: [ict-body]
parks:
  north:
    name: {en: "North"}
    operator: north-it
    pools:
      a100: {gpu_class: a100-80g, nodes: 2, gpus_per_node: 4}
  south:
    name: {fa: "جنوب"}
    operator: south-it
    pools:
      t4: {gpu_class: t4-16g, nodes: 1, gpus_per_node: 8}
firms:
  negar: {name: {en: "Negar"}, type: knowledge-based, home_park: north}
  tabib: {name: {en: "Tabib"}, type: knowledge-based, home_park: south, national_id: "00000000002"}
quotas:
  - id: p07
    parent: null
    from: "jalali:1405-01-01"
    until: "jalali:1415-01-01"
    gpus: {a100-80g: {guaranteed: 8}, t4-16g: {guaranteed: 8}}
  - id: p07/negar
    parent: p07
    firm: negar
    from: "jalali:1405-01-01"
    until: "jalali:1410-01-01"
    gpus: {a100-80g: {guaranteed: 4, borrow_limit: 4, lend_limit: 2}}
    max_job: {gpus: 8, hours: 72}
    max_queued: 40
  - id: p07/tabib
    parent: p07
    firm: tabib
    from: "2026-12-22T00:00:00+03:30"
    until: "jalali:1415-01-01"
    gpus: {a100-80g: {guaranteed: 4}, t4-16g: {guaranteed: 8}}
"""


@pytest.fixture(scope="session")
def province():
    """The small good province as text."""
    return PROVINCE


@pytest.fixture
def changed():
    """The small good province with one piece of text replaced; the piece must be there."""

    def change(old, new):
        assert PROVINCE.count(old) >= 1, old
        return PROVINCE.replace(old, new, 1)

    return change


@pytest.fixture
def load(tmp_path):
    """Load quota files with these texts, by name."""

    def load_files(*texts, **named):
        for name, text in [(f"q{at}", text) for at, text in enumerate(texts)] + list(named.items()):
            (tmp_path / f"{name}.yaml").write_text(text)
        return load_quotas(tmp_path)

    return load_files


@pytest.fixture
def mistakes(load, tmp_path):
    """The mistakes in quota files with these texts, each as `file:line: field: problem; remedy`."""

    def load_files(*texts, **named):
        with pytest.raises(InvalidFile) as caught:
            load(*texts, **named)
        return [str(each).replace(f"{tmp_path}/", "") for each in caught.value.problems]

    return load_files

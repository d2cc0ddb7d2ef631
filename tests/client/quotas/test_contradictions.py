"""Mistakes between entries: names that nothing has, circles, and GPUs that are promised away twice."""

import pytest
from bostan.errors import InvalidFile
from bostan.quotas import quotas_from, read_quotas
from bostan.quotas.checks import FINDINGS_MAX
from bostan.quotas.model import ENTRIES_MAX

CONTRADICTIONS = [
    (
        "home_park: south",
        "home_park: soutth",
        "20: firms.tabib.home_park: there is no park soutth; did you mean south?",
    ),
    (
        "gpu_class: t4-16g",
        "gpu_class: t4-15g",
        "17: parks.south.pools.t4.gpu_class: there is no GPU class t4-15g; did you mean t4-16g?",
    ),
    (
        "t4-16g: {guaranteed: 8}}\n  - id: p07/negar",
        "zzz: {guaranteed: 0}, t4-16g: {guaranteed: 8}}\n  - id: p07/negar",
        "26: quotas[0].gpus.zzz: there is no GPU class zzz; known: a10-24g, a100-40g, a100-80g, a10g-24g, a30-24g, a40-48g, a800-80g, b200-180g, ...",
    ),
    ("firm: tabib", "firm: tabibb", "37: quotas[2].firm: there is no firm tabibb; did you mean tabib?"),
    (
        "parent: p07\n    firm: tabib",
        "parent: p08\n    firm: tabib",
        "36: quotas[2].parent: there is no quota p08; did you mean p07?",
    ),
    (
        "parent: null",
        "parent: p07",
        "23: quotas[0].parent: p07 is its own ancestor; give it a parent above it",
    ),
    (
        "parent: null",
        "parent: p07/negar",
        "23: quotas[0].parent: p07 is its own ancestor; give it a parent above it",
    ),
    (
        "parent: p07\n    firm: tabib",
        "parent: p07/negar\n    firm: tabib",
        "36: quotas[2].parent: p07/negar is the quota of firm negar, which is a leaf; choose a parent without a firm",
    ),
    (
        "firm: tabib",
        "firm: negar",
        "37: quotas[2].firm: negar has the quota p07/negar at the same time; let one begin when the other ends",
    ),
    (
        'until: "jalali:1410-01-01"',
        'until: "jalali:1415-01-02"',
        "31: quotas[1].until: is after p07 ends (2036-03-19T20:30:00Z); end no later",
    ),
    (
        'from: "2026-12-22T00:00:00+03:30"',
        'from: "jalali:1404-12-29"',
        "38: quotas[2].from: is before p07 begins (2026-03-20T20:30:00Z); begin no earlier",
    ),
    (
        "parks:",
        "gpu_classes:\n  mine: {memory_gib: 80}\nparks:",
        "8: gpu_classes.mine: lists no devices; add `devices:` with the names that NVML gives",
    ),
    (
        "parks:",
        "gpu_classes:\n  a100-80g: {memory_gib: 40}\nparks:",
        "8: gpu_classes.a100-80g.memory_gib: a100-80g has 80 GiB; correct it, or list its devices",
    ),
    (
        "guaranteed: 8}, t4",
        "guaranteed: 9}, t4",
        "26: quotas[0].gpus.a100-80g: 9 are guaranteed from 2026-03-20T20:30:00Z (jalali:1405-01-01); the parks have 8; lower the guarantee or add GPUs to a park",
    ),
    (
        "nodes: 1",
        "nodes: 1, gpus_per_node: 7}\n      x: {gpu_class: a10-24g, nodes: 1",
        "27: quotas[0].gpus.t4-16g: 8 are guaranteed from 2026-03-20T20:30:00Z (jalali:1405-01-01); the parks have 7; lower the guarantee or add GPUs to a park",
    ),
    (
        "a100-80g: {guaranteed: 4}, t4",
        "a100-80g: {guaranteed: 5}, t4",
        "26: quotas[0].gpus.a100-80g: children of p07 are guaranteed 9 of 8 from 2026-12-21T20:30:00Z (jalali:1405-10-01); lower a child or raise the parent",
    ),
    (
        "t4-16g: {guaranteed: 8}}\n  - id: p07/negar",
        "t4-16g: {guaranteed: 7}}\n  - id: p07/negar",
        "26: quotas[0].gpus.t4-16g: children of p07 are guaranteed 8 of 7 from 2026-12-21T20:30:00Z (jalali:1405-10-01); lower a child or raise the parent",
    ),
    (
        "}, t4-16g: {guaranteed: 8}}\n  - id: p07/negar",
        "}}\n  - id: p07/negar",
        "26: quotas[0].gpus.t4-16g: children of p07 are guaranteed 8 of 0 from 2026-12-21T20:30:00Z (jalali:1405-10-01); lower a child or raise the parent",
    ),
]


@pytest.mark.parametrize(("old", "new", "told"), CONTRADICTIONS, ids=[told for *_, told in CONTRADICTIONS])
def test_a_contradiction_is_told_with_its_line(changed, mistakes, old, new, told):
    assert f"q0.yaml:{told}" in mistakes(changed(old, new))


def test_windows_that_follow_each_other_may_use_the_same_gpus(changed, load):
    text = changed('from: "2026-12-22T00:00:00+03:30"', 'from: "jalali:1410-01-01"')
    assert len(load(text.replace("guaranteed: 4}, t4", "guaranteed: 8}, t4")).quotas) == 3


def test_a_firm_may_have_one_quota_after_another(province, load):
    later = """\
  - {id: p07/negar-later, parent: p07, firm: negar, from: "jalali:1410-01-01", until: "jalali:1412-01-01",
     gpus: {a100-80g: {guaranteed: 4}}}
"""
    assert len(load(province + later).quotas) == 4


def test_an_id_in_two_files_is_told_with_both_places(province, mistakes):
    again = """\
schema_version: 1
meta: {}
firms:
  negar: {}
quotas:
  - id: p07/negar
"""
    assert mistakes(a=province, b=again) == [
        "b.yaml:2: meta: stands in two files (first in a.yaml:2); keep one",
        "b.yaml:4: firms.negar: is written twice (first in a.yaml:19); keep one",
        "b.yaml:6: quotas[0].id: p07/negar is written twice (first in a.yaml:27); keep one",
    ]


def test_files_without_meta_say_so(mistakes):
    assert mistakes("schema_version: 1\n") == ["q0.yaml:1: meta: is missing; add it"]


def test_a_file_that_is_no_mapping_says_how_to_begin(province, mistakes):
    begin = "begin it with `schema_version: 1`"
    assert mistakes(a=province, b="", c="- x\n") == [
        f"b.yaml:1: is empty; {begin}",
        f"c.yaml:1: is not a mapping; {begin}",
    ]


def test_what_is_probably_not_meant_is_a_warning(changed, tmp_path):
    text = changed("max_job: {gpus: 8", "max_job: {gpus: 9").replace("    firm: tabib\n", "")
    (tmp_path / "q.yaml").write_text(text)
    loaded = read_quotas(tmp_path)
    assert [str(each).removeprefix(f"{tmp_path}/") for each in loaded.warnings] == [
        "q.yaml:20: firms.tabib: has no quota; its jobs would never start; add one under quotas",
        "q.yaml:33: quotas[1].max_job.gpus: 9 GPUs fit in no single park; the largest has 8; write 8 or less",
    ]


def test_what_is_received_is_checked_as_what_is_read(province, load):
    files = load(province)
    sent = files.model_dump(mode="json")
    assert quotas_from(sent) == files
    sent["quotas"][1]["parent"] = "p09"
    sent["quotas"].append(sent["quotas"][0])
    with pytest.raises(InvalidFile) as caught:
        quotas_from(sent)
    assert [str(each) for each in caught.value.problems] == [
        "request: quotas[3].id: p07 stands twice (first as quotas[0]); keep one",
        "request: quotas[1].parent: there is no quota p09; did you mean p07?",
    ]


def test_amounts_of_entries_and_of_findings_are_limited(province, load):
    sent = load(province).model_dump(mode="json")
    leaf = sent["quotas"][1]
    for number, told in ((FINDINGS_MAX + 1, FINDINGS_MAX), (ENTRIES_MAX + 1, 1)):
        with pytest.raises(InvalidFile) as caught:
            quotas_from(sent | {"quotas": [leaf] * number})
        assert len(caught.value.problems) == told
    assert str(caught.value) == f"request: quotas: has more than {ENTRIES_MAX} entries; remove some"

"""Every mistake that a quota file can have by itself, told by line, field and remedy."""

import pytest

WHOLE = "write it as a whole number, without quotes"
MISTAKES = [
    ("schema_version: 1", "schema_version: 2", "1: schema_version: must be 1; write 1"),
    ("schema_version: 1", "schema_version: '1'", "1: schema_version: must be 1; write 1"),
    ("schema_version: 1\n", "", "1: schema_version: is missing; write `schema_version: 1` first"),
    ("firms:", "frims:", "18: frims: is an unknown key; did you mean `firms`?"),
    (
        "firms:",
        "zzz: 1\nfirms:",
        "18: zzz: is an unknown key; remove it (known here: schema_version, meta, gpu_classes, parks, firms, quotas, reservations)",
    ),
    ("scope: province/p07", "scope: Province", "3: meta.scope: 'Province' is not an id; write province"),
    (
        "Asia/Tehran",
        "Tehran/Iran",
        "5: meta.timezone: 'Tehran/Iran' is not an IANA time zone; write one, as Asia/Tehran",
    ),
    ("Asia/Tehran", "Asia", "5: meta.timezone: 'Asia' is not an IANA time zone; write one, as Asia/Tehran"),
    (
        "Asia/Tehran",
        "../../etc/passwd",
        "5: meta.timezone: '../../etc/passwd' is not an IANA time zone; write one, as Asia/Tehran",
    ),
    ("  timezone: Asia/Tehran\n", "", "2: meta.timezone: is missing; add it"),
    ("owners: [ict-body]", "owners: []", "6: meta.owners: needs at least 1 entries; add what is missing"),
    ('title: {en: "Sample"}', "title: {}", "4: meta.title: is in no language; write en, fa or both"),
    (
        'title: {en: "Sample"}',
        'title: {de: "x"}',
        "4: meta.title.de: is an unknown key; remove it (known here: en, fa)",
    ),
    (
        'title: {en: "Sample"}',
        'title: {en: "a\\nb"}',
        "4: meta.title.en: holds an invisible character; remove it",
    ),
    (
        "operator: north-it",
        "operator: 7",
        "10: parks.north.operator: must be text, not 7; write it in quotes",
    ),
    ("nodes: 2", "nodes: 2.0", f"12: parks.north.pools.a100.nodes: must be a whole number, not 2.0; {WHOLE}"),
    ("nodes: 2", "nodes: ۲", "12: parks.north.pools.a100.nodes: must be a whole number, not '۲'; write 2"),
    ("nodes: 2", "nodes: 0", "12: parks.north.pools.a100.nodes: must be at least 1; write 1 or more"),
    (
        "gpus_per_node: 4",
        "gpus_per_node: 1025",
        "12: parks.north.pools.a100.gpus_per_node: must be at most 1024; write 1024 or less",
    ),
    ("  south:", "  South:", "13: parks.South: 'South' is not an id; write south"),
    ('"00000000002"', "20", "20: firms.tabib.national_id: must be text, not 20; write it in quotes"),
    (
        '"00000000002"',
        "00000000002",
        '20: firms.tabib.national_id: 00000000002 begins with a zero; write "00000000002" in quotes if it is text',
    ),
    (
        '"00000000002"',
        '"123"',
        "20: firms.tabib.national_id: '123' is not 11 digits; write the national id of the firm in quotes",
    ),
    (
        '"00000000002"',
        '"۰۰۰۰۰۰۰۰۰۰۲"',
        "20: firms.tabib.national_id: '۰۰۰۰۰۰۰۰۰۰۲' is not 11 digits; write the national id of the firm in quotes",
    ),
    (
        "home_park: north}",
        "home_park: north, projects: [a, a]}",
        "19: firms.negar.projects: names a project twice; keep each once",
    ),
    ("    parent: null\n", "", "22: quotas[0].parent: is missing; add it"),
    (
        "guaranteed: 8}, t4",
        "guaranteed: -8}, t4",
        "26: quotas[0].gpus.a100-80g.guaranteed: must be at least 0; write 0 or more",
    ),
    (
        "guaranteed: 8}, t4",
        "guaranteed: 1000001}, t4",
        "26: quotas[0].gpus.a100-80g.guaranteed: must be at most 1000000; write 1000000 or less",
    ),
    (
        "lend_limit: 2",
        "lend_limit: 5",
        "32: quotas[1].gpus.a100-80g.lend_limit: 5 is more than the 4 guaranteed; write 4 or less",
    ),
    (
        "lend_limit: 2",
        "lend_limits: 2",
        "32: quotas[1].gpus.a100-80g.lend_limits: is an unknown key; did you mean `lend_limit`?",
    ),
    (
        "max_job: {gpus: 8, hours: 72}",
        "max_job: {gpus: 0}",
        "33: quotas[1].max_job.gpus: must be at least 1; write 1 or more",
    ),
    ("hours: 72", "hours: 721", "33: quotas[1].max_job.hours: must be at most 720; write 720 or less"),
    (
        "max_queued: 40",
        "max_queued: many",
        f"34: quotas[1].max_queued: must be a whole number, not 'many'; {WHOLE}",
    ),
    ("max_queued: 40", "weight: 0", "34: quotas[1].weight: must be at least 1; write 1 or more"),
    (
        'until: "jalali:1410-01-01"',
        'until: "jalali:1405-01-01"',
        "31: quotas[1].until: is not after from; the window is empty; correct one of them",
    ),
    (
        'until: "jalali:1410-01-01"',
        'until: "jalali:1404-01-01"',
        "31: quotas[1].until: is not after from; the window is empty; correct one of them",
    ),
    (
        "parks:\n",
        "gpu_classes:\n  t4-16g: {memory_gib: 16, su_milli: 0}\nparks:\n",
        "8: gpu_classes.t4-16g.su_milli: must be at least 1; write 1 or more",
    ),
    (
        "parks:\n",
        "gpu_classes:\n  t4-16g: {memory_gib: 16, speed_milli: 0.2}\nparks:\n",
        f"8: gpu_classes.t4-16g.speed_milli: must be a whole number, not 0.2; {WHOLE}",
    ),
    (
        "parks:\n",
        "gpu_classes:\n  t4-16g/1g.99gb: {memory_gib: 99}\nparks:\n",
        "8: gpu_classes.t4-16g/1g.99gb.memory_gib: t4-16g/1g.99gb is cut from 16 GiB; write 16 or less",
    ),
    (
        "parks:\n",
        "parks: []\nx:\n",
        "7: parks: must be a mapping, not a list; write an id and its fields under it",
    ),
    (
        "quotas:\n",
        "quotas: {}\nx:\n",
        "21: quotas: must be a list, not a mapping; write one '- ' entry for each quota",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "told"), MISTAKES, ids=[new or f"no {old}" for old, new, _ in MISTAKES]
)
def test_a_mistake_is_told_with_its_line(changed, mistakes, old, new, told):
    assert f"q0.yaml:{told}" in mistakes(changed(old, new))


LATER = [
    ("schema_version: 1", "schema_version: 1\ncontracts: []", "2: contracts"),
    ("schema_version: 1", "schema_version: 1\nunits: {}", "2: units"),
    ("schema_version: 1", "schema_version: 1\nqos: {}", "2: qos"),
    ("schema_version: 1", "schema_version: 1\nprice_books: []", "2: price_books"),
    ("schema_version: 1", "schema_version: 1\nprogrammes: {}", "2: programmes"),
    ("schema_version: 1", "schema_version: 1\ngrants: []", "2: grants"),
    ("schema_version: 1", "schema_version: 1\npolicies: {}", "2: policies"),
    ("schema_version: 1", "schema_version: 1\nguardrails: {}", "2: guardrails"),
    ("meta:", "meta:\n  billing_calendar: jalali", "3: meta.billing_calendar"),
    (
        "parks:",
        "gpu_classes:\n  a100-80g: {memory_gib: 80, bundle: {}}\nparks:",
        "8: gpu_classes.a100-80g.bundle",
    ),
    ("home_park: north}", "home_park: north, members: []}", "19: firms.negar.members"),
]


@pytest.mark.parametrize(("old", "new", "told"), LATER, ids=[told for _, _, told in LATER])
def test_a_key_of_a_later_version_is_refused_as_such(changed, mistakes, old, new, told):
    assert mistakes(changed(old, new)) == [f"q0.yaml:{told}: is not supported yet; remove it"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("1405-10-01T00:00:00+03:30", 'year 1405 looks Jalali; write "jalali:1405-10-01"'),
        ("1405-10-01", 'year 1405 looks Jalali; write "jalali:1405-10-01"'),
        ("2026-12-22", "'2026-12-22' lacks a time or an offset; write \"2026-12-22T00:00:00+03:30\""),
        (
            "2026-12-22T00:00:00",
            "'2026-12-22T00:00:00' lacks a time or an offset; write \"2026-12-22T00:00:00+03:30\"",
        ),
        ("2026-13-22T00:00:00Z", "2026-13-22T00:00:00Z does not exist (month must be in 1..12); correct it"),
        ("1026-12-22T00:00:00Z", "year 1026 is out of range; write a year from 2000 to 2199"),
        ("jalali:2026-12-22", 'year 2026 looks Gregorian; write "2026-12-22T00:00:00+03:30"'),
        ("jalali:1405-12-30", "1405-12-30 is not a day of the Jalali calendar; correct it"),
        ("jalali:1299-01-01", "year 1299 is not between 1300 and 1499; correct it"),
        ("jalali:1405/10/01", "'jalali:1405/10/01' is not a Jalali date; write it as \"jalali:1405-10-01\""),
        (
            "jalali:۱۴۰۵-۱۰-۰۱",
            "'jalali:۱۴۰۵-۱۰-۰۱' is not written in ASCII digits; write \"jalali:1405-10-01\"",
        ),
        ("soon", '\'soon\' is not an instant; write "2026-12-22T00:00:00+03:30" or "jalali:1405-10-01"'),
        ("20261222", '20261222 is not an instant; write "2026-12-22T00:00:00+03:30" or "jalali:1405-10-01"'),
    ],
)
def test_an_instant_that_cannot_be_read_says_how_to_write_it(changed, mistakes, written, told):
    text = changed('from: "2026-12-22T00:00:00+03:30"', f"from: {written}")
    assert mistakes(text) == [f"q0.yaml:38: quotas[2].from: {told}"]


def test_no_time_zone_is_told_once_not_for_every_jalali_day(changed, mistakes):
    assert len(mistakes(changed("Asia/Tehran", "Nowhere/City"))) == 1


def test_all_mistakes_are_collected_by_file_and_line(changed, mistakes):
    told = mistakes(
        b="schema_version: 1\ncontracts: []\nunits: {}\n",
        a=changed("nodes: 2", "nodes: 0").replace("weight", "w"),
    )
    assert [line.split(": ")[0] for line in told] == ["a.yaml:12", "b.yaml:2", "b.yaml:3"]

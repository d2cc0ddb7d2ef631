"""Folders and files: what is found, what is left out with a word, and that no content can break the loader."""

import pytest
from bostan.errors import InvalidFile
from bostan.quotas import QuotaFiles, load_quotas
from bostan.quotas.guarantees import overcommitted
from bostan.quotas.loader import FILES_MAX
from hypothesis import given, settings
from hypothesis import strategies as st


def refusal(path):
    with pytest.raises(InvalidFile) as caught:
        load_quotas(path)
    return str(caught.value).removeprefix(str(path))


def test_files_of_all_folders_are_merged(province, tmp_path):
    head, firms, rest = province.partition("firms:\n")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "firms.yaml").write_text("schema_version: 1\n" + firms + rest)
    (tmp_path / "parks.yaml").write_text(head)
    (tmp_path / "notes.txt").write_text("not: [yaml")
    files = load_quotas(tmp_path)
    assert (set(files.parks), set(files.firms), len(files.quotas)) == (
        {"north", "south"},
        {"negar", "tabib"},
        3,
    )


def test_one_file_may_be_loaded_by_itself(province, tmp_path):
    path = tmp_path / "all.yaml"
    path.write_text(province)
    files = load_quotas(path)
    assert files == QuotaFiles.model_validate_json(files.model_dump_json())
    assert files.quotas[1].gpus["a100-80g"].lend_limit == 2


def test_a_folder_without_quota_files_is_a_mistake(tmp_path):
    assert refusal(tmp_path) == ": holds no *.yaml file; check the path"
    assert "cannot be read" in refusal(tmp_path / "none")


def test_a_file_with_the_other_ending_is_not_left_out_silently(province, tmp_path):
    (tmp_path / "a.yaml").write_text(province)
    (tmp_path / "b.yml").write_text("schema_version: 1\n")
    assert "b.yml: is named .yml; rename it to .yaml" in refusal(tmp_path)


def test_the_number_of_files_is_limited(province, tmp_path):
    (tmp_path / "a.yaml").write_text(province)
    for at in range(FILES_MAX - 1):
        (tmp_path / f"b{at}.yaml").write_text("schema_version: 1\n")
    assert load_quotas(tmp_path)
    (tmp_path / "c.yaml").write_text("schema_version: 1\n")
    assert f"holds more than {FILES_MAX} files" in refusal(tmp_path)


def test_mistakes_of_yaml_are_collected_over_files(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1\na: 2\n")
    (tmp_path / "b.yaml").write_text("b: &x 1\n")
    with pytest.raises(InvalidFile) as caught:
        load_quotas(tmp_path)
    assert [each.line for each in caught.value.problems] == [2, 1]


WORDS = [
    "1",
    "-1",
    "x",
    "'x'",
    "[a, b]",
    "[{}]",
    "{a: b}",
    "{a: {}}",
    "null",
    "true",
    "۲",
    "jalali:1405-01-01",
    "''",
    "2026-01-01",
]


@st.composite
def broken_provinces(draw, text):
    """The good province with some of its words and lines changed."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        key = lines[at].partition(":")[0]
        lines[at] = draw(st.sampled_from(["", key, *(f"{key}: {word}" for word in WORDS)]))
    return "\n".join(lines)


@settings(max_examples=150)
@given(data=st.data())
def test_any_file_is_quotas_or_an_invalid_file(province, tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any-quotas.yaml"
    content = data.draw(broken_provinces(province) | st.text(max_size=60) | st.binary(max_size=60))
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    try:
        assert load_quotas(path).schema_version == 1
    except InvalidFile as exc:
        problems = exc.problems
    else:
        return
    assert all(each.file == str(path) and each.line and str(each).isprintable() for each in problems)


days = st.integers(1, 28)


@given(st.lists(st.tuples(days, days, st.integers(0, 6)).filter(lambda each: each[0] < each[1]), max_size=6))
def test_children_are_weighed_against_their_parent_at_every_moment(province, tmp_path_factory, children):
    path = tmp_path_factory.getbasetemp() / "sweep.yaml"
    path.write_text(province)
    files = load_quotas(path)
    root = files.quotas[0]
    nodes = [
        files.quotas[2].model_copy(
            update={
                "id": f"c{at}",
                "from_unix_seconds": begin,
                "until_unix_seconds": end,
                "gpus": shares(files, guaranteed),
            }
        )
        for at, (begin, end, guaranteed) in enumerate(children)
    ]
    found = list(overcommitted(files.model_copy(update={"quotas": (root, *nodes)})))
    day_by_day = [sum(each[2] for each in children if each[0] <= day < each[1]) for day in range(1, 29)]
    assert bool(found) == (max(day_by_day) > root.gpus["a100-80g"].guaranteed)


def shares(files, guaranteed):
    return {"a100-80g": files.quotas[2].gpus["a100-80g"].model_copy(update={"guaranteed": guaranteed})}

"""Strict YAML: what is read, what is refused, and on which line."""

import pytest
import yaml
from bostan import yamlfile
from bostan.errors import InvalidFile
from bostan.yamlfile import DEPTH_MAX, SIZE_BYTES_MAX, field_name, parse_yaml, read_yaml
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def parser(request, monkeypatch):
    """Both of PyYAML's parsers: the quick one is not built everywhere."""
    monkeypatch.setattr(yamlfile, "_LOADER", getattr(yaml, request.param))


def value_of(text):
    return parse_yaml(text.encode(), "f.yaml").value


def refusal(content):
    with pytest.raises(InvalidFile) as caught:
        parse_yaml(content if isinstance(content, bytes) else content.encode(), "f.yaml")
    return str(caught.value)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("12:30", "12:30"),
        ("1405-01-01", "1405-01-01"),
        ("2026-12-21T20:30:00+03:30", "2026-12-21T20:30:00+03:30"),
        ("1_000", "1_000"),
        ("<<", "<<"),
        ("۱۲", "۱۲"),
        ("0", 0),
        ("-7", -7),
        ("1.5", 1.5),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("'7'", "7"),
        ('"true"', "true"),
    ],
)
def test_a_word_means_what_it_looks_like(word, value):
    read = value_of(f"key: {word}\n")["key"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: a: is written twice (first on line 1); keep one"),
        ("x:\n  a: 1\n  a: 1\n", "f.yaml:3: x.a: is written twice (first on line 2); keep one"),
        ("a: &here 1\n", "f.yaml:1: defines the anchor &here; write the value out where it is used"),
        ("a: 1\nb: *here\n", "f.yaml:2: uses the alias *here; write the value out"),
        (
            "a: !!python/name:os.system x\n",
            "f.yaml:1: uses the tag tag:yaml.org,2002:python/name:os.system; remove the tag",
        ),
        ("a: !mine {b: 1}\n", "f.yaml:1: uses the tag !mine; remove the tag"),
        ("a: 1\n---\nb: 1\n", "f.yaml:2: holds a second document; keep one document in a file"),
        (
            "a:\n  - 1\n  - 010\n",
            'f.yaml:3: a[1]: 010 begins with a zero; write "010" in quotes if it is text',
        ),
        (
            "a: 0x1F\n",
            "f.yaml:1: a: 0x1F is not a decimal number; write it in decimal, or in quotes if it is text",
        ),
        (
            "a: 0o17\n",
            "f.yaml:1: a: 0o17 is not a decimal number; write it in decimal, or in quotes if it is text",
        ),
        ("a: .inf\n", "f.yaml:1: a: .inf is not a number; write a number, or quote it if it is text"),
        ("a: 1e999\n", "f.yaml:1: a: 1e999 is too large; write a smaller number, or quote it if it is text"),
        (
            "a: 1234567890123456789\n",
            "f.yaml:1: a: 1234567890123456789 has more than 18 digits; write it in quotes if it is text",
        ),
        ("a: 1\n7: x\n", 'f.yaml:2: has the key 7, which is not text; write "7"'),
        ("a:\n  true: x\n", 'f.yaml:2: a: has the key true, which is not text; write "true"'),
        ("? [a, b]\n: 1\n", "f.yaml:1: has a key that is not text; write a simple key"),
        ("a: ok\nb: safe \u202e evil\n", "f.yaml:2: holds the invisible character U+202E; remove it"),
        ("a: ok\nb: \u2066x\n", "f.yaml:2: holds the invisible character U+2066; remove it"),
        ('a: "\\u202e"\n', "f.yaml:1: a: holds the invisible character U+202E; remove it"),
        ('a: ok\nb: "\\0"\n', "f.yaml:2: b: holds the invisible character U+0000; remove it"),
        ("a: 1\r\nb: \x07\r\n", "f.yaml:2: holds the invisible character U+0007; remove it"),
        ("a: x\u0085b: y\n", "f.yaml:1: holds the invisible character U+0085; remove it"),
    ],
)
def test_what_could_be_misread_is_refused_with_its_line(text, refused):
    assert refusal(text) == refused


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        ("a: 1\n\tb: 2\n", 2, "indent with spaces"),
        ("a: 1\nb: c: d\n", 2, "quote text"),
        ("a: [1, 2\nb: 3\n", 2, "check the indentation"),
        ("a: 1\nb: '\n", 2, "check the indentation"),
        ("a: 1\nb: [2,\n   3\n", 2, "check the indentation"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line_and_a_remedy(text, line, remedy):
    told = refusal(text)
    assert told.startswith(f"f.yaml:{line}: is not valid YAML")
    assert remedy in told


def test_text_in_another_encoding_is_refused_at_the_first_bad_line():
    assert refusal(b"a: 1\nb: \xff\n") == "f.yaml:2: is not UTF-8 text; save it as UTF-8"
    assert refusal("a: 1".encode("utf-16")) == "f.yaml:1: is not UTF-8 text; save it as UTF-8"


def test_a_byte_order_mark_is_no_part_of_the_first_key():
    assert parse_yaml(b"\xef\xbb\xbfa: 1\n", "f.yaml").value == {"a": 1}


@pytest.mark.usefixtures("parser")
def test_nesting_is_limited():
    assert value_of("[" * DEPTH_MAX + "]" * DEPTH_MAX)
    deep = DEPTH_MAX + 1
    assert (
        refusal("[" * deep + "]" * deep) == f"f.yaml:1: is nested deeper than {DEPTH_MAX} levels; flatten it"
    )
    assert "nested deeper" in refusal("- " * 10_000 + "x")


def test_size_is_limited():
    fits = b"# " + b"x" * (SIZE_BYTES_MAX - 2)
    assert parse_yaml(fits, "f.yaml").value is None
    assert refusal(fits + b"x") == f"f.yaml: is larger than {SIZE_BYTES_MAX} bytes; split it"


def test_a_file_that_cannot_be_opened_is_told_with_its_path(tmp_path):
    for path, reason in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InvalidFile, match=f"cannot be read .{reason}"):
            read_yaml(path)


@pytest.mark.usefixtures("parser")
def test_every_field_knows_its_line_and_a_missing_one_that_of_its_owner():
    file = parse_yaml(b"# head\na: 1\nb:\n  - c: x\n  -\n    d: 1e-3\n", "f.yaml")
    paths = [
        ("a",),
        ("b",),
        ("b", 0),
        ("b", 0, "c"),
        ("b", 1),
        ("b", 1, "d"),
        ("b", 1, "missing"),
        ("gone",),
        (),
    ]
    assert [file.line_of(path) for path in paths] == [2, 3, 4, 4, 6, 6, 6, 2, 2]
    assert file.texts["b", 1, "d"] == "1e-3"


def test_a_field_is_named_as_people_write_it():
    assert field_name(("quotas", 3, "gpus", "a100-80g")) == "quotas[3].gpus.a100-80g"
    assert field_name(()) == ""


SNIPPETS = [
    "a",
    "b",
    ": ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "\\U00110000",
    "\\ud800",
    "&x",
    "*x",
    "!t",
    "|",
    ">",
    "%",
    "#",
    "? ",
    "---",
    "\t",
    "0x",
    "۱",
]


@given(text=st.lists(st.sampled_from(SNIPPETS), max_size=40).map("".join) | st.text(max_size=80))
@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
def test_any_text_gives_a_value_or_one_clear_refusal(loader, text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yamlfile, "_LOADER", loader)
        told = told_of(text.encode("utf-8", "surrogatepass"))
    assert told is None or (told.startswith("f.yaml") and told.isprintable())


def told_of(content):
    try:
        parse_yaml(content, "f.yaml")
    except InvalidFile as exc:
        return str(exc)
    return None

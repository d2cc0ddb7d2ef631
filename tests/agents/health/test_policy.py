"""The policy file: complete as shipped, and every mistake in a copy is told with its line."""

import re

import pytest
from bostan_agent.health.policy import SHIPPED, PolicyError, load_policy
from bostan_agent.health.verdict import Action, Severity

TEXT = SHIPPED.read_text()


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


@pytest.fixture
def load(tmp_path):
    """Loads a policy from its text."""

    def from_text(text: str):
        path = tmp_path / "health.yaml"
        path.write_text(text)
        return load_policy(path)

    return from_text


def test_the_shipped_policy_is_whole():
    policy = load_policy()
    assert policy.good_samples_to_clear == 3
    assert policy.xid(79).action is Action.REBOOT_NODE
    assert policy.xid(31).verdict is Severity.JOB
    assert policy.xid(9999) == policy.unknown_xid


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ("  pcie-width:", "  pcie-widht:", r"signs.pcie-width: is missing"),
        ("good_samples_to_clear: 3", "good_samples_to_clear: 3\ngood_sample: 3", "good_sample: is not known"),
        ("limit: 512", "limit: many", r"signs.uncorrectable-rows.limit: input should be a valid number"),
        ("limit: 512", "limit: 512, most: 3", r"signs.uncorrectable-rows.most: is not known"),
        (
            "mig-empty: {verdict: draining",
            "mig-empty: {verdict: bad",
            r"signs.mig-empty.verdict: input should be",
        ),
        (
            "mig-empty: {verdict: draining",
            "mig-empty: {verdict: job",
            r"signs.mig-empty.verdict: input should be",
        ),
        ("  8: {verdict: job", "  eight: {verdict: job", r"xids.eight: input should be a valid integer"),
        ("  11: {verdict", "  8: {verdict", "xids.8 is given twice"),
        ("version: 1", "version: 2", "version: input should be 1"),
        ("good_samples_to_clear: 3", "good_samples_to_clear: 0", "greater than or equal to 1"),
    ],
)
def test_each_mistake_is_told_with_its_place(load, was, becomes, complaint):
    assert was in TEXT
    with pytest.raises(PolicyError, match=complaint) as caught:
        load(TEXT.replace(was, becomes, 1))
    assert re.search(r"health\.yaml:\d+: ", str(caught.value))


def test_the_line_is_the_line_of_the_mistake(load):
    text = TEXT.replace("limit: 512", "limit: many")
    with pytest.raises(PolicyError, match=f"health.yaml:{line_of(text, 'limit: many')}: "):
        load(text)


@pytest.mark.parametrize("text", ["", "[1, 2]", "just words"])
def test_what_is_no_mapping_is_refused(load, text):
    with pytest.raises(PolicyError, match=r"health\.yaml:1: "):
        load(text)


def test_what_is_no_yaml_is_refused(load):
    with pytest.raises(PolicyError, match="is not YAML"):
        load("signs: {")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PolicyError, match=r"none\.yaml: cannot be read: No such file"):
        load_policy(tmp_path / "none.yaml")


def test_a_file_cannot_bring_code(load):
    with pytest.raises(PolicyError):
        load(TEXT.replace("version: 1", "version: !!python/object/apply:os.system ['true']"))


def test_a_file_that_holds_itself_is_refused(load):
    with pytest.raises(PolicyError, match="nested too deeply"):
        load("signs: &me {again: *me}")

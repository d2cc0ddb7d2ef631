"""The centre's settings: where they come from, and what is refused with which words."""

from pathlib import Path

import pytest
from bostan.errors import InvalidFile
from bostan_scheduler.settings import CentreSettings, load


def write(folder: Path, text: str) -> Path:
    path = folder / "centre.yaml"
    path.write_text(text)
    return path


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path):
    file = write(tmp_path, "fronts: 2\nlease_seconds: 7200\nlisten: 127.0.0.1:1\n")
    environment = {"BOSTAN_CENTRE_LEASE_SECONDS": "3600", "BOSTAN_CENTRE_LISTEN": "127.0.0.1:2", "HOME": "/"}
    settings = load({"listen": "127.0.0.1:3"}, environment, file)
    assert (settings.fronts, settings.lease_seconds, settings.listen) == (2, 3600, "127.0.0.1:3")


def test_without_anything_all_defaults_fit_together():
    assert load({}, {}, None) == CentreSettings()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("frontz: 2\n", "centre.yaml:1: frontz: is an unknown key; did you mean `fronts`?"),
        ("data_dir: x\nfronts: 0\n", "centre.yaml:2: fronts: must be at least 1"),
        ("fronts: many\n", "centre.yaml:1: fronts"),
        ("- fronts\n", "must be a mapping of settings"),
        (
            "listen: nowhere\n",
            "centre.yaml:1: listen: 'nowhere' is not HOST:PORT; write it as 127.0.0.1:8440",
        ),
        ("fronts: 1\nlisten: 127.0.0.1:65536\n", "centre.yaml:2: listen: '127.0.0.1:65536' is not HOST:PORT"),
        ("listen: ':80'\n", "centre.yaml:1: listen: ':80' is not HOST:PORT"),
        ("lease_seconds: 20\nsilence_seconds: 30\n", "a lease ends before anybody notices a cut line"),
        ("heartbeat_seconds: 30\n", "three beats must fit into it"),
        ("fronts: 1\nfronts: 2\n", "centre.yaml:2"),
    ],
)
def test_bad_files_are_refused_by_line_with_the_consequence(tmp_path, text, says):
    with pytest.raises(InvalidFile) as refused:
        load({}, {}, write(tmp_path, text))
    assert says in str(refused.value)


def test_an_unknown_variable_is_refused():
    with pytest.raises(InvalidFile, match="BOSTAN_CENTRE_SILENSE_SECONDS"):
        load({}, {"BOSTAN_CENTRE_SILENSE_SECONDS": "3"}, None)


def test_a_bad_variable_is_named_as_it_is_written_and_a_bad_flag_too(tmp_path):
    environment = {"BOSTAN_CENTRE_FRONTS": "none", "BOSTAN_CENTRE_LISTN": "x"}
    with pytest.raises(InvalidFile) as refused:
        load({"agents_listen": "here"}, environment, write(tmp_path, "log_days: 0\n"))
    told = [str(problem) for problem in refused.value.problems]
    assert (
        "environment: BOSTAN_CENTRE_FRONTS: must be a whole number, not 'none'; write it as a whole number"
        in told
    )
    assert "environment: BOSTAN_CENTRE_LISTN: is an unknown key; did you mean `listen`?" in told
    assert "command line: --agents-listen: 'here' is not HOST:PORT; write it as 127.0.0.1:8440" in told
    assert f"{tmp_path / 'centre.yaml'}:1: log_days: must be at least 1; write 1 or more" in told


def test_settings_travel_as_text():
    settings = CentreSettings(lease_seconds=4000, store_durability="normal")
    assert CentreSettings.model_validate_json(settings.model_dump_json()) == settings
    assert settings.core_settings().lease_seconds == 4000
    assert settings.store_settings().durability == "normal"

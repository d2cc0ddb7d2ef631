"""Settings: who wins, what is refused, and that each mistake is named by its place."""

from pathlib import Path

import pytest
from bostan_agent.endpoints import Endpoint, endpoint_of, is_loopback, own_address_towards
from bostan_agent.settings import Settings
from bostan_agent.settings_sources import BadSettings, load, park_token

LOCAL = {"centre": "127.0.0.1:7443", "park": "tehran"}


def settings(flags=None, environment=None, file=None):
    return load({**LOCAL, **(flags or {})}, environment or {}, file)


def written(folder: Path, text: str) -> Path:
    file = folder / "agent.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_flags_come_before_the_environment_before_the_file_before_defaults(tmp_path):
    file = written(tmp_path, "node_name: file\naddress: 10.0.0.1\nheartbeat_seconds: 7\n")
    environment = {"BOSTAN_AGENT_NODE_NAME": "environment", "BOSTAN_AGENT_ADDRESS": "10.0.0.2"}
    found = settings({"node_name": "flag"}, environment, file)
    assert (found.node_name, found.address, found.heartbeat_seconds) == ("flag", "10.0.0.2", 7.0)
    assert found.telemetry_seconds == 10.0


def test_labels_may_be_one_line_or_a_map(tmp_path):
    assert settings({"labels": "rack=7,row=b"}).labels == {"rack": "7", "row": "b"}
    assert settings(file=written(tmp_path, "labels:\n  rack: '7'\n")).labels == {"rack": "7"}


def test_settings_cannot_be_changed_after_they_were_read():
    with pytest.raises(ValueError, match="frozen"):
        settings().park = "other"


def test_every_setting_is_documented():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("flags", "environment", "text", "message"),
    [
        ({"heartbeat_seconds": "0"}, {}, "", "--heartbeat-seconds: Input should be greater than 0"),
        (
            {},
            {"BOSTAN_AGENT_CHUNK_BYTES": "big"},
            "",
            "BOSTAN_AGENT_CHUNK_BYTES: Input should be a valid integer",
        ),
        ({}, {"BOSTAN_AGENT_SPEED": "1"}, "", "BOSTAN_AGENT_SPEED: no such setting"),
        ({}, {}, "log_level: info\nspeed: 1\n", "agent.yaml:2: speed: no such setting"),
        ({}, {}, "\nranks_max: 0\n", "agent.yaml:2: ranks_max: Input should be greater than or equal to 1"),
        ({}, {}, "park: a\npark: b\n", "agent.yaml:2: park: is set before, on line 1"),
        ({}, {}, "- park\n", "agent.yaml:1: must hold keys and values"),
        ({}, {}, "park: [\n", "agent.yaml: is not YAML"),
        ({"centre": "example.org"}, {}, "", "--centre: 'example.org' must be HOST:PORT"),
        ({"centre": "10.1.2.3:7443"}, {}, "", "on another machine and TLS is off.*--insecure"),
        ({"port_first": "9", "port_last": "8"}, {}, "", "port_first 9 is above port_last 8: swap them"),
        ({"park": "Tehran!"}, {}, "", "--park: must be 1 to 63 of a-z"),
        ({"token": "a", "token_file": "b"}, {}, "", "token and token_file are both set"),
        ({"labels": "rack"}, {}, "", "--labels: must be KEY=VALUE pairs"),
        ({"address": "two words"}, {}, "", "--address: must be a host name"),
    ],
)
def test_a_mistake_is_named_by_its_place(tmp_path, flags, environment, text, message):
    with pytest.raises(BadSettings, match=f"(?s).*{message}"):
        settings(flags, environment, written(tmp_path, text))


def test_what_must_be_set_says_how():
    with pytest.raises(
        BadSettings, match=r"park \(--park, BOSTAN_AGENT_PARK, or in the settings file\): must be set"
    ):
        load({"centre": "localhost:1"}, {}, None)


def test_a_settings_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadSettings, match=r"nowhere\.yaml: cannot be read"):
        settings(file=tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("way", [{"insecure": "true"}, {"tls": "true"}, {"tls_ca_file": "/etc/ca.pem"}])
def test_another_machine_is_reached_by_tls_or_when_told_that_the_line_is_safe(way):
    assert settings({"centre": "10.1.2.3:7443", **way}).endpoint == Endpoint("10.1.2.3", 7443)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("localhost:1", True),
        ("127.8.8.8:1", True),
        ("[::1]:1", True),
        ("10.0.0.1:1", False),
        ("[2001:db8::1]:1", False),
        ("localhost.example.org:1", False),
    ],
)
def test_only_this_machine_is_loopback(text, loopback):
    assert is_loopback(endpoint_of(text)) is loopback


def test_the_way_to_this_machine_starts_at_this_machine():
    assert own_address_towards(Endpoint("127.0.0.1", 9)) == "127.0.0.1"


def test_the_token_is_read_anew_each_time(tmp_path):
    file = tmp_path / "token"
    found = settings({"token_file": str(file)})
    for token in ("first", "second"):
        file.write_text(f"{token}\n")
        assert park_token(found) == token


def test_a_token_given_in_a_nearer_place_wins_over_a_token_file_elsewhere(tmp_path):
    environment = {"BOSTAN_TOKEN": "near"}
    found = settings({}, environment, written(tmp_path, "token_file: /nowhere\n"))
    assert (park_token(found), found.token_file) == ("near", None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("", "must be one word"),
        ("two words", "must be one word"),
        ("ü", "must be one word"),
    ],
)
def test_a_token_that_cannot_be_used_is_refused(tmp_path, content, message):
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(BadSettings, match=message):
        park_token(settings({"token_file": str(file)}))


def test_without_a_token_the_way_to_one_is_told():
    with pytest.raises(BadSettings, match="bostan park token"):
        park_token(settings())


def test_a_token_never_shows_in_a_log():
    assert "hush" not in repr(settings({"token": "hush"}))

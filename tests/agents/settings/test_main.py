"""The command `bostan-agent` as people type it."""

import json

import pytest
from bostan_agent.main import main


def test_version(capsys):
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("bostan-agent ")


@pytest.mark.parametrize("command", ["run", "inspect"])
def test_without_the_packages_of_an_agent_it_says_how_to_get_them(capsys, monkeypatch, command):
    monkeypatch.setattr("bostan_agent.main._NEEDS", ("grpc", "a_package_that_is_not_here"))
    assert main([command]) == 2
    told = capsys.readouterr().err
    assert told == ("bostan-agent: a_package_that_is_not_here not installed: pip install 'bostan[agent]'\n")
    assert main(["version"]) == 0


def test_help_documents_every_setting_and_shows_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["run", "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    for word in ("--journal-records-max", "--simulate", "Default: 100000.", "examples:", "--config"):
        assert word in text


def test_a_token_is_no_flag_as_all_users_could_read_it(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--token", "secret"])
    assert "--token" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--centre", "127.0.0.1:1"],
            "park (--park, BOSTAN_AGENT_PARK, or in the settings file): must be set",
        ),
        (["--centre", "10.1.1.1:1", "--park", "p"], "--insecure"),
        (["--centre", "127.0.0.1:1", "--park", "p", "--simulate", "8xAbacus"], "Abacus"),
        (["--centre", "127.0.0.1:1", "--park", "p", "--run-as", "nobody-at-all"], "there is no user"),
        (["--centre", "127.0.0.1:1", "--park", "p", "--health-file", "/nowhere.yaml"], "/nowhere.yaml"),
        (["--config", "/nowhere.yaml"], "/nowhere.yaml: cannot be read"),
    ],
)
def test_what_cannot_begin_says_why_and_exits_with_2(capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.setenv("BOSTAN_AGENT_STATE_DIR", str(tmp_path / "state"))
    assert main(["run", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_state_folder_that_cannot_be_made_is_named(capsys, tmp_path):
    (tmp_path / "file").touch()
    state = tmp_path / "file" / "state"
    arguments = ["run", "--centre", "127.0.0.1:1", "--park", "p", "--state-dir", str(state)]
    assert main(arguments) == 2
    assert f"state_dir {state} cannot be used" in capsys.readouterr().err


def test_a_damaged_journal_is_named(capsys, tmp_path):
    (tmp_path / "journal.db").write_bytes(b"x" * 5000)
    arguments = ["run", "--centre", "127.0.0.1:1", "--park", "p", "--state-dir", str(tmp_path)]
    assert main(arguments) == 2
    assert "Move the file away" in capsys.readouterr().err


def test_inspect_prints_the_simulated_gpus_as_json(capsys):
    assert main(["inspect", "-o", "json", "--simulate", "2xT4-16GB"]) == 0
    assert len(json.loads(capsys.readouterr().out)["gpus"]) == 2


def test_inspect_refuses_a_bad_simulation(capsys):
    assert main(["inspect", "--simulate", "many"]) == 2
    assert "bostan-agent: " in capsys.readouterr().err

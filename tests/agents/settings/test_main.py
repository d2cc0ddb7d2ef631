"""The command `bostan-agent` as people type it."""

import json

import pytest
from bostan_agent.main import main


@pytest.fixture(autouse=True)
def token(monkeypatch):
    """A token as most agents have one."""
    monkeypatch.delenv("BOSTAN_TOKEN_FILE", raising=False)
    monkeypatch.setenv("BOSTAN_TOKEN", "secret")


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


def test_help_says_where_state_is_kept_by_itself_and_what_labels_do(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "No two agents share one. Default: /var/lib/bostan-agent." in text
    assert "rack=7,switch=3" in text
    assert "jobs may ask for" not in text


def test_the_first_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "examples:\n  bostan-agent inspect\n" in capsys.readouterr().out


ANYWHERE = ["run", "--centre", "127.0.0.1:1", "--park", "p"]


def test_without_a_token_it_does_not_begin(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("BOSTAN_TOKEN")
    assert main([*ANYWHERE, "--state-dir", str(tmp_path / "state")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("bostan-agent: no token: make one with `bostan park token`")
    assert told.count("\n") == 1
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda path: None,
            "cannot be read: No such file or directory; keep there what `bostan park token` prints",
        ),
        (lambda path: path.mkdir(), "cannot be read: Is a directory; keep there what"),
        (lambda path: path.write_bytes(b"\xff"), "cannot be read: it is not text; keep there what"),
        (lambda path: path.touch(), "must be one word of printable ASCII, as `bostan park token` prints it"),
    ],
)
def test_a_token_file_that_is_none_is_named_at_once(capsys, monkeypatch, tmp_path, make, says):
    monkeypatch.delenv("BOSTAN_TOKEN")
    make(tmp_path / "token")
    assert main([*ANYWHERE, "--token-file", str(tmp_path / "token")]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert f"{tmp_path / 'token'} " in told


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

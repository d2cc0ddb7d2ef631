"""The commands of the centre's machine, run as an administrator runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "bostan-scheduler"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60)


def test_a_token_is_made_listed_and_revoked_without_a_running_centre(tmp_path):
    folder = ("--data-dir", str(tmp_path / "data"))
    made = run("token", "create", "--role", "admin", "--name", "ada", *folder)
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    assert secret.startswith("bst_")
    (row,) = json.loads(run("token", "list", *folder).stdout)
    assert (row["name"], row["role"], row["revoked_at"]) == ("ada", "admin", None)
    assert secret not in json.dumps(row)
    assert secret.encode() not in (tmp_path / "data" / "bostan.db").read_bytes()
    assert run("token", "revoke", row["id"], *folder).returncode == 0
    again = run("token", "revoke", row["id"], *folder)
    assert again.returncode == 1
    assert "there is no token" in again.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--role", "member"], "--firm"),
        (["--role", "admin", "--firm", "x"], "remove it"),
        (["--role", "operator"], "--park"),
        (["--role", "firm-owner", "--firm", "x", "--project", "y"], "--project"),
        (["--role", "king"], "king"),
    ],
)
def test_a_role_and_its_reach_must_fit(tmp_path, words, says):
    done = run("token", "create", "--name", "x", *words, "--data-dir", str(tmp_path))
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_settings_file_is_named_by_line(tmp_path):
    path = tmp_path / "centre.yaml"
    path.write_text("fronts: 1\nfrontz: 1\n")
    done = run("serve", "--config", str(path))
    assert done.returncode == 2
    assert f"{path}:2: frontz" in done.stderr


def test_check_config_prints_what_is_in_force(tmp_path):
    done = run("check-config", "--data-dir", str(tmp_path))
    assert json.loads(done.stdout)["data_dir"] == str(tmp_path)


def test_serve_refuses_an_open_address_without_a_word_for_it(tmp_path):
    done = run("serve", "--listen", "0.0.0.0:0", "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert "--insecure" in done.stderr


@pytest.mark.parametrize("words", [[], ["serve"], ["token"], ["token", "create"], ["check-config"]])
def test_every_command_has_help(words):
    done = run(*words, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout

"""The commands of the centre's machine, run as an administrator runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.reports import QuotasApplied
from bostan_scheduler.core.snapshot import Firm, Park
from bostan_scheduler.store import open_store
from stories import Story

PROGRAM = Path(sys.executable).parent / "bostan-scheduler"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60)


def test_a_token_is_made_listed_and_revoked_without_a_running_centre(tmp_path):
    folder = ("--data-dir", str(tmp_path / "data"))
    made = run("token", "create", "--role", "admin", "--name", "ada", "--new", *folder)
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    assert secret.startswith("bst_")
    assert str(tmp_path / "data") in made.stderr
    (row,) = json.loads(run("token", "list", "-o", "json", *folder).stdout)
    table = run("token", "list", *folder).stdout.splitlines()
    assert table[1].split() == [row["id"], "ada", "admin", "-", "-", "given"]
    assert (row["name"], row["role"], row["revoked_at"]) == ("ada", "admin", None)
    assert secret not in json.dumps(row)
    assert secret.encode() not in (tmp_path / "data" / "bostan.db").read_bytes()
    assert run("token", "revoke", row["id"], *folder).returncode == 0
    again = run("token", "revoke", row["id"], *folder)
    assert again.returncode == 1
    assert "there is no token" in again.stderr


def test_a_token_in_json(tmp_path):
    words = ("--role", "admin", "--name", "ada", "--new", "-o", "json", "--data-dir", str(tmp_path / "data"))
    told = json.loads(run("token", "create", *words).stdout)
    assert told.keys() == {"id", "secret"}
    assert told["secret"].startswith("bst_")


@pytest.mark.parametrize(
    "words",
    [("create", "--role", "admin", "--name", "a"), ("list",), ("revoke", "x")],
    ids=lambda one: one[0],
)
def test_a_mistyped_folder_is_not_made_into_a_centre(tmp_path, words):
    folder = tmp_path / "dta"
    done = run("token", *words, "--data-dir", str(folder))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{folder} holds no centre; correct --data-dir")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--role", "member", "--firm", "acme"], "there is no firm acme (known: north, zeta); apply quotas"),
        (["--role", "member", "--firm", "zeta", "--project", "x"], "zeta has no project x (known: vision)"),
        (["--role", "operator", "--park", "x"], "there is no park x (known: p, q)"),
    ],
)
def test_a_token_for_whom_the_centre_does_not_know_is_refused(tmp_path, words, says):
    store = open_store(f"sqlite:///{tmp_path / 'bostan.db'}", migrate=True)
    story = Story(store=store)
    story.tell(
        QuotasApplied(
            QuotaTree(),
            {"zeta": Firm("zeta", projects=("vision",)), "north": Firm("north")},
            {park: Park(park) for park in "pq"},
            {},
            "admin",
        )
    )
    store.close()
    done = run("token", "create", "--name", "x", *words, "--data-dir", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr


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


def test_check_config_refuses_what_serve_refuses():
    done = subprocess.run(
        [PROGRAM, "check-config"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"BOSTAN_CENTRE_LISTEN": "0.0.0.0:80"},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "listen: 0.0.0.0:80 can be reached by others" in done.stderr


def test_an_installation_without_the_extra_says_what_to_do():
    program = (
        "import sys\n"
        "for name in ('ray', 'fastapi', 'numpy', 'google.protobuf'): sys.modules[name] = None\n"
        "from bostan_scheduler.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    remedy = "not installed; run: pip install 'bostan[scheduler]'"
    assert done.stderr == f"bostan-scheduler: fastapi, google.protobuf, numpy, ray {remedy}\n"


def test_help_names_no_type_of_a_flag():
    assert "<bool>" not in run("serve", "--help").stdout


@pytest.mark.parametrize("words", [[], ["serve"], ["token"], ["token", "create"], ["check-config"]])
def test_every_command_has_help(words):
    done = run(*words, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout

"""A login is tried, kept for its owner alone, and shown to no other centre."""

import json
import stat

import pytest


def stored(home):
    return home / "home" / "config" / "bostan" / "login.json"


def test_a_login_is_kept_for_its_owner_alone(anybody, centre, home):
    told = anybody("login", centre.url + "/", "--token-stdin", typed="s3cret\n")
    assert told.code == 0
    assert told.out == f"Logged in to {centre.url} as ada (member of acme)\n"
    assert "s3cret" not in told.out + told.err
    path = stored(home)
    assert json.loads(path.read_text()) == {"url": centre.url, "token": "s3cret"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["login.json"]
    assert anybody("whoami", "-o", "json").json["name"] == "ada"


def test_a_second_login_takes_the_place_of_the_first(anybody, centre, home):
    anybody("login", centre.url, "--token-stdin", typed="first\n")
    anybody("login", centre.url, "--token-stdin", typed="second\n")
    assert json.loads(stored(home).read_text())["token"] == "second"


def test_a_token_that_is_refused_is_not_kept(anybody, centre, home):
    from fastapi import Response

    centre.faults = [lambda: Response('{"title": "Not logged in"}', 401)]
    told = anybody("login", centre.url, "--token-stdin", typed="wrong\n")
    assert (told.code, told.err) == (4, "error: Not logged in\n next: bostan login\n")
    assert not stored(home).exists()


@pytest.mark.parametrize("typed", ["", "\n", "two words\x07\n", "بوستان\n"])
def test_what_is_no_token_is_not_sent(anybody, centre, typed):
    assert anybody("login", centre.url, "--token-stdin", typed=typed).code == 2
    assert centre.asked == []


def test_without_a_terminal_the_token_comes_by_standard_input(anybody, centre):
    told = anybody("login", centre.url)
    assert told.code == 2
    assert "next: give --token-stdin" in told.err


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://10.0.0.1", "is not encrypted"),
        ("http://bostan.example:8080", "is not encrypted"),
        ("bostan.example", "is not a URL"),
        ("ftp://bostan.example", "is not a URL"),
        ("https://ada:pw@bostan.example", "more than an address"),
        ("https://bostan.example?x=1", "more than an address"),
    ],
)
def test_a_token_is_not_sent_over_a_url_that_would_show_it(anybody, url, problem):
    told = anybody("login", url, "--token-stdin", typed="s3cret\n")
    assert told.code == 2
    assert problem in told.err


def test_nobody_is_told_how_to_log_in(anybody):
    told = anybody("jobs")
    assert told.code == 4
    assert told.err == "error: Not logged in\n next: bostan login URL, or set BOSTAN_URL and BOSTAN_TOKEN\n"


def test_the_environment_goes_before_the_file(anybody, centre, home, monkeypatch):
    anybody("login", centre.url, "--token-stdin", typed="s3cret\n")
    monkeypatch.setenv("BOSTAN_URL", "http://127.0.0.1:9")
    told = anybody("whoami")
    assert told.code == 4
    assert "Not logged in to http://127.0.0.1:9" in told.err


def test_a_stored_token_is_shown_to_no_other_centre(anybody, home, centre, monkeypatch):
    path = stored(home)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"url": "https://other.example", "token": "s3cret"}))
    monkeypatch.setenv("BOSTAN_URL", centre.url)
    assert anybody("whoami").code == 4
    assert centre.asked == []


def test_a_spoilt_login_file_says_what_to_do(anybody, home):
    path = stored(home)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    told = anybody("whoami")
    assert told.code == 1
    assert "login.json cannot be read" in told.err
    assert "next: bostan login" in told.err

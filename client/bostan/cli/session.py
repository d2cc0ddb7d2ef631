"""Where the centre is and who asks: the environment before the file that `bostan login` writes."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bostan.errors import BostanError, NotAuthenticated, WrongUsage

if TYPE_CHECKING:
    from bostan.client import Client


@dataclass(frozen=True, slots=True)
class Login:
    """A centre's address and the secret for it."""

    url: str
    token: str


def login_file() -> Path:
    """The file that holds the login."""
    import platformdirs

    return platformdirs.user_config_path("bostan") / "login.json"


def current_login() -> Login:
    """The login in force. Raises NotAuthenticated when there is none."""
    url, token = os.environ.get("BOSTAN_URL", ""), os.environ.get("BOSTAN_TOKEN", "")
    if url and token:
        return Login(url, token)
    stored = _stored()
    url = url or (stored.url if stored else "")
    if not url:
        raise NotAuthenticated("Not logged in", remedy="bostan login URL, or set BOSTAN_URL and BOSTAN_TOKEN")
    # A secret is shown to the centre that gave it, and to no other.
    if not token and stored and _same(stored.url, url):
        token = stored.token
    if not token:
        raise NotAuthenticated(f"Not logged in to {url}", remedy=f"bostan login {url}, or set BOSTAN_TOKEN")
    return Login(url, token)


def _same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")


def _stored() -> Login | None:
    path = login_file()
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return Login(str(held["url"]), str(held["token"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as exc:
        raise BostanError(f"{path} cannot be read ({exc})", "bostan login") from exc


def store_login(login: Login) -> Path:
    """Keep a login for this user's eyes only. The file is replaced whole."""
    path = login_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=path.parent)  # made for its owner alone
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump({"url": login.url, "token": login.token}, stream)
        Path(scratch).replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(scratch).unlink()
    return path


def check_url(url: str, *, insecure: bool) -> None:
    """Raises WrongUsage for a URL over which a token should not be sent."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongUsage(f"{url!r} is not a URL", "write it as https://HOST")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise WrongUsage(f"{url!r} holds more than an address", "write it as https://HOST")
    if parts.scheme == "http" and not (insecure or _is_loopback(parts.hostname)):
        raise WrongUsage(
            f"{url} is not encrypted: anybody on the way could read the token",
            "use https, or --insecure on a network that you trust",
        )


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def connect() -> Client:
    """A client with the login in force; a context manager."""
    from bostan.client import Client

    login = current_login()
    return Client(login.url, login.token)

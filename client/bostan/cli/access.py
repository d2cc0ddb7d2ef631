"""Who am I, and who else may come in: login, whoami, tokens."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import Format, Output, seconds
from bostan.cli.output import Column, emit_items, print_facts, print_json, say, write
from bostan.cli.session import Login, check_url, connect, store_login
from bostan.cli.words import local_time
from bostan.errors import FileProblem, InvalidFile, WrongUsage

if TYPE_CHECKING:
    from bostan.api import WhoAmI

_TOKEN_CHARACTERS_MAX = 4096


def login(
    url: Annotated[str, typer.Argument(metavar="URL", envvar="BOSTAN_URL", help="The centre's address.")],
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read the token from standard input.")
    ] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Allow http to another machine: the token can be read.")
    ] = False,
    output: Output = Format.TABLE,
) -> None:
    """Log in to a centre, and keep the token for later.

    The token is asked for, tried, and kept in a file that only you can read. BOSTAN_URL and
    BOSTAN_TOKEN, where set, go before it.
    """
    from bostan.client import Client

    check_url(url, insecure=insecure)
    wanted = Login(url.rstrip("/"), _token(token_stdin))
    with Client(wanted.url, wanted.token) as client:
        me = client.whoami()
    path = store_login(wanted)
    if output is Format.JSON:
        print_json(me)
    else:
        write(f"Logged in to {wanted.url} as {_described(me)}")
    say(f"The token is kept in {path}")
    if os.environ.get("BOSTAN_TOKEN"):
        say("BOSTAN_TOKEN is set, and goes before it")


def _token(from_stdin: bool) -> str:
    if from_stdin:
        token = sys.stdin.readline(_TOKEN_CHARACTERS_MAX).strip()
    elif sys.stdin.isatty():
        token = typer.prompt("Token", hide_input=True, err=True).strip()
    else:
        raise WrongUsage("There is no terminal to ask for the token", "give --token-stdin")
    if not token or not token.isascii() or not token.isprintable():
        raise WrongUsage("That is not a token", "paste it as `bostan token create` printed it")
    return token


def _described(me: WhoAmI) -> str:
    of = [each for each in (me.firm, me.project, me.park) if each]
    return f"{me.name} ({me.role}{' of ' + ', '.join(of) if of else ''})"


def whoami(output: Output = Format.TABLE) -> None:
    """Show who you are to the centre."""
    with connect() as client:
        me = client.whoami()
    if output is Format.JSON:
        print_json(me)
    else:
        facts = [("name", me.name), ("role", me.role), ("firm", me.firm), ("project", me.project)]
        print_facts([*facts, ("park", me.park)])


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose token it is.")],
    role: Annotated[
        str,
        typer.Option("--role", help="admin, operator, firm-owner, member or auditor.", show_default=False),
    ],
    firm: Annotated[str | None, typer.Option("--firm", help="The firm of a firm-owner or member.")] = None,
    project: Annotated[str | None, typer.Option("--project", help="Only this project of it.")] = None,
    park: Annotated[str | None, typer.Option("--park", help="The park of an operator.")] = None,
    expires_in: Annotated[
        str | None, typer.Option("--expires-in", metavar="DURATION", help="As 30d or 12h; omitted: never.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Make a token (administrators; a firm's owner for its members). Its secret is shown once."""
    from bostan.api import NewToken
    from bostan.checked import checked

    until = None if expires_in is None else _from_now(seconds(expires_in, "--expires-in"))
    wanted = checked(
        NewToken, name=name, role=_role(role), firm=firm, project=project, park=park, expires_at=until
    )
    with connect() as client:
        made = client.new_token(wanted)
    if output is Format.JSON:
        print_json(made)
    else:
        write(made.secret)
        say(f"Token {made.id} of {made.name} ({made.role}); its secret is shown this once")


def _from_now(duration_seconds: int) -> int:
    return round(time.time() * 1000) + duration_seconds * 1000


def _role(text: str) -> str:
    from bostan.api import Role

    roles = [role.value for role in Role]
    if text in roles:
        return text
    problem = FileProblem(
        "command line", None, "--role", f"{text!r} is not a role", f"one of {', '.join(roles)}"
    )
    raise InvalidFile([problem])


def list_tokens(output: Output = Format.TABLE) -> None:
    """List the tokens without their secrets (administrators; firms' owners, their own)."""
    columns = (
        Column("TOKEN"),
        Column("NAME", "shrinks"),
        Column("ROLE"),
        Column("FIRM OR PARK", "shrinks"),
        Column("EXPIRES"),
    )
    with connect() as client:
        emit_items(
            client.tokens(),
            output,
            columns,
            lambda each: (each.id, each.name, each.role, each.firm or each.park, local_time(each.expires_at)),
            "There are no tokens",
        )


def revoke(
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The token's id, as `bostan token list` shows it.")
    ],
    output: Output = Format.TABLE,
) -> None:
    """Revoke a token at once (administrators; a firm's owner for its members)."""
    with connect() as client:
        client.revoke_token(token)
    write(f"Revoked {token}" if output is Format.TABLE else "{}")

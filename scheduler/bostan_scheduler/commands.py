"""`bostan-scheduler`: the centre's command line, and the place where its parts are put together."""

import json
from typing import Annotated

import typer
from bostan import __version__
from bostan.api import Role
from bostan.cli.options import Format, Output
from bostan.cli.output import print_table

from bostan_scheduler.cluster.environment import prepare_for_ray
from bostan_scheduler.cluster.ports import refuse_unsafe
from bostan_scheduler.planned import EXAMPLE_DUMP, EXAMPLES_REPLAY, dump, replay
from bostan_scheduler.shell import Config, DataDir, TokenId, plain_errors, say, settings_from, show
from bostan_scheduler.simulating import EXAMPLES as EXAMPLES_SIM
from bostan_scheduler.simulating import sim
from bostan_scheduler.token_table import COLUMNS, token_row

app = typer.Typer(
    name="bostan-scheduler",
    help="The centre of a Bostan pool: REST for people, a link for park agents, and the scheduler.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
token_app = typer.Typer(
    help="Make, list and revoke API tokens on the machine of the centre.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(token_app, name="token")


@app.command(
    epilog="Example: bostan-scheduler serve --data-dir /var/lib/bostan --config /etc/bostan/centre.yaml"
)
def serve(
    config: Config = None,
    data_dir: DataDir = None,
    listen: Annotated[str | None, typer.Option(help="HOST:PORT of REST; port 0 picks a free one.")] = None,
    agents_listen: Annotated[str | None, typer.Option(help="HOST:PORT of the agents' link.")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond this machine without TLS.")
    ] = False,
) -> None:
    """Run the centre until SIGTERM or Ctrl-C. Everything that can be set is in the reference of settings."""
    flags = {
        "data_dir": data_dir,
        "listen": listen,
        "agents_listen": agents_listen,
        "insecure": insecure or None,
    }
    with plain_errors():
        settings = settings_from(config, flags)
        prepare_for_ray(settings.ray_address)
        from bostan_scheduler.cluster.serve import serve as run
        from bostan_scheduler.logs import log_to_stderr

        log_to_stderr()
        run(settings, say)


@app.command("check-config", epilog="Example: bostan-scheduler check-config --config centre.yaml")
def check_config(config: Config = None, data_dir: DataDir = None) -> None:
    """Read the settings, say what is wrong with them, and print what is in force."""
    with plain_errors():
        settings = settings_from(config, {"data_dir": data_dir})
        refuse_unsafe(settings)
        show(settings.model_dump_json(indent=2))


@app.command()
def version() -> None:
    """Print the version."""
    show(__version__)


@token_app.command("create", epilog="Example: bostan-scheduler token create --role admin --name ada")
def token_create(
    role: Annotated[Role, typer.Option(help="What its holder may do.")],
    name: Annotated[str, typer.Option(help="Who holds it.")],
    firm: Annotated[str | None, typer.Option(help="The firm of a firm-owner or member.")] = None,
    project: Annotated[str | None, typer.Option(help="The only project of a member.")] = None,
    park: Annotated[str | None, typer.Option(help="The park of an operator.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How long it is good for.")] = None,
    new: Annotated[
        bool, typer.Option("--new", help="Make a centre in the data folder, where there is none yet.")
    ] = False,
    output: Output = Format.TABLE,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Make a token and print its secret, once. It works whether the centre runs or not."""
    with plain_errors():
        from bostan_scheduler.tokens import Wanted, create

        wanted = Wanted(name, role, firm, project, park, days)
        settings = settings_from(config, {"data_dir": data_dir})
        made = create(settings, wanted, new=new)
        where = f"the centre in {settings.data_dir.absolute()}"
        if output is Format.JSON:
            show(json.dumps({"id": made.id, "secret": made.secret}))
            return
        show(made.secret)
        say(f"token {made.id} of {name} ({role}) for {where}; its secret is shown this once")


@token_app.command("list", epilog="Example: bostan-scheduler token list")
def token_list(output: Output = Format.TABLE, config: Config = None, data_dir: DataDir = None) -> None:
    """List the tokens, without their secrets."""
    with plain_errors():
        from bostan_scheduler.tokens import listed

        found = listed(settings_from(config, {"data_dir": data_dir}))
        if output is Format.JSON:
            show(json.dumps(found, indent=2))
            return
        print_table(COLUMNS, [token_row(one) for one in found])


@token_app.command("revoke", epilog="Example: bostan-scheduler token revoke 3k9f2m")
def token_revoke(token_id: TokenId, config: Config = None, data_dir: DataDir = None) -> None:
    """Revoke a token; fronts forget it within seconds."""
    with plain_errors():
        from bostan_scheduler.tokens import revoke

        revoke(settings_from(config, {"data_dir": data_dir}), token_id)
        say(f"token {token_id} is revoked")


app.command("dump", epilog=EXAMPLE_DUMP)(dump)
app.command("replay", epilog=EXAMPLES_REPLAY)(replay)
app.command("sim", epilog=EXAMPLES_SIM)(sim)

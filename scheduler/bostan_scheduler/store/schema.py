"""Which version of the tables a store has, and bringing it to ours."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from bostan_scheduler.store.engine import told_plainly
from bostan_scheduler.store.errors import CannotOpen, SchemaTooNew, SchemaTooOld

NEWEST = "0003"
"""The version of `tables`; versions are numbered upwards, one a migration."""

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Bring the store to the newest version in one transaction; it may be empty. Others wait, and find it done.

    Raises:
        SchemaTooNew: a newer release has written it.
        CannotOpen: it is something else's database.
    """
    with told_plainly("migrate the store"), engine.begin() as connection:
        if version_of(connection) != NEWEST:
            _migrate(connection)


def check(engine: Engine) -> None:
    """See that the store has the newest version.

    Raises:
        SchemaTooNew, SchemaTooOld: it has another.
        CannotOpen: it is something else's database.
    """
    with told_plainly("open the store"), engine.connect() as connection:
        version = version_of(connection)
    if version != NEWEST:
        raise SchemaTooOld(
            f"the store {_file(engine)} is of version {version or 'none'}, this release needs {NEWEST}: "
            "start `bostan-scheduler serve` of this release, which migrates it."
        )


def version_of(connection: Connection) -> str | None:
    """The store's version; None when it is empty.

    Raises:
        SchemaTooNew: it is one that this release does not know.
        CannotOpen: it is something else's database.
    """
    names = inspect(connection).get_table_names()
    if not names:
        return None
    if "alembic_version" not in names:
        raise CannotOpen(
            f"{_file(connection.engine)} is a database of something else: its tables are "
            f"{', '.join(sorted(names)[:5])}. Name another file in `store.url`."
        )
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if version is not None and str(version) > NEWEST:
        raise SchemaTooNew(
            f"the store {_file(connection.engine)} is of version {version}, written by a newer release; this one "
            f"knows versions up to {NEWEST}: use that release again, or restore a copy made before it."
        )
    return version and str(version)


def _migrate(connection: Connection) -> None:
    # Only a leader migrates, and seldom: nobody else waits for this import.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, NEWEST)


def _file(engine: Engine) -> str:
    return str(engine.url.database)

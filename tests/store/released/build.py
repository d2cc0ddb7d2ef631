"""Writes the database that this release would write after the story: `build.py` makes `<version>.db` beside itself.

Run it once for each version of the tables, before that version is released. A file that has been released is
never written again: every later release must open it and read the story.
"""

import sqlite3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bostan_scheduler.store import open_store
from bostan_scheduler.store.schema import NEWEST
from story import tell


def build(path: Path) -> None:
    """Tell the story to a new store, and leave one small file."""
    store = open_store(f"sqlite:///{path}", migrate=True)
    tell(store)
    store.close()
    connection = sqlite3.connect(path)
    # One plain file that does not change when it is opened to be copied.
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA page_size = 1024")
    connection.execute("VACUUM")
    connection.close()


if __name__ == "__main__":
    target = Path(__file__).with_name(f"{NEWEST}.db")
    if target.exists():
        sys.exit(f"{target.name} is there already; a released database is never written again")
    build(target)

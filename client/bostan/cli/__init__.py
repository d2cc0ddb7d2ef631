"""The command line: one module a noun; each command parses, calls the SDK, prints."""


def main() -> None:
    """The entry point `bostan`."""
    from bostan.cli.app import app

    app()

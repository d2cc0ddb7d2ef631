"""`python -m bostan.cli` is `bostan`."""

from bostan.cli import main

main()

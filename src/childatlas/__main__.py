"""`python -m childatlas` is the command line."""

from childatlas.cli import main

main()

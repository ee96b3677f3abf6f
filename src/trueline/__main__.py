"""`python -m trueline`, the same as the `trueline` command."""

from trueline.cli.main import main

main()

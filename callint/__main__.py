"""`python -m callint`."""

from callint.cli import main

main(prog_name="callint")

"""callint: a policy-as-code linter for Calico."""

__version__ = "0.1.0"

alone = False
"""Whether this process is callint's own, so that it may be started and ended in a hurry (see `__main__`)."""

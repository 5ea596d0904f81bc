"""callint: a policy-as-code linter for Calico."""

__version__ = "0.1.0"

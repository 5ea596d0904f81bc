"""One object against the schema of its kind: shape, names, types, bounds, and the release that has them."""

from callint.schema.judge import Examined, check, examine

__all__ = ["Examined", "check", "examine"]

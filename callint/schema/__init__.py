"""One object against the schema of its kind: shape, names, types, bounds, and the release that has them."""

from callint.schema.fault import NOTHING, Examined
from callint.schema.judge import examine

__all__ = ["NOTHING", "Examined", "examine"]

"""How one looks: each check is a function over a cluster, named by rules that say what must hold.

A check is `check(cluster, parameters) -> iterator of Breach`. It reads the network model and typed objects, never raw
maps, formats nothing and decides no severity.
"""

from callint.checks.breach import Breach, Check, CheckError
from callint.checks.registry import CHECKS, concerns, find, unknown_parameters

__all__ = ["CHECKS", "Breach", "Check", "CheckError", "concerns", "find", "unknown_parameters"]

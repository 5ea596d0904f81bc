"""The policy engine over sets of packets: what becomes of every packet of a traffic class, and who decides about it."""

from callint.policy.symbolic.block import Cause
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.node import Node
from callint.policy.symbolic.partition import Part, Partition
from callint.policy.symbolic.way import Wire

__all__ = ["Cause", "Engine", "Node", "Part", "Partition", "Wire"]

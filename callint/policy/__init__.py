"""What Calico's policy does with packets: endpoints, tiers, rules, and the chains of every kind of traffic."""

from callint.policy.interfaces import Governor
from callint.policy.model import Model, NodePolicy, model_of
from callint.policy.packet import Packet, Step, Verdict
from callint.policy.walk import evaluate

__all__ = ["Governor", "Model", "NodePolicy", "Packet", "Step", "Verdict", "evaluate", "model_of"]

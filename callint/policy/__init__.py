"""What Calico's policy does with packets: endpoints, tiers, rules, and the chains of every kind of traffic."""

from callint.policy.evaluator import Evaluator, Model, evaluate, model_of
from callint.policy.interfaces import Governor, resolve
from callint.policy.packet import Packet, Step, Verdict

__all__ = ["Evaluator", "Governor", "Model", "Packet", "Step", "Verdict", "evaluate", "model_of", "resolve"]

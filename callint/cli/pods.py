"""The pods that a packet comes from and goes to, as a command line names them: by name, or by labels alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callint.cli import output
from callint.record import NamedTuple

if TYPE_CHECKING:
    from callint.objects import Cluster
    from callint.policy import Model
    from callint.policy.inventory import WorkloadMember

FORM = "pod:NAMESPACE/NAME or labels:KEY=VALUE,ns=NAMESPACE"


class Pods(NamedTuple):
    """Sender and receiver, where they are pods, in the model that knows them."""

    model: Model
    sender: WorkloadMember | None
    receiver: WorkloadMember | None

    @property
    def assumed(self) -> tuple[WorkloadMember, ...]:
        """Those that no manifest holds."""
        return tuple(one for one in (self.sender, self.receiver) if one is not None and one.stands_for)


def find(
    cluster: Cluster, sender: str | None, source: str | None, receiver: str | None, to: str | None, *, staged: bool
) -> Pods:
    """The pods that `--from` and `--to` name; one that is given by labels gets the address that is given for it.

    With `staged` the model is that in which staged policies are enforced.
    """
    from callint.policy import Model, model_of

    model = model_of(cluster)
    found = Pods(
        model,
        None if sender is None else _named(model, sender, source, 0),
        None if receiver is None else _named(model, receiver, to, 1),
    )
    return found._replace(model=Model(cluster, found.assumed, staged=staged)) if found.assumed or staged else found


def address(pod: WorkloadMember, other: str | None, text: str, option: str) -> str:
    """The pod's address of the other end's IP version, else its first."""
    addresses = pod.about.addresses
    same = [one for one in addresses if other is not None and (":" in one) == (":" in other)]
    found = next(iter(same or addresses), None)
    if found is None:
        output.fail(f"no manifest says the address of {text}, {option} must")
    return found


def words(model: Model, pod: WorkloadMember) -> str:
    """What a pod that no manifest holds is taken for, and who is given that is like it."""
    wanted = pod.about.labels.items()
    like = next(
        (one for one in model.inventory.workloads if not one.stands_for and wanted <= one.labels.known.items()), None
    )
    given = "none is given" if like is None else f"{_name(like)} is given and has these too"
    addresses = pod.about.addresses
    is_ = "is" if len(addresses) == 1 else "are addresses of"
    return f"{' and '.join(addresses)} {is_} {pod.stands_for}; {given}"


def _named(model: Model, text: str, given: str | None, number: int) -> WorkloadMember:
    kind, _, rest = text.partition(":")
    if kind == "labels":
        return _labelled(model, text, rest, given, number)
    namespace, slash, name = rest.partition("/")
    if kind != "pod" or not slash:
        output.fail(f'"{text}" is not of the form {FORM}')
    pods = model.inventory.workloads
    found = next((one for one in pods if (one.about.namespace, one.about.name) == (namespace, name)), None)
    if found is None:
        near = [_name(one) for one in pods if one.about.namespace == namespace][:5]
        hint = f"those of the namespace are {', '.join(near)}" if near else "none of its namespace is"
        output.fail(f"{text} is in no manifest; {hint}")
    return found


def _labelled(model: Model, text: str, rest: str, given: str | None, number: int) -> WorkloadMember:
    from callint.policy.representative import with_labels

    labels: dict[str, str] = {}
    for part in rest.split(",") if rest else ():
        key, equals, value = part.partition("=")
        if not key or not equals:
            output.fail(f'"{part}" in "{text}" is not of the form KEY=VALUE')
        labels[key] = value
    if not model.cluster.all:
        output.fail("there are no manifests that could say anything about the packet")
    other = next((one for one in model.inventory.workloads if given in one.about.addresses), None)
    if other is not None:
        output.fail(f"{given} is the address of {_name(other)}: --from or --to can name it")
    namespace, account = labels.pop("ns", "default"), labels.pop("sa", "default")
    return with_labels(model, namespace, account, labels, given, number)


def _name(pod: WorkloadMember) -> str:
    return f"pod:{pod.about.namespace}/{pod.about.name}"

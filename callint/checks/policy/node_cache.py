"""The caches of names on nodes that manifests show (NodeLocal DNSCache)."""

from __future__ import annotations

from collections.abc import Iterator

from callint.calico.kinds import KUBELET
from callint.checks.breach import object_words
from callint.finding import Related
from callint.net.address import Address
from callint.net.read import prefixes
from callint.objects import Cluster, fields
from callint.record import NamedTuple


class NodeCache(NamedTuple):
    """NodeLocal DNSCache with the addresses at which pods ask it on their node, what it is called, and who says so."""

    name: str
    answers: str
    place: Related
    addresses: tuple[Address, ...]


def caches(cluster: Cluster) -> Iterator[NodeCache]:
    """DaemonSets that listen at an address of the node alone and at the service's, and where kubelets send pods."""
    for resource in cluster.kubernetes("DaemonSet", "apps/v1"):
        pods = fields.mapping(fields.mapping(resource.spec, "template"), "spec")
        for _, container in fields.items(pods, "containers") if fields.flag(pods, "hostNetwork") else ():
            if isinstance(container, dict):
                words = (*fields.texts(container, "command"), *fields.texts(container, "args"))
                found = tuple(prefix.address for prefix in prefixes(_listening(words)))
                service = next((one for one in found if not one.link_local), None)
                if service is not None and any(one.link_local for one in found):
                    name = object_words(resource, resource.home)
                    answers = f"{object_words(resource, None)} answers at {service} on each node in their place"
                    listens = f"listens at {' and '.join(map(str, found))}"
                    yield NodeCache(name, answers, Related(resource.span("metadata", "name"), listens), found)
    for resource in cluster.kubernetes("KubeletConfiguration", KUBELET):
        found = tuple(prefix.address for prefix in prefixes(fields.texts(resource.plain, "clusterDNS")))
        if found and all(one.link_local for one in found):
            asked_at = " and ".join(map(str, found))
            answers = f"kubelets tell pods to ask {asked_at}, the cache of names on their node"
            yield NodeCache(asked_at, answers, Related(resource.span("clusterDNS"), "what pods ask"), found)


def _listening(words: tuple[str, ...]) -> Iterator[str]:
    """The addresses that the option names, as Go reads it: with one dash or two, behind `=` or in the next word."""
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name, equals, joined = word.partition("=")
        if name in ("-localip", "--localip"):
            yield from (joined if equals else following).split(",")

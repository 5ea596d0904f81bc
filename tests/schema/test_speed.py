"""A valid object costs little: the closures beside `jsonschema` with cached validators, on the same objects."""

from __future__ import annotations

from typing import Any

import yaml
from jsonschema import Draft202012Validator

from callint.schema.catalogue import find
from callint.schema.history import at
from calls import calls

OBJECTS = yaml.safe_load(
    """
- apiVersion: projectcalico.org/v3
  kind: GlobalNetworkPolicy
  metadata: {name: allow-dns, labels: {app: dns}, annotations: {note: a}}
  spec:
    order: 100
    selector: role == 'dns'
    types: [Ingress, Egress]
    applyOnForward: true
    ingress:
      - {action: Allow, protocol: UDP, destination: {ports: [53, '1:9']}, source: {nets: [10.0.0.0/8, 10.1.0.0/16]}}
      - {action: Allow, protocol: TCP, destination: {ports: [53]}, source: {selector: has(app), notNets: [10.2.0.0/16]}}
    egress:
      - {action: Allow, destination: {nets: [10.0.0.0/8]}}
      - {action: Deny}
- apiVersion: projectcalico.org/v3
  kind: HostEndpoint
  metadata: {name: router-eth0, labels: {role: router}}
  spec: {node: router, interfaceName: eth0, expectedIPs: [192.0.2.1, 192.0.2.2], profiles: [a]}
- apiVersion: projectcalico.org/v3
  kind: IPPool
  metadata: {name: pods}
  spec: {cidr: 10.244.0.0/16, blockSize: 26, ipipMode: Never, vxlanMode: CrossSubnet, natOutgoing: true}
- apiVersion: projectcalico.org/v3
  kind: BGPFilter
  metadata: {name: out}
  spec:
    exportV4:
      - {action: Accept, cidr: 10.0.0.0/8, matchOperator: In, prefixLength: {min: 8, max: 24}}
      - {action: Reject}
"""
)


def test_a_valid_object_is_recognised_cheaply(judge: Any) -> None:
    validators = []
    for value in OBJECTS:
        history = find(value["apiVersion"], value["kind"])
        assert history is not None
        validators.append(Draft202012Validator(at(history, (3, 32), "native")))

    def theirs() -> list[bool]:
        return [validator.is_valid(value) for validator, value in zip(validators, OBJECTS, strict=True)]

    def ours() -> list[Any]:
        return [judge(value, road="native").problems for value in OBJECTS]

    assert theirs() == [True] * len(OBJECTS)
    assert ours() == [()] * len(OBJECTS)
    assert 10 * calls(ours) < calls(theirs)

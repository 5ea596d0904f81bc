"""The chains of one class of endpoints, as sets: tiers in order, their ends, profiles (felix/rules/endpoints.go)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations

from callint.finding import Path
from callint.net import intervals
from callint.net.intervals import Intervals
from callint.net.packets import PacketSet, PacketSpace
from callint.net.ports import parse_port, parse_protocol
from callint.objects import Resource
from callint.objects.policy import Rule
from callint.policy.address_inventory import AddressInventory
from callint.policy.admission import hidden, hidden_rule, readable
from callint.policy.chains import Kind
from callint.policy.match import criteria
from callint.policy.packet import Direction
from callint.policy.symbolic.block import Block, Cause, Shares, add, in_order, of_kind, within
from callint.policy.symbolic.block import Kind as CauseKind
from callint.policy.symbolic.selection import Asked, Selection, Selections
from callint.policy.symbolic.sets import rule_sets

MOST_DOUBTS = 6
"""So many policies of one endpoint may be in doubt: all ways that it could be are tried."""

_KINDS: dict[str, CauseKind] = {"Allow": "allow", "Deny": "drop", "Pass": "pass"}


class Chains:
    """What policy and profiles say to all packets of one family; each list of rules is read once."""

    def __init__(
        self, selections: Selections, inventory: AddressInventory, space: PacketSpace, *, ebpf: bool, causes: bool
    ) -> None:
        """`causes` tells apart which rule decides; without, large lists are quicker.

        `first` is for nodes to share what they put before all policy, `failsafes` the packets of its entries.
        """
        self.space = space
        self.selections = selections
        self.first: dict[object, tuple[Shares, PacketSet]] = {}
        self.failsafes: dict[object, PacketSet] = {}
        self._tiers = selections.tiers
        self._inventory = inventory
        self._ebpf = ebpf
        self._causes = causes
        self._policies: dict[tuple[int, int, Direction], Block] = {}
        self._silent: dict[tuple[int, Direction], set[int]] = {}
        self._blocks: dict[tuple[int, tuple[int, ...], Direction], Block] = {}
        self._profiles: dict[tuple[tuple[str, ...], Direction], Shares] = {}
        self._known: dict[tuple[Selection, Kind, Direction], Shares] = {}

    def cause(
        self, kind: CauseKind, reason: str, tier: str | None = None, policy: Resource | None = None, path: Path = ()
    ) -> Cause:
        """A cause, or its kind alone; a missing fact is always named."""
        return Cause(kind, reason, tier, policy, path) if self._causes or kind == "unknown" else Cause(kind)

    def has(self, selection: Selection, kind: Kind) -> bool | None:
        """Whether an endpoint has policy of a kind; None where a missing fact decides that."""
        entries = selection.of_kind(kind)
        if any(entry.doubt is None for entry in entries):
            return True
        return None if entries or selection.hidden else False

    def shares(self, selection: Selection, kind: Kind, direction: Direction) -> Shares:
        """Who decides about which packets: `allow`, `drop`, `none` or `unknown`."""
        key = (selection, kind, direction)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._shares(selection, kind, direction)
        return found

    def _shares(self, selection: Selection, kind: Kind, direction: Direction) -> Shares:
        if selection.hidden is not None:
            return {self.cause("unknown", selection.hidden): self.space.everything}
        entries = selection.of_kind(kind)
        doubts = list(dict.fromkeys(one.doubt for one in entries if one.doubt is not None))
        if len(doubts) > MOST_DOUBTS:
            return {self.cause("unknown", doubts[0]): self.space.everything}
        if not doubts:
            asked = self.selections.asked(selection, kind, direction)
            return self._through(asked, selection, kind, direction, bare=not entries)
        shares: dict[Cause, PacketSet] = {}
        for count in range(len(doubts) + 1):
            for held in combinations(doubts, count):
                sure = [one for one in entries if one.doubt is None or one.doubt in held]
                asked = self.selections.in_tiers(sure, direction)
                add(shares, self._through(asked, selection, kind, direction, bare=not sure))
        return shares

    def _through(
        self, tiers: Iterable[Asked], selection: Selection, kind: Kind, direction: Direction, *, bare: bool
    ) -> Shares:
        """What policies say, then profiles; `bare` is an endpoint without any policy of the kind."""
        space = self.space
        if kind == "forward" and bare:
            return {self.cause("allow", f"no applyOnForward policy ({direction})"): space.everything}
        shares: dict[Cause, PacketSet] = {}
        on = space.everything
        for number, asked in tiers:
            tier = self._tiers[number]
            block = self._tier(number, asked, direction)
            passed = of_kind(space, block.shares, "pass")
            add(shares, within({cause: share for cause, share in block.shares.items() if cause.kind != "pass"}, on))
            left = space.everything - block.surely
            if kind in ("normal", "forward") and tier.default_action != "Pass":
                last = tier.policies[asked[-1]].policy.resource
                reason = f"end of tier {tier.name} ({direction})"
                add(shares, {self.cause("drop", reason, tier.name, last, ("spec", direction)): left & on})
                on &= passed
            else:
                on &= left | passed
            if not on:
                return shares
        if kind == "normal":
            add(shares, within(self._through_profiles(selection.profiles, direction), on))
        else:
            add(shares, {self.cause("none", f"no policy decides ({direction})"): on})
        return shares

    def _tier(self, number: int, asked: tuple[int, ...], direction: Direction) -> Block:
        silent = self._silent.setdefault((number, direction), set())
        speaking = tuple([place for place in asked if place not in silent])
        found = self._blocks.get((number, speaking, direction))
        if found is None:
            blocks = [self._policy(number, place, direction) for place in speaking]
            silent.update(place for place, block in zip(speaking, blocks, strict=True) if not block.shares)
            found = in_order(self.space, (one for one in blocks if one.shares))
            self._blocks[number, tuple(place for place in speaking if place not in silent), direction] = found
        return found

    def _policy(self, number: int, place: int, direction: Direction) -> Block:
        key = (number, place, direction)
        found = self._policies.get(key)
        if found is None:
            tier = self._tiers[number]
            policy = tier.policies[place].policy
            missing = hidden_rule(policy, direction)
            if missing is not None:
                everything = self.space.everything
                found = Block({self.cause("unknown", missing): everything}, everything)
            else:
                what = f"policy {policy.name} {direction}"
                found = self.rules(policy.rules_of(direction), policy.resource, policy.namespace, what, tier.name)
            self._policies[key] = found
        return found

    def rules(
        self, rules: Iterable[Rule], resource: Resource, namespace: str | None, what: str, tier: str | None = None
    ) -> Block:
        """A list of rules of one object; `what` they are called in reasons."""
        return in_order(
            self.space,
            (self._rule(one, resource, namespace, f"{what} rule {one.number}", tier) for one in rules),
        )

    def _rule(self, rule: Rule, resource: Resource, namespace: str | None, reason: str, tier: str | None) -> Block:
        missing = hidden(resource, rule.path)
        unknown_action = hidden(resource, (*rule.path, "action")) is not None
        kinds = list(_KINDS.values()) if unknown_action else [_KINDS[rule.action]] if rule.action in _KINDS else []
        if not kinds:
            return Block({}, self.space.nothing)
        read = readable(rule, resource)
        if not self._may_match(read):
            return Block({}, self.space.nothing)
        sets = rule_sets(self.space, criteria(read, self.space.family, self._inventory, namespace))
        causes = [self.cause(kind, reason, tier, resource, rule.path) for kind in kinds]
        return Block(dict.fromkeys(causes, sets.possibly), sets.surely if missing is None else self.space.nothing)

    def _may_match(self, rule: Rule) -> bool:
        """Whether a rule is worth a look: of a space of few packets most rules want others."""
        if self.space.only is None:
            return True
        protocol, ports = _wanted(rule.protocol, rule.destination.ports)
        for box in self.space.only:
            side = box.get("destination_port")
            same_protocol = protocol is None or intervals.contains(box["protocol"], protocol)
            if same_protocol and (ports is None or side is None or intervals.overlaps(ports, side)):
                return True
        return False

    def _through_profiles(self, names: tuple[str, ...], direction: Direction) -> Shares:
        """What profiles say in order to packets that no tier decides about; a rule that passes leaves its profile."""
        key = (names, direction)
        found = self._profiles.get(key)
        if found is not None:
            return found
        shares: dict[Cause, PacketSet] = {}
        on = self.space.everything
        for name in names:
            block = self._profile(name, direction)
            add(shares, within({cause: share for cause, share in block.shares.items() if cause.kind != "pass"}, on))
            on &= (self.space.everything - block.surely) | of_kind(self.space, block.shares, "pass")
        add(shares, {self.cause("drop", f"no profile matched ({direction})"): on})
        self._profiles[key] = shares
        return shares

    def _profile(self, name: str, direction: Direction) -> Block:
        unwritten, everything = self._inventory.unwritten(name), self.space.everything
        if unwritten is not None:
            kind, reason = unwritten
            found = {} if kind == "none" else {self.cause(kind, reason): everything}
            return Block(found, everything if found else self.space.nothing)
        profile = self._inventory.profiles[name]
        block = self.rules(profile.rules_of(direction), profile.resource, None, f"profile {name} {direction}")
        if not self._ebpf:
            return block
        shares: dict[Cause, PacketSet] = {}
        for cause, share in block.shares.items():
            add(shares, {cause._replace(kind="drop") if cause.kind == "pass" else cause: share})
        return block._replace(shares=shares)


@lru_cache(maxsize=4096)
def _wanted(protocol: str | None, ports: tuple[str, ...]) -> tuple[int | None, Intervals | None]:
    """The protocol and the destination ports of a rule as numbers; named ports may be any."""
    read = [parse_port(one) for one in ports]
    numbers = [one for one in read if not isinstance(one, str)]
    return (
        None if protocol is None else parse_protocol(protocol),
        intervals.merge(numbers) if numbers and len(numbers) == len(read) else None,
    )

"""The policy engine over sets of packets: what becomes of every packet of a traffic class, and who decides about it.

`engine.Engine` gives a `node.Node` for a node, and that a `partition.Partition` for each way through it. `flow` asks
about flows between two ends, `connectivity` about all pairs of workloads, `shadow` about the order of rules.
"""

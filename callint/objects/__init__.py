"""Typed, immutable objects of Calico and Kubernetes, and the cluster that they form."""

from callint.objects.cluster import Cluster, Intent
from callint.objects.resource import Resource, resources, unpack

__all__ = ["Cluster", "Intent", "Resource", "resources", "unpack"]

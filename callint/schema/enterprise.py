"""Names of Calico Enterprise and Calico Cloud: not typing mistakes, but nothing that open source Calico reads.

Sources: the Enterprise resource reference (docs.tigera.io), and manifests in public repositories.
"""

from __future__ import annotations

from callint.calico.kinds import POLICIES
from callint.finding import Path

KINDS = frozenset(
    {
        *("AlertException", "AuthenticationReview", "AuthorizationReview", "BFDConfiguration", "DeepPacketInspection"),
        *("EgressGatewayPolicy", "ExternalNetwork", "GlobalAlert", "GlobalAlertTemplate", "GlobalReport"),
        *("GlobalReportType", "GlobalThreatFeed", "LicenseKey", "ManagedCluster", "PacketCapture"),
        *("PolicyRecommendationScope", "RemoteClusterConfiguration", "SecurityEventWebhook", "UISettings"),
        "UISettingsGroup",
    }
)

OPENED = {"Tier": "3.29", "StagedGlobalNetworkPolicy": "3.30", "StagedNetworkPolicy": "3.30"}
OPENED["StagedKubernetesNetworkPolicy"] = "3.30"
"""Kinds that were of Calico Enterprise alone before that release."""

FIELDS = {
    "BGPConfiguration": frozenset({"extensions"}),
    "BGPPeer": frozenset({"birdGatewayMode", "extensions", "externalNetwork", "failureDetectionMode", "restartMode"}),
    "GlobalNetworkSet": frozenset({"allowedEgressDomains"}),
    "IPPool": frozenset({"awsSubnetID"}),
    "NetworkSet": frozenset({"allowedEgressDomains"}),
}
FIELDS.update(dict.fromkeys(POLICIES, frozenset({"domains"})))

VALUES = {("IPPool", "allowedUses"): frozenset({"HostSecondaryInterface"})}

_FELIX = (
    *("awsRequest", "awsSecondary", "captureDir", "captureMax", "captureRotation", "cloudWatch", "CloudWatch", "dns"),
    *("egressGateway", "egressIP"),
    *("externalNetwork", "flowLogsAggregation", "flowLogsDestDomains", "flowLogsDynamic", "flowLogsEnable"),
    *("flowLogsFile", "flowLogsMaxOriginal", "flowLogsPositionFile", "ipsec", "l7Logs", "syslogReporter", "tproxy"),
    *("wafEventLogs", "windowsDns", "windowsFlowLogs", "windowsStats"),
)


def is_field(kind: str, name: str) -> bool:
    """Whether an unknown field of a kind is one of Calico Enterprise."""
    return name in FIELDS.get(kind, ()) or (kind == "FelixConfiguration" and name.startswith(_FELIX))


def unread(path: Path) -> tuple[Path, ...]:
    """What nobody may read beside a field of Calico Enterprise: the addresses that names of domains stand for."""
    if path[-1] == "domains":
        return (path,)
    return ((*path[:-1], "nets"),) if path[-1] == "allowedEgressDomains" else ()

"""Parameters of Felix by what their values are: durations, patterns, words, ports (felix/config/config_params.go)."""

from __future__ import annotations

DURATIONS = (
    "bpfIPFragTimeout", "bpfKubeProxyMinSyncPeriod", "dataplaneWatchdogTimeout", "debugSimulateCalcGraphHangAfter",
    "debugSimulateDataplaneApplyDelay", "debugSimulateDataplaneHangAfter", "endpointReportingDelay",
    "flowLogsFlushInterval", "interfaceRefreshInterval", "ipsetsRefreshInterval", "iptablesLockProbeInterval",
    "iptablesLockTimeout", "iptablesPostWriteCheckInterval", "iptablesRefreshInterval",
    "liveMigrationRouteConvergenceTime", "localSubnetL2ReachabilityRefreshInterval", "netlinkTimeout",
    "nftablesRefreshInterval", "reportingInterval", "reportingTTL", "routeRefreshInterval",
    "usageReportingInitialDelay", "usageReportingInterval", "wireguardKeepAlive", "xdpRefreshInterval",
)  # fmt: skip
PATTERNS = (
    "bpfDataIfacePattern", "bpfDisableGROForIfaces", "bpfL3IfacePattern", "logDebugFilenameRegex", "mtuIfacePattern",
    "nftablesFlowTableDataIfacePattern",
)  # fmt: skip
_RULE_ACTIONS = ("Accept", "Return")
_DENIALS = ("Drop", "Reject")
_LEVELS = ("Trace", "Debug", "Info", "Warning", "Error", "Fatal")
MUST = {
    "chainInsertMode": ("Insert", "Append"),
    "defaultEndpointToHostAction": ("Drop", "Accept", "Return"),
    "iptablesFilterAllowAction": _RULE_ACTIONS,
    "iptablesFilterDenyAction": _DENIALS,
    "iptablesMangleAllowAction": _RULE_ACTIONS,
    "nftablesFilterAllowAction": _RULE_ACTIONS,
    "nftablesFilterDenyAction": _DENIALS,
    "nftablesMangleAllowAction": _RULE_ACTIONS,
}
"""Parameters whose bad values keep Felix from starting, any case; the CRDs guard them from v3.27 on."""
SHOULD = {
    "bpfEnforceRPF": ("Disabled", "Strict", "Loose"),
    "bpfExternalServiceMode": ("Tunnel", "DSR"),
    "bpfLogLevel": ("Off", "Info", "Debug"),
    "bpfRedirectToPeer": ("Enabled", "Disabled", "L2Only"),
    "iptablesBackend": ("Legacy", "NFT", "Auto"),
    "logSeverityFile": _LEVELS,
    "logSeverityScreen": _LEVELS,
    "logSeveritySys": _LEVELS,
    "nftablesMode": ("Enabled", "Disabled", "Auto"),
    "prometheusMetricsClientAuth": (
        "RequireAndVerifyClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven", "NoClientCert",
    ),
    "routeSource": ("WorkloadIPs", "CalicoIPAM"),
    "serviceLoopPrevention": ("Drop", "Reject", "Disabled"),
    "workloadSourceSpoofing": ("Disabled", "Any"),
}  # fmt: skip
"""Parameters for whose bad values Felix takes the default, any case, where releases let such in."""

PORTS = ("healthPort", "prometheusMetricsPort", "debugPort")

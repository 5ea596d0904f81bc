"""Settings of a FelixConfiguration that the environment of calico-node overrules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.objects import Cluster
from callint.objects.calico_node import Variable, daemon_sets, environment

# api/pkg/apis/projectcalico/v3/felixconfig.go: fields that Felix itself calls otherwise (confignamev1)
_OTHER_NAMES = {"ipipEnabled": "IPINIPENABLED", "ipipMTU": "IPINIPMTU"}
_TRUE, _FALSE = ("true", "1", "yes", "y", "t"), ("false", "0", "no", "n", "f")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Numbers, words and switches that say something else than the variable of their name, which counts more.

    Source: felix/config/config_params.go, where an environment variable has priority over the datastore; one that is
    empty counts for nothing, and what other types are written as differs. Takes no parameters.
    """
    if len(daemon_sets(cluster)) != 1:
        return
    told = environment(cluster)
    for felix in cluster.felix:
        for field, value in felix.values.items():
            name = f"FELIX_{_OTHER_NAMES.get(field, field.upper())}"
            variable = told.get(name)
            if variable is None or felix.resource.unreadable("spec", field) or not _contradicts(variable, value):
                continue
            yield Breach.at(
                felix.resource,
                ("spec", field),
                f'"{field}" of FelixConfiguration "{felix.name}" has no effect: calico-node has '
                f'{name} "{variable.value}" in its environment, and that counts more',
                (Related(variable.span, "the variable"),),
                witness("reference", reference=name, value=variable.value),
                f"drop {name} from the DaemonSet, or write there what is meant",
            )


def _contradicts(variable: Variable, value: Any) -> bool:
    """Whether both are of one simple type, and differ; the case of words is all one (felix/config/param_types.go)."""
    text = (variable.value or "").lower()
    if isinstance(value, bool):
        return text in (_FALSE if value else _TRUE)
    if isinstance(value, int):
        return text.isdecimal() and int(text) != value
    return isinstance(value, str) and value.isalpha() and text.isalpha() and text not in ("none", value.lower())

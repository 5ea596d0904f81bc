"""Settings of a FelixConfiguration that the environment of calico-node overrules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import FELIX_FALSE, FELIX_TRUE
from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.net.read import decimal
from callint.objects import Cluster
from callint.objects.calico_node import Variable, felix_environment, felix_variable


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Numbers, words and switches that say something else than the variable of their name, which counts more.

    Source: felix/config/config_params.go, where an environment variable has priority over the datastore; one that is
    empty counts for nothing, and what other types are written as differs. Takes no parameters.
    """
    told = felix_environment(cluster)
    for felix in cluster.felix:
        for field, value in felix.values.items():
            name = felix_variable(field)
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
        return text in (FELIX_FALSE if value else FELIX_TRUE)
    if isinstance(value, int):
        return decimal(text) not in (None, value)
    return isinstance(value, str) and value.isalpha() and text.isalpha() and text not in ("none", value.lower())

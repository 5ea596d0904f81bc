"""KubeControllersConfiguration (clientv3/kubecontrollersconfig.go, validateHostEndpoint templates)."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.objects.fields import as_text, items
from callint.validate import values
from callint.validate.metadata import annotation_map, label_map
from callint.validate.numbers import duration, int32
from callint.validate.pool import only_default
from callint.validate.scope import Scope
from callint.validate.selectors import selector
from callint.validate.shape import Check, each, fields, lacks, text


def _template(scope: Scope, path: Path, template: dict[str, Any]) -> None:
    if lacks(template, "generateName"):
        scope.refuse("missing-field", path, 'a template of host endpoints needs its "generateName"')
    if lacks(template, "interfaceCIDRs") and lacks(template, "interfacePattern"):
        newer = "" if scope.release < (3, 31) else ' or "interfacePattern"'
        scope.refuse("missing-companion", path, f'a template of host endpoints needs "interfaceCIDRs"{newer}')


def _names(scope: Scope, path: Path, endpoints: dict[str, Any]) -> None:
    """Each template has a name of its own."""
    seen: dict[str, int] = {}
    place = (*path, "templates")
    for index, template in items(endpoints, "templates"):
        said = as_text(template.get("generateName")) if template.__class__ is dict else None
        if not said:
            continue
        if said in seen:
            message = f'"{said}" is the "generateName" of an earlier template, too'
            related = scope.related(*place, seen[said], "generateName", label="the first one")
            scope.refuse("value-not-allowed", (*place, index, "generateName"), message, related=related)
        seen.setdefault(said, index)


_ENDPOINTS = fields(
    _names,
    templates=each(
        fields(
            _template,
            generateName=text(values.subdomain),
            interfaceCIDRs=each(text(values.cidr, malformed=True, empty=False)),
            interfacePattern=text(values.pattern, malformed=True),
            nodeSelector=selector(),
            labels=label_map,
            annotations=annotation_map,
        )
    ),
)
_PERIOD = fields(reconcilerPeriod=duration)

KINDS: dict[str, Check] = {
    "KubeControllersConfiguration": fields(
        only_default,
        spec=fields(
            etcdV3CompactionPeriod=duration,
            debugProfilePort=int32,
            controllers=fields(
                namespace=_PERIOD,
                policy=_PERIOD,
                serviceAccount=_PERIOD,
                workloadEndpoint=_PERIOD,
                node=fields(reconcilerPeriod=duration, leakGracePeriod=duration, hostEndpoint=_ENDPOINTS),
            ),
        ),
    ),
}

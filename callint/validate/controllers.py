"""KubeControllersConfiguration (clientv3/kubecontrollersconfig.go, validateHostEndpoint templates)."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.objects.fields import as_text
from callint.validate import values
from callint.validate.metadata import annotation_map, label_map
from callint.validate.numbers import duration, int32
from callint.validate.pool import only_default
from callint.validate.scope import Scope
from callint.validate.selectors import selector
from callint.validate.shape import UNREADABLE, Check, each, fields, lacks, text, together


def _template(scope: Scope, path: Path, template: Any) -> None:
    if template.__class__ is not dict:
        return
    if lacks(template, "generateName"):
        scope.refuse("missing-field", path, 'a template of host endpoints needs its "generateName"')
    if lacks(template, "interfaceCIDRs") and lacks(template, "interfacePattern"):
        newer = "" if scope.release < (3, 31) else ' or "interfacePattern"'
        scope.refuse("missing-companion", path, f'a template of host endpoints needs "interfaceCIDRs"{newer}')


def _templates(scope: Scope, path: Path, templates: Any) -> None:
    seen: dict[str, int] = {}
    for index, template in enumerate(templates if templates.__class__ is list else ()):
        name = template.get("generateName") if template.__class__ is dict else None
        said = as_text(name) if name is not UNREADABLE else None
        if not said:
            continue
        if said in seen:
            message = f'"{said}" is the "generateName" of an earlier template, too'
            related = scope.related(*path, seen[said], "generateName", label="the first one")
            scope.refuse("value-not-allowed", (*path, index, "generateName"), message, related=related)
        seen.setdefault(said, index)


_TEMPLATES = together(
    each(
        together(
            fields(
                generateName=text(values.subdomain),
                interfaceCIDRs=each(text(values.cidr, malformed=True, empty=False)),
                interfacePattern=text(values.pattern, malformed=True),
                nodeSelector=selector(),
                labels=label_map,
                annotations=annotation_map,
            ),
            _template,
        )
    ),
    _templates,
)
_PERIOD = fields(reconcilerPeriod=duration)

KINDS: dict[str, Check] = {
    "KubeControllersConfiguration": together(
        fields(
            spec=fields(
                etcdV3CompactionPeriod=duration,
                debugProfilePort=int32,
                controllers=fields(
                    namespace=_PERIOD,
                    policy=_PERIOD,
                    serviceAccount=_PERIOD,
                    workloadEndpoint=_PERIOD,
                    node=fields(
                        reconcilerPeriod=duration, leakGracePeriod=duration, hostEndpoint=fields(templates=_TEMPLATES)
                    ),
                ),
            )
        ),
        only_default,
    ),
}

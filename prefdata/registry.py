"""Find plugins: ours by file name, foreign ones by entry point. No list is edited anywhere.

A file ``prefdata/sources/hh_rlhf.py`` defines ``hh_rlhf``, a `Source` named ``hh-rlhf``. Another
package offers the same through the entry-point group ``prefdata.sources``.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from importlib import metadata
from typing import Any

from prefdata.core.errors import InternalError, UnknownNameError, UserError

__all__ = ["names", "plugin"]

_PACKAGES = {
    "source": "prefdata.sources",
    "stage": "prefdata.stages",
    "exporter": "prefdata.exporters",
    "report": "prefdata.reports",
    "router": "prefdata.routers",
    "handoff": "prefdata.handoffs",
    "backend": "prefdata.backends",
    "publisher": "prefdata.publishers",
    "engine": "prefdata.engines",
}


def names(kind: str) -> tuple[str, ...]:
    """Return the names of all plugins of a kind, sorted.

    Raises:
        UserError: If two packages offer the same name.
    """
    return tuple(sorted(_places(kind)))


def plugin(kind: str, name: str, *, where: str | None = None) -> Any:
    """Load one plugin.

    Args:
        kind: ``source``, ``stage``, ``exporter``, ``report``, ``router``, ``handoff``,
            ``backend``, ``publisher`` or ``engine``.
        name: Its name, in kebab case.
        where: File and line that asked for it, for the error.

    Raises:
        UnknownNameError: If there is none of that name.
        InternalError: If a file of ours does not define what its name promises.
    """
    places = _places(kind)
    if name not in places:
        raise UnknownNameError(kind, name, known=places, where=where)
    module_name, attribute = places[name]
    module = importlib.import_module(module_name)
    found = getattr(module, attribute, None)
    if found is None:
        raise InternalError(
            f"The module {module_name} defines no {attribute!r}.",
            where=module_name,
            fix=f"Define `{attribute}` there, the {kind} named {name!r}.",
        )
    return found


@functools.cache
def _places(kind: str) -> dict[str, tuple[str, str]]:
    package_name = _PACKAGES[kind]
    found: dict[str, tuple[str, str]] = {}
    try:
        package = importlib.import_module(package_name)
    except ModuleNotFoundError as error:
        if error.name != package_name:
            raise
    else:
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                name = module.name.replace("_", "-")
                found[name] = (f"{package_name}.{module.name}", module.name)
    for point in metadata.entry_points(group=package_name):
        if point.name in found:
            raise UserError(
                f"Two packages offer the {kind} {point.name!r}.",
                where=point.value,
                fix=f"Uninstall one of them: {found[point.name][0]}, {point.module}.",
            )
        found[point.name] = (point.module, point.attr)
    return found

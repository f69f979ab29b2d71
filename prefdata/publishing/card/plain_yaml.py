"""YAML of plain values that every reader gets back as they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["written"]

_BREAKS = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Writes no references, and no rare line break that pyyaml itself would read as another."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of pyyaml
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def written(value: Mapping[str, Any]) -> str:
    """Return values of plain types as YAML, in their order; nothing where there is none."""
    if not value:
        return ""
    # Lines are not folded: a long string stays where a person finds it.
    dumped: str = yaml.dump(
        dict(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31
    )
    return dumped

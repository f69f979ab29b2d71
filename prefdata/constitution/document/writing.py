"""A constitution as YAML, which `read_document` reads back as it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from prefdata.constitution.document.model import Document

__all__ = ["write_yaml"]

_HEAD = """\
# What preferences reward, the principle that explains most first. Descriptive, not causal.
# A principle may be its sentence alone; remove `principle_id` where you change the words.
"""
_WIDTH = 100
_UNUSUAL = re.compile("[\\x85\\u2028\\u2029]")


def write_yaml(document: Document) -> str:
    """Write a constitution as YAML.

    Args:
        document: What is written; fields that are null are left out.
    """
    content = document.model_dump(mode="json", exclude_none=True)
    text: str = yaml.dump(
        content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH
    )
    return _HEAD + text


class _Dumper(yaml.SafeDumper):
    """Writes text with unusual ends of lines in quotes, where YAML has escapes for them."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _UNUSUAL.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted)

"""Our part of a card put into one that is there, so that nothing of anybody else is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.core.errors import DataError
from prefdata.publishing.card.existing import (
    Existing,
    Owned,
    begin_mark,
    end_mark,
    read_card,
)
from prefdata.publishing.card.plain_yaml import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["merged"]

_UNITED = ("language", "tags")
_BY_NAME = ("configs", "dataset_info")
_OF_A_LICENSE = {"license", "license_name", "license_link", "license_details"}
"""Keys that say one thing together: what somebody wrote of another licence would be wrong now."""


def merged(matter: Mapping[str, Any], body: str, existing: str | None) -> str:
    """Return a card with this front matter and this part, and what else the existing one holds.

    Our keys get our values, except that languages and tags are added to those of others, and that
    configurations of others stay. What an earlier publication wrote and this one does not is taken
    away: each leaves a list of it in its begin mark. Text outside the marks stays where it is;
    a card without marks gets our part at its end.

    Args:
        matter: Plain values, in the order they are written in.
        body: Markdown, without marks.
        existing: The card that is there, or None.

    Raises:
        DataError: If the existing card cannot be taken apart safely.
    """
    old = read_card(existing or "")
    ours = _ours(matter)
    before = old.owned or Owned()
    values = {
        key: _united(key, old.values.get(key), value, before) for key, value in matter.items()
    }
    front = _front(old, values, before)
    text = f"{begin_mark(ours)}\n{body.strip()}\n{end_mark()}\n"
    return f"---\n{front}---\n{_lead(old)}{text}{old.after}"


def _ours(matter: Mapping[str, Any]) -> Owned:
    return Owned(
        keys=tuple(matter),
        language=tuple(matter.get("language", ())),
        tags=tuple(matter.get("tags", ())),
        configs=tuple(config["config_name"] for config in matter.get("configs", ())),
    )


def _front(old: Existing, values: Mapping[str, Any], before: Owned) -> str:
    """Return the front matter: keys that are there keep their place, new ones come last."""
    parts = [old.head and _closed(old.head)]
    for key, block in old.blocks:
        if key in values:
            parts.append(written({key: values[key]}) + _comments(block))
        elif key in before.keys or key in _OF_A_LICENSE:
            parts.append(_comments(block))
        else:
            parts.append(block)
    there = {key for key, _ in old.blocks}
    parts.append(written({key: value for key, value in values.items() if key not in there}))
    return "".join(parts)


def _lead(old: Existing) -> str:
    """Return the text before our part, with an empty line between both."""
    if old.owned is not None:
        return old.before
    text = old.before.strip("\n")
    return f"\n{text}\n\n" if text.strip() else "\n"


def _closed(head: str) -> str:
    return head if head.endswith("\n") else f"{head}\n"


def _comments(block: str) -> str:
    """Return the comments after a value, which speak of the next key."""
    lines = block.splitlines(keepends=True)
    kept: list[str] = []
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].startswith("#")):
        kept.insert(0, lines.pop())
    return "".join(kept)


def _united(key: str, there: Any, value: Any, before: Owned) -> Any:
    """Return our value with what others have beside it."""
    if key in _UNITED:
        taken_back = set(getattr(before, key)) - set(value)
        kept = [item for item in _list(key, there) if item not in taken_back]
        return [*kept, *(item for item in value if item not in kept)]
    if key in _BY_NAME:
        mine = {config["config_name"] for config in value} | set(before.configs)
        others = [
            _modest(config, value)
            for config in _list(key, there)
            if isinstance(config, dict) and config.get("config_name", "default") not in mine
        ]
        return [*value, *others]
    return value


def _modest(config: Mapping[str, Any], ours: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a configuration of others; only one can be the default, and ours says so."""
    if any(one.get("default") for one in ours):
        return {name: value for name, value in config.items() if name != "default"}
    return dict(config)


def _list(key: str, there: Any) -> list[Any]:
    if there is None:
        return []
    if isinstance(there, str) or (key == "dataset_info" and isinstance(there, dict)):
        return [there]
    if isinstance(there, list):
        return there
    raise DataError(
        f"The card that is there cannot be merged with: its {key} is not a list.",
        where=f"README.md of the published repository: {key}",
        fix="Repair that file on the hub, then publish again; nothing was sent.",
    )

"""A card that is there already: what of it is ours, what is other people's, and stays.

Other people's keys of the front matter are kept as the characters they are, comments included:
reading and writing them would turn ``no`` into ``false`` and lose their order.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from prefdata.core.errors import DataError
from prefdata.publishing.card.plain_yaml import written

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Existing", "Owned", "begin_mark", "end_mark", "read_card"]

_FENCED = re.compile(r"\s*---[ \t]*\n(?P<yaml>.*?)(?<=\n)---[ \t]*(?:\n|$)", flags=re.DOTALL)
_OPENED = re.compile(r"\s*---[ \t]*(\n|$)")
_BEGIN = re.compile(r"^<!-- prefdata:begin\b(?P<said>.*)-->[ \t]*$", flags=re.MULTILINE)
_END = re.compile(r"^<!-- prefdata:end -->[ \t]*$", flags=re.MULTILINE)
_DEEPEST = 50
# What pyyaml raises where it cannot make the value that a tag asks for, such as `!!int ''`.
_UNMADE = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
_SAID = " generated; what is changed before the end mark is overwritten, other text stays. Wrote: "


@dataclass(frozen=True, slots=True)
class Owned:
    """What an earlier publication wrote into the front matter, and a later one may take back."""

    keys: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Existing:
    """A card, taken apart."""

    head: str = ""
    """Comments before the first key."""
    blocks: tuple[tuple[str, str], ...] = ()
    """Each key of the front matter, and the characters of it and its value."""
    values: Mapping[str, Any] = field(default_factory=dict)
    before: str = ""
    """The text before our part, or all of it where there is none."""
    after: str = ""
    owned: Owned | None = None
    """None where the card holds no part of ours."""


class _Strict(yaml.SafeLoader):
    """Safe, and refuses a repeated key, which YAML forbids and pyyaml accepts."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature of pyyaml
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            name = (key.tag, str(key.value))
            if name in seen:
                problem = f"the key {key.value!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


def read_card(text: str) -> Existing:
    """Take a card apart; nothing in it is executed.

    Raises:
        DataError: If the front matter has no end, or is not a plain mapping of YAML, or if our
            marks are not one begin before one end.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    matter = ""
    body = lines
    if fenced := _FENCED.match(lines):
        matter, body = fenced["yaml"], lines[fenced.end() :]
    elif _OPENED.match(lines):
        raise _broken("the front matter begins with --- and has no second ---")
    head, blocks, values = _front(matter)
    before, after, owned = _parts(body)
    return Existing(head, blocks, values, before, after, owned)


def begin_mark(owned: Owned) -> str:
    """Return the line that our part begins with; it says what else of the card is ours."""
    listed = json.dumps(
        {
            "keys": owned.keys,
            "language": owned.language,
            "tags": owned.tags,
            "configs": owned.configs,
        }
    )
    # No string may end the comment that it stands in.
    return f"<!-- prefdata:begin{_SAID}{listed.replace('-', chr(92) + 'u002d')} -->"


def end_mark() -> str:
    """Return the line that our part ends with."""
    return "<!-- prefdata:end -->"


def _front(matter: str) -> tuple[str, tuple[tuple[str, str], ...], Mapping[str, Any]]:
    if not matter.strip():
        return matter, (), {}
    try:
        _refuse_bombs(matter)
        value = yaml.load(matter, Loader=_Strict)  # noqa: S506 - is safe
        node = yaml.compose(matter, Loader=_Strict)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise _broken(f"line {line}: {error.problem}") from error
    except (yaml.YAMLError, *_UNMADE) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _broken(reason) from error
    if value is None:
        return matter, (), {}
    if not isinstance(value, dict) or not isinstance(node, yaml.MappingNode):
        raise _broken("the front matter is not a mapping of keys to values")
    keys = [key for key, _ in node.value]
    if node.flow_style or any(key.start_mark.column for key in keys):
        # Keys that do not stand at the start of a line cannot be cut out: all is written anew.
        return "", tuple((str(key), written({key: item})) for key, item in value.items()), value
    starts = [key.start_mark.index for key in keys]
    ends = [*starts[1:], len(matter)]
    blocks = tuple(
        (str(key.value), _closed(matter[start:end]))
        for key, start, end in zip(keys, starts, ends, strict=True)
    )
    return matter[: starts[0]], blocks, value


def _refuse_bombs(matter: str) -> None:
    """Refuse what some lines of can stand for gigabytes or hours: references, and deep nesting."""
    depth = 0
    for event in yaml.parse(matter, Loader=_Strict):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            message = "references (*name) are not read; write the value out"
            raise ValueError(message)  # noqa: TRY004 - of the text, not of an argument
        if depth > _DEEPEST:
            message = f"values are nested more than {_DEEPEST} deep"
            raise ValueError(message)


def _closed(block: str) -> str:
    return block if block.endswith("\n") else f"{block}\n"


def _parts(body: str) -> tuple[str, str, Owned | None]:
    begins, ends = list(_BEGIN.finditer(body)), list(_END.finditer(body))
    if not begins and not ends:
        return body, "", None
    if len(begins) != 1 or len(ends) != 1 or begins[0].end() > ends[0].start():
        raise _broken(
            f"it has {len(begins)} marks of prefdata:begin and {len(ends)} of prefdata:end, "
            "where one of each belongs, in this order"
        )
    after = body[ends[0].end() :].removeprefix("\n")
    return body[: begins[0].start()], after, _owned(begins[0]["said"])


def _owned(said: str) -> Owned:
    """Return what a mark says; nothing, where somebody edited it."""
    try:
        listed = json.loads(said[said.index("{") :])
        return Owned(
            **{
                name: tuple(str(item) for item in listed[name])
                for name in ("keys", "language", "tags", "configs")
            }
        )
    except (ValueError, KeyError, TypeError):
        return Owned()


def _broken(problem: str) -> DataError:
    return DataError(
        f"The card that is there cannot be merged with: {problem}.",
        where="README.md of the published repository",
        fix="Repair or empty that file on the hub, then publish again; nothing was sent.",
    )

"""One raw row under a mapping: its prompt, responses, judgments and annotators."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.sources._generic.cells import Messages, from_cell, pack, shown, spell, text_of
from prefdata.sources._generic.mapping import DEMOGRAPHICS, OUTCOMES
from prefdata.tables.coerce import Misfit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.sources._generic.mapping import (
        Annotator,
        Choice,
        Judgment,
        Mapping,
        Rating,
        ResponseList,
    )

__all__ = ["MappedRow", "map_row"]


@dataclass(frozen=True, slots=True)
class MappedRow:
    """Columns of the canonical rows behind one raw row; ids are still native."""

    native_id: str | None
    prompt: dict[str, Any]
    responses: list[dict[str, Any]]
    judgments: list[dict[str, Any]]
    annotators: dict[str, dict[str, Any]]
    """Native id to the columns that the row fills."""


def map_row(row: dict[str, Any], mapping: Mapping) -> MappedRow:
    """Take one raw row apart.

    Raises:
        Misfit: If a mapped field is missing, of a wrong type, or has an unknown value.
    """
    cells: dict[str, Any] = {}
    messages: Messages = []
    if mapping.prompt is not None:
        if row.get(mapping.prompt) is None:
            raise _missing(mapping.prompt)
        messages, cells[mapping.prompt] = from_cell(
            row[mapping.prompt], "prompt", mapping.prompt, role="user"
        )
    responses = _responses(row, mapping, cells)
    native_id = _text(row, mapping.id)
    if mapping.id is not None and native_id is None:
        raise _missing(mapping.id)
    judgments: list[dict[str, Any]] = []
    annotators: dict[str, dict[str, Any]] = {}
    for judgment in mapping.judgments:
        for fields in _items(row, judgment):
            made = _judge(fields, judgment, responses)
            if made is not None:
                key, columns = _annotator(fields, judgment.annotator or mapping.annotator)
                annotators.setdefault(key, columns)
                judgments.append({**made, "annotator": key})
    prompt = {
        "messages": messages,
        "raw": pack({name: cell for name, cell in row.items() if name not in cells}, cells),
        **{
            name: _text(row, getattr(mapping, name))
            for name in ("system", "subset", "split", "language", "topic")
        },
    }
    shown_responses = [
        {name: item for name, item in response.items() if name != "item"} for response in responses
    ]
    return MappedRow(native_id, prompt, shown_responses, judgments, annotators)


def _missing(name: str) -> Misfit:
    return Misfit(name, "missing-field", f"the field {name!a} is missing or null")


def _text(fields: dict[str, Any], name: str | None) -> str | None:
    """Return a cell in the source's words; an empty cell of a CSV is none."""
    value = fields.get(name) if name is not None else None
    if isinstance(value, float) and math.isnan(value):
        return None
    text = None if value is None else text_of(value)
    if text is not None and not text.isascii():
        spell(text)
    return text or None


# --- responses --------------------------------------------------------------------------------


def _responses(
    row: dict[str, Any], mapping: Mapping, cells: dict[str, Any]
) -> list[dict[str, Any]]:
    if mapping.response_list is not None:
        return _listed_responses(row, mapping.response_list, cells)
    responses = []
    for name, response in (mapping.responses or {}).items():
        made = _response(row.get(response.text), name, response.text)
        cells[response.text] = made.pop("template")
        responses.append({**made, "model": _text(row, response.model), "item": None})
    return responses


def _response(cell: Any, name: str, field: str) -> dict[str, Any]:
    if cell is None:
        raise _missing(field)
    messages, template = from_cell(cell, name, field, role="assistant")
    if not messages:
        raise Misfit(field, "empty-messages", f"{field} is an empty list")
    return {"key": name, "messages": messages, "template": template}


def _listed_responses(
    row: dict[str, Any], where: ResponseList, cells: dict[str, Any]
) -> list[dict[str, Any]]:
    column = where.column
    values = row.get(column)
    if values is None:
        raise _missing(column)
    if not isinstance(values, list) or not values:
        raise Misfit(column, "wrong-type", f"{column} is {shown(values)}, expected a list")
    responses = []
    templates = []
    for number, value in enumerate(values):
        field = f"{column}[{number}]"
        if where.text is None:
            made = _response(value, str(number), field)
            templates.append(made.pop("template"))
        else:
            if not isinstance(value, dict):
                raise Misfit(column, "wrong-type", f"{field} is {shown(value)}, expected an object")
            made = _response(value.get(where.text), str(number), f"{field}.{where.text}")
            rest = {name: item for name, item in value.items() if name != where.text}
            templates.append(["object", rest, {where.text: made.pop("template")}])
        item = value if isinstance(value, dict) else None
        responses.append({**made, "model": _text(item or {}, where.model), "item": item})
    cells[column] = ["list", templates]
    return responses


# --- judgments --------------------------------------------------------------------------------


def _items(row: dict[str, Any], judgment: Judgment) -> Iterator[dict[str, Any]]:
    """Yield the fields of each annotator's judgment: the row, overlaid with the item."""
    if judgment.each is None:
        yield row
        return
    if isinstance(judgment.each, str):
        for number, item in enumerate(_list(row, judgment.each) or []):
            if not isinstance(item, dict):
                reason = f"{judgment.each}[{number}] is {shown(item)}, expected an object"
                raise Misfit(judgment.each, "wrong-type", reason)
            yield {**row, **item}
        return
    lists = {name: _list(row, column) for name, column in judgment.each.items()}
    given = {name: items for name, items in lists.items() if items is not None}
    if len({len(items) for items in given.values()}) > 1:
        sizes = ", ".join(f"{judgment.each[name]} {len(items)}" for name, items in given.items())
        column = next(iter(judgment.each.values()))
        raise Misfit(column, "wrong-length", f"lists that run parallel have lengths {sizes}")
    absent = dict.fromkeys(lists.keys() - given.keys())
    for items in zip(*given.values(), strict=True):
        yield {**row, **absent, **dict(zip(given, items, strict=True))}


def _list(row: dict[str, Any], column: str) -> list[Any] | None:
    value = row.get(column)
    if value is not None and not isinstance(value, list):
        raise Misfit(column, "wrong-type", f"{column} is {shown(value)}, expected a list")
    return value


def _judge(
    fields: dict[str, Any], judgment: Judgment, responses: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the columns of one judgment; None where only ratings are asked and none is given."""
    n_responses = len(responses)
    made: dict[str, Any] = {"aspect": judgment.aspect, "protocol": judgment.protocol}
    if judgment.choice is not None:
        outcome, chosen, said = _choose(fields, judgment.choice, responses)
        made |= {"outcome": outcome, "chosen": chosen}
        made["raw_values"] = None if said is None else [said] * n_responses
        default = "pairwise" if n_responses == 2 else "best_of_k"  # noqa: PLR2004 - a pair
        made["protocol"] = judgment.protocol or default
    if judgment.rating is not None:
        cells = _rated(fields, judgment.rating, responses)
        raw_values = [text_of(cell) for cell in cells]
        if judgment.choice is None and not any(raw_values):
            return None
        if any(raw_values):
            made["scores"] = [_score(cell, judgment.rating) for cell in cells]
            made["raw_values"] = raw_values
            made |= {"scale_min": judgment.rating.min, "scale_max": judgment.rating.max}
        made["protocol"] = made["protocol"] or "rating"
    seconds = _number(fields.get(judgment.seconds)) if judgment.seconds else None
    return {
        **made,
        "strength": _text(fields, judgment.strength),
        "confidence": _text(fields, judgment.confidence),
        "comment": _text(fields, judgment.comment),
        "seconds": seconds if seconds is not None and seconds >= 0 else None,
    }


def _choose(
    fields: dict[str, Any], choice: Choice, responses: list[dict[str, Any]]
) -> tuple[str, list[bool] | None, str | None]:
    """Return the outcome, who is chosen, and the value as the source spells it."""
    cell = fields.get(choice.column)
    said = text_of(cell)
    values = choice.values or {}
    if said in values or (said is None and "null" in values):
        target = values["null" if said is None else said]
    elif not said:
        target = "not_given"
    elif choice.values is None and isinstance(cell, int | str) and _is_number(said):
        target = str(int(said) - choice.first)
    else:
        raise _unknown(choice.column, said)
    if target in OUTCOMES:
        nobody = None if target == "not_given" else [False] * len(responses)
        return target, nobody, said
    chosen = [response["key"] == target for response in responses]
    if not any(chosen):
        raise _unknown(choice.column, said)
    return "chosen", chosen, said


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10  # noqa: PLR2004 - no giants


def _unknown(column: str, said: str | None) -> Misfit:
    return Misfit(column, "unknown-value", f"{column} is {shown(said)}, which the mapping lacks")


def _rated(fields: dict[str, Any], rating: Rating, responses: list[dict[str, Any]]) -> list[Any]:
    if rating.columns is not None:
        return [fields.get(rating.columns[response["key"]]) for response in responses]
    if rating.field is not None:
        return [(response["item"] or {}).get(rating.field) for response in responses]
    column = rating.column or ""
    cells = _list(fields, column)
    if cells is None:
        return [None] * len(responses)
    if len(cells) != len(responses):
        reason = f"{column} has {len(cells)} items for {len(responses)} responses"
        raise Misfit(column, "wrong-length", reason)
    return cells


def _score(cell: Any, rating: Rating) -> float | None:
    score = _number(cell)
    if score is None:
        return None
    low = -math.inf if rating.min is None else rating.min
    high = math.inf if rating.max is None else rating.max
    if not low <= score <= high:
        reason = f"a rating is {score:g}, outside the scale from {rating.min} to {rating.max}"
        column = rating.column or rating.field or ", ".join((rating.columns or {}).values())
        raise Misfit(column, "off-scale", reason)
    return score


def _number(cell: Any) -> float | None:
    """Return a number; what is none stays in ``raw_values`` and ``raw`` alone."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    try:
        number = float(cell)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


# --- annotators -------------------------------------------------------------------------------


def _annotator(fields: dict[str, Any], where: Annotator) -> tuple[str, dict[str, Any]]:
    """Return the native id and the columns of who judged; nobody named is the group of all."""
    key = where.name or _text(fields, where.id)
    if key is None:
        kind = where.kind if where.id is None and where.kind in ("group", "rule") else "group"
        return "annotators", {"kind": kind}
    languages = fields.get(where.languages) if where.languages else None
    if isinstance(languages, str):
        languages = [languages] if languages else None
    columns: dict[str, Any] = {name: _text(fields, getattr(where, name)) for name in DEMOGRAPHICS}
    columns["kind"] = where.kind
    columns["languages"] = (
        [str(text_of(item)) for item in languages] if isinstance(languages, list) else None
    )
    model = _text(fields, where.model)
    columns["model"] = (model or key) if where.kind == "model" else model
    return key, columns

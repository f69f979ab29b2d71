"""One comparison of two texts with its annotations: from raw values to columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prefdata.sources._generic.cells import Messages, from_cell, pack, shown, spell
from prefdata.tables.coerce import Misfit

__all__ = ["KINDS", "Columns", "Memo", "Pair", "add_pair", "csv_pair", "document_pair"]

KINDS = {
    "human": "human",
    "unknown": "group",
    "principle": "rule",
    "non_preference_principle": "rule",
}
"""Types of annotators in the file, and the kind that stands here for each."""

_OUTCOMES = {
    None: "not_given",
    "not_applicable": "not_given",
    "invalid": "not_given",
    "both": "tie",
    "neither": "both_bad",
    "non_preference_annotation": "not_given",
}
_CHOICES = ("a", "b")
Memo = dict[tuple[str | None, ...], str | None]
"""JSON of an annotation, by its reason and its fields."""

_SIDES = {"text_a": "a", "text_b": "b"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A comparison, taken apart."""

    native_id: str | None
    prompt: Messages
    a: Messages
    b: Messages
    model_a: str | None
    model_b: str | None
    raw: str
    votes: list[tuple[str, str, str | None, str | None]]
    """Annotator, outcome (``a``, ``b`` or that of a judgment), value as spelled, and what else
    the annotation holds as JSON."""


@dataclass(slots=True)
class Columns:
    """Columns of prompts (two responses each) and of judgments, filled row by row."""

    row: list[int] = field(default_factory=list)
    prompt_id: list[str] = field(default_factory=list)
    prompt: list[Messages] = field(default_factory=list)
    a: list[Messages] = field(default_factory=list)
    b: list[Messages] = field(default_factory=list)
    model_a: list[str | None] = field(default_factory=list)
    model_b: list[str | None] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    vote_of: list[int] = field(default_factory=list)
    """Index of the pair that the vote is about."""
    annotator: list[str] = field(default_factory=list)
    outcome: list[str] = field(default_factory=list)
    spelled: list[str | None] = field(default_factory=list)
    vote_raw: list[str | None] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Rows of prompts and judgments."""
        return len(self.row) + len(self.vote_of)


def add_pair(columns: Columns, pair: Pair, *, row: int, prompt_id: str) -> None:
    """Append a comparison to the columns."""
    index = len(columns.row)
    columns.row.append(row)
    columns.prompt_id.append(prompt_id)
    columns.prompt.append(pair.prompt)
    columns.a.append(pair.a)
    columns.b.append(pair.b)
    columns.model_a.append(pair.model_a)
    columns.model_b.append(pair.model_b)
    columns.raw.append(pair.raw)
    for annotator, outcome, spelled, raw in pair.votes:
        columns.vote_of.append(index)
        columns.annotator.append(annotator)
        columns.outcome.append(outcome)
        columns.spelled.append(spelled)
        columns.vote_raw.append(raw)


def document_pair(
    value: Any, annotators: set[str], header: dict[str, Any] | None, spelled: Memo
) -> Pair:
    """Take apart one comparison of an AnnotatedPairs file.

    Args:
        value: The comparison.
        annotators: Ids that the head of the file defines.
        header: The head of the file, given with its first comparison only, so that it is kept.
        spelled: Memory of how annotations were written; the same few come again and again.

    Raises:
        Misfit: If it is not a comparison.
    """
    if not isinstance(value, dict):
        raise Misfit(None, "wrong-type", f"a comparison is an object, this is {shown(value)}")
    native_id = value.get("id")
    if isinstance(native_id, bool) or not isinstance(native_id, str | int) or native_id == "":
        raise Misfit("id", "missing-field", f"the id of the comparison is {shown(native_id)}")
    cells: dict[str, Any] = {}
    prompt: Messages = []
    if value.get("prompt") is not None:
        prompt, cells["prompt"] = from_cell(value["prompt"], "prompt", "prompt", role="user")
    a, cells["response_a"], model_a = _response(value, "a")
    b, cells["response_b"], model_b = _response(value, "b")
    rest = {name: item for name, item in value.items() if name not in cells}
    annotations = value.get("annotations")
    if annotations is not None and not isinstance(annotations, dict):
        reason = f"annotations is {shown(annotations)}, expected an object"
        raise Misfit("annotations", "wrong-type", reason)
    votes = [_vote(name, vote, annotators, spelled) for name, vote in (annotations or {}).items()]
    if annotations:
        rest["annotations"] = {}
    if header is not None:
        cells["file_header"] = ["value", header]
    return Pair(str(native_id), prompt, a, b, model_a, model_b, pack(rest, cells), votes)


def _response(value: dict[str, Any], side: str) -> tuple[Messages, list[Any], str | None]:
    name = f"response_{side}"
    response = value.get(name)
    if not isinstance(response, dict) or not isinstance(response.get("text"), str):
        rule = "missing-field" if response is None else "wrong-type"
        raise Misfit(name, rule, f"{name} is {shown(response)}, expected an object with text")
    messages, how = from_cell(response["text"], side, name, role="assistant")
    rest = {key: item for key, item in response.items() if key != "text"}
    model = response.get("model")
    return messages, ["object", rest, {"text": how}], model if isinstance(model, str) else None


def _vote(
    annotator: str, vote: Any, annotators: set[str], spelled: Memo
) -> tuple[str, str, str | None, str | None]:
    path = f"annotations.{annotator}"
    if annotator not in annotators:
        reason = f"the head of the file defines no annotator {annotator!a}"
        raise Misfit("annotations", "unknown-annotator", reason)
    if not isinstance(vote, dict):
        reason = f"{path} is {shown(vote)}, expected an object"
        raise Misfit("annotations", "wrong-type", reason)
    choice: Any = vote.get("pref")
    reason_given: Any = vote.get("no_pref_reason")
    is_choice = isinstance(choice, str) and choice in _CHOICES
    if choice is not None and not is_choice:
        reason = f"{path}.pref is {shown(choice)}, expected 'a', 'b' or null"
        raise Misfit("annotations", "unknown-value", reason)
    if not isinstance(reason_given, str | None) or reason_given not in _OUTCOMES:
        reason = f"{path}.no_pref_reason is {shown(reason_given)}"
        raise Misfit("annotations", "unknown-value", reason)
    rest = {key: item for key, item in vote.items() if not (is_choice and key == "pref")}
    raw = None
    if rest.keys() <= {"pref", "no_pref_reason"}:
        # Of 41 annotators nearly all say one of five things: each is written once.
        memo = (reason_given, *rest)
        if memo not in spelled:
            spelled[memo] = spell(rest) if rest else None
        raw = spelled[memo]
    else:
        raw = spell(rest)
    if is_choice:
        return annotator, choice, choice, raw
    return annotator, _OUTCOMES[reason_given], reason_given, raw


def csv_pair(row: dict[str, Any]) -> Pair:
    """Take apart one row of the table form: ``text_a``, ``text_b`` and what stands beside.

    Raises:
        Misfit: If a text is missing or the preference has an unknown value.
    """
    cells: dict[str, Any] = {}
    sides: list[Messages] = []
    for side in ("a", "b"):
        name = f"text_{side}"
        if not isinstance(row.get(name), str):
            raise Misfit(name, "missing-field", f"{name} is {shown(row.get(name))}, not a text")
        messages, cells[name] = from_cell(row[name], side, name, role="assistant")
        sides.append(messages)
    # The tool that writes these files reads `input` only; people also call it `prompt`.
    asked = next((name for name in ("input", "prompt") if row.get(name)), None)
    prompt: Messages = []
    if asked is not None:
        prompt, cells[asked] = from_cell(row[asked], "prompt", asked, role="user")
    votes: list[tuple[str, str, str | None, str | None]] = []
    if "preferred_text" in row:
        said = row["preferred_text"]
        if said not in (None, "", *_SIDES):
            reason = f"preferred_text is {shown(said)}, expected text_a or text_b"
            raise Misfit("preferred_text", "unknown-value", reason)
        votes.append(("annotators", _SIDES.get(said, "not_given"), said, None))
    rest = {name: item for name, item in row.items() if name not in cells}
    models = [row.get(name) or None for name in ("model_a", "model_b")]
    model_a, model_b = (model if isinstance(model, str) else None for model in models)
    return Pair(None, prompt, sides[0], sides[1], model_a, model_b, pack(rest, cells), votes)

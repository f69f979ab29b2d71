"""The shapes of TRL's rows, all brought into one frame; regular columns without a loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.sources._generic.cells import ROLES, as_came, from_cell, pack, shown, text_of
from prefdata.sources._generic.frames import frame_of_rows
from prefdata.tables.coerce import Misfit
from prefdata.tables.messages import MESSAGES, message, messages_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.sources._generic.cells import Messages
    from prefdata.sources._generic.rows import Stretch
    from prefdata.tables.raw import Reject

__all__ = ["SHAPED", "shape"]

SHAPED: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "form": pl.String(),  # explicit, implicit, implicit-string, unpaired
    "prompt": MESSAGES,
    "first": MESSAGES,  # chosen, or the completion
    "second": MESSAGES,  # rejected; null when unpaired
    "first_model": pl.String(),
    "second_model": pl.String(),
    "first_score": pl.Float64(),
    "second_score": pl.Float64(),
    "strength": pl.String(),
    "label": pl.Boolean(),
    "label_raw": pl.String(),
    "raw": pl.String(),
}
"""Columns of shaped rows."""

_OURS = set(ROLES.values())
_LABELS: dict[str | None, bool] = {"true": True, "True": True, "TRUE": True, "1": True}
_LABELS |= {"false": False, "False": False, "FALSE": False, "0": False}
_SCORES = ("score_chosen", "score_rejected")
_MODELS = ("chosen_model", "rejected_model")


def shape(stretch: Stretch) -> tuple[pl.DataFrame, list[Reject]]:
    """Bring the rows of a stretch into the columns of `SHAPED`, or reject them."""
    if stretch.frame is not None:
        regular = _regular(stretch.frame, stretch.first_row)
        if regular is not None:
            return regular, [*stretch.rejects]
        values: Sequence[tuple[int, dict[str, Any]]] = [
            (number, row)
            for number, row in enumerate(stretch.frame.iter_rows(named=True), stretch.first_row)
        ]
    else:
        values = stretch.values
    rows: list[dict[str, Any]] = []
    rejects = [*stretch.rejects]
    # A loop over rows: among these at least one has fields or types of its own.
    for number, value in values:
        try:
            rows.append({"row": number, **_shape_row(value)})
        except Misfit as misfit:
            rejects.append(misfit.reject(number, raw=as_came(value)))
    return frame_of_rows(rows, SHAPED), rejects


# --- regular columns --------------------------------------------------------------------------


def _regular(frame: pl.DataFrame, first_row: int) -> pl.DataFrame | None:
    """Shape columns that hold one shape throughout; None where some row needs a closer look."""
    cells = _regular_cells(frame)
    scores = [name for name in (*_SCORES, "margin") if name in frame.columns]
    models = [name for name in _MODELS if name in frame.columns]
    is_plain = all(frame.schema[name].is_numeric() for name in scores) and all(
        frame.schema[name] == pl.String for name in models
    )
    if cells is None or not is_plain:
        return None
    try:
        raw = _leftovers(frame.drop(list(cells)), cells)
    except Misfit:
        return None
    position = pl.int_range(first_row, first_row + frame.height, dtype=pl.Int64)
    if "completion" in cells:
        frame = frame.with_columns(**_parts(frame, cells)).with_columns(second=None)
        form = "unpaired"
    elif "prompt" in cells:
        frame = frame.with_columns(**_parts(frame, cells))
        form = "explicit"
    else:
        form = "implicit-string" if cells["chosen"][0] == "text" else "implicit"
        frame = _without_shared(frame.with_columns(**_parts(frame, cells)), form)
    is_paired = form != "unpaired"
    columns = {
        "row": position,
        "form": pl.lit(form),
        "first_model": _optional(frame, "chosen_model" if is_paired else None),
        "second_model": _optional(frame, "rejected_model" if is_paired else None),
        "first_score": _finite(frame, "score_chosen" if is_paired else None),
        "second_score": _finite(frame, "score_rejected" if is_paired else None),
        "strength": _strength(frame) if is_paired else pl.lit(None),
        "label": pl.lit(None) if is_paired else pl.col("label"),
        "label_raw": pl.lit(None) if is_paired else pl.col("label").cast(pl.String),
        "raw": raw,
    }
    return frame.with_columns(**columns).select(
        pl.col(name).cast(dtype) for name, dtype in SHAPED.items()
    )


def _regular_cells(frame: pl.DataFrame) -> dict[str, list[str]] | None:
    """Return the template of each text column; None if one is not regular."""
    names = frame.columns
    used: list[str]
    if "chosen" in names and "rejected" in names:
        used = [name for name in ("prompt", "chosen", "rejected") if name in names]
    elif {"prompt", "completion", "label"} <= set(names):
        used = ["prompt", "completion"]
        if frame.schema["label"] != pl.Boolean or frame["label"].null_count():
            return None
    else:
        return None
    kinds = {name: _kind(frame[name]) for name in used}
    if None in kinds.values():
        return None
    has_prompt = "prompt" in used
    if not has_prompt and kinds["chosen"] != kinds["rejected"]:
        return None
    # Lists of messages may restate the prompt; then each row tells for itself.
    has_lists = has_prompt and "messages" in {kinds[name] for name in used[1:]}
    if has_lists and (kinds["prompt"] == "text" or _restates(frame, used)):
        return None
    before = "prompt+" if kinds.get("chosen") == "messages" and not has_prompt else ""
    return {
        name: [str(kind), name if name == "prompt" else f"{before}{name}"]
        for name, kind in kinds.items()
    }


def _kind(column: pl.Series) -> str | None:
    """Return ``text`` or ``messages`` if every value is one of that kind with known roles."""
    if column.null_count():
        return None
    if column.dtype == pl.String:
        return "text"
    inner = column.dtype.inner if isinstance(column.dtype, pl.List) else None
    if not isinstance(inner, pl.Struct) or {f.name for f in inner.fields} != {"role", "content"}:
        return None
    if any(f.dtype != pl.String for f in inner.fields) or column.list.len().min() == 0:
        return None
    turns = column.explode().struct.unnest()
    is_whole = not turns["role"].null_count() and not turns["content"].null_count()
    return "messages" if is_whole and turns["role"].is_in(_OURS).all() else None


def _restates(frame: pl.DataFrame, used: Sequence[str]) -> bool:
    starts = pl.col("prompt").list.first().struct.field("content")
    same = [
        pl.col(name).list.first().struct.field("content") == starts
        for name in used[1:]
        if isinstance(frame.schema[name], pl.List)
    ]
    return bool(frame.select(pl.any_horizontal(same).any()).item())


def _parts(frame: pl.DataFrame, cells: dict[str, list[str]]) -> dict[str, pl.Expr]:
    """Return ``prompt``, ``first`` and ``second`` as messages, as far as the cells go."""
    roles = {"prompt": "user"}
    columns = {"prompt": "prompt", "completion": "first", "chosen": "first", "rejected": "second"}
    turn = pl.struct(pl.element().struct.field("role"), pl.element().struct.field("content"))
    return {
        columns[name]: messages_of(message(roles.get(name, "assistant"), name))
        if how[0] == "text"
        else pl.col(name).list.eval(turn).cast(MESSAGES)
        for name, how in cells.items()
    }


def _without_shared(frame: pl.DataFrame, form: str) -> pl.DataFrame:
    """Move the messages that both conversations begin with to the prompt."""
    if form == "implicit-string":
        return frame.with_columns(prompt=pl.lit([], MESSAGES))
    shorter = pl.min_horizontal(pl.col("first").list.len(), pl.col("second").list.len())
    limit = frame.select(shorter.max()).item() - 1
    same = pl.lit(value=True)
    shared = pl.lit(0, pl.UInt32)
    for turn in range(limit):
        first = pl.col("first").list.get(turn, null_on_oob=True)
        second = pl.col("second").list.get(turn, null_on_oob=True)
        same = same & (first == second).fill_null(value=False) & (shorter - 1 > turn)
        shared = shared + same.cast(pl.UInt32)
    return frame.with_columns(_shared=shared).with_columns(
        prompt=pl.col("first").list.head(pl.col("_shared")),
        first=pl.col("first").list.slice(pl.col("_shared")),
        second=pl.col("second").list.slice(pl.col("_shared")),
    )


def _leftovers(frame: pl.DataFrame, cells: dict[str, list[str]]) -> pl.Series:
    if not frame.width:
        return pl.repeat(pack({}, cells), frame.height, dtype=pl.String, eager=True)
    # A loop over rows: ids hang on one spelling of JSON, whichever reader a row came through.
    return pl.Series([pack(row, cells) for row in frame.iter_rows(named=True)], dtype=pl.String)


def _optional(frame: pl.DataFrame, name: str | None) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None)


def _finite(frame: pl.DataFrame, name: str | None) -> pl.Expr:
    if name is None or name not in frame.columns:
        return pl.lit(None)
    number = pl.col(name).cast(pl.Float64)
    return pl.when(number.is_finite()).then(number)


def _strength(frame: pl.DataFrame) -> pl.Expr | pl.Series:
    if "margin" not in frame.columns:
        return pl.lit(None)
    return pl.Series([text_of(value) for value in frame["margin"]], dtype=pl.String)


# --- row by row -------------------------------------------------------------------------------


def _shape_row(row: dict[str, Any]) -> dict[str, Any]:
    """Shape one row.

    Raises:
        Misfit: If it is not a preference in a shape of TRL.
    """
    if row.get("chosen") is not None and row.get("rejected") is not None:
        return _paired(row)
    if row.get("completion") is not None and "label" in row:
        return _unpaired(row)
    if "completions" in row and "labels" in row:
        reason = "stepwise rows (completions, labels) are not supported: they are no preferences"
        raise Misfit("completions", "stepwise", reason)
    absent = "rejected" if row.get("chosen") is not None else "chosen"
    known = shown(sorted(row)[:12])
    raise Misfit(
        absent, "missing-field", f"the field {absent!r} is missing or null; it has: {known}"
    )


def _paired(row: dict[str, Any]) -> dict[str, Any]:
    first, first_how = from_cell(row["chosen"], "chosen", "chosen", role="assistant")
    second, second_how = from_cell(row["rejected"], "rejected", "rejected", role="assistant")
    for name, messages in (("chosen", first), ("rejected", second)):
        if not messages:
            raise Misfit(name, "empty-messages", f"{name} is an empty list")
    cells: dict[str, Any] = {"chosen": first_how, "rejected": second_how}
    prompt: Messages = []
    lists = isinstance(row["chosen"], list) and isinstance(row["rejected"], list)
    has_prompt = row.get("prompt") is not None
    if has_prompt:
        prompt, cells["prompt"] = from_cell(row["prompt"], "prompt", "prompt", role="user")
    elif not lists and not (isinstance(row["chosen"], str) and isinstance(row["rejected"], str)):
        reason = "without a prompt, chosen and rejected are both strings or both lists"
        raise Misfit("rejected", "wrong-type", reason)
    n_shared = _n_shared(first, second) if lists else 0
    if has_prompt and isinstance(row["prompt"], list):
        is_restated = bool(prompt) and n_shared >= len(prompt) and first[: len(prompt)] == prompt
        n_shared = len(prompt) if is_restated else 0
    elif has_prompt and n_shared:
        _keep_prompt(row, cells, first[n_shared - 1])
        prompt = first[:n_shared]
    else:
        prompt = prompt or first[:n_shared]
    if n_shared or (lists and not has_prompt):
        cells["chosen"][1], cells["rejected"][1] = "prompt+chosen", "prompt+rejected"
    form = "explicit" if has_prompt else "implicit" if lists else "implicit-string"
    return {
        "form": form,
        "prompt": prompt,
        "first": first[n_shared:],
        "second": second[n_shared:],
        "first_model": _model(row.get("chosen_model")),
        "second_model": _model(row.get("rejected_model")),
        "first_score": _number(row.get("score_chosen")),
        "second_score": _number(row.get("score_rejected")),
        "strength": text_of(row.get("margin")),
        "raw": _raw(row, cells),
    }


def _keep_prompt(row: dict[str, Any], cells: dict[str, Any], last: dict[str, str]) -> None:
    """Say where a prompt that both conversations restate is found again."""
    is_same = row["prompt"] == last["content"]
    cells["prompt"] = ["text", "prompt"] if is_same else ["value", row["prompt"]]


def _n_shared(first: Messages, second: Messages) -> int:
    """Return how many messages both begin with; each keeps at least one of its own."""
    limit = min(len(first), len(second)) - 1
    for n_shared in range(limit):
        if first[n_shared] != second[n_shared]:
            return n_shared
    return limit


def _unpaired(row: dict[str, Any]) -> dict[str, Any]:
    if row.get("prompt") is None:
        raise Misfit("prompt", "missing-field", "the field 'prompt' is missing or null")
    prompt, prompt_how = from_cell(row["prompt"], "prompt", "prompt", role="user")
    first, how = from_cell(row["completion"], "completion", "completion", role="assistant")
    if not first:
        raise Misfit("completion", "empty-messages", "completion is an empty list")
    label = row["label"]
    if label is None:
        raise Misfit("label", "missing-field", "the field 'label' is missing or null")
    said = text_of(label) if isinstance(label, bool | int | str) else None
    if said not in _LABELS:
        raise Misfit("label", "unknown-value", f"label is {shown(label)}, expected true or false")
    return {
        "form": "unpaired",
        "prompt": prompt,
        "first": first,
        "label": _LABELS[said],
        "label_raw": said,
        "raw": _raw(row, {"prompt": prompt_how, "completion": how}),
    }


def _raw(row: dict[str, Any], cells: dict[str, Any]) -> str:
    return pack({name: value for name, value in row.items() if name not in cells}, cells)


def _model(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    """Return a score as a number; what is none stays in ``raw`` alone."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None

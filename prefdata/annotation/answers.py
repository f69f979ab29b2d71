"""What came back from annotation tools, held against what was handed off.

Every answer of every file is either kept or has the rule that it broke:

- `unreadable`: the tool's reader found no answer in it.
- `foreign`: its comparison was never handed off under its plan.
- `order-mismatch`: it says that the responses were shown in another order than they were handed
  off in, so nobody knows which one is meant.
- `unknown-response`: the catalog no longer holds one of the responses.
- `duplicate`: the same answer stands in another file or row too.
- `draft`, `skipped`: no answer was given (yet).
- `superseded`: the same annotator said something else later. What is newest counts, a withdrawal
  too: an answer that is a draft again, or skipped now, is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.annotation.tasks import FOLDER, is_tasks_file, read_tasks
from prefdata.annotation.told import Told, is_told_file, read_told, told_name
from prefdata.core.errors import UserError
from prefdata.core.fingerprint import digest
from prefdata.protocols.handoffs import ANSWERS
from prefdata.registry import names, plugin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prefdata.protocols.handoffs import Handoff

__all__ = ["RULES", "classify", "masked", "read_folder", "recognise", "spelt"]

RULES = {
    "unreadable": (None, "No answer could be read"),
    "foreign": ("comparison_id", "This comparison was not handed off under this plan"),
    "order-mismatch": ("is_swapped", "The order shown is not the one that was handed off"),
    "unknown-response": ("response_ids", "The catalog no longer holds one of the responses"),
    "duplicate": ("answer_id", "The same answer is there already"),
    "draft": ("status", "The annotator has not submitted it"),
    "skipped": ("status", "The annotator skipped it"),
    "superseded": ("version", "The same annotator said something else of it later"),
}
"""Field at fault and sentence of each rule under which an answer is no judgment."""

_NAMED = re.compile(r"^(?P<tool>[a-z0-9-]+)-[0-9a-f]{16}\.")
_MAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_TEXTS = ("annotator", "answer_id", "comment", "detail", "raw", "raw_value")
_MAIL_DIGITS = 16
_OF_TASK = (
    "batch",
    "aspect",
    "source",
    "prompt_id",
    "response_a_id",
    "response_b_id",
    "arm",
)
_PLACE = ("file", "row", "answer_id", "version", "annotator", "raw")
_CONTENT = (
    "raw",
    "answer_id",
    "status",
    "choice",
    "plan_id",
    "is_swapped",
    "comment",
    "confidence",
    "seconds",
)
_MOST = 2
"""The furthest choice from a tie."""


def masked(text: str) -> str:
    """Replace e-mail addresses by digests: they tell people apart, and name nobody.

    >>> masked("Ann.Lee@example.org") == masked("ann.lee@example.org")
    True
    """
    return _MAIL.sub(lambda found: f"mail-{digest(found[0].lower())[:_MAIL_DIGITS]}", text)


def recognise(path: Path, name: str | None = None) -> str | None:
    """Return the tool whose answers a file holds, or None if it is nobody's.

    Args:
        path: The file.
        name: Its name, where that is not the last part of the path; of files that
            `prefdata annotate import` copied it begins with the tool.

    Raises:
        UserError: If it looks like the answers of several tools.
    """
    known = names("handoff")
    found = _NAMED.match(name or path.name)
    if found and found["tool"] in known:
        return found["tool"]
    tools = [tool for tool in known if plugin("handoff", tool).is_answered(path)]
    if len(tools) > 1:
        raise UserError(
            f"The file may be answers of {' or '.join(tools)}.",
            where=str(path),
            fix=f"Name the tool: prefdata annotate import --as {tools[0]}",
        )
    return tools[0] if tools else None


def spelt(name: str) -> str:
    """Return the name of an annotator as it is compared: without address, case and more spaces."""
    return masked(" ".join(name.split()).lower())


def read_folder(
    files: Mapping[str, Path], settings: Mapping[str, Any], *, tool: str | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Read what lies in the workspace folder of hand-offs.

    Args:
        files: Its files, as ``<folder>/<file>``; others are left alone.
        settings: Parameters for reading, by name of the tool; what was told with a file
            (`prefdata.annotation.told`) adds to these.
        tool: The tool that all files of answers are of; None to recognise each.

    Returns:
        The tasks (columns of `TASKS`); the answers (columns of `ANSWERS`, ``tool``, and
        ``is_expert``, as far as that was told with files of the tool), in an order that the files'
        content decides; and the names of files that are neither.

    Raises:
        UserError: If a file may be of several tools.
    """
    here = sorted((name, path) for name, path in files.items() if name.startswith(f"{FOLDER}/"))
    tasks = read_tasks(path for name, path in here if is_tasks_file(name))
    told = {name: read_told(path) for name, path in here if is_told_file(name)}
    experts: dict[str, set[str]] = {}
    frames = [pl.DataFrame(schema={**ANSWERS, "tool": pl.String()})]
    strangers: list[str] = []
    # One by one: a file's name in the tables is the one it has in the workspace.
    for name, path in here:
        if is_tasks_file(name) or is_told_file(name):
            continue
        found = tool or recognise(path, name.rpartition("/")[2])
        if found is None:
            strangers.append(name)
            continue
        handoff: Handoff = plugin("handoff", found)
        with_it = told.get(told_name(name), Told())
        experts.setdefault(found, set()).update(map(spelt, with_it.experts))
        params = handoff.params.model_validate({**settings.get(found, {}), **with_it.params})
        answers = handoff.read([path], params).select(
            pl.col(column).cast(dtype) for column, dtype in ANSWERS.items()
        )
        frames.append(answers.with_columns(file=pl.lit(name), tool=pl.lit(found)))
    known = pl.DataFrame(
        [(name, who, True) for name, of_tool in experts.items() for who in sorted(of_tool)],
        schema={"tool": pl.String, "who": pl.String, "is_expert": pl.Boolean},
        orient="row",
    )
    rows = _without_mails(pl.concat(frames)).with_columns(
        who=pl.col("annotator").str.to_lowercase()
    )
    said = rows.join(known, on=["tool", "who"], how="left", maintain_order="left").drop("who")
    return tasks, said.with_columns(pl.col("is_expert").fill_null(value=False)), strangers


def _without_mails(answers: pl.DataFrame) -> pl.DataFrame:
    """Mask e-mail addresses wherever tools may have put them."""
    has_mail = pl.any_horizontal(pl.col(name).str.contains("@", literal=True) for name in _TEXTS)
    if not answers.select(has_mail.any()).item():
        return answers
    return answers.with_columns(
        pl.col(name).map_elements(masked, return_dtype=pl.String) for name in _TEXTS
    )


def classify(
    answers: pl.DataFrame, tasks: pl.DataFrame, responses: pl.DataFrame | None, *, step: str
) -> pl.DataFrame:
    """Say of each answer whether it counts, and if not, why.

    Answers without a plan are taken to be of the only plan that handed their comparison off; the
    order shown, where a tool does not tell it, is the one handed off.

    Args:
        answers: Columns of `ANSWERS`, and ``tool``.
        tasks: Columns of `TASKS`.
        responses: ``response_id`` and ``prompt_id`` of what the catalog holds; None not to look.
        step: Name of the step, for the ids of annotators.

    Returns:
        The answers, sorted by file and row, with what their tasks say (null without one),
        ``annotator_id``, ``is_named`` (whether the tool says who it was), and ``rule``: null for
        those that count.
    """
    rows = _with_tasks(answers, tasks)
    who = pl.col("annotator").fill_null("anonymous")
    rows = rows.with_columns(
        is_named=pl.col("annotator").is_not_null(),
        annotator_id=pl.concat_str("source", pl.lit(f":{step}/"), "tool", pl.lit("/"), who),
    )
    known = _known(rows, responses)
    has_choice = pl.col("choice").abs().le(_MOST).fill_null(value=False)
    is_submitted = pl.col("status") == "submitted"
    rule = (
        pl.when(pl.col("status").eq("unreadable") | (is_submitted & ~has_choice))
        .then(pl.lit("unreadable"))
        .when(pl.col("batch").is_null())
        .then(pl.lit("foreign"))
        .when("is_turned")
        .then(pl.lit("order-mismatch"))
        .when(~known)
        .then(pl.lit("unknown-response"))
    )
    return _newest(rows.with_columns(rule=rule)).drop("is_turned")


def _with_tasks(answers: pl.DataFrame, tasks: pl.DataFrame) -> pl.DataFrame:
    """Join answers with their tasks; ``is_turned`` where they disagree on the order shown."""
    only = (
        tasks.group_by("comparison_id")
        .agg(only=pl.col("plan_id").unique(maintain_order=False))
        .with_columns(only=pl.when(pl.col("only").list.len() == 1).then(pl.col("only").list[0]))
    )
    said = tasks.select("comparison_id", "plan_id", *_OF_TASK, handed="is_swapped")
    return (
        answers.join(only, on="comparison_id", how="left")
        .with_columns(plan_id=pl.coalesce("plan_id", "only"))
        .join(said, on=["comparison_id", "plan_id"], how="left")
        .with_columns(
            is_turned=pl.col("is_swapped").ne_missing(pl.col("handed"))
            & pl.col("is_swapped").is_not_null(),
            is_swapped=pl.coalesce("handed", "is_swapped"),
        )
        .drop("only", "handed")
        # Several answers may stand in one row: several people on one task.
        .sort(*_PLACE, nulls_last=True, maintain_order=True)
    )


def _known(rows: pl.DataFrame, responses: pl.DataFrame | None) -> pl.Series:
    """Tell of each row whether the catalog holds both responses, to that prompt."""
    if responses is None:
        return pl.repeat(value=True, n=rows.height, dtype=pl.Boolean, eager=True)
    pairs = responses.unique(["response_id", "prompt_id"]).with_columns(is_known=True)
    found = [
        rows.select(response_id=side, prompt_id="prompt_id")
        .join(pairs, on=["response_id", "prompt_id"], how="left", maintain_order="left")["is_known"]
        .fill_null(value=False)
        for side in ("response_a_id", "response_b_id")
    ]
    return found[0] & found[1]


def _newest(rows: pl.DataFrame) -> pl.DataFrame:
    """Let one answer count for each annotator and comparison, the newest one."""
    numbered = rows.with_row_index("place")
    sound = numbered.filter(pl.col("rule").is_null())
    # Who is not named may be several people: each of their answers stands alone.
    person = (
        pl.when("is_named").then("annotator").otherwise(pl.concat_str(pl.lit("\n"), "answer_id"))
    )
    sound = sound.with_columns(
        person=person, number=pl.col("version").cast(pl.Float64, strict=False)
    )
    whose = ["tool", "person", "comparison_id"]
    same = [*whose, "plan_id", "answer_id", "version", "status", "choice"]
    # What contradicts itself in one version is decided by what it says, not by its place in files.
    newest_first = ["number", "version", "answered_at", *_CONTENT]
    down = [True] * len(newest_first)
    ordered = sound.sort(*newest_first, "place", descending=[*down, False], nulls_last=True)
    first = ordered.unique(same, keep="first", maintain_order=True)
    newest = first.unique(whose, keep="first", maintain_order=True)["place"]
    is_first, is_newest = (pl.col("place").is_in(p.implode()) for p in (first["place"], newest))
    status = pl.col("status").cast(pl.String)
    late = (
        pl.when(~is_first)
        .then(pl.lit("duplicate"))
        .when(status != "submitted")
        .then(status)
        .when(~is_newest)
        .then(pl.lit("superseded"))
    )
    found = sound.select("place", late=late)
    return (
        numbered.join(found, on="place", how="left")
        .sort("place")
        .with_columns(rule=pl.coalesce("rule", "late"))
        .drop("place", "late")
    )

"""Judgments of people, from the files of annotation tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import Field, field_validator

from prefdata.annotation.answers import classify, masked, read_folder
from prefdata.annotation.tasks import FOLDER
from prefdata.protocols import Context, Outside, Params, StageResult, stage
from prefdata.stages._import_labels.rows import (
    annotator_rows,
    judgment_rows,
    reject_rows,
    with_sources,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ImportLabels", "import_labels"]


class ImportLabels(Params):
    """Parameters of `import-labels`."""

    tool: str | None = Field(
        default=None,
        description="The tool that all files of answers are of; each file is recognised when null.",
    )
    experts: tuple[str, ...] = Field(
        default=(),
        description="Annotators, by the names that their tool gives them, who get the pool "
        "`expert`; besides those that were named when files were imported.",
    )
    settings: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Parameters of tools for reading, by name of the tool; what was told when a "
        "file was imported adds to them.",
    )

    @field_validator("experts")
    @classmethod
    def _no_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse e-mail addresses: parameters are kept in the lineage, and addresses nowhere."""
        for name in value:
            if masked(name) != name:
                # The address itself is not repeated: messages end in logs.
                message = f"e-mail addresses are kept nowhere; write {masked(name)} for it"
                raise ValueError(message)
        return value

    def outside(self) -> Outside:
        """Name the folder of tasks and answers."""
        return Outside(folders=(FOLDER,))


@stage(
    version=1,
    reads=("responses",),
    writes=("judgments", "annotators"),
    params=ImportLabels,
    scope="catalog",
)
def import_labels(
    tables: Mapping[str, pl.LazyFrame], params: ImportLabels, context: Context
) -> StageResult:
    """Make judgments of what people answered in annotation tools.

    The workspace folder ``handoffs`` holds the tasks that were handed off and files of answers;
    `prefdata annotate export` and `prefdata annotate import` put them there. Answers are joined
    with their tasks by comparison and plan, and turned back where b was shown first. Each is a
    pairwise judgment: `response_ids` in the order shown, the outcome `chosen` or `tie`, the
    strength `much` or `slightly`. An annotator is ``<source>:<step>/<tool>/<annotator>``, of the
    kind `human`, or `group` where the tool does not say who it was; e-mail addresses are replaced
    by digests everywhere. Of what one annotator said of one comparison the newest counts.

    The ledger counts answers, also those that stand in several files. Rejects have one of these
    rules: `unreadable`, `foreign`, `order-mismatch`, `unknown-response`, `duplicate`, `draft`,
    `skipped`, `superseded`. A foreign answer is rejected under the source of its plan, of its
    file, or the first one; answers to tasks of sources that the recipe leaves out do not count.

    Raises:
        DataError: If the record of what was handed off is damaged.
        UserError: If a file may be of several tools.
    """
    tasks, answers, strangers = read_folder(context.files, params.settings, tool=params.tool)
    notes = [f"WARNING: no tool knows {name}; it was left alone" for name in strangers]
    if answers.is_empty() or not context.sources:
        return StageResult({}, 0, 0, notes=(*notes, "no answers: import files of answers first"))
    sides = pl.concat([tasks["response_a_id"], tasks["response_b_id"]]).unique().to_list()
    responses = (
        tables["responses"]
        .filter(pl.col("response_id").is_in(sides))
        .select("response_id", "prompt_id")
        .collect()
    )
    read = classify(answers, tasks, responses, step=context.step)
    read = with_sources(read, tasks, context.sources)
    kept = read.filter(pl.col("rule").is_null())
    rejects = reject_rows(read)
    return StageResult(
        tables={
            "judgments": judgment_rows(kept),
            "annotators": annotator_rows(kept, params.experts),
        },
        rows_in=read.height,
        rows_out=kept.height,
        rejects=rejects,
        notes=tuple(notes),
    )

"""The features files of HyPER: comparisons with a human and a GPT-4 label, and their features.

Miranda et al. (2024), *Hybrid Preferences*, arXiv:2410.19133, publish one file for each dataset
that they routed (MultiPref, HelpSteer2, HelpSteer2-Preference, AlpacaFarm, Chatbot Arena). A row
is a prompt, two responses, ``pref_human``, ``pref_gpt4``, nine numbers of the texts and eight tags
of the prompt; all that is no text stays in ``raw`` of the prompt, where `route-features` finds it.

The human label is of an anonymous group, whose votes were counted by the authors; the other one is
of the model. A label is ``a-is-clearly-better``, ``a-is-slightly-better``, ``a-is-better``,
``tie`` or the like for b, in any case; its words are the strength.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import Field

from prefdata.protocols import Context, RawFile, Source
from prefdata.sources._generic.cells import rebuild_rows
from prefdata.sources._generic.mapped_reader import MappedReader
from prefdata.sources._generic.mapping import Mapping
from prefdata.sources._generic.offer import GenericParams, select_files
from prefdata.sources._generic.rows import read_rows
from prefdata.tables.raw import drift

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.tables.bundle import Bundle

__all__ = ["HyperParams", "hyper"]

_IDS = ("id", "comparison_id", "prompt_hash")
_TEXTS = {
    "prompt": ("text", "prompt"),
    "a": ("response_a", "completion_a"),
    "b": ("response_b", "completion_b"),
}
_BETTER = ("is-clearly-better", "is-slightly-better", "is-better")


class HyperParams(GenericParams):
    """Parameters of `hyper`; the columns are found by HyPER's names unless they are named."""

    id_column: str | None = Field(
        default=None, description="Column of the id: id, comparison_id or prompt_hash by default."
    )
    prompt_column: str | None = Field(
        default=None, description="Column of the prompt: text or prompt by default."
    )
    response_a_column: str | None = Field(
        default=None, description="Column of response a: response_a or completion_a by default."
    )
    response_b_column: str | None = Field(
        default=None, description="Column of response b: response_b or completion_b by default."
    )
    model: str = Field(
        default="gpt-4-turbo-2024-04-09", description="The model behind `pref_gpt4`."
    )


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose JSON Lines and Parquet files, ordered by name."""
    return select_files(files, ("jsonl", "json", "parquet"), source="hyper")


def _read(files: Sequence[RawFile], params: HyperParams, context: Context) -> Iterator[Bundle]:
    """Yield the bundles of each file."""
    del context
    reader = MappedReader(params)
    for raw in files:
        yield from reader.read(raw, _mapping(_columns(raw), params, raw))


def _columns(raw: RawFile) -> set[str]:
    """Return the columns of the first stretch of a file."""
    stretch = next(read_rows(raw), None)
    if stretch is None:
        return set()
    if stretch.frame is not None:
        return set(stretch.frame.columns)
    return {name for _, row in stretch.values for name in row}


def _mapping(columns: set[str], params: HyperParams, raw: RawFile) -> Mapping:
    """Return which column is what.

    Raises:
        SourceDriftError: If a text is nowhere, or nobody's label is there.
    """
    given = {
        "prompt": params.prompt_column,
        "a": params.response_a_column,
        "b": params.response_b_column,
    }
    texts = {
        key: given[key] or next((name for name in names if name in columns), None)
        for key, names in _TEXTS.items()
    }
    for key, name in texts.items():
        if name is None or name not in columns:
            wanted = name or " or ".join(_TEXTS[key])
            raise drift(f"The file has no column {wanted}.", file=raw.name)
    judges = [name for name in ("pref_human", "pref_gpt4") if name in columns]
    if not judges:
        raise drift("The file has neither pref_human nor pref_gpt4.", file=raw.name)
    ids = params.id_column or next((name for name in _IDS if name in columns), None)
    sides = {
        side: {
            "text": texts[side],
            "model": f"model_{side}" if f"model_{side}" in columns else None,
        }
        for side in "ab"
    }
    return Mapping.model_validate(
        {
            "id": ids,
            "prompt": texts["prompt"],
            "subset": "source" if "source" in columns else None,
            "responses": sides,
            "judgments": [_judgment(name, params.model) for name in judges],
        }
    )


def _judgment(column: str, model: str) -> dict[str, Any]:
    values = {"tie": "tie", "": "not_given"}
    values |= {f"{side}-{words}": side for side in "ab" for words in _BETTER}
    spellings = {f(text): said for text, said in values.items() for f in (str, str.upper, _title)}
    who: dict[str, Any] = {"kind": "group"}
    if column == "pref_gpt4":
        who = {"kind": "model", "name": model}
    return {
        "choice": {"column": column, "values": spellings},
        "strength": column,
        "annotator": who,
    }


def _title(text: str) -> str:
    return text[:1].upper() + text[1:]


_ROW: dict[str, Any] = {
    "id": "c-1",
    "text": "Which of the two rivers is longer?",
    "response_a": "The first one.",
    "response_b": "The second, by far, as maps show.",
    "pref_human": "A-is-slightly-better",
    "pref_gpt4": "b-is-clearly-better",
    "model_a": "small",
    "model_b": "large",
    "source": "example/questions",
    "highest_level_degree": "Bachelor's degree",
    "bertscore": 0.71,
    "bertscore_length": 0.12,
    "cosine_sim": 0.44,
    "entity_sim": 1.0,
    "rouge": 0.25,
    "len_longer": 9,
    "len_shorter": 3,
    "prompt_len": 8,
    "token_len_diff": 6,
    "subject_of_expertise": ["Geography"],
    "expertise_level": "general public",
    "languages": ["English"],
    "open_endedness": "no",
    "safety_concern": "safe",
    "complexity_of_intents": "simple",
    "type_of_in_context_material": [],
    "format_constraints": [],
}
_ROWS = [
    _ROW,
    {**_ROW, "id": "c-2", "text": "Thanks!", "pref_human": "tie", "pref_gpt4": "a-is-better"},
    {**_ROW, "id": "c-3", "response_a": "Neither.", "pref_human": None, "pref_gpt4": "Tie"},
]

hyper = Source(
    name="hyper",
    version=1,
    select=_select,
    read=_read,
    rebuild=rebuild_rows,
    example={"example-features.jsonl": "".join(json.dumps(row) + "\n" for row in _ROWS).encode()},
    params=HyperParams,
    is_generic=True,
)

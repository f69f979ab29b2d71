"""PRISM: 1,500 people from many countries rate the answers of 21 models, with who they are.

Kirk et al. (2024), arXiv:2404.16019. Five files: ``survey`` gives annotators, ``conversations``
conversations, and ``utterances`` prompts, responses and judgments. The optional ``metadata`` and
``models`` complete rows of these and have none of their own.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.protocols import Context, NoParams, RawFile, Source
from prefdata.schema import conform, table_schema
from prefdata.sources._prism import conversations as prism_conversations
from prefdata.sources._prism import example as prism_example
from prefdata.sources._prism import metadata as prism_metadata
from prefdata.sources._prism import survey as prism_survey
from prefdata.sources._prism import utterances as prism_utterances
from prefdata.sources._prism.rows import SOURCE, Part
from prefdata.tables.bundle import Bundle
from prefdata.tables.raw import drift

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["prism"]

_REQUIRED = ("survey", "conversations", "utterances")
_OPTIONAL = ("metadata", "models")
_FILE = re.compile(
    rf"(?:^|/)(?P<kind>{'|'.join((*_REQUIRED, *_OPTIONAL))})\.jsonl?(\.(gz|zst|bz2|lz4))?$"
)


def _kind(name: str) -> str | None:
    found = _FILE.search(name)
    return found["kind"] if found else None


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose the files of the dataset, in the order in which they build on each other."""
    offered: dict[str, list[RawFile]] = {}
    for raw in files:
        if kind := _kind(raw.name):
            offered.setdefault(kind, []).append(raw)
    missing = [f"{kind}.jsonl" for kind in _REQUIRED if kind not in offered]
    if missing:
        given = ", ".join(raw.name for raw in files[:8]) or "nothing"
        raise drift(
            f"PRISM needs {', '.join(missing)} too; metadata.jsonl and models.jsonl are optional. "
            f"Given: {given}.",
            file=files[0].name if files else "(no files)",
        )
    for kind, several in offered.items():
        if len(several) > 1:
            names = ", ".join(raw.name for raw in several)
            raise drift(f"Several files are the {kind} of PRISM: {names}.", file=several[0].name)
    return [offered[kind][0] for kind in (*_REQUIRED, *_OPTIONAL) if kind in offered]


def _read(files: Sequence[RawFile], params: NoParams, context: Context) -> Iterator[Bundle]:
    """Yield one bundle per file. The files point at each other, so all are read first."""
    of = {_kind(raw.name): raw for raw in files}
    survey = prism_survey.read(of["survey"])
    conversations = prism_conversations.read(of["conversations"], survey.frame["user_id"])
    utterances = prism_utterances.read(of["utterances"], conversations.frame)
    known = prism_metadata.targets(survey.frame, conversations.frame, utterances.frame)
    metadata = prism_metadata.read(of["metadata"], known) if "metadata" in of else None
    models = prism_metadata.read_models(of["models"], utterances.frame) if "models" in of else None
    yield _survey_bundle(survey, metadata)
    asked = prism_utterances.interactions(utterances.frame)
    yield _conversations_bundle(conversations, utterances.frame, asked, metadata)
    yield _utterances_bundle(utterances, asked, metadata, models)
    if metadata is not None:
        yield _bundle(metadata, {}, prism_metadata.flags(metadata))
    if models is not None:
        yield _bundle(models, {}, [])


def _survey_bundle(survey: Part, metadata: Part | None) -> Bundle:
    frame = prism_metadata.attach(survey.frame, metadata, "annotators", "user_id")
    part = Part(survey.raw, frame, survey.rejects, survey.rows_in)
    return _bundle(part, {"annotators": prism_survey.annotators(part)}, [])


def _conversations_bundle(
    conversations: Part, utterances: pl.DataFrame, asked: pl.DataFrame, metadata: Part | None
) -> Bundle:
    turns = asked.group_by("conversation_id").agg(n_turns=pl.len())
    frame = prism_conversations.with_history_kept(conversations, utterances).join(
        turns, on="conversation_id", how="left", maintain_order="left"
    )
    frame = prism_metadata.attach(frame, metadata, "conversations", "conversation_id")
    tables = {"conversations": prism_conversations.conversations(conversations.raw, frame)}
    return _bundle(conversations, tables, prism_conversations.flags(frame))


def _utterances_bundle(
    utterances: Part, asked: pl.DataFrame, metadata: Part | None, models: Part | None
) -> Bundle:
    raw = utterances.raw
    said = prism_metadata.models_attach(utterances.frame, models)
    said = prism_metadata.attach(said, metadata, "responses", "utterance_id")
    flags = prism_utterances.flags(utterances.frame, asked)
    tables = {
        "prompts": prism_utterances.prompts(
            raw, prism_metadata.attach(asked, metadata, "prompts", "interaction_id")
        ),
        "responses": prism_utterances.responses(raw, said),
        "judgments": prism_utterances.judgments(raw, asked),
    }
    return _bundle(utterances, tables, flags)


def _bundle(
    part: Part, tables: Mapping[str, pl.DataFrame], flags: Sequence[pl.DataFrame]
) -> Bundle:
    found = pl.concat(flags) if flags else None
    made = dict(tables)
    if found is not None and found.height:
        made["flags"] = conform(found, table_schema("flags"))
    return Bundle(file=part.raw.name, rows_in=part.rows_in, tables=made, rejects=part.rejects)


def _rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the raw rows of all files."""
    rows: dict[str, list[tuple[int, dict[str, Any]]]] = {kind: [] for kind in _REQUIRED}
    rows |= {kind: [] for kind in _OPTIONAL}
    names = _names(tables)
    prefix = f"{SOURCE}:"

    for row in tables["annotators"].iter_rows(named=True):
        raw = _parsed(row["raw"])
        back = prism_survey.rebuild(row, raw)
        rows["survey"].append((row["row"], back))
        rows["metadata"] += prism_metadata.rebuild(raw, {"user_id": back["user_id"]})

    conversations = {
        row["conversation_id"]: {**row, "parsed": _parsed(row["raw"])}
        for row in tables["conversations"].iter_rows(named=True)
    }
    shared = {
        key: {**row["parsed"], "conversation_type": row["kind"]}
        for key, row in conversations.items()
    }
    utterances: dict[str, list[dict[str, Any]]] = {key: [] for key in conversations}
    for item in prism_utterances.rebuild(tables, shared):
        back, raw = item["fields"], item["raw"]
        rows["utterances"].append((item["row"], back))
        rows["metadata"] += prism_metadata.rebuild(raw, back)
        if model := prism_metadata.rebuild_model(raw):
            rows["models"].append(model)
        utterances[prefix + back["conversation_id"]].append({**back, "row": item["row"]})

    for key, row in conversations.items():
        back = prism_conversations.rebuild(row, row["parsed"], utterances[key])
        rows["conversations"].append((row["row"], back))
        rows["metadata"] += prism_metadata.rebuild(
            row["parsed"], {name: back[name] for name in ("user_id", "conversation_id")}
        )

    owners = {key: row["annotator_id"].removeprefix(prefix) for key, row in conversations.items()}
    asked = tables["prompts"].filter(pl.col("raw").is_not_null())
    for row in asked.iter_rows(named=True):
        ids = {
            "user_id": owners[row["conversation_id"]],
            "conversation_id": row["conversation_id"].removeprefix(prefix),
            "interaction_id": row["prompt_id"].removeprefix(prefix),
        }
        rows["metadata"] += prism_metadata.rebuild(_parsed(row["raw"]), ids)

    return {
        names[kind]: [back for _, back in sorted(found, key=lambda item: item[0])]
        for kind, found in rows.items()
        if found
    }


def _parsed(raw: str | None) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(raw) if raw else {}
    return parsed


def _names(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Name the files; the optional ones leave no row of their own and are named like the survey."""
    places = {"survey": "annotators", "conversations": "conversations", "utterances": "responses"}
    names = {
        kind: tables[table]["file"][0] if tables[table].height else f"{kind}.jsonl"
        for kind, table in places.items()
    }
    folder, slash, name = names["survey"].rpartition("/")
    return names | {kind: folder + slash + name.replace("survey", kind, 1) for kind in _OPTIONAL}


prism = Source(
    name=SOURCE,
    version=1,
    select=_select,
    read=_read,
    rebuild=_rebuild,
    example=prism_example.EXAMPLE,
)

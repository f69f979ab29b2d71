"""A small publication with everything that makes documents hard, for tests of what is beside data.

Two configurations, three sources (one without a home, a licence or a citation), a licence that was
accepted as unknown, counts of annotators with suppressed cells, a gate, and strings that would
break a table, a tag, YAML or the marks of the card.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.publishing.contents import rows_digest
from prefdata.publishing.facts import (
    AnnotatorFacts,
    ColumnFacts,
    ConfigFacts,
    DemographicTable,
    Facts,
    GeneratorFacts,
    Obligation,
    PrivacyFacts,
    SourceFacts,
    SplitFacts,
    StepFacts,
    Texts,
)
from prefdata.publishing.findings import Finding

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AWKWARD", "example_facts", "example_rows", "staged_example"]

AWKWARD = (
    'a | b\n---\n<script>alert(1)</script> `x` <!-- prefdata:end --> **y** "z": [q](w) \\| $1$'
)
"""A string as a dataset may give it."""

_MESSAGES = "list<struct<role: string, content: string>>"
_COLUMNS = (
    ColumnFacts("pair_id", "string", "Digest of rule, judgment, chosen and rejected."),
    ColumnFacts("prompt", _MESSAGES, "Turns before the responses."),
    ColumnFacts("chosen", _MESSAGES, "The preferred response."),
    ColumnFacts("rejected", _MESSAGES, "The response it was preferred over."),
    ColumnFacts("margin", "double", "Distance between the two; null | none where not given."),
    ColumnFacts("annotator_id", "string", "Pseudonym of who preferred it."),
    ColumnFacts("n_votes", "int32", ""),
)
_TURNS = [{"name": "role", "dtype": "string"}, {"name": "content", "dtype": "string"}]
_FEATURES: tuple[dict[str, object], ...] = (
    {"name": "pair_id", "dtype": "string"},
    {"name": "prompt", "list": _TURNS},
    {"name": "chosen", "list": _TURNS},
    {"name": "rejected", "list": _TURNS},
    {"name": "margin", "dtype": "float64"},
    {"name": "annotator_id", "dtype": "string"},
    {"name": "n_votes", "dtype": "int32"},
)
_TURN = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "pair_id": pl.String,
    "prompt": _TURN,
    "chosen": _TURN,
    "rejected": _TURN,
    "margin": pl.Float64,
    "annotator_id": pl.String,
    "n_votes": pl.Int32,
}
_SPLITS = (("commercial", "train", 2), ("commercial", "test", 1), ("research", "train", 1))
"""Configuration, split and number of shards."""


def example_rows(n: int, *, first: int = 0) -> pl.DataFrame:
    """Return rows with the columns of the example."""

    def turn(role: str, content: str) -> list[dict[str, str]]:
        return [{"role": role, "content": content}]

    return pl.DataFrame(
        [
            {
                "pair_id": f"{index:032x}",
                "prompt": turn("user", f"Wie spät, {index}?"),
                "chosen": turn("assistant", f"It is {index}."),
                "rejected": turn("assistant", "No."),
                "margin": None if index % 2 else index / 4,
                "annotator_id": f"{index % 3:024x}",
                "n_votes": 1 + index % 4,
            }
            for index in range(first, first + n)
        ],
        schema=_SCHEMA,
    )


def example_facts(**changes: Any) -> Facts:
    """Return facts whose numbers are all different, so that a test can tell them apart.

    Args:
        changes: Fields of `Facts` to replace.
    """
    facts = Facts(
        repo_id="example-lab/pairs",
        version="v1.2.0",
        license="CC-BY-NC-4.0 AND MIT",
        texts=_texts(),
        configs=_configs(),
        sources=_sources(),
        generators=_generators(),
        steps=_steps(),
        annotators=_annotators(),
        privacy=PrivacyFacts(
            has_pseudonyms=True,
            key_fingerprint="5f1d93c0",
            demographics=("age_group", "region"),
            k=17,
            n_annotators=2089,
            n_suppressed=1483,
            hits={"email": 3037, "phone": 3049},
            scrubbed={"email": 3061},
            n_removed=3067,
        ),
        obligations=_obligations(),
        findings=(
            Finding(
                "L010", "warn", "Terms of a provider hold.", "commercial: hh-rlhf", "Read them."
            ),
            Finding("P001", "warn", AWKWARD, "research", "Scrub."),
        ),
        accepted={"scrape": "The author said so by letter. " + AWKWARD},
        languages={"en": 9001, "no": 9011, "pt-BR": 9013, "und": 9029},
        tags=("safety",),
        recipe="publish",
        recipe_digest=hashlib.sha256(b"recipe").hexdigest(),
        seed=4242,
        versions={"prefdata": "0.1.0", "polars": "2.1.0"},
    )
    return dataclasses.replace(facts, **changes)


def staged_example(folder: Path, **changes: Any) -> Facts:
    """Write small Parquet files of the example into a folder, and return facts that fit them."""
    facts = example_facts(**changes)
    counted: dict[tuple[str, str], SplitFacts] = {}
    for number, (config, split, shards) in enumerate(_SPLITS):
        frames = [example_rows(3, first=10 * number + 3 * shard) for shard in range(shards)]
        names = _files(config, split, shards)
        for name, frame in zip(names, frames, strict=True):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(path)
        rows, digest = rows_digest(frames)
        size = sum((folder / name).stat().st_size for name in names)
        memory = sum(int(frame.estimated_size()) for frame in frames)
        counted[config, split] = SplitFacts(split, rows, size, memory, names, digest)
    configs = tuple(
        dataclasses.replace(
            config,
            splits=tuple(counted[config.name, split.name] for split in config.splits),
        )
        for config in facts.configs
    )
    return dataclasses.replace(facts, configs=configs)


def _files(config: str, split: str, shards: int) -> tuple[str, ...]:
    return tuple(f"{config}/{split}-{shard:05d}-of-{shards:05d}.parquet" for shard in range(shards))


def _texts() -> Texts:
    return Texts(
        title="Pairs: people & models <3",
        summary="Pairs of two responses, from **three** sources.",
        uses="Training and studying preference models.",
        out_of_scope="",
        biases="Most annotators live in two countries.",
        content_warning="Some prompts are offensive.",
        contact="The discussions of the repository.",
        removal="Write to the contact; pairs are removed within 30 days.",
        changelog=("v1.2.0: " + AWKWARD, "v1.1.0: one more source."),
        authors=("Doe, Jane", "Example Lab"),
        homepage="https://example.org/pairs",
        gate_prompt="You agree:\n---\n- not to identify anybody: never",
        gate_fields={"Name": "text", "I agree": "checkbox"},
    )


def _configs() -> tuple[ConfigFacts, ...]:
    splits = {
        config: tuple(
            SplitFacts(
                name=split,
                rows=1009 + 1000 * index,
                size=50_021 + 1000 * index,
                memory=70_001 + 1000 * index,
                files=_files(config, split, shards),
                digest=hashlib.sha256(f"{config}/{split}".encode()).hexdigest(),
            )
            for index, (name, split, shards) in enumerate(_SPLITS)
            if name == config
        )
        for config in ("commercial", "research")
    }
    return (
        ConfigFacts(
            name="commercial",
            exporter="published-pairs",
            is_default=True,
            columns=_COLUMNS,
            splits=splits["commercial"],
            features=_FEATURES,
            aspects={"overall": 5003, "helpfulness": 5009},
            rules={"choice": 5011, "ratings": 5021},
            units={"points of 1-100": 5023, "none": 5039},
            left_out={"tie": 5051, "empty answer | chosen": 5059},
            loses=("rationales | of any kind",),
            leaves_out=("subset",),
        ),
        ConfigFacts(
            name="research",
            exporter="published-pairs",
            is_default=False,
            columns=_COLUMNS,
            splits=splits["research"],
            features=_FEATURES,
            aspects={"overall": 5077},
            rules={"choice": 5081},
            units={"none": 5087},
            left_out={},
            loses=("rationales | of any kind",),
            leaves_out=("subset",),
        ),
    )


def _sources() -> tuple[SourceFacts, ...]:
    return (
        SourceFacts(
            name="hh-rlhf",
            title="HH-RLHF",
            homepage="https://huggingface.co/datasets/Anthropic/hh-rlhf",
            repo="Anthropic/hh-rlhf",
            revision="09be8c5bbc57cb3887f3a9732ad6aa7ec602a1fa",
            n_rows={"prompts": 6007, "responses": 6011, "judgments": 6029},
            n_rejected=6037,
            n_pairs=6043,
            n_published={"commercial": 6047, "research": 6053},
            licenses={"prompt": "MIT", "response": "MIT", "annotation": "MIT"},
            terms=("Not for supervised fine-tuning of dialogue agents.",),
            citation=(
                "@article{bai2022training,\n  title = {Training a Helpful Assistant},\n"
                "  author = {Bai, Yuntao and others},\n  year = {2022},\n"
                "  eprint = {2204.05862},\n  archivePrefix = {arXiv}\n}\n"
            ),
            doi=None,
            annotators="Crowd workers who wrote one side of the conversation.",
            known_issues=("Some prompts occur twice.", AWKWARD),
            files={"harmless-base/test.jsonl.gz": hashlib.sha256(b"hh").hexdigest()},
        ),
        SourceFacts(
            name="prism",
            title="PRISM",
            homepage="https://huggingface.co/datasets/HannahRoseKirk/prism-alignment",
            repo="HannahRoseKirk/prism-alignment",
            revision=None,
            n_rows={"prompts": 6067},
            n_rejected=0,
            n_pairs=6073,
            n_published={"research": 6079},
            licenses={
                "prompt": "CC-BY-4.0",
                "response": "CC-BY-NC-4.0",
                "annotation": "CC-BY-4.0",
            },
            terms=("Nobody may try to identify a participant.",),
            citation='@article{kirk2024prism, title = "PRISM", author = {R{\\"o}ttger, Paul}}',
            doi="10.57967/hf/2113",
            annotators="Participants of 75 countries.",
            known_issues=(),
        ),
        SourceFacts(
            name="scrape",
            title="A scrape " + AWKWARD,
            homepage=None,
            repo=None,
            revision=None,
            n_rows={},
            n_rejected=6089,
            n_pairs=6091,
            n_published={"commercial": 6101},
            licenses={
                "prompt": "NOASSERTION",
                "response": "NOASSERTION",
                "annotation": "NOASSERTION",
            },
            terms=(),
            citation=None,
            doi=None,
            annotators=None,
            known_issues=(),
        ),
    )


def _generators() -> tuple[GeneratorFacts, ...]:
    return (
        GeneratorFacts("gpt-4", "response", 7001, "OpenAI", "openai"),
        GeneratorFacts("gpt-4", "annotation", 7013, "OpenAI", "openai"),
        GeneratorFacts("a_model_of_nobody|7b", "response", 7019, None, None),
    )


def _steps() -> tuple[StepFacts, ...]:
    return (
        StepFacts(
            step="pairs",
            stage="make-pairs",
            version=3,
            source="hh-rlhf",
            params='{"rules": ["choice"], "file": "/home/jane/secret/evaluation.jsonl"}',
            rows_in=8009,
            rows_out=8011,
            rows_rejected=8017,
            reasons={"identical responses": 8039, "no winner | tie": 8053},
            seed=None,
            fingerprint="a" * 64,
        ),
        StepFacts(
            step="clean",
            stage="decontaminate",
            version=1,
            source="prism",
            params='{"against": [{"name": "arena-hard", "files": ["~/data/arena.jsonl"]}]}',
            rows_in=8059,
            rows_out=8069,
            rows_rejected=0,
            reasons={},
            seed=8081,
            fingerprint="b" * 64,
        ),
    )


def _annotators() -> tuple[AnnotatorFacts, ...]:
    ages = DemographicTable(
        "prism", "age_group", (("18-24", 2003), ("25-34", 2011), ("65+", None), ("", None))
    )
    return (
        AnnotatorFacts("hh-rlhf", "group", 1, 2017, 1.0, None),
        AnnotatorFacts("prism", "human", 2027, 2029, 2.251, 0.4127, (ages,)),
        AnnotatorFacts("scrape", "model", 3, 2039, None, None),
    )


def _obligations() -> tuple[Obligation, ...]:
    return (
        Obligation("Attribution: PRISM", "Name the authors and link the source.", ("prism",)),
        Obligation("OpenAI terms", "Not for models that compete with OpenAI.", ("gpt-4",)),
        Obligation("No endorsement " + AWKWARD, "Nobody endorses this.", ()),
    )

"""Constitutions as a page of Markdown: the verdict first, then sentences, figures, examples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prefdata.constitution.document.model import Document, DocumentPrinciple, Reconstruction

__all__ = ["write_markdown"]

_PREDICTORS: Mapping[str, str] = {
    "constitution": "this constitution",
    "one-principle": "the best single principle",
    "length": "length alone",
    "top-k": "the strongest principles, one vote each",
    "all-principles": "all principles at once",
}
_VERDICTS: Mapping[str | None, str] = {
    "holds": "The principles hold.",
    "nothing-holds": "Nothing holds.",
    "too-few": "There are too few labels to tell.",
    None: "Nobody has measured it.",
}
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&!])")
# What opens a list or a heading at the start of a line.
_OPENING = re.compile(r"^(\d+)([.)])|^([-+=])")
_DESCRIPTIVE = (
    "This is descriptive, not causal: it tells which responses were preferred, and nothing here "
    "says that a principle is the cause of a choice."
)


def write_markdown(
    documents: Sequence[Document],
    evidence: pl.DataFrame | None = None,
    *,
    title: str = "What these preferences reward",
    n_examples: int = 1,
    n_characters: int = 300,
) -> str:
    """Write constitutions for people to read.

    Args:
        documents: In the order in which they are told.
        evidence: Pairs to show below each principle: columns ``source``, ``principle_id``,
            ``basis``, ``side`` and ``rank`` as in ``principle_evidence``, and the texts ``prompt``,
            ``chosen`` and ``rejected``. Pairs by votes are shown, else those by meaning.
        title: Heading of the page.
        n_examples: Pairs for each principle on each side, for and against.
        n_characters: Texts are cut to this length.
    """
    shown = _examples(evidence, n_examples)
    parts = [f"# {_plain(title)}", _DESCRIPTIVE]
    for document in documents:
        parts += _told(document, shown, n_characters)
    if not documents:
        parts.append("**There is no constitution.**")
    return "\n\n".join(parts) + "\n"


def _told(
    document: Document, shown: Mapping[tuple[str, str], pl.DataFrame], n_characters: int
) -> Iterator[str]:
    """Yield the paragraphs of one constitution."""
    yield f"## {_heading(document)}"
    verdict = f"**{_VERDICTS[document.verdict]}**"
    yield f"{verdict} {_plain(document.why)}" if document.why else verdict
    if document.reconstruction:
        yield _reconstructions(document.reconstruction)
    if document.principles:
        yield _table(document.principles)
    for one in document.principles:
        pairs = shown.get((document.source or "", one.principle_id))
        if pairs is not None:
            yield f"### {one.rank}. {_plain(one.sentence)}"
            yield from _pairs(pairs, n_characters, is_opposite=one.is_opposite)
    if document.snapshot:
        yield f"Snapshot {_plain(document.snapshot)}."


def _heading(document: Document) -> str:
    source = document.source or "a constitution written by hand"
    if document.group_by == "all":
        return _plain(source)
    return _plain(f"{source}, {document.group_by}: {document.group_value}")


def _reconstructions(rows: Sequence[Reconstruction]) -> str:
    lines = [
        "| labels foretold by | accuracy | 95 % interval | labels |",
        "| --- | --: | --: | --: |",
    ]
    for row in rows:
        name = _PREDICTORS.get(row.predictor, f"the verdicts of {row.predictor}")
        between = _interval(row.low, row.high, "{:.3f}")
        count = "" if row.n_labels is None else f"{row.n_labels:,}"
        lines.append(
            f"| {_plain(name)} | {_figure(row.accuracy, '{:.3f}')} | {between} | {count} |"
        )
    caption = "Labels foretold of prompts that had no part in the choice; a coin has 0.500."
    return caption + "\n\n" + "\n".join(lines)


def _table(principles: Sequence[DocumentPrinciple]) -> str:
    lines = [
        "| | principle | strength | 95 % interval | accuracy | labels | weight |",
        "| --: | --- | --: | --: | --: | --: | --: |",
    ]
    for one in principles:
        cells = (
            str(one.rank),
            _plain(one.sentence) + (f" ({_plain(one.name)})" if one.name else ""),
            _figure(one.strength, "{:+.3f}"),
            _interval(one.low, one.high, "{:+.3f}"),
            _figure(one.accuracy, "{:.3f}"),
            "" if one.n_labels is None else f"{one.n_labels:,}",
            _figure(one.weight, "{:+.2f}"),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value).replace("-", "−")


def _interval(low: float | None, high: float | None, form: str) -> str:
    if low is None or high is None:
        return ""
    return f"{_figure(low, form)} to {_figure(high, form)}"


def _examples(
    evidence: pl.DataFrame | None, n_examples: int
) -> dict[tuple[str, str], pl.DataFrame]:
    """Return the pairs that are shown, by source and principle."""
    if evidence is None or evidence.is_empty():
        return {}
    is_told = pl.all_horizontal(pl.col("prompt", "chosen", "rejected").is_not_null())
    is_meant = pl.col("basis") != "votes"
    key = ["source", "principle_id", "side"]
    return {
        (source, name): part
        for (source, name), part in evidence.filter(is_told)
        .sort(*key, is_meant, "rank", "prompt", "chosen")
        .group_by(*key, maintain_order=True)
        .head(n_examples)
        .partition_by("source", "principle_id", as_dict=True, maintain_order=True)
        .items()
    }


def _pairs(pairs: pl.DataFrame, n_characters: int, *, is_opposite: bool) -> Iterator[str]:
    """Yield pairs, those that agree first; what speaks for one end speaks against the other."""
    is_agreeing = (pl.col("side") == "for") != is_opposite
    told = pairs.with_columns(is_agreeing=is_agreeing).sort(
        "is_agreeing", descending=True, maintain_order=True
    )
    for row in told.iter_rows(named=True):
        lines = [
            f"> **{name}**: {_cut(row[column], n_characters)}"
            for name, column in (
                ("Prompt", "prompt"),
                ("Preferred", "chosen"),
                ("Not preferred", "rejected"),
            )
        ]
        yield ("Agrees" if row["is_agreeing"] else "Disagrees") + ":\n\n" + "\n>\n".join(lines)


def _cut(text: str, n_characters: int) -> str:
    bare = " ".join(text[: 4 * n_characters].split())
    if not bare:
        return "(nothing)"
    is_whole = len(bare) <= n_characters and len(text) <= 4 * n_characters
    return _plain(bare if is_whole else f"{bare[:n_characters].rstrip()} …")


def _plain(text: str) -> str:
    """Write a text so that Markdown shows it as it is, on one line."""
    bare = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _OPENING.sub(lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", bare)

"""The files beside the page: constitutions as Markdown and YAML, numbers as JSON and CSV."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.constitution.document import write_markdown, write_yaml
from prefdata.core.fingerprint import digest
from prefdata.reports._constitution import numbers
from prefdata.reports._constitution.page import page
from prefdata.reports._page.files import as_json, short, write_all
from prefdata.reports._page.texts import share

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.constitution.document import Document
    from prefdata.reports._constitution.findings import Findings

__all__ = ["as_numbers", "summary", "write_files", "yaml_name"]

_ALL = "all"
_TABLES = ("effects", "contrasts", "constitutions", "reconstructions", "evidence")
_SAFE = re.compile(r"[^\w.-]+")
_TAG = 8
_GROUPS = 8
_VERDICTS = {
    "holds": "a constitution holds",
    "nothing-holds": "nothing holds",
    "too-few": "too few labels to tell",
    None: "no constitution was looked for",
}


def as_numbers(found: Findings) -> dict[str, Any]:
    """Return all numbers of the report."""
    measured = found.measured
    return {
        "snapshot": found.snapshot,
        "params": found.params.model_dump(mode="json"),
        **{name: getattr(measured, name).to_dicts() for name in _TABLES},
    }


def summary(found: Findings) -> str:
    """Return what a terminal shows: of each source whether anything holds, and what."""
    measured = found.measured
    if not measured.sources:
        return f"nothing was measured by the step {found.params.constitution_from}\n"
    lines = []
    verdicts = numbers.verdicts(measured)
    for source in measured.sources:
        rows = verdicts.filter(source=source, group_by=_ALL).to_dicts()
        row = rows[0] if rows else {"verdict": None, "accuracy": None, "length_accuracy": None}
        lines.append(f"{source}: {_VERDICTS[row['verdict']]}")
        if row["accuracy"] is not None:
            lines.append(
                f"  {share(row['accuracy'])} of held-out labels foretold; by length alone "
                f"{share(row['length_accuracy'])}"
            )
        chosen = measured.constitutions.filter(source=source, group_by=_ALL)
        lines += [
            f"  {rank}. {sentence.removeprefix(numbers.PREFIX)}"
            for rank, sentence in chosen.select("rank", "sentence").iter_rows()
        ]
        if numbers.depends_on_order(measured.overall.filter(source=source)):
            lines.append("  WARNING: most votes of the model depend on the order shown")
        groups = verdicts.filter(
            pl.col("group_by") != _ALL, pl.col("verdict") != "too-few", source=source
        )
        lines += [
            f"  {row['group_by']} {row['group_value']}: {_VERDICTS[row['verdict']]}"
            + (f" ({share(row['accuracy'])})" if row["verdict"] == "holds" else "")
            for row in groups.head(_GROUPS).iter_rows(named=True)
        ]
        if groups.height > _GROUPS:
            lines.append(f"  and {groups.height - _GROUPS} groups more, in index.html")
        wide = numbers.differences(measured, source)
        if wide.height:
            lines.append(f"  {wide['is_found'].sum()} differences between groups are found")
    return "".join(f"{short(line)}\n" for line in lines)


def yaml_name(document: Document) -> str:
    """Return the name of a constitution's file; names that collide otherwise have a digest."""
    parts = [document.source or "by-hand"]
    if document.group_by != _ALL:
        parts += [document.group_by, document.group_value]
    safe = "-".join(_SAFE.sub("_", part) for part in parts)
    return f"{safe}.yaml" if safe == "-".join(parts) else f"{safe}-{digest(parts)[:_TAG]}.yaml"


def write_files(found: Findings, out: Path) -> list[Path]:
    """Write all files of the report and return them."""
    measured = found.measured
    texts = {
        "index.html": page(found),
        "constitution.md": write_markdown(found.documents, found.texts),
        "numbers.json": as_json(as_numbers(found)),
        "principles.csv": measured.effects.write_csv(),
        "contrasts.csv": measured.contrasts.write_csv(),
        "summary.txt": summary(found),
    }
    files = write_all(out, texts, found.figures)
    folder = out / "constitutions"
    folder.mkdir()
    for document in found.documents:
        path = folder / yaml_name(document)
        path.write_text(write_yaml(document), encoding="utf-8", newline="\n")
        files.append(path)
    return files

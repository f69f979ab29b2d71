"""The command that writes pairs as files, and how exports are shown."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from prefdata.cli import _output
from prefdata.cli._options import At, Json, Overrides, Workspace, parse_settings

if TYPE_CHECKING:
    from prefdata.runner.export import ExportResult

__all__ = ["register", "show_export"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(  # noqa: PLR0913, PLR0917 - Typer makes an option of each
    to: Annotated[Path, typer.Argument(help="Folder to write.")],
    exporter: Annotated[
        str, typer.Option("--as", help="Format: trl, openrlhf, …; see `prefdata exporter list`.")
    ],
    workspace: Workspace = None,
    at: At = None,
    settings: Overrides = None,
    pairs: Annotated[str, typer.Option(help="Step whose pairs are exported.")] = "make-pairs",
    decisions: Annotated[
        str | None,
        typer.Option(
            help="Step that decides which pairs are in; all by default.", show_default=False
        ),
    ] = None,
    splits: Annotated[
        str | None,
        typer.Option(help="Step that assigns splits; one split by default.", show_default=False),
    ] = None,
    rationales: Annotated[
        str | None,
        typer.Option(
            help="Step that let rationales pass; none are exported by default.", show_default=False
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only this source; may be repeated.", show_default=False),
    ] = None,
    ties: Annotated[
        Literal["leave-out", "keep"],
        typer.Option(help="Pairs that were made of a tie, in both orders."),
    ] = "leave-out",
    disagreement: Annotated[
        Literal["keep", "majority", "leave-out"],
        typer.Option(help="Two responses that annotators order both ways."),
    ] = "keep",
    repeats: Annotated[
        Literal["keep", "once"],
        typer.Option(help="Two responses that several annotators order alike."),
    ] = "keep",
    several_chosen: Annotated[
        Literal["keep", "leave-out"],
        typer.Option(help="Pairs of judgments that chose several."),
    ] = "keep",
    unfit: Annotated[
        Literal["leave-out", "fail"],
        typer.Option(help="Pairs that the format cannot hold."),
    ] = "leave-out",
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Tokenizer of the model to train, a folder or an id on the hub: count what it "
            "would cut or refuse.",
            show_default=False,
        ),
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(
            help="Tokens of prompt and response; 1024 by default.", min=2, show_default=False
        ),
    ] = None,
    max_prompt_length: Annotated[
        int | None,
        typer.Option(help="Tokens of the prompt alone.", min=1, show_default=False),
    ] = None,
    truncation: Annotated[
        Literal["keep-start", "keep-end"] | None,
        typer.Option(help="Which end survives the cut; keep-start by default.", show_default=False),
    ] = None,
    *,
    drop: Annotated[
        bool,
        typer.Option(
            "--drop", help="Leave out what is lost to the trainer; what it merely cuts stays."
        ),
    ] = False,
    scrub: Annotated[
        bool,
        typer.Option(
            "--scrub", help="Replace e-mail addresses, phone numbers and the like by placeholders."
        ),
    ] = False,
    removals: Annotated[
        Path | None,
        typer.Option(
            help="File with what must be left out because somebody asked for it.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write pairs as files that a trainer reads, and tell what did not come along."""
    import prefdata as pf

    audit = _audit(
        tokenizer,
        {
            "max_length": max_length,
            "max_prompt_length": max_prompt_length,
            "truncation": truncation,
            "drop": drop or None,
        },
    )
    result = pf.export(
        exporter,
        to,
        workspace=workspace,
        ref=at,
        sources=source,
        pairs=pairs,
        decisions=decisions,
        splits=splits,
        rationales=rationales,
        policies={
            "ties": ties,
            "disagreement": disagreement,
            "repeats": repeats,
            "several_chosen": several_chosen,
            "unfit": unfit,
        },
        trainability=audit,
        scrub=scrub,
        removals=None if removals is None else str(removals),
        params=parse_settings(settings),
    )
    if as_json:
        _output.json_lines([_plain(result)])
        return
    show_export(result)
    state = pf.open(workspace).snapshot(at).state
    for table, asked in {"decisions": decisions, "splits": splits}.items():
        # Without a word, a user of `run clean` would take all pairs in one split for the clean set.
        steps = sorted({key[1] for key in state.table(table).partitions})
        if steps and asked is None:
            _output.line(f"  not heeded: {table} of {', '.join(steps)}; --{table} names a step")
    for name, digest in result.digests.items():
        _output.line(f"  {digest[:12]}  {name}")


def _audit(tokenizer: str | None, limits: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the options say about tokens; limits mean nothing without a tokenizer."""
    said = {name: value for name, value in limits.items() if value is not None}
    if tokenizer is not None:
        return {"tokenizer": tokenizer, **said}
    for name in said:
        option = f"--{name.replace('_', '-')}"
        raise typer.BadParameter(f"{option} needs --tokenizer", param_hint=option)
    return None


def _plain(result: ExportResult) -> dict[str, Any]:
    written = {
        name: value
        for name, value in asdict(result.written).items()
        if name not in {"paths", "unfit"}
    }
    return {
        "exporter": result.exporter,
        "folder": str(result.folder),
        **written,
        "files": result.digests,
        "loses": list(result.loses),
    }


def show_export(item: ExportResult) -> None:
    """Show how many pairs a format got, which did not come along, and what it cannot hold."""
    written = item.written
    made = "" if written.n_written == written.rows else f": {written.n_written:,} rows"
    _output.line(f"{written.rows:,} pairs as {item.exporter} in {item.folder}{made}")
    if written.left_out:
        n_out = written.selected - written.rows
        _output.line(f"  left out {n_out:,} of {written.selected:,}: {_counts(written.left_out)}")
    if written.found:
        _output.line(f"  found by the audit, in pairs: {_counts(written.found)}")
    if written.scrubbed:
        _output.line(f"  replaced, in places: {_counts(written.scrubbed)}")
    if not item.digests:
        why = (
            "every pair is left out"
            if written.selected
            else "no pair is in the step, the decisions and the sources that were asked for"
        )
        _output.line(f"  no file is written: {why}")
    for loss in item.loses:
        _output.line(f"  not in this format: {loss}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())

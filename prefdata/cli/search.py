"""Commands that compare texts: embed, search."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from prefdata.cli import _output
from prefdata.cli._options import At, Json, Workspace
from prefdata.cli._progress import reporter
from prefdata.core.errors import UserError

if TYPE_CHECKING:
    from prefdata.vectors.search import Searched

__all__ = ["register"]

_INDENT = 7
_WITHIN = ("prompts", "responses", "pairs")
_Model = Annotated[
    str,
    typer.Option(
        help="`lexical`, an id on the hub, or a folder; by default a small sentence model where "
        "one is installed, else `lexical`."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("embed")(embed)
    app.command("search")(search)
    app.command("alike")(alike)


def embed(
    workspace: Workspace = None,
    of: Annotated[
        list[str] | None,
        typer.Option("--of", help="prompts or responses; may be repeated; both by default."),
    ] = None,
    model: _Model = "auto",
    view: Annotated[
        str | None,
        typer.Option(help="Of a prompt: user, last or conversation.", show_default=False),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only this source; may be repeated.", show_default=False),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Compute the vectors that texts do not have yet; what was computed is kept."""
    import prefdata as pf

    with reporter(as_json=as_json) as report:
        result = pf.embed(
            tuple(of or _WITHIN[:2]),
            model=model,
            prompt_view=view,
            sources=source,
            workspace=workspace,
            report=report,
        )
    if as_json:
        return
    for step in result.steps:
        _output.line(
            f"{step.rows_in:,} rows = {step.rows_out:,} with a vector + {step.rejected:,} without"
        )
        for rule, count in step.reasons.items():
            _output.line(f"  {rule}: {count:,}")


def search(  # noqa: PLR0913 - Typer makes an option of each
    text: Annotated[str, typer.Argument(help="What to look for.")],
    workspace: Workspace = None,
    within: Annotated[str, typer.Option("--in", help="prompts, responses or pairs.")] = "prompts",
    where: Annotated[
        str | None,
        typer.Option(
            help="SQL condition on prompts, responses or pair_texts, met by every hit.",
            show_default=False,
        ),
    ] = None,
    k: Annotated[int, typer.Option("--top", "-k", help="Number of hits.", min=1)] = 10,
    model: _Model = "auto",
    view: Annotated[
        str | None,
        typer.Option(help="Of a prompt: user, last or conversation.", show_default=False),
    ] = None,
    at: At = None,
    *,
    as_json: Json = False,
) -> None:
    """Find the prompts, responses or pairs nearest to a sentence."""
    import prefdata as pf

    if within not in _WITHIN:
        raise UserError(
            f"{within!r} cannot be searched.", where="--in", fix=f"Known: {', '.join(_WITHIN)}."
        )
    with reporter(is_quiet=as_json) as report:
        found = pf.search(
            text,
            within=within,  # type: ignore[arg-type] # checked above
            where=where,
            k=k,
            view=view,
            model=model,
            workspace=workspace,
            at=at,
            report=report,
        )
    _show(found, as_json=as_json)


def alike(
    pair: Annotated[str, typer.Argument(help="Id of a pair, or its first digits.")],
    workspace: Workspace = None,
    where: Annotated[
        str | None,
        typer.Option(help="SQL condition on pair_texts, met by every hit.", show_default=False),
    ] = None,
    k: Annotated[int, typer.Option("--top", "-k", help="Number of hits.", min=1)] = 10,
    model: _Model = "auto",
    at: At = None,
    *,
    as_json: Json = False,
) -> None:
    """Find pairs whose responses differ like those of a pair, or the other way round."""
    import prefdata as pf

    with reporter(is_quiet=as_json) as report:
        found = pf.alike(
            pair, where=where, k=k, model=model, workspace=workspace, at=at, report=report
        )
    _show(found, as_json=as_json, what="pairs")


def _show(found: Searched, *, as_json: bool, what: str = "distinct texts") -> None:
    """Print hits: two lines each, or JSON lines."""
    if as_json:
        _output.json_lines(dataclasses.asdict(hit) for hit in found.hits)
        return
    for hit in found.hits:
        more = f" and {hit.n_rows - 1:,} more rows" if hit.n_rows > 1 else ""
        used = f"{hit.n_pairs:,} pair{'' if hit.n_pairs == 1 else 's'}"
        _output.line(f"{hit.score:.3f}  {hit.id}{more} · {hit.part} · {used}")
        # Of a conversation the end is what was asked last.
        shown = _output.short(hit.text, indent=_INDENT, is_end=hit.part == "prompt")
        _output.line(" " * _INDENT + shown)
    is_one = len(found.spaces) == 1
    told = (s.told if is_one else f"{s.subject} {s.told}" for s in found.spaces)
    spaces = "; ".join(told)
    _output.say(f"{len(found.hits)} of {found.n_searched:,} {what} by {spaces}")

"""From a recipe to a dataset that others can load: run, stage, check, plan, send, prove, record."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from prefdata.core.errors import RecipeError, RefusedError
from prefdata.core.events import Note, Report, StepFinished, StepStarted, silent
from prefdata.core.fingerprint import canonical_json, digest
from prefdata.publishing.findings import ordered
from prefdata.registry import plugin
from prefdata.runner.lineage import RunRecord
from prefdata.runner.publication import PendingPublication, prepare_publication
from prefdata.runner.run import RunResult, run
from prefdata.runner.units import checked_params

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.protocols import Change, Checked, Contents, Publisher, Receipt, Remote
    from prefdata.publishing.facts import Facts
    from prefdata.publishing.findings import Finding
    from prefdata.recipes import Recipe
    from prefdata.recipes.publication import Publication

__all__ = ["PublishOptions", "PublishResult", "publish"]

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What publishing did."""

    run: RunResult
    folder: Path
    """The staged folder."""
    contents: Contents
    facts: Facts
    findings: tuple[Finding, ...]
    """Warnings and notices, the worst first."""
    changes: tuple[Change, ...] | None
    """What the target needs; None where no target was named."""
    receipt: Receipt | None
    """Proof; None where nothing was to be sent."""
    checked: Checked | None
    """What loading it again gave."""


class PublishOptions(TypedDict, total=False):
    """How a dataset is published."""

    publisher: str
    """What brings it there; ``hub`` by default."""
    params: dict[str, Any]
    """Parameters of the publisher."""
    is_dry: bool
    """Stage, check and compare, and send nothing."""
    is_strict: bool
    """Let warnings stop it too."""
    report: Report
    """Where to tell progress."""


def publish(
    catalog: Catalog, recipe: Recipe, target: str | None = None, **options: Unpack[PublishOptions]
) -> PublishResult:
    """Run a recipe, stage what it publishes, check it, and send it as one commit.

    Every part may be repeated: steps that are done are not run again, the staged bytes follow from
    inputs, recipe and seed, and what the target has already is not sent again. So after any fault
    the same command goes on.

    Args:
        catalog: The catalog to read and write.
        recipe: A recipe with a `publication`.
        target: Where it goes, such as ``org/name`` on the hub; None to stage and check only.
        options: The rest; see `PublishOptions`.

    Raises:
        RecipeError: If the recipe publishes nothing, or does not fit the catalog.
        RefusedError: If a check refuses; nothing was sent.
        FetchError: If the target cannot be reached.
        ConflictError: If somebody changed the target meanwhile; nothing was sent.
        ValidationError: If what can be loaded there is not what was sent.
    """
    report = options.get("report", silent)
    asked = recipe.publication
    where = f"recipe {recipe.name!r}"
    if asked is None:
        raise RecipeError(
            "The recipe publishes nothing.",
            where=where,
            fix="Add a `publication`; pipelines/publish.yaml shows one.",
        )
    found: Publisher = plugin("publisher", options.get("publisher", "hub"))
    given = _params(asked, options.get("params", {}))
    settings = checked_params(found.params, given, where=f"publisher {found.name}")
    # Before anything is computed: a wrong token is told at once.
    remote = None if target is None else found.look(target, settings)
    if remote is not None and found.ready is not None and not options.get("is_dry", False):
        found.ready(remote, settings)
    done = run(catalog, recipe, report=report)
    pending = prepare_publication(
        catalog,
        recipe,
        done,
        target=target,
        existing=remote.card if remote else None,
        report=report,
    )
    place = catalog.workspace.root / asked.to
    _refuse(pending, place, is_strict=options.get("is_strict", False), where=where)
    pending.files.publish()
    contents = pending.contents_in(pending.files.place)
    result = PublishResult(
        run=done,
        folder=pending.files.place,
        contents=contents,
        facts=pending.facts,
        findings=tuple(ordered(pending.findings)),
        changes=None,
        receipt=None,
        checked=None,
    )
    if remote is None or target is None:
        return result
    changes = tuple(found.plan(contents, remote, settings))
    if options.get("is_dry", False):
        return replace(result, changes=changes)
    receipt, proof = _send(found, contents, remote, settings, asked, report)
    _record(catalog, recipe, found, settings, receipt, contents, proof)
    return replace(result, changes=changes, receipt=receipt, checked=proof)


def _params(asked: Publication, given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of the publisher; the gate of the recipe unless another is given."""
    return {"gated": asked.gate.mode, **given} if asked.gate else given


def _refuse(pending: PendingPublication, place: Path, *, is_strict: bool, where: str) -> None:
    """Write what was found beside the staged folder, and refuse if it must not leave."""
    found = ordered(pending.findings)
    told = place.with_name(f"{place.name}.findings.json")
    part = told.with_name(f".{told.name}.{os.getpid()}")
    listed = [finding.to_dict() for finding in found]
    part.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(told)
    refused = [finding for finding in found if finding.level == "refuse"]
    warned = [finding for finding in found if finding.level == "warn"] if is_strict else []
    if not refused and not warned:
        return
    pending.files.discard()
    first = [*refused, *warned]
    listed_first = "; ".join(f"{f.code} {f.what.rstrip('.')} ({f.where})" for f in first[:_SHOWN])
    more = f"; and {len(first) - _SHOWN} more" if len(first) > _SHOWN else ""
    error = RefusedError(
        f"{len(first)} findings forbid publishing: {listed_first}{more}.",
        where=f"{where}; all of them: {told}",
        fix=first[0].fix,
    )
    error.findings = tuple(first)
    raise error


def _send(
    found: Publisher,
    contents: Contents,
    remote: Remote,
    settings: Any,
    asked: Publication,
    report: Report,
) -> tuple[Receipt, Checked]:
    started = time.perf_counter()
    step = f"publish:{remote.target}"
    n_files = len(contents.files)
    report(StepStarted(step, found.name, total=n_files, unit="files"))
    message = f"{asked.title} {asked.version}"
    receipt = found.send(contents, remote, settings, asked.version, message, report)
    report(Note(f"{step}: commit {receipt.commit[:12]}; loading it again to compare"))
    proof = found.check(receipt, contents, settings, report)
    seconds = time.perf_counter() - started
    report(StepFinished(step, found.name, n_files, n_files, 0, seconds))
    return receipt, proof


def _record(
    catalog: Catalog,
    recipe: Recipe,
    found: Publisher,
    settings: Any,
    receipt: Receipt,
    contents: Contents,
    proof: Checked,
) -> None:
    """Write the receipt into the lineage: what was published, where, as which commit and tag."""
    record = RunRecord(
        command="publish",
        recipe=recipe.name,
        recipe_digest=digest(recipe.model_dump(mode="json")),
        recipe_json=canonical_json(recipe.model_dump(mode="json")),
        seed=recipe.seed,
        base_snapshot=catalog.head().name,
    )
    record.written(
        step=f"publish:{receipt.target}",
        by=f"publisher:{found.name}",
        version=found.version,
        params={
            **settings.model_dump(mode="json"),
            "commit": receipt.commit,
            "tag": receipt.tag,
            "url": receipt.url,
            "pull_request": receipt.pull_request,
            "is_new": receipt.is_new,
            "rows": dict(sorted(proof.rows.items())),
        },
        files=dict(sorted(receipt.files.items())),
        rows=sum(split.rows for config in contents.configs for split in config.splits),
        seconds=0.0,
    )
    with catalog.write() as write:
        record.write(write)
        write.commit(f"publish {receipt.target}", run_id=record.run_id)

"""A publication as a folder: data of every configuration, what checks found, documents beside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

import polars as pl

from prefdata.catalog import Session
from prefdata.core.events import Note, Report, silent
from prefdata.core.fingerprint import digest
from prefdata.privacy.kanon import suppress
from prefdata.privacy.pseudonyms import key_path, load_key, pseudonyms
from prefdata.publishing.card.existing import read_card
from prefdata.publishing.documents import write_documents
from prefdata.publishing.facts import Facts, PrivacyFacts, Texts
from prefdata.publishing.findings import Finding
from prefdata.publishing.licences.cards import card_findings
from prefdata.publishing.licences.effective import effective_license, publication_license
from prefdata.publishing.licences.obligations import generators, obligations
from prefdata.publishing.licences.policy import check_licences
from prefdata.publishing.privacy_gate import PrivacyRules, check_privacy
from prefdata.registry import plugin
from prefdata.runner import publication_facts as count
from prefdata.runner.export_rows import little_memory, settle
from prefdata.runner.folders import PendingFolder, prepare_folder
from prefdata.runner.publication_annotators import annotator_facts
from prefdata.runner.publication_parts import components
from prefdata.runner.removals import removed_rows
from prefdata.runner.staging import StagedConfig, config_requests, contents_of, stage_configs
from prefdata.runner.treatment import Treatment, scrub_kinds

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.protocols import Contents, Exporter
    from prefdata.publishing.facts import ConfigFacts
    from prefdata.recipes import Recipe
    from prefdata.recipes.publication import Publication, PublishedConfig
    from prefdata.runner.export import ExportRequest
    from prefdata.runner.run import RunResult
    from prefdata.runner.staging import Chosen

__all__ = ["PendingPublication", "prepare_publication"]

_SHAPING = ("prefdata", "polars", "pyarrow", "duckdb", "datasets")


@dataclass(frozen=True, slots=True)
class PendingPublication:
    """A staged folder beside its place, and all that is known of it."""

    files: PendingFolder
    configs: tuple[StagedConfig, ...]
    facts: Facts
    findings: tuple[Finding, ...]

    def contents_in(self, folder: Path) -> Contents:
        """Return what is published, once the folder is in its place."""
        return contents_of(folder, self.configs)


@dataclass(frozen=True, slots=True)
class _People:
    """Who is behind the pairs of a publication."""

    raw_ids: pl.Series
    """Ids of all people in the catalog, none of which may stand in a file."""
    pseudonyms: pl.Series | None
    """What stands for them."""
    n_annotators: int
    """People behind pairs that are selected."""
    n_suppressed: int
    """Those of them who lost a value, in any configuration."""


def prepare_publication(
    catalog: Catalog,
    recipe: Recipe,
    done: RunResult,
    *,
    target: str | None,
    existing: str | None,
    report: Report = silent,
) -> PendingPublication:
    """Write the data and the documents beside the place of the staged folder, and check them.

    Args:
        catalog: The catalog.
        recipe: A recipe with a publication.
        done: Its run, whose snapshot is published.
        target: Where it will go, for the documents; None where nobody knows.
        existing: Text of the card that is there, to merge with.
        report: Where to tell progress.

    Raises:
        RecipeError: If a configuration does not fit the catalog, or is not Parquet.
        DataError: If a configuration has no pair left.
    """
    asked = recipe.publication
    if asked is None:  # pragma: no cover - `publish` refuses it before
        raise ValueError(recipe.name)
    made: list[tuple[tuple[StagedConfig, ...], Facts, tuple[Finding, ...]]] = []
    state = done.snapshot.state
    removals = None
    if asked.removals is not None:
        path = catalog.workspace.root / asked.removals
        removals = removed_rows(path, catalog.workspace, state)
    where = f"recipe {recipe.name!r}"
    requests = config_requests(
        asked,
        _treatment(asked, catalog.workspace.root, report),
        state,
        sources=recipe.sources,
        removals=removals,
        where=where,
    )

    def fill(folder: Path) -> list[Path]:
        # One session from first to last, so that pairs are settled once.
        with Session(catalog.workspace, state, has_views=False) as session:
            chosen = _settled(session, requests)
            chosen, people = _with_people(session, asked, chosen)
            staged = stage_configs(session, chosen, folder, report, where=where)
            facts, findings = _described(
                session, recipe, asked, done, staged, people, removals, target=target
            )
        documents = write_documents(folder, facts, existing=existing)
        # What sources say of themselves and what an older card said is in them, too.
        named = check_privacy({}, PrivacyRules(), raw_ids=people.raw_ids, documents=documents)
        named += _stated_license(folder, facts)
        made.append((tuple(staged), facts, (*findings, *named)))
        return [*documents, *(path for one in staged for path in one.written.paths)]

    place = catalog.workspace.root / asked.to
    files = prepare_folder(place, "publication", fill, note=recipe.name, where=where)
    configs, facts, findings = made[0]
    return PendingPublication(files, configs, facts, findings)


def _treatment(asked: Publication, workspace: Path, report: Report) -> Treatment:
    """Decide how people are hidden, and what is replaced in texts."""
    key = None
    if asked.pseudonyms:
        path = key_path()
        is_new = not path.exists()
        key = load_key(path, outside=[workspace])
        if is_new:
            report(Note(f"made a key for pseudonyms: {path}; keep it, it cannot be made again"))
        key = key if asked.links_releases else key.derive(asked.version)
    return Treatment(key=key, scrubs=scrub_kinds(asked.scrub), keeps=asked.allow_pii)


def _settled(
    session: Session, requests: list[tuple[PublishedConfig, ExportRequest]]
) -> list[Chosen]:
    with little_memory(session):
        return [
            (config, request, settle(session, request.selection)) for config, request in requests
        ]


def _with_people(
    session: Session, asked: Publication, chosen: list[Chosen]
) -> tuple[list[Chosen], _People]:
    """Add the demographics that may be shown, and count the people who are behind the pairs.

    Each configuration can be read alone, so in each of them k people share what is shown.
    """
    everybody = session.connection.sql(
        "SELECT * FROM annotators WHERE kind = 'human' ORDER BY annotator_id"
    ).pl()
    named: set[str] = set()
    blanked: set[str] = set()
    found = []
    for config, request, settled in chosen:
        behind = session.connection.sql(
            f"SELECT DISTINCT annotator_id FROM {settled.table} WHERE annotator_id IS NOT NULL"  # noqa: S608 - our own name
        ).pl()["annotator_id"]
        people = everybody.filter(pl.col("annotator_id").is_in(behind.implode()))
        named.update(people["annotator_id"])
        if not asked.demographics:
            found.append((config, request, settled))
            continue
        names = list(asked.demographics)
        safe = suppress(people, names, asked.k).annotators
        changed = people.select(names).hash_rows() != safe.select(names).hash_rows()
        blanked.update(people.filter(changed)["annotator_id"])
        shown = safe.select("annotator_id", **{f"annotator_{name}": name for name in names})
        treatment = replace(request.treatment, demographics=shown)
        found.append((config, replace(request, treatment=treatment), settled))
    raw_ids = everybody["annotator_id"]
    key = chosen[0][1].treatment.key
    hidden = None if key is None else pseudonyms(everybody["source"], raw_ids, key)
    return found, _People(raw_ids, hidden, len(named), len(blanked))


def _described(
    session: Session,
    recipe: Recipe,
    asked: Publication,
    done: RunResult,
    staged: list[StagedConfig],
    people: _People,
    removals: pl.DataFrame | None,
    *,
    target: str | None,
) -> tuple[Facts, tuple[Finding, ...]]:
    """Count what is staged, and check it."""
    count.mark_published(session, staged)
    has_people = bool(asked.demographics)
    parts = components(session, staged, has_demographics=has_people)
    whole = (
        components(session, staged, has_demographics=has_people, is_whole=True)
        if len(staged) > 1
        else parts.with_columns(config=pl.lit("all"))
    )
    sources = count.source_facts(session, staged, parts, asked.attribution)
    licenses = _licenses(asked, parts)
    gate = asked.gate.prompt if asked.gate else ""
    told = {source.name: source for source in sources}
    findings = [
        *check_licences(
            parts,
            target=licenses,
            sources=told,
            accepted=asked.accept_unknown,
            gate_prompt=gate,
        ),
        *check_privacy(
            count.staged_paths(staged),
            _rules(asked, staged),
            raw_ids=people.raw_ids,
            pseudonyms=people.pseudonyms,
            removals=removals,
        ),
        *_structure(asked, count.leaking_prompts(session, staged)),
    ]
    facts = Facts(
        repo_id=target,
        version=asked.version,
        license=publication_license(licenses.values()),
        texts=_texts(asked),
        configs=tuple(_config(session, one) for one in staged),
        sources=sources,
        generators=generators(whole),
        steps=count.step_facts(session, done),
        annotators=annotator_facts(session, k=asked.k),
        privacy=_privacy(asked, staged, people),
        obligations=obligations(parts, told, asked.accept_unknown),
        findings=tuple(found for found in findings if found.level != "refuse"),
        accepted=dict(sorted(asked.accept_unknown.items())),
        languages=count.languages(session, unknown=asked.language),
        tags=asked.tags,
        recipe=recipe.name,
        recipe_digest=digest(recipe.model_dump(mode="json")),
        seed=recipe.seed,
        versions={name: metadata.version(name) for name in _SHAPING},
    )
    return facts, tuple(findings)


def _rules(asked: Publication, staged: list[StagedConfig]) -> PrivacyRules:
    """Return what the gate holds the files against."""
    names = {name for one in staged for name in one.schema.names}
    return PrivacyRules(
        k=asked.k,
        gate_prompt=asked.gate.prompt if asked.gate else "",
        demographics=tuple(f"annotator_{name}" for name in asked.demographics),
        allow=frozenset(asked.allow_pii),
        person="annotator" if "annotator" in names else "annotator_id",
    )


def _stated_license(folder: Path, facts: Facts) -> list[Finding]:
    """Compare the card as it was merged with what is published."""
    stated = read_card((folder / "README.md").read_text(encoding="utf-8")).values.get("license")
    return list(card_findings([facts.license], stated, has_licenses_file=True))


def _licenses(asked: Publication, parts: pl.DataFrame) -> dict[str, str]:
    """Return the licence of each configuration: what the recipe says, or what its parts need."""
    return {
        config.name: (
            effective_license(parts.filter(parts["config"] == config.name))
            if config.license == "auto"
            else config.license
        )
        for config in asked.configs
    }


def _config(session: Session, staged: StagedConfig) -> ConfigFacts:
    found: Exporter = plugin("exporter", staged.asked.exporter)
    return count.config_facts(session, staged, found.columns, found.loses)


def _texts(asked: Publication) -> Texts:
    gate = asked.gate
    return Texts(
        title=asked.title,
        summary=asked.summary,
        uses=asked.uses,
        out_of_scope=asked.out_of_scope,
        biases=asked.biases,
        content_warning=asked.content_warning,
        contact=asked.contact,
        removal=asked.removal,
        changelog=asked.changelog,
        authors=asked.authors,
        homepage=asked.homepage,
        gate_prompt=gate.prompt if gate else "",
        gate_fields=dict(gate.fields) if gate else {},
    )


def _privacy(asked: Publication, staged: list[StagedConfig], people: _People) -> PrivacyFacts:
    hits: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for one in staged:
        hits.update(one.written.scrubbed_rows)
        places.update(one.written.scrubbed)
    key = staged[0].request.treatment.key
    return PrivacyFacts(
        has_pseudonyms=key is not None,
        key_fingerprint=None if key is None else key.fingerprint,
        demographics=asked.demographics,
        k=asked.k,
        n_annotators=people.n_annotators,
        n_suppressed=people.n_suppressed,
        hits=dict(sorted(hits.items())),
        scrubbed=dict(sorted(places.items())),
        n_removed=sum(one.written.left_out.get("removed", 0) for one in staged),
    )


def _structure(asked: Publication, leaks: dict[str, int]) -> list[Finding]:
    """Check what neither licences nor people are concerned with."""
    found = [
        Finding(
            "S001",
            "warn",
            f"{n:,} prompts stand in more than one split.",
            f"configuration {name}",
            "Split by the words of the prompt: the stage split-by-prompt, or leaks before it.",
            n,
        )
        for name, n in leaks.items()
        if n
    ]
    missing = [
        name
        for name in ("summary", "authors", "contact", "uses", "out_of_scope", "biases", "removal")
        if not getattr(asked, name)
    ]
    if missing:
        found.append(
            Finding(
                "S002",
                "warn",
                f"The card will say that nobody stated: {', '.join(missing)}.",
                "publication",
                "Say it in the recipe, under the same names.",
            )
        )
    found += [
        Finding(
            "S003",
            "warn",
            "Every pair is published, also those that a selection left out.",
            f"configuration {config.name}",
            "Name the step that decides: `decisions: select-pairs`.",
        )
        for config in asked.configs
        if config.decisions is None
    ]
    return found

"""The numbers of a published dataset, counted by SQL in the snapshot that it was made of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from prefdata.fetch.cards import card, card_names
from prefdata.publishing.facts import (
    ConfigFacts,
    SourceFacts,
    SplitFacts,
    StepFacts,
)
from prefdata.publishing.licences.expressions import together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from prefdata.catalog import Session
    from prefdata.publishing.facts import ColumnFacts
    from prefdata.recipes.publication import Attribution
    from prefdata.runner.run import RunResult
    from prefdata.runner.staging import StagedConfig

__all__ = [
    "config_facts",
    "languages",
    "leaking_prompts",
    "mark_published",
    "source_facts",
    "step_facts",
]

_CANONICAL = ("prompts", "responses", "judgments", "annotators")


def mark_published(session: Session, configs: Sequence[StagedConfig]) -> None:
    """Make the view ``published_pairs``: config, source and ids of each pair that a file holds.

    What does not fit the format is taken out of the tables that were settled.
    """
    parts = []
    for staged in configs:
        table = staged.settled.table
        if staged.written.unfit.height:
            session.connection.register("unfit_pairs", staged.written.unfit.to_arrow())
            session.connection.execute(
                f"DELETE FROM {table} WHERE pair_id IN (SELECT pair_id FROM unfit_pairs)"  # noqa: S608 - our own name
            )
            session.connection.unregister("unfit_pairs")
        name = staged.asked.name.replace("'", "''")
        parts.append(f"SELECT '{name}' AS config, * FROM {table}")  # noqa: S608 - quoted
    session.connection.execute(f"CREATE TEMP VIEW published_pairs AS {' UNION ALL '.join(parts)}")


def config_facts(
    session: Session, staged: StagedConfig, columns: Mapping[str, str], loses: tuple[str, ...]
) -> ConfigFacts:
    """Count one configuration, after `mark_published`.

    Args:
        session: The snapshot.
        staged: What was written.
        columns: Column to its description, by the exporter.
        loses: What the format cannot hold.
    """
    name = staged.asked.name

    def counts(expression: str) -> dict[str, int]:
        text = (
            f"SELECT {expression} AS what, count(*) AS n FROM published_pairs "  # noqa: S608 - our own
            "WHERE config = $config GROUP BY ALL ORDER BY ALL"
        )
        return dict(session.connection.execute(text, {"config": name}).fetchall())

    return ConfigFacts(
        name=name,
        exporter=staged.asked.exporter,
        is_default=staged.contents.is_default,
        columns=tuple(_column(field, columns) for field in staged.schema),
        splits=_split_facts(staged),
        features=tuple(_features(staged)),
        aspects=counts("aspect"),
        rules=counts("rule"),
        units=counts("CASE WHEN margin IS NULL THEN 'none' ELSE margin_unit END"),
        left_out=staged.written.left_out,
        loses=loses,
        leaves_out=tuple(staged.asked.params.get("leave_out", ())),
    )


def _column(field: Any, columns: Mapping[str, str]) -> ColumnFacts:
    from prefdata.publishing.facts import ColumnFacts

    return ColumnFacts(field.name, str(field.type), columns.get(field.name, ""))


def _split_facts(staged: StagedConfig) -> tuple[SplitFacts, ...]:
    sizes = {path.name: path.stat().st_size for path in staged.written.paths}
    return tuple(
        SplitFacts(
            split.name,
            split.rows,
            sum(sizes[file.rpartition("/")[2]] for file in split.files),
            staged.memory[split.name],
            split.files,
            split.digest,
        )
        for split in staged.contents.splits
    )


def _features(staged: StagedConfig) -> list[dict[str, object]]:
    from datasets import Features

    found: list[dict[str, object]] = Features.from_arrow_schema(staged.schema)._to_yaml_list()  # noqa: SLF001 - the grammar of the card has no public writer
    return found


def source_facts(
    session: Session,
    configs: Sequence[StagedConfig],
    parts: pl.DataFrame,
    attribution: Mapping[str, Attribution],
) -> tuple[SourceFacts, ...]:
    """Describe each source of published pairs, after `mark_published`.

    Args:
        session: The snapshot.
        configs: What was written.
        parts: As `components` returns them.
        attribution: Whose work sources are that have no card.
    """
    steps = sorted({staged.asked.pairs for staged in configs})
    n_published: dict[str, dict[str, int]] = {}
    for source, config, n in session.connection.execute(
        "SELECT source, config, count(*) FROM published_pairs GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        n_published.setdefault(source, {})[config] = n
    return tuple(
        _source(session, source, published, parts, steps, attribution.get(source))
        for source, published in sorted(n_published.items())
    )


def _source(
    session: Session,
    source: str,
    published: dict[str, int],
    parts: pl.DataFrame,
    steps: list[str],
    owner: Attribution | None,
) -> SourceFacts:
    def one(text: str) -> int:
        values = {"source": source, "steps": steps}
        used = {name: value for name, value in values.items() if f"${name}" in text}
        row = session.connection.execute(text, used).fetchone()
        return int(row[0] or 0) if row else 0

    said = card(source) if source in card_names() else None
    files = session.connection.execute(
        "SELECT file, digest, revision FROM source_files WHERE source = $source ORDER BY file",
        {"source": source},
    ).fetchall()
    revisions = sorted({revision for _, _, revision in files if revision})
    own = parts.filter(parts["source"] == source)
    licenses: dict[str, str] = {
        component: together(part["license"])
        for (component,), part in own.group_by("component", maintain_order=True)
    }
    return SourceFacts(
        name=source,
        title=said.title if said else owner.title if owner else source,
        homepage=said.homepage if said else owner.link if owner else None,
        repo=said.hub.repo if said and said.hub else None,
        revision=revisions[0] if len(revisions) == 1 else None,
        n_rows={
            table: one(f"SELECT count(*) FROM {table} WHERE source = $source")  # noqa: S608
            for table in _CANONICAL
        },
        n_rejected=one("SELECT sum(rows_rejected) FROM source_files WHERE source = $source"),
        n_pairs=one(
            "SELECT count(*) FROM pairs WHERE source = $source AND list_contains($steps, stage)"
        ),
        n_published=published,
        licenses=dict(sorted(licenses.items())),
        terms=said.terms if said else (),
        citation=said.citation if said else owner.author if owner else None,
        doi=said.doi if said else None,
        annotators=" ".join(said.annotators.split()) if said else None,
        known_issues=said.known_issues if said else (),
        files={file: digest for file, digest, _ in files},
    )


def step_facts(session: Session, done: RunResult) -> tuple[StepFacts, ...]:
    """Return what the steps of a run did, with the reasons of the rows that did not come through.

    Args:
        session: The snapshot of the run, or a later one.
        done: What the run did.
    """
    rows = session.connection.execute(
        "SELECT step, stage_version, params, fingerprint, seed FROM run_steps WHERE run_id = $run",
        {"run": done.run_id},
    ).fetchall()
    known = {step: rest for step, *rest in rows}
    decided: dict[tuple[str, str], dict[str, int]] = {}
    for stage, source, why, n in session.connection.execute(
        "SELECT stage, source, reason, count(*) FROM decisions WHERE NOT is_kept GROUP BY ALL "
        "ORDER BY ALL"
    ).fetchall():
        decided.setdefault((stage, source), {})[why] = n
    found = []
    for step in done.steps:
        version, params, fingerprint, seed = known[f"{step.step}/{step.source}"]
        reasons = step.reasons or decided.get((step.step, step.source), {})
        found.append(
            StepFacts(
                step=step.step,
                stage=step.stage,
                version=version,
                source=step.source,
                params=params,
                rows_in=step.rows_in,
                rows_out=step.rows_out,
                rows_rejected=step.rejected,
                reasons=reasons,
                seed=seed,
                fingerprint=fingerprint,
            )
        )
    return tuple(found)


def languages(session: Session, *, unknown: str) -> dict[str, int]:
    """Return published prompts by language, after `mark_published`.

    Args:
        session: The snapshot.
        unknown: Code of those whose source does not tell.
    """
    found = session.connection.execute(
        "SELECT coalesce(language, $unknown) AS code, count(DISTINCT prompt_id) "
        "FROM published_pairs JOIN prompts USING (prompt_id) GROUP BY ALL ORDER BY ALL",
        {"unknown": unknown},
    ).fetchall()
    return dict(found)


def leaking_prompts(session: Session, configs: Sequence[StagedConfig]) -> dict[str, int]:
    """Return how many prompts have the same words in two splits, by configuration."""
    counts: Counter[str] = Counter()
    for staged in configs:
        splits = staged.asked.splits
        if splits is None:
            continue
        row = session.connection.execute(
            "SELECT count(*) FROM (SELECT prompts.content_hash FROM published_pairs "
            "JOIN prompts USING (prompt_id) "
            "JOIN splits ON splits.prompt_id = prompts.prompt_id AND splits.stage = $splits "
            "WHERE config = $config GROUP BY ALL HAVING count(DISTINCT splits.split) > 1)",
            {"splits": splits, "config": staged.asked.name},
        ).fetchone()
        counts[staged.asked.name] = int(row[0]) if row else 0
    return dict(counts)


def staged_paths(configs: Sequence[StagedConfig]) -> dict[str, list[Path]]:
    """Return the data files by configuration."""
    return {staged.asked.name: staged.written.paths for staged in configs}

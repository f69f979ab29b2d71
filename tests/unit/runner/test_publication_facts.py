"""Every number of the facts is one that SQL gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.runner.publication_facts import languages, leaking_prompts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.catalog import Catalog, Session
    from prefdata.runner.publish import PublishResult

__all__: list[str] = []


def _one(session: Session, query: str) -> Any:
    (row,) = session.sql(query).fetchall()
    return row[0]


@pytest.fixture(scope="module")
def session(published: tuple[Catalog, PublishResult]) -> Iterator[Session]:
    with published[0].session() as made:
        yield made


def test_rows_bytes_and_columns_are_those_of_the_files(
    published: tuple[Catalog, PublishResult],
) -> None:
    _, done = published
    for config in done.facts.configs:
        for split in config.splits:
            paths = [done.folder / file for file in split.files]
            frame = pl.concat(map(pl.read_parquet, paths))
            assert split.rows == frame.height
            assert split.size == sum(path.stat().st_size for path in paths)
            assert [column.name for column in config.columns] == frame.columns
            assert all(column.description for column in config.columns)


def test_pairs_are_counted_by_what_made_them(
    published: tuple[Catalog, PublishResult], session: Session
) -> None:
    done = published[1]
    n_kept = _one(session, "SELECT count(*) FROM decisions WHERE is_kept")
    whole = done.facts.configs[0]
    n_staged = sum(split.rows for split in whole.splits)
    assert n_staged == n_kept - sum(whole.left_out.values())
    assert sum(whole.aspects.values()) == sum(whole.rules.values()) == n_staged
    assert sum(whole.units.values()) == n_staged


def test_sources_are_counted_in_the_catalog(
    published: tuple[Catalog, PublishResult], session: Session
) -> None:
    done = published[1]
    for source in done.facts.sources:
        for table, n in source.n_rows.items():
            assert n == _one(
                session,
                f"SELECT count(*) FROM {table} WHERE source = '{source.name}'",  # noqa: S608
            )
        own = f"source = '{source.name}'"
        assert source.n_pairs == _one(session, f"SELECT count(*) FROM pairs WHERE {own}")  # noqa: S608
        files = session.sql(f"SELECT file, digest FROM source_files WHERE {own}").fetchall()  # noqa: S608
        assert dict(source.files) == dict(files)
    crowd, prism = done.facts.sources
    assert (crowd.title, crowd.homepage) == ("Crowd", "https://example.org")
    assert prism.citation is not None
    assert set(prism.n_published) == {"all", "asked"}


def test_steps_tell_why_pairs_are_out(
    published: tuple[Catalog, PublishResult], session: Session
) -> None:
    done = published[1]
    steps = {(step.step, step.source): step for step in done.facts.steps}
    made = steps["make-pairs", "prism"]
    assert made.rows_in == made.rows_out + made.rows_rejected
    assert sum(made.reasons.values()) == made.rows_rejected
    out = _one(session, "SELECT count(*) FROM decisions WHERE NOT is_kept AND source = 'prism'")
    assert sum(steps["select-pairs", "prism"].reasons.values()) == out
    assert all(step.fingerprint for step in done.facts.steps)


def test_prompts_are_counted_by_language(published: tuple[Catalog, PublishResult]) -> None:
    catalog, done = published
    assert done.facts.languages["und"] == 48
    with catalog.session() as session:
        session.connection.execute("CREATE TEMP TABLE published_pairs AS FROM pairs")
        assert languages(session, unknown="xx")["xx"] == 48
        assert leaking_prompts(session, []) == {}

"""A licence is of a part of a row: which parts are published is what decides."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.runner.publication_parts import LICENSES_TOGETHER, components

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.catalog import Catalog, Session
    from prefdata.runner.publish import PublishResult

__all__: list[str] = []


def _config(name: str, *columns: str) -> Any:
    """Stand for a configuration of which only the columns matter."""
    asked, schema = SimpleNamespace(name=name), SimpleNamespace(names=["pair_id", *columns])
    return SimpleNamespace(asked=asked, schema=schema)


_WHOLE = _config("all", "prompt", "chosen", "rejected")


@pytest.fixture(scope="module")
def session(published: tuple[Catalog, PublishResult]) -> Iterator[Session]:
    """All pairs twice, as two configurations, and one of a prompt that repeats a response."""
    with published[0].session() as made:
        made.connection.execute(
            "CREATE TEMP TABLE published_pairs AS SELECT config, pairs.* "
            "FROM pairs, (VALUES ('all'), ('few')) AS t(config) "
            "UNION ALL BY NAME SELECT 'all' AS config, 'later/' || response_id AS pair_id, "
            "source, prompt_id, "
            "response_id AS chosen_id, response_id AS rejected_id FROM responses "
            "WHERE prompt_id = 'prism:int1'"
        )
        yield made


def test_a_prompt_that_repeats_responses_is_under_their_licence_too(session: Session) -> None:
    parts = components(session, [_WHOLE], has_demographics=False)
    prompts = parts.filter(config="all", component="prompt", source="prism")
    assert dict(prompts.select("license", "n").iter_rows()) == {
        "CC-BY-4.0": 2,
        "CC-BY-4.0 AND CC-BY-NC-4.0": 1,
    }


def test_what_a_configuration_leaves_out_is_no_part_of_it(session: Session) -> None:
    configs = [_WHOLE, _config("few", "margin")]
    parts = components(session, configs, has_demographics=True)
    of_few = set(parts.filter(config="few")["component"])
    assert of_few == {"annotation", "demographics"}
    assert set(parts.filter(config="all")["component"]) == {"prompt", "response", *of_few}


def test_what_is_in_two_configurations_counts_once_in_the_whole(session: Session) -> None:
    configs = [_WHOLE, _config("few", "chosen")]
    each = components(session, configs, has_demographics=False)
    whole = components(session, configs, has_demographics=False, is_whole=True)
    assert set(whole["config"]) == {"all"}
    of_all = each.filter(config="all").sort("source", "component", "license", "model")
    assert whole.sort("source", "component", "license", "model").equals(of_all)


def test_judgments_of_people_are_of_no_model(session: Session) -> None:
    models = components(session, [_WHOLE], has_demographics=False).filter(component="annotation")
    assert set(models["model"]) == {None}
    assert models.filter(pl.col("source") == "crowd")["n"].to_list() == [48, 48]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [("MIT", "CC0-1.0", "MIT AND CC0-1.0"), ("A OR B", "C", "(A OR B) AND (C)")],
)
def test_a_choice_of_licences_keeps_its_parentheses(
    session: Session, one: str, other: str, both: str
) -> None:
    query = f"SELECT {LICENSES_TOGETHER.format('$one', '$other')}"
    found = session.connection.execute(query, {"one": one, "other": other}).fetchall()
    assert found == [(both,)]

"""The queries of an export agree on their columns, in order or in blocks; names are quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog, Session
from prefdata.protocols import MORE_COLUMNS
from prefdata.runner.export_queries import queries_of, selected_sql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__: list[str] = []

_SELECTED = {"pairs": "make-pairs", "decisions": None, "sources": None}
_VALUES = {"splits": None, "rationales": "gate", "licensed": ["toy"], "licenses": ["MIT"]}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder: Path = tmp_path_factory.mktemp("queries")
    catalog = Catalog.create(folder / "w")
    with Session(catalog.workspace, catalog.head().state) as opened:
        opened.connection.execute(selected_sql("chosen_pairs"), _SELECTED)
        yield opened


def _columns(session: Session, query: str) -> list[str]:
    asked = {name: value for name, value in _VALUES.items() if f"${name}" in query}
    return [one[0] for one in session.connection.execute(query, asked).description or ()]


@pytest.mark.parametrize("takes_critiques", [False, True])
def test_heads_and_prompts_are_the_pairs(session: Session, *, takes_critiques: bool) -> None:
    found = queries_of(
        "chosen_pairs", ("rationales", *MORE_COLUMNS), ["toy"], takes_critiques=takes_critiques
    )
    pairs, heads = _columns(session, found.pairs), _columns(session, found.heads)
    of_prompts = [name for name in _columns(session, found.prompts) if name != "prompt_id"]
    assert sorted(pairs) == sorted([*heads, *of_prompts])
    assert {"prompt", "subset", "prompt_license", "has_answers"} <= {*of_prompts}
    assert {"place", "rationales", *MORE_COLUMNS} - {"chosen_license", "rejected_license"} <= {
        *pairs
    }


def test_texts_come_with_what_leads_to_their_places(session: Session) -> None:
    found = queries_of("chosen_pairs", ("chosen_license",), ["toy"], takes_critiques=False)
    texts = ["messages", "model", "license"]
    assert _columns(session, found.sides) == ["place", *texts]
    assert _columns(session, found.responses) == ["response_id", *texts]
    assert _columns(session, found.prompts) == ["prompt_id", "subset", "language", "prompt"]
    assert _columns(session, found.prompt_places) == ["id", "place"]
    assert _columns(session, found.side_places) == ["id", "place"]


def test_a_source_with_a_quote_in_its_name_is_a_name(session: Session) -> None:
    found = queries_of(
        "chosen_pairs", (), ["it's", "'; DROP TABLE chosen_pairs; --"], takes_critiques=False
    )
    assert _columns(session, found.prompts)[0] == "prompt_id"
    assert session.connection.table("chosen_pairs").shape[0] == 0


def test_the_licence_of_answers_in_a_prompt_is_asked_for_where_it_is_needed(
    session: Session,
) -> None:
    found = queries_of("chosen_pairs", ("prompt_license",), ["toy"], takes_critiques=False)
    assert _columns(session, found.responses)[-1] == "own_license"
    assert _columns(session, found.sides)[-1] == "own_license"
    assert "has_answers" not in _columns(
        session, queries_of("chosen_pairs", (), ["toy"], takes_critiques=False).pairs
    )

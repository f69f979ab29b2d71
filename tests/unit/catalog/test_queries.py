"""The example queries run on any catalog, and give the right answers on a known one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.core.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.catalog import Catalog, Session

__all__: list[str] = []

_FOLDER = shipped_folder("catalog") / "queries"
_QUERIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.sql"))}
_DOCS = _FOLDER.parent.parent / "docs" / "sql.md"


def _answer(session: Session, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.sql(_QUERIES[name]).pl().to_dicts()
    return rows


def _only(rows: list[dict[str, Any]], **wanted: object) -> dict[str, Any]:
    (row,) = [row for row in rows if all(row[k] == v for k, v in wanted.items())]
    return row


def test_there_are_at_least_twenty_numbered_without_a_gap() -> None:
    numbers = [int(name[:2]) for name in _QUERIES]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 20


@pytest.mark.parametrize("name", _QUERIES)
def test_a_query_runs_on_any_catalog(either: Session, name: str) -> None:
    assert either.sql(_QUERIES[name]).fetchall() is not None


@pytest.fixture(scope="module")
def nothing(empty_catalog: Catalog) -> Iterator[Session]:
    """A session on a catalog without a row."""
    with empty_catalog.session() as session:
        yield session


@pytest.mark.parametrize("name", _QUERIES)
def test_a_query_finds_nothing_in_an_empty_catalog(nothing: Session, name: str) -> None:
    assert nothing.sql(_QUERIES[name]).fetchall() == []


@pytest.mark.parametrize("name", _QUERIES)
def test_a_query_finds_something_in_the_known_catalog(known: Session, name: str) -> None:
    assert _answer(known, name)


@pytest.mark.parametrize("name", _QUERIES)
def test_a_query_opens_with_a_question_and_how_to_read_the_answer(name: str) -> None:
    lines = _QUERIES[name].splitlines()
    assert lines[0].startswith("-- ")
    assert lines[0].endswith("?")
    assert lines[1] == "--"
    assert len([line for line in lines[2:] if line.startswith("-- ")]) >= 2


@pytest.mark.parametrize("name", _QUERIES)
def test_a_query_is_in_a_fixed_order(name: str) -> None:
    assert "\nORDER BY " in _QUERIES[name]


@pytest.mark.skipif(not _DOCS.is_file(), reason="the docs are not part of an installation")
def test_every_query_is_in_the_docs() -> None:
    text = _DOCS.read_text(encoding="utf-8")
    questions = {name: text_.splitlines()[0][3:] for name, text_ in _QUERIES.items()}
    assert [n for n, question in questions.items() if f"| `{n}` | {question} |" not in text] == []


def test_win_rates_by_country(known: Session) -> None:
    row = _only(_answer(known, "01-win-rate-by-model-and-country"), model="m1")
    assert (row["source"], row["country"], row["shown"], row["annotators"]) == ("alpha", "GB", 3, 1)
    assert row["win_rate"] == pytest.approx(2 / 3)
    assert row["lift"] == pytest.approx(1.5)
    # Wilson's interval of 2 in 3.
    assert row["low"] == pytest.approx(0.2077, abs=1e-3)
    assert row["high"] == pytest.approx(0.9385, abs=1e-3)


def test_disagreement_leaves_out_what_one_annotator_judged(known: Session) -> None:
    (row,) = _answer(known, "02-disagreement-by-topic")
    assert (row["source"], row["prompts"], row["annotators_per_prompt"]) == ("beta", 1, 3.0)
    assert row["agreement"] == pytest.approx(2 / 3)
    assert row["split"] == 1.0


def test_use_of_the_scale(known: Session) -> None:
    row = _only(_answer(known, "03-rating-scale-use"), annotator_id="alpha:u1")
    assert (row["ratings"], row["lowest"], row["highest"], row["values_used"]) == (5, 1.0, 90.0, 5)
    assert row["extremes"] == pytest.approx(0.2)
    assert row["mean"] == pytest.approx(53.2 / 99)


def test_length_bias_leaves_out_equal_lengths(known: Session) -> None:
    (row,) = _answer(known, "04-length-bias-by-source")
    assert (row["source"], row["judgments"], row["longest_chosen"]) == ("alpha", 2, 1.0)
    assert row["expected"] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert row["length_ratio"] == pytest.approx((4 / 1 + 7 / 3) / 2)


def test_position_bias_counts_known_orders_only(known: Session) -> None:
    rows = _answer(known, "05-position-bias-by-source")
    got = [(r["source"], r["letter"], r["shown"], r["rate"], r["expected"]) for r in rows]
    assert got == [("beta", "A", 4, 0.5, 0.5), ("beta", "B", 4, 0.5, 0.5)]


def test_agreement_within_and_across_groups(known: Session) -> None:
    rows = _answer(known, "06-agreement-by-group")
    home = _only(rows, field="country", value="US")
    assert (home["within"], home["across"], home["expected"]) == (1.0, 0.5, 0.5)
    assert (home["pairs_within"], home["pairs_across"]) == (1, 2)
    away = _only(rows, field="country", value="FR")
    assert (away["within"], away["across"], away["pairs_within"]) == (None, 0.5, 0)


def test_choices_against_ratings(known: Session) -> None:
    (row,) = _answer(known, "07-rating-versus-choice")
    assert (row["judgments"], row["contradicted"], row["mean_gap"]) == (2, 0.5, 10.0)
    assert (row["tied"], row["mean_lead"]) == (0.0, 20.0)


def test_ties(known: Session) -> None:
    rows = _answer(known, "08-ties-by-source")
    assert _only(rows, source="beta", aspect="tone")["tie"] == 1.0
    assert _only(rows, source="beta", aspect="overall")["tie"] == 0.0
    assert _only(rows, source="gamma", aspect="overall")["shared_top_score"] == 0.5
    assert _only(rows, source="gamma", aspect="helpfulness")["shared_top_score"] == 0.0


def test_prompts_of_several_sources(known: Session) -> None:
    (row,) = _answer(known, "09-same-prompt-in-several-sources")
    assert (row["sources"], row["prompts"], row["is_exact"]) == (["alpha", "gamma"], 2, True)
    assert (row["example_id"], row["last_message"]) == ("alpha:p1", "Hello")


def test_winners_that_change_with_the_aspects(known: Session) -> None:
    (row,) = _answer(known, "10-aspects-that-disagree")
    assert (row["source"], row["prompts"], row["changed"]) == ("gamma", 2, 0.5)
    assert (row["overall_tied"], row["mean_tied"]) == (0.5, 0.0)


def test_stated_preferences(known: Session) -> None:
    (row,) = _answer(known, "11-stated-preferences-versus-behaviour")
    assert (row["name"], row["annotators"]) == ("fluency", 3)
    assert (row["mean_stated"], row["mean_in_choices"]) == (50.0, 30.0)
    assert row["correlation"] == pytest.approx(1.0)


def test_small_groups_are_hidden(known: Session) -> None:
    rows = _answer(known, "12-demographic-coverage")
    large = _only(rows, source="beta", field="country", value="IT")
    assert large["annotators"] == 10
    assert large["share_of_annotators"] == pytest.approx(10 / 13)
    small = _only(rows, source="beta", field="country", value="US")
    hidden = ("annotators", "share_of_annotators", "judgments", "share_of_judgments")
    assert [small[name] for name in hidden] == [None] * 4


def test_languages(known: Session) -> None:
    rows = _answer(known, "13-languages")
    assert [(r["source"], r["language"], r["prompts"], r["different_prompts"]) for r in rows] == [
        ("alpha", "en", 2, 2),
        ("beta", "fr", 3, 1),
        ("gamma", None, 2, 2),
    ]


def test_turns(known: Session) -> None:
    rows = _answer(known, "14-turns")
    got = [(r["source"], r["turns"], r["conversations"], r["cumulative"]) for r in rows]
    assert got == [("alpha", 2, 1, 1.0), ("beta", 1, 3, 1.0), ("gamma", 1, 2, 1.0)]


def test_models_that_never_win(known: Session) -> None:
    rows = _answer(known, "15-models-never-chosen")
    assert [(r["model"], r["shown"]) for r in rows] == [("m2", 1), ("m3", 1)]
    assert rows[0]["probability"] == pytest.approx(2 / 3)


def test_rationales(known: Session) -> None:
    rows = _answer(known, "16-rationales-available")
    beta = _only(rows, source="beta", aspect="overall")
    assert (beta["with_comment"], beta["median_chars"], beta["with_reasons"]) == (0.25, 6.0, 0.0)
    alpha = _only(rows, source="alpha")
    assert (alpha["with_response_comments"], alpha["with_reasons"]) == (0.5, 0.5)


def test_contamination_reaches_copies_in_other_sources(known: Session) -> None:
    rows = _answer(known, "18-benchmark-contamination")
    names = ("source", "prompts", "by_copy", "pairs", "share_of_pairs")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("alpha", 1, 1, 1, 0.5),
        ("gamma", 1, 0, 1, 1.0),
    ]


def test_experts_and_others(known: Session) -> None:
    rows = _answer(known, "20-expert-versus-normal")
    expert = _only(rows, aspect="overall", pool="expert")
    names = ("judgments", "tie", "within", "across")
    assert [expert[name] for name in names] == [2, 0.0, 1.0, 0.5]
    normal = _only(rows, aspect="overall", pool="normal")
    assert [normal[name] for name in names] == [2, 0.0, None, 0.5]
    assert _only(rows, aspect="tone")["tie"] == 1.0


def test_margins(known: Session) -> None:
    rows = _answer(known, "21-margins")
    given = _only(rows, source="alpha")
    assert (given["without"], given["zero"], given["median"], given["largest"]) == (0, 0, 12, 20)
    assert _only(rows, source="gamma")["without"] == 1.0


def test_the_last_run_is_the_newest(known: Session) -> None:
    rows = _answer(known, "22-last-run")
    assert [(r["run_id"], r["step"]) for r in rows] == [("run-2", "dedup"), ("run-2", "make-pairs")]


def test_the_pairs_that_displace_most_come_first(known: Session) -> None:
    rows = _answer(known, "26-pairs-that-displace-most")
    assert [(row["pair_id"], row["percentile"]) for row in rows] == [("pair-2", 1), ("pair-1", 0)]


def test_displacement_by_source(known: Session) -> None:
    (row,) = _answer(known, "27-displacement-by-source")
    assert (row["source"], row["ranked_pairs"], row["rho_length"]) == ("alpha", 2, 1.0)
    assert (row["median_ln_ches"], row["share_kept"]) == (-1.5, 0.5)


def test_judges_stand_beside_what_the_source_says(known: Session) -> None:
    rows = _answer(known, "28-judges-against-the-source")
    overall = _only(rows, source_aspect="overall")
    assert (overall["model"], overall["verdicts"], overall["pairs"]) == ("j", 6, 1)
    assert overall["agreement"] == 1.0
    assert overall["position_bias"] == pytest.approx(1 / 12)


def test_rationales_to_read(known: Session) -> None:
    rows = _answer(known, "29-rationales-to-read")
    assert all((row["rationale"] is None) == (row["failed"] is not None) for row in rows)
    kept = [row for row in rows if row["rationale"] is not None]
    assert {row["pair_id"] for row in kept} <= {"pair-1", "pair-2"}
    assert kept


def test_what_the_gate_sees(known: Session) -> None:
    rows = _answer(known, "30-what-the-gate-sees")
    assert [(row["control"], row["rejected"], row["missed"], row["is_met"]) for row in rows] == [
        ("clean", 0.05, None, True),
        ("permuted", 0.75, 0.25, False),
    ]

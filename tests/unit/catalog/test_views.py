"""The shipped views say what they promise, on rows whose answers are known by hand."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from prefdata.catalog.describe import view_summary
from prefdata.catalog.views import Views, shipped_views
from prefdata.core.errors import QueryError
from prefdata.core.shipped import shipped_folder
from prefdata.metrics.position_bias import position_bias
from prefdata.schema import table_names, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefdata.catalog import Catalog, Session

__all__: list[str] = []

_VIEWS = sorted(shipped_views())
_DOCS = shipped_folder("catalog").parent / "docs" / "sql.md"
# Runs and calls of models belong to no source, so these views have nothing to filter by.
_WITHOUT_SOURCE = {"publications", "run_ledger", "spending_summary"}


def _rows(session: Session, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.sql(query).pl().to_dicts()
    return rows


def _all_of(view: str, condition: str = "true") -> str:
    return f"SELECT * FROM {view} WHERE {condition}"  # noqa: S608 - names are ours


def _columns(session: Session, view: str) -> list[str]:
    return session.sql(_all_of(view)).columns


def _plan(session: Session, query: str) -> Iterator[dict[str, Any]]:
    def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield node
        for child in node.get("children", []):
            yield from walk(child)

    text = session.connection.sql(f"EXPLAIN (FORMAT JSON) {query}").fetchall()[0][1]
    for root in json.loads(text):
        yield from walk(root)


@pytest.fixture
def few() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which nothing is yet."""
    with duckdb.connect() as connection:
        yield connection


def _made(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    return {name for (name,) in found}


def test_a_view_is_made_when_it_is_named_with_those_it_stands_on(
    few: duckdb.DuckDBPyConnection,
) -> None:
    texts = {"a": "SELECT * FROM b", "b": "SELECT 1 AS x", "c": "SELECT 2 AS y", "d": "FROM c"}
    views = Views(few, texts)
    views.bring("SELECT x FROM nothing_here")
    assert _made(few) == set()
    views.bring("SELECT x FROM A -- a")
    assert _made(few) == {"a", "b"}
    views.bring("SELECT y FROM c")
    assert _made(few) == {"a", "b", "c"}
    views.bring("FROM (SHOW TABLES)")
    assert _made(few) == set(texts)
    assert not views.bring_all()


def test_a_view_that_cannot_be_made_is_named(few: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError, match="The view a cannot be made") as caught:
        Views(few, {"a": "SELECT * FROM gone", "b": "SELECT 1 AS x"}).bring_all()
    assert "catalog/views/a.sql" in str(caught.value)
    assert _made(few) == {"b"}


def test_the_views_there_are_can_be_listed_and_a_slip_in_a_name_is_told(
    known_catalog: Catalog,
) -> None:
    with (
        known_catalog.session(is_locked=True) as session,
        pytest.raises(QueryError, match="pair_summary"),
    ):
        session.sql("SELECT * FROM pair_sumary")
    with known_catalog.session() as session:
        listed = session.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        assert set(_VIEWS) <= {name for (name,) in listed}
    with known_catalog.session() as session:
        assert set(_VIEWS) <= _made(session.connection)


def test_judgments_flat_has_a_row_for_each_response_shown(known: Session) -> None:
    got = _rows(
        known,
        "SELECT response_id, model, position, n_shown, is_chosen, n_chosen, score, top_score, "
        "raw_value FROM judgments_flat WHERE judgment_id = 'alpha:j1' ORDER BY position",
    )
    assert [tuple(row.values()) for row in got] == [
        ("alpha:p1/0", "m1", 0, 3, True, 1, 80.0, 90.0, "80"),
        ("alpha:p1/1", "m2", 1, 3, False, 1, 90.0, 90.0, "90"),
        ("alpha:p1/2", "m3", 2, 3, False, 1, 1.0, 90.0, "1"),
    ]
    counts = "SELECT stage, count(*) AS n FROM judgments_flat GROUP BY stage ORDER BY stage"
    assert _rows(known, counts) == [{"stage": "judge", "n": 12}, {"stage": None, "n": 27}]


def test_judgments_flat_says_nothing_of_a_choice_that_was_not_asked(known: Session) -> None:
    got = _rows(
        known,
        "SELECT DISTINCT is_chosen, n_chosen, rank FROM judgments_flat WHERE source = 'gamma'",
    )
    assert got == [{"is_chosen": None, "n_chosen": None, "rank": None}]


def test_ratings_flat_puts_values_on_the_scale_and_within_their_annotator(known: Session) -> None:
    (row,) = _rows(
        known, "SELECT * FROM ratings_flat WHERE response_id = 'alpha:p1/0' AND score = 80"
    )
    assert row["normalized"] == pytest.approx(79 / 99)
    # The other values are 90, 1, 60 and 40: mean 54.2, variance 1253.2.
    assert row["z"] == pytest.approx((80 - 54.2) / 1253.2**0.5)


def test_ratings_flat_has_no_row_where_nothing_was_rated(known: Session) -> None:
    assert _rows(known, "SELECT count(*) AS n FROM ratings_flat") == [{"n": 16}]
    tops = "SELECT normalized FROM ratings_flat WHERE judgment_id = 'gamma:p2/helpfulness'"
    assert _rows(known, tops) == [{"normalized": 1.0}]


def test_ratings_flat_takes_no_odds_of_a_judge_for_ratings(known: Session) -> None:
    assert _rows(known, "SELECT DISTINCT stage FROM ratings_flat") == [{"stage": None}]


def test_pair_texts_tells_the_words_and_the_fate_of_a_pair(known: Session) -> None:
    one, two, three = _rows(known, "SELECT * FROM pair_texts ORDER BY pair_id")
    assert (two["last_user_text"], len(two["prompt"])) == ("And then", 3)
    assert (two["chosen_text"], two["rejected_text"]) == ("cccc cc", "d\ne")
    assert two["chosen"] == [{"role": "assistant", "content": "cccc cc"}]
    assert (one["chosen_model"], one["rejected_model"]) == ("m1", "m2")
    assert (one["chosen_chars"], one["rejected_chars"]) == (4, 2)
    assert (one["stage"], one["language"], one["margin"]) == ("make-pairs", "en", 4.0)
    fate = ("is_kept", "kept_by", "left_out_by", "reasons")
    assert [one[k] for k in fate] == [False, ["select"], ["strict"], ["margin"]]
    assert [two[k] for k in fate] == [True, ["select"], [], []]
    assert [three[k] for k in fate] == [None, None, None, None]


def test_annotator_profiles_count_what_each_annotator_did(known: Session) -> None:
    got = {
        row.pop("annotator_id"): tuple(row.values())
        for row in _rows(
            known,
            "SELECT annotator_id, n_judgments, n_prompts, n_ties, n_comments, n_conversations "
            "FROM annotator_profiles",
        )
    }
    assert len(got) == 18
    assert got["alpha:u1"] == (2, 2, 0, 0, 1)
    assert got["beta:u1"] == (2, 1, 1, 1, 0)
    assert got["beta:v0"] == (0, 0, 0, 0, 0)
    assert got["beta:judge/j@0"] == (6, 3, 1, 0, 0)


def test_choices_by_text_names_sets_by_their_words(known: Session) -> None:
    got = _rows(
        known,
        "SELECT judgment_id, prompt_hash, n_candidates, choice, dense_rank() OVER (ORDER BY "
        "candidates) AS set FROM choices_by_text WHERE source = 'beta' AND stage IS NULL "
        "ORDER BY judgment_id",
    )
    assert {row["set"] for row in got} == {1}
    assert {(row["prompt_hash"], row["n_candidates"]) for row in got} == {("h-Why", 2)}
    assert [row["choice"] for row in got] == ["h-X", "h-X", "h-Y", "h-X", "tie"]


def test_agreement_gives_each_annotator_one_vote(known: Session) -> None:
    overall, tone = _rows(
        known, "SELECT * FROM agreement_by_prompt WHERE source = 'beta' ORDER BY aspect"
    )
    # Votes for X: 1, 1 and a half. Two of three agree; each of them half with the third.
    assert (overall["n_judgments"], overall["n_annotators"], overall["n_choices"]) == (4, 3, 2)
    assert overall["modal_share"] == pytest.approx(2.5 / 3)
    assert overall["agreement"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert overall["entropy_bits"] == pytest.approx(0.650022, abs=1e-6)
    assert overall["chance_agreement"] == 0.5
    assert (overall["prompt_id"], overall["annotator_kind"]) == ("beta:p1", "human")
    assert (tone["n_annotators"], tone["modal_share"], tone["entropy_bits"]) == (1, 1.0, 0.0)
    assert tone["agreement"] is None


def test_source_overview_counts_everything(known: Session) -> None:
    got = _rows(known, "SELECT * FROM source_overview ORDER BY source")
    assert [tuple(row.values()) for row in got] == [
        ("alpha", 2, 5, 2, 3, 3, 2, 2, 0, ["en"], ["m1", "m2", "m3"], ["r1"], 1, 100, 2),
        ("beta", 3, 6, 5, 13, 0, 0, 0, 2, ["fr"], [], ["r1"], 2, 110, 40),
        ("gamma", 2, 4, 6, 1, 0, 1, 1, 0, [], ["mA", "mB"], [], 0, 0, 0),
    ]


def test_flag_summary_gives_shares_of_the_subject(known: Session) -> None:
    got = _rows(
        known,
        "SELECT source, subject, flag, stage, rows, rows_of_subject, share, mean_value, example_id "
        "FROM flag_summary ORDER BY source, subject",
    )
    assert [tuple(row.values()) for row in got] == [
        ("alpha", "pairs", "displacement", "filter-displacement", 1, 2, 0.5, -1.0, "pair-2"),
        ("alpha", "responses", "empty-response", "ingest", 1, 5, 0.2, None, "alpha:p1/2"),
        ("gamma", "prompts", "benchmark-truthful-qa", "ingest", 1, 2, 0.5, 1.0, "gamma:p1"),
    ]


def test_model_win_rates_compare_with_chance(known: Session) -> None:
    got = {
        (row["source"], row["aspect"], row["model"]): row
        for row in _rows(known, "SELECT * FROM model_win_rates")
    }
    best = got["alpha", "overall", "m1"]
    assert (best["basis"], best["shown"], best["chosen"], best["wins"]) == ("choice", 3, 2, 2.0)
    assert best["expected"] == pytest.approx(1 / 3 + 1 / 2 + 1 / 2)
    assert best["win_rate"] == pytest.approx(2 / 3)
    assert best["lift"] == pytest.approx(1.5)
    assert got["alpha", "overall", "m2"]["wins"] == 0
    # One win, and half of a tie.
    rated = got["gamma", "overall", "mA"]
    assert (rated["basis"], rated["shown"], rated["chosen"], rated["wins"]) == ("score", 2, 2, 1.5)


def test_a_judgment_hands_out_one_win(known: Session) -> None:
    (row,) = _rows(known, "SELECT sum(wins) AS wins, sum(expected) AS chance FROM model_win_rates")
    assert row["wins"] == pytest.approx(2 + 6)
    assert row["chance"] == pytest.approx(2 + 6)


def test_reject_summary_points_to_the_first_row(known: Session) -> None:
    (row,) = _rows(known, "SELECT * FROM reject_summary")
    assert (row["source"], row["rule"], row["rows"], row["files"]) == (
        "beta",
        "unknown-value",
        2,
        1,
    )
    assert row["share_of_raw_rows"] == 0.05
    example = (row["example_file"], row["example_row"], row["example_reason"])
    assert example == ("b.csv", 3, "the value is 3")


def test_split_summary_finds_contents_on_both_sides(known: Session) -> None:
    got = _rows(
        known,
        "SELECT source, stage, split, prompts, contents, leaked_contents, pairs FROM split_summary "
        "ORDER BY source, stage, split",
    )
    assert [tuple(row.values()) for row in got] == [
        ("alpha", "split", "test", 1, 1, 0, 1),
        ("alpha", "split", "train", 1, 1, 0, 1),
        ("beta", "ingest", "train", 3, 1, 0, 0),
        ("beta", "split", "test", 1, 1, 1, 0),
        ("beta", "split", "train", 2, 1, 1, 0),
    ]
    (share,) = _rows(
        known,
        "SELECT share FROM split_summary "
        "WHERE source = 'beta' AND stage = 'split' AND split = 'train'",
    )
    assert share["share"] == pytest.approx(2 / 3)


def test_duplicate_summary_counts_by_the_source_of_the_neighbor(known: Session) -> None:
    got = _rows(
        known,
        "SELECT source, neighbor_source, rows, spare_rows, clusters, largest_cluster, "
        "mean_similarity FROM duplicate_summary ORDER BY source, neighbor_source",
    )
    assert [tuple(row.values()) for row in got] == [
        ("alpha", "beta", 1, 0, 1, 3, 0.9),
        ("beta", "alpha", 1, 1, 1, 3, 0.9),
        ("beta", "beta", 1, 1, 1, 3, 0.8),
    ]


def test_prompt_topics_give_each_prompt_the_words_of_its_topic(known: Session) -> None:
    got = _rows(
        known,
        "SELECT prompt_id, topic_label, topic_rows FROM prompt_topics ORDER BY prompt_id",
    )
    assert [tuple(row.values()) for row in got] == [
        ("alpha:p1", "who, why", 3),
        ("alpha:p2", "who, why", 3),
        ("beta:p1", "who, why", 3),
    ]


def test_pair_displacement_ranks_pairs_within_their_source(known: Session) -> None:
    got = _rows(
        known,
        "SELECT pair_id, percentile, length_difference, is_flagged, reasons "
        "FROM pair_displacement ORDER BY pair_id",
    )
    assert [tuple(row.values()) for row in got] == [
        ("pair-1", 0.0, 1, False, None),
        ("pair-2", 1.0, 3, True, ["above -2"]),
        ("pair-3", None, None, False, None),
    ]


def test_pair_rationales_gives_each_pair_what_passed_or_says_why_nothing_did(
    known: Session,
) -> None:
    one, two = _rows(known, "SELECT * FROM pair_rationales ORDER BY pair_id")
    assert (one["rationale_id"], one["text"], one["failed"]) == ("r1", "Y says r1.", None)
    assert (one["chosen_handle"], one["y_id"], one["n_attempts"]) == ("Y", "alpha:p1/0", 1)
    assert (two["rationale_id"], two["text"], two["failed"]) == (None, None, ["length"])
    assert (two["pair_id"], two["n_attempts"], two["n_rationales"]) == ("pair-2", 2, 2)


def test_gate_summary_counts_what_each_check_failed_with_its_interval(known: Session) -> None:
    got = {row["check_name"]: row for row in _rows(known, "SELECT * FROM gate_summary")}
    counts = {name: (r["rationales"], r["failed"], r["abstained"]) for name, r in got.items()}
    assert counts == {
        "any": (3, 2, 0),
        "no-text": (3, 0, 0),
        "length": (3, 2, 0),
        "language": (1, 0, 1),
        "names": (1, 1, 0),
    }
    whole = got["any"]
    assert (whole["kind"], whole["language"], whole["share"]) == ("general", "en", 2 / 3)
    # Wilson, as scipy.stats.binomtest(2, 3).proportion_ci(method="wilson") says.
    assert whole["low"] == pytest.approx(0.2076596)
    assert whole["high"] == pytest.approx(0.9385081)
    assert (got["no-text"]["low"], got["names"]["high"]) == (0.0, 1.0)
    assert got["length"]["mean_value"] == 4.0


def test_match_summary_shows_the_strongest_evidence(known: Session) -> None:
    (row,) = _rows(known, "SELECT * FROM match_summary")
    assert (row["rows"], row["share"], row["items"], row["size"]) == (1, 0.5, 2, 8)
    assert (row["example_id"], row["example_text"]) == ("alpha:p1", "words of 2")


def test_judge_summary_measures_the_position_bias_as_the_metric_does(known: Session) -> None:
    (row,) = _rows(known, "SELECT * FROM judge_summary")
    assert (row["source"], row["stage"], row["model"], row["aspect"]) == (
        "beta",
        "judge",
        "j",
        "overall",
    )
    assert (row["verdicts"], row["ties"], row["pairs"]) == (6, 1, 3)
    metric = position_bias(["a", "a", "b", "b", "c", "c"], [1, 0, 1, 1, 0.5, 0])
    assert row["first_share"] == pytest.approx(metric.first_share)
    assert row["consistent_share"] == pytest.approx(metric.consistent_share)
    assert row["position_bias"] == pytest.approx(metric.bias)
    assert (row["low"], row["high"]) == pytest.approx(metric.interval)


def test_judge_agreement_compares_with_what_the_source_prefers(known: Session) -> None:
    overall, tone = _rows(known, "SELECT * FROM judge_agreement ORDER BY source_aspect")
    # Of three sets, the source is split on one, and the judge has no preference on another.
    assert (overall["pairs"], overall["agreed"], overall["undecided"]) == (1, 1, 1)
    assert (overall["agreement"], overall["model"], overall["stage"]) == (1.0, "j", "judge")
    # Wilson, as scipy.stats.binomtest(1, 1).proportion_ci(method="wilson") says.
    assert (overall["low"], overall["high"]) == pytest.approx((0.2065493, 1.0))
    assert (tone["source_aspect"], tone["pairs"], tone["undecided"]) == ("tone", 0, 0)
    assert tone["agreement"] is tone["low"] is None


def test_response_lengths_count_characters_words_and_lines(known: Session) -> None:
    got = {
        row.pop("response_id"): tuple(row.values())
        for row in _rows(
            known, "SELECT response_id, chars, words, lines, is_blank FROM response_lengths"
        )
    }
    assert got["alpha:p2/0"] == (7, 2, 1, False)
    assert got["alpha:p2/1"] == (3, 2, 2, False)
    assert got["alpha:p1/2"] == (0, 0, 0, True)


def test_pair_summary_shows_margins_and_length_bias(known: Session) -> None:
    alpha, gamma = _rows(known, "SELECT * FROM pair_summary ORDER BY source")
    margins = "pairs", "prompts", "pairs_with_margin", "mean_margin", "median_margin"
    lengths = "mean_chosen_chars", "mean_rejected_chars", "mean_length_difference", "chosen_longer"
    assert (alpha["stage"], alpha["rule"], alpha["aspect"]) == ("make-pairs", "choice", "overall")
    assert alpha["margin_unit"] == "points of 1-100"
    assert [alpha[name] for name in margins] == [2, 2, 2, 12.0, 12.0]
    assert [alpha[name] for name in lengths] == [5.5, 2.5, 3.0, 1.0]
    assert [gamma[name] for name in margins] == [1, 1, 0, None, None]
    assert [gamma[name] for name in lengths] == [3.0, 3.0, 0.0, None]


def test_run_ledger_keeps_runs_without_steps(known: Session) -> None:
    got = _rows(
        known, "SELECT run_id, step, rows_in, rows_rejected FROM run_ledger ORDER BY run_id, step"
    )
    assert [tuple(row.values()) for row in got] == [
        ("run-0", None, None, None),
        ("run-1", "ingest", 42, 2),
        ("run-2", "dedup", 5, 1),
        ("run-2", "make-pairs", 5, 0),
        ("run-3", "publish:org/name", 4, 0),
    ]


def test_publications_are_the_receipts_of_what_was_sent(known: Session) -> None:
    (row,) = _rows(known, _all_of("publications"))
    told = ("target", "publisher", "tag", "commit_id", "url", "pull_request", "is_new", "rows")
    assert [row[name] for name in told] == [
        *("org/name", "hub", "v1.0.0", "c0ffee", "https://hub", None, True, 4)
    ]
    assert (row["files"], row["recipe"]) == (2, "publish")


def test_spending_summary_adds_up_the_ledger(known: Session) -> None:
    free, paid = _rows(
        known,
        "SELECT purpose, currency, answers, attempts, faults, unreadable, lost, prompt_tokens, "
        "cached_tokens, completion_tokens, cost, uncertain_cost, tokens_per_answer, "
        "cost_per_answer, duration_seconds FROM spending_summary ORDER BY currency NULLS FIRST",
    )
    assert tuple(free.values()) == (
        *("ask", None, 0, 1, 1, 0, 0),
        *(0, 0, 0, None, None, None, None, 1.0),
    )
    assert tuple(paid.values()) == (
        *("ask", "USD", 8, 12, 2, 1, 1),
        *(800, 60, 40, 2.0, 0.5, 105.0, 0.25, 7.0),
    )


@pytest.mark.parametrize("view", _VIEWS)
def test_a_view_runs_on_any_catalog(either: Session, view: str) -> None:
    assert either.sql(_all_of(view)).fetchall() is not None


@pytest.fixture(scope="module")
def nothing(empty_catalog: Catalog) -> Iterator[Session]:
    """A session on a catalog without a row."""
    with empty_catalog.session() as session:
        yield session


@pytest.fixture(scope="module")
def unpruned(known_catalog: Catalog) -> Iterator[Session]:
    """A session that keeps filters which statistics make needless."""
    with known_catalog.session() as session:
        # Where a table holds one source only, DuckDB would leave the filter out again.
        session.connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        yield session


@pytest.mark.parametrize("view", _VIEWS)
def test_a_view_is_empty_when_the_catalog_is(nothing: Session, view: str) -> None:
    assert nothing.sql(_all_of(view)).fetchall() == []


@pytest.mark.parametrize("view", sorted(set(_VIEWS) - _WITHOUT_SOURCE))
def test_a_filter_on_the_source_reaches_every_file_that_is_read(
    unpruned: Session, view: str
) -> None:
    nodes = list(_plan(unpruned, _all_of(view, "source = 'alpha'")))
    scans = [node["extra_info"] for node in nodes if "PARQUET" in str(node.get("extra_info", ""))]
    assert scans
    assert [scan for scan in scans if "source = 'alpha'" not in str(scan.get("Filters"))] == []


@pytest.mark.parametrize("view", _VIEWS)
def test_a_view_joins_by_keys(known: Session, view: str) -> None:
    names = {node["name"].strip().upper() for node in _plan(known, _all_of(view))}
    assert [name for name in names if re.search("CROSS|NESTED|BLOCKWISE|PIECEWISE", name)] == []


def test_a_query_for_lengths_reads_no_messages(known: Session) -> None:
    nodes = _plan(known, "SELECT avg(chosen_chars) FROM pair_texts WHERE source = 'alpha'")
    read = [str(node["extra_info"].get("Projections")) for node in nodes if "PARQUET" in str(node)]
    assert read
    assert not [columns for columns in read if "messages" in columns]


def test_the_table_of_pairs_stays_bare(known: Session) -> None:
    assert _columns(known, "pairs") == list(table_schema("pairs").columns)
    joins = [n["name"] for n in _plan(known, "SELECT * FROM pairs") if "JOIN" in n["name"].upper()]
    assert joins == []


def test_a_view_has_the_name_of_no_table() -> None:
    assert not set(_VIEWS) & set(table_names())


@pytest.mark.parametrize("view", _VIEWS)
def test_a_view_opens_with_its_summary(view: str) -> None:
    first = shipped_views()[view].splitlines()[0]
    assert re.fullmatch(r"-- One row per .+\.", first)


def _documented(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Return the views of the page: name to summary and columns."""
    views = {}
    for part in path.read_text(encoding="utf-8").split("\n### ")[1:]:
        name, _, body = part.partition("\n")
        columns = re.findall(r"^\| `(\w+)` \|", body, flags=re.MULTILINE)
        views[name.strip("`")] = (body.strip().splitlines()[0], columns)
    return views


@pytest.mark.skipif(not _DOCS.is_file(), reason="the docs are not part of an installation")
def test_every_view_is_in_the_docs_with_its_columns(known: Session) -> None:
    summaries = {view: view_summary(text) for view, text in shipped_views().items()}
    expected = {view: (summaries[view], _columns(known, view)) for view in _VIEWS}
    assert _documented(_DOCS) == expected

"""What stays of a selection is what a plain reading of the policies leaves."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.catalog import Catalog, Session
from prefdata.core.errors import UnknownNameError
from prefdata.protocols import Policies
from prefdata.runner.export_policies import REMOVABLE, leave_out
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []

_PAIRS = {
    "pair_id": pl.String,
    "prompt_id": pl.String,
    "chosen_id": pl.String,
    "rejected_id": pl.String,
    "judgment_id": pl.String,
    "annotator_id": pl.String,
    "aspect": pl.String,
    "margin": pl.Float64,
    "n_votes": pl.Int32,
}
_SEVERAL = {"j0", "j3"}
"""Judgments that chose both responses."""

Pair = dict[str, Any]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Two prompts of one conversation and one without, two responses each, six judgments."""
    catalog = Catalog.create(tmp_path_factory.mktemp("policies") / "w")
    raw = {"revision": "r", "file": "raw.jsonl"}
    prompts = [
        {"prompt_id": f"p{n}", "conversation_id": None if n == 2 else "c", "row": n}
        for n in range(3)
    ]
    responses = [
        {"response_id": f"{p['prompt_id']}/{side}", "prompt_id": p["prompt_id"], "row": 10 + n}
        for n, p in enumerate(prompts)
        for side in "ab"
    ]
    judgments = [
        {
            "judgment_id": f"j{n}",
            "prompt_id": f"p{n % 3}",
            "annotator_id": f"who{n % 2}",
            "response_ids": [f"p{n % 3}/a", f"p{n % 3}/b"],
            "chosen": [True, f"j{n}" in _SEVERAL],
            "row": 20 + n,
        }
        for n in range(6)
    ]
    message = [{"role": "user", "content": "hello"}]
    tables: dict[str, list[Pair]] = {
        "prompts": [
            {**raw, **row, "turn": 0, "messages": message, "content_hash": ""} for row in prompts
        ],
        "responses": [
            {**raw, **row, "text": "hello", "messages": message, "content_hash": ""}
            for row in responses
        ],
        "judgments": [
            {**raw, **row, "aspect": "overall", "protocol": "best_of_k", "is_order_known": False}
            for row in judgments
        ],
        "conversations": [{**raw, "conversation_id": "c", "annotator_id": "holder", "row": 0}],
    }
    with catalog.write() as write:
        for name, rows in tables.items():
            frame = pl.DataFrame(rows).with_columns(source=pl.lit("toy"))
            write.put(name, ("toy",), conform(frame, table_schema(name)))
        write.commit("world")
    with Session(catalog.workspace, catalog.snapshot().state) as opened:
        yield opened


@st.composite
def _pairs(draw: st.DrawFn) -> list[Pair]:
    rows: list[Pair] = []
    for number in range(draw(st.integers(1, 12))):
        prompt = f"p{draw(st.integers(0, 2))}"
        pooled = draw(st.booleans())
        chosen, rejected = draw(st.sampled_from((("a", "b"), ("b", "a"))))
        row = {
            "prompt_id": prompt,
            "chosen_id": f"{prompt}/{chosen}",
            "rejected_id": f"{prompt}/{rejected}",
            "judgment_id": None if pooled else f"j{draw(st.integers(0, 5))}",
            "annotator_id": draw(st.sampled_from(("who0", "who1", None))),
            "aspect": draw(st.sampled_from(("overall", "style"))),
            "margin": draw(st.sampled_from((None, 0.0, 1.0))),
            "n_votes": draw(st.sampled_from((None, 1, 2))),
        }
        rows.append({"pair_id": f"{number:02}", **row})
        if draw(st.booleans()):
            turned = {"chosen_id": row["rejected_id"], "rejected_id": row["chosen_id"]}
            rows.append({"pair_id": f"{number:02}x", **row, **turned, "margin": 0.0})
    return draw(st.permutations(rows))


_policies = st.builds(
    Policies,
    ties=st.sampled_from(("leave-out", "keep")),
    disagreement=st.sampled_from(("keep", "majority", "leave-out")),
    repeats=st.sampled_from(("keep", "once")),
    several_chosen=st.sampled_from(("keep", "leave-out")),
)
_removals = st.lists(
    st.sampled_from(
        (
            ("pairs", "03"),
            ("pairs", "raw.jsonl#2"),
            ("prompts", "p0"),
            ("prompts", "raw.jsonl#1"),
            ("responses", "p1/b"),
            ("responses", "raw.jsonl#12"),
            ("judgments", "j1"),
            ("judgments", "raw.jsonl#25"),
            ("annotators", "who1"),
            ("annotators", "holder"),
            ("conversations", "c"),
            ("conversations", "p0"),
        )
    ),
    max_size=2,
)


def _put(session: Session, rows: list[Pair]) -> None:
    frame = pl.DataFrame(rows, schema=_PAIRS, orient="row")
    session.connection.register("drawn", frame.to_arrow())
    session.connection.execute("CREATE OR REPLACE TABLE chosen_pairs AS FROM drawn")
    session.connection.unregister("drawn")


def _kept(session: Session) -> dict[str, int | None]:
    found = session.connection.execute("SELECT pair_id, n_votes FROM chosen_pairs").fetchall()
    return dict(found)


@settings(max_examples=25, deadline=None)
@given(_pairs(), _policies, _removals)
def test_what_is_left_out_is_what_the_policies_say(
    session: Session, rows: list[Pair], policies: Policies, removals: list[tuple[str, str]]
) -> None:
    _put(session, rows)
    listed = pl.DataFrame(removals, schema=["subject", "id"], orient="row") if removals else None
    counts = leave_out(session, "chosen_pairs", policies, listed)
    left, wanted = _plainly(rows, policies, removals)
    assert counts == wanted
    assert _kept(session) == {row["pair_id"]: row["n_votes"] for row in left}
    assert len(rows) == len(left) + sum(counts.values())


def _plainly(
    rows: list[Pair], policies: Policies, removals: list[tuple[str, str]]
) -> tuple[list[Pair], dict[str, int]]:
    """Read the policies as they are written down, one pair at a time."""
    out: dict[str, int] = {}
    rows = _without(rows, "removed", out, {r["pair_id"] for r in rows if _is_removed(r, removals)})
    if policies.several_chosen == "leave-out":
        several = {row["pair_id"] for row in rows if row["judgment_id"] in _SEVERAL}
        rows = _without(rows, "several-chosen", out, several)
    if policies.ties == "leave-out":
        rows = _without(rows, "tie", out, _ties(rows))
    if policies.disagreement != "keep":
        rows = _without(rows, "disagreement", out, _disputed(rows, policies.disagreement))
    if policies.repeats == "once":
        rows = _once(rows, out)
    return rows, out


def _without(rows: list[Pair], reason: str, out: dict[str, int], gone: set[str]) -> list[Pair]:
    if gone:
        out[reason] = len(gone)
    return [row for row in rows if row["pair_id"] not in gone]


def _is_removed(row: Pair, removals: list[tuple[str, str]]) -> bool:
    number = int(row["prompt_id"][1])
    judgment = row["judgment_id"]
    in_conversation = number != 2
    names = {
        ("pairs", row["pair_id"]),
        ("pairs", f"raw.jsonl#{number}"),
        ("prompts", row["prompt_id"]),
        ("prompts", f"raw.jsonl#{number}"),
        ("responses", row["chosen_id"]),
        ("responses", row["rejected_id"]),
        ("responses", f"raw.jsonl#{10 + number}"),
        ("judgments", judgment),
        ("judgments", f"raw.jsonl#{20 + int(judgment[1])}" if judgment else None),
        ("annotators", row["annotator_id"]),
        ("annotators", "holder" if in_conversation else None),
        ("conversations", "c" if in_conversation else None),
    }
    return not names.isdisjoint(removals)


def _two(row: Pair) -> tuple[str, str, str]:
    first, second = sorted((str(row["chosen_id"]), str(row["rejected_id"])))
    return first, second, row["aspect"]


def _ties(rows: list[Pair]) -> set[str]:
    found = defaultdict(list)
    for row in rows:
        if row["margin"] == 0:
            found[(*_two(row), row["judgment_id"], row["annotator_id"])].append(row)
    both = [group for group in found.values() if len({row["chosen_id"] for row in group}) == 2]
    return {row["pair_id"] for group in both for row in group}


def _disputed(rows: list[Pair], policy: str) -> set[str]:
    ties = _ties(rows)
    found = defaultdict(list)
    for row in rows:
        if row["pair_id"] not in ties:
            found[_two(row)].append(row)
    gone = set()
    for group in found.values():
        votes: dict[str, int] = defaultdict(int)
        for row in group:
            votes[row["chosen_id"]] += row["n_votes"] or 1
        people = {row["annotator_id"] or row["pair_id"] for row in group}
        if len(votes) == 2 and len(people) > 1:
            most = max(votes.values())
            is_equal = len(set(votes.values())) == 1
            gone |= {
                row["pair_id"]
                for row in group
                if policy == "leave-out" or is_equal or votes[row["chosen_id"]] < most
            }
    return gone


def _once(rows: list[Pair], out: dict[str, int]) -> list[Pair]:
    ties = _ties(rows)
    found = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row["pair_id"])):
        found[(row["chosen_id"], *_two(row), row["pair_id"] in ties)].append(row)
    if len(rows) > len(found):
        out["repeat"] = len(rows) - len(found)
    return [
        group[0]
        if len(group) == 1
        else {**group[0], "n_votes": sum(r["n_votes"] or 1 for r in group)}
        for group in found.values()
    ]


def test_an_unknown_subject_is_refused(session: Session) -> None:
    _put(session, [])
    listed = pl.DataFrame({"subject": ["people"], "id": ["who1"]})
    with pytest.raises(UnknownNameError, match="subject of a removal named 'people'") as caught:
        leave_out(session, "chosen_pairs", Policies(), listed)
    assert all(name in str(caught.value) for name in REMOVABLE)

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.privacy.kanon import suppress
from prefdata.privacy.pseudonyms import Key, pseudonyms
from prefdata.privacy.removals import removal_digest
from prefdata.privacy.scrub import Scrubber
from prefdata.publishing._privacy_gate.raw_ids import RawIds
from prefdata.publishing._privacy_gate.staged import Leaf, leaves
from prefdata.publishing.privacy_gate import PrivacyRules, check_privacy
from prefdata.tables.messages import MESSAGES
from prefdata.testing.people import prism_people

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.publishing.findings import Finding

__all__: list[str] = []

_NOBODY = pl.Series("annotator_id", [], dtype=pl.String)
_GATED = PrivacyRules(gate_prompt="I will not try to find out who the annotators are.")
_KEY = Key(bytes(32))


def _pairs(*texts: str, **columns: Sequence[Any]) -> pl.DataFrame:
    def said(role: str, words: Sequence[str]) -> pl.Series:
        return pl.Series([[{"role": role, "content": text}] for text in words], dtype=MESSAGES)

    n = len(texts)
    return pl.DataFrame(
        {
            "pair_id": [f"pair-{i}" for i in range(n)],
            "source_row_id": [f"train.jsonl#{i}" for i in range(n)],
            "prompt": said("user", ["Tell me a thing."] * n),
            "chosen": said("assistant", texts),
            **columns,
        }
    )


class _Stage:
    """A staged folder, and the gate before it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configs: dict[str, list[Path]] = {}

    def put(self, config: str, frame: pl.DataFrame, suffix: str = ".parquet") -> None:
        files = self.configs.setdefault(config, [])
        path = self.folder / f"{config}-{len(files)}{suffix}"
        frame.write_parquet(path) if suffix == ".parquet" else frame.write_ndjson(path)
        files.append(path)

    def check(self, rules: PrivacyRules = _GATED, **more: Any) -> list[Finding]:
        return check_privacy(self.configs, rules, **({"raw_ids": _NOBODY} | more))

    def codes(self, rules: PrivacyRules = _GATED, **more: Any) -> list[tuple[str, str, int]]:
        return [(f.code, f.level, f.n) for f in self.check(rules, **more)]


@pytest.fixture
def staged(tmp_path: Path) -> _Stage:
    return _Stage(tmp_path)


def test_what_holds_nothing_personal_passes(staged: _Stage) -> None:
    staged.put("pairs", _pairs("Water boils at 100 degrees.", "In 1990."))
    staged.put("pairs", _pairs("No."), ".jsonl")
    assert staged.check() == []


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_e_mail_addresses_are_refused_and_phone_numbers_told(suffix: str, staged: _Stage) -> None:
    staged.put(
        "pairs", _pairs("Ask jane.doe@example.com or jo@b.org.", "Call (212) 555-0123.", ""), suffix
    )
    mail, phone = staged.check()
    assert (mail.code, mail.level, mail.n) == ("P001", "refuse", 1)
    assert (phone.code, phone.level, phone.n) == ("P001", "warn", 1)
    assert mail.where == "pairs: chosen.content"
    assert "2 places, such as j….d…@e….com, j…@b….org." in mail.what
    assert "jane" not in f"{mail}"


def test_a_row_that_is_allowed_may_hold_an_address(staged: _Stage) -> None:
    staged.put("pairs", _pairs("hi", "a@b.org", "c@d.org", "e@f.org"))
    allow = frozenset({"pair-1", "train.jsonl#2", "pairs-0.parquet#3"})
    for left_out, n in ((set(), 0), ({"pair-1"}, 1), ({"pairs-0.parquet#3"}, 1)):
        found = staged.check(PrivacyRules(allow=allow - left_out))
        assert sum(one.n for one in found) == n


def test_scrubbed_rows_pass_and_only_the_columns_named_are_looked_at(staged: _Stage) -> None:
    frame = _pairs("a@b.org, 4111 1111 1111 1111", "https://a:b@c.de").with_columns(
        contact=pl.lit("me@home.org")
    )
    staged.put("pairs", Scrubber().scrub(frame))
    assert [one.where for one in staged.check()] == ["pairs: contact"]
    assert staged.check(PrivacyRules(columns=("prompt", "chosen"))) == []


def test_a_number_in_a_key_is_no_credit_card_by_chance_and_an_address_in_it_is_one(
    staged: _Stage,
) -> None:
    staged.put("keys", _pairs("x", "y", prompt_id=["4111111111111111", "jo@b.org"]))
    (found,) = staged.check()
    assert (found.n, found.where) == (1, "keys: prompt_id")


def _people(**more: Any) -> pl.DataFrame:
    people = prism_people(n=300).select("annotator_id", "source", "age_band", "gender", "country")
    names = pseudonyms(people["source"], people["annotator_id"], _KEY)
    return people.with_columns(annotator_id=names, **more)


def test_annotators_of_small_classes_are_refused_and_pass_after_suppression(
    staged: _Stage,
) -> None:
    people = _people()
    staged.put("annotators", people)
    (found,) = staged.check()
    assert (found.code, found.level) == ("P002", "refuse")
    done = suppress(people, ("age_band", "gender", "country"))
    staged.configs.clear()
    staged.put("annotators", done.annotators)
    assert staged.check() == []
    assert done.n_suppressed >= found.n > 0


def test_a_single_blank_person_among_those_who_are_told_is_refused(staged: _Stage) -> None:
    genders = [*"f" * 12, *"m" * 12, None, None]
    people = pl.DataFrame({"annotator_id": [f"h{i}" for i in range(26)], "gender": genders})
    kinds = ["human"] * 25 + ["model"]
    staged.put("pairs", people.with_columns(annotator_kind=pl.Series(kinds)))
    assert staged.codes() == [("P002", "refuse", 1)]
    staged.configs.clear()
    staged.put("pairs", suppress(people.head(25), ("gender",)).annotators)
    assert staged.codes() == []


def test_classes_are_counted_over_all_that_can_be_joined_and_over_people_not_rows(
    staged: _Stage,
) -> None:
    people = pl.DataFrame({"annotator_id": [f"h{i}" for i in range(20)], "gender": ["f", "m"] * 10})
    ages = people.select("annotator_id", age_band=pl.Series(["old"] * 10 + ["young"] * 10))
    staged.put("annotators", people)
    assert staged.codes() == []
    # The same people judge twenty pairs each: they are not more by that.
    staged.put("pairs", pl.concat([ages] * 20).rename({"age_band": "annotator_age_band"}))
    assert staged.codes() == [("P002", "refuse", 20)]
    assert staged.codes(PrivacyRules(k=5, gate_prompt="no")) == []


def test_demographics_of_nobody_in_particular_cannot_be_counted(staged: _Stage) -> None:
    staged.put("pairs", _pairs("x", "y", gender=["f", None]))
    assert staged.codes() == [("P002", "refuse", 1)]
    staged.put("more", _pairs("x", "y", annotator_id=["h1", None], gender=[None, "f"]))
    assert staged.codes(PrivacyRules(k=1, gate_prompt="no")) == [("P002", "refuse", 1)] * 2


def test_a_sensitive_value_that_follows_from_the_others_is_told(staged: _Stage) -> None:
    rows = {"who": [f"h{i}" for i in range(20)], "annotator_gender": ["f", "m"] * 10}
    staged.put("annotators", pl.DataFrame(rows | {"annotator_pool": ["a", "b"] * 10}))
    rules = PrivacyRules(
        gate_prompt="no", person="who", demographics=("annotator_pool",), sensitive=("pool",)
    )
    found = staged.check(rules)
    assert [(one.code, one.level, one.n) for one in found] == [("P002", "warn", 20)]


def test_demographics_need_a_gate(staged: _Stage) -> None:
    staged.put("annotators", pl.DataFrame({"annotator_id": ["h"] * 3, "gender": ["f"] * 3}))
    assert staged.codes(PrivacyRules(k=1)) == [("P005", "refuse", 0)]


def test_what_people_say_of_themselves_is_refused_by_name_and_by_shape(staged: _Stage) -> None:
    people = pl.DataFrame({"annotator_id": [f"h{i:02d}" for i in range(12)]})
    told = pl.format("I am the {}th of twelve children and like rain.", "annotator_id")
    staged.put("annotators", people.with_columns(about=told, pool=pl.lit("expert")))
    staged.put("pairs", _pairs("x", annotator_raw=["{}"], annotator=[{"self_description": "I"}]))
    assert [(one.code, one.where) for one in staged.check()] == [
        ("P004", "annotators: about"),
        ("P004", "pairs: annotator.self_description"),
        ("P004", "pairs: annotator_raw"),
    ]


def test_raw_ids_are_found_in_tables_and_documents(staged: _Stage) -> None:
    ids = pl.Series([f"prism:user{i}" for i in range(1_500)])
    staged.put("clean", _pairs("class user12345 {}", "user12 is a name in code"))
    assert staged.codes(raw_ids=ids) == []
    staged.put("names", _pairs("x", "y", annotator_id=["prism:user7", "0" * 24]))
    staged.put("keys", _pairs("x", "y", judgment_id=["c1/user1499/overall", "c1/user1500/overall"]))
    staged.put("texts", _pairs("as prism:user44 said", "no"))
    card = staged.folder / "README.md"
    card.write_text("# Data\n\nThanks to user3.\n")
    found = staged.check(raw_ids=ids, documents=[card])
    assert [(one.code, one.level, one.where, one.n) for one in found] == [
        ("P003", "refuse", "README.md", 1),
        ("P003", "refuse", "keys: judgment_id", 1),
        ("P003", "refuse", "names: annotator_id", 1),
        ("P003", "refuse", "texts: chosen.content", 1),
    ]
    assert all("user7" not in f"{one}" for one in found)


@pytest.mark.parametrize(
    ("native", "column", "text", "is_found"),
    [
        ("7", "annotator_id", "7", True),
        ("7", "source_row_id", "f.jsonl#7", False),
        ("anna", "worker", "anna", True),
        ("anna", "chosen", "anna went home", False),
        ("5f2a9c01d3e4b6a7c8d9e0f1", "chosen", "by 5f2a9c01d3e4b6a7c8d9e0f1 alone", True),
        ("5f2a9c01d3e4b6a7c8d9e0f1", "pair_id", "5f2a9c01d3e4b6a7c8d9e0f1a", False),
        ("user1", "pair_id", "user11/user1", True),
        ("user1", "chosen", "the user1 account", False),
        ("1234567890", "pair_id", "x-1234567890", True),
    ],
)
def test_an_id_is_looked_for_where_it_tells_something(
    native: str, column: str, text: str, *, is_found: bool
) -> None:
    values = pl.DataFrame({"row": [0], "text": [text]}, schema={"row": pl.Int64, "text": pl.String})
    ids = RawIds(pl.Series([f"toy:{native}"]))
    other = Leaf(("other",), values.with_columns(text=pl.lit("nothing is here")))
    rows, in_other = ids.rows([Leaf((column,), values), other])
    assert rows.to_list() == [0] * is_found
    assert in_other.to_list() == []


@given(
    natives=st.lists(st.text("ab19-:é", min_size=1, max_size=18), min_size=1, max_size=6),
    data=st.data(),
)
def test_lines_with_an_id_are_those_that_a_search_for_each_finds(
    natives: list[str], data: st.DataObject
) -> None:
    signs = st.sampled_from([*natives, "s:", " ", "x", "7", "-", "a1"])
    lines = data.draw(st.lists(st.lists(signs, max_size=5).map("".join), max_size=6))
    mixed = [
        native
        for native in natives
        if len(native) >= 4 and re.search("[a-z]", native) and re.search("[0-9]", native)
    ]
    words = [re.escape(word) for word in (*mixed, *(f"s:{native}" for native in natives))]
    wanted = re.compile(rf"(?<![a-z0-9])({'|'.join(words)})(?![a-z0-9])")
    ids = RawIds(pl.Series([f"s:{native}" for native in natives]))
    assert ids.lines("\n".join(lines)) == sum(bool(wanted.search(line)) for line in lines)


def test_no_id_is_looked_for_where_there_are_none(staged: _Stage) -> None:
    staged.put("pairs", _pairs("x", annotator_id=[None]))
    assert staged.codes(raw_ids=pl.Series(["", None, "a:"], dtype=pl.String)) == []


def test_rows_whose_removal_was_asked_for_are_refused(staged: _Stage) -> None:
    ids = pl.Series(["toy:ann", "toy:bob"])
    names = pseudonyms(pl.Series(["toy", "toy"]), ids, _KEY)
    staged.put("pairs", _pairs(*"abcde", annotator_id=[names[0], names[1], None, None, None]))
    wanted = [
        ("annotators", removal_digest("toy:bob")),
        ("pairs", "pair-2"),
        ("prompts", "train.jsonl#3"),
        ("responses", "elsewhere"),
    ]
    removals = pl.DataFrame(wanted, schema=["subject", "id"], orient="row")
    found = staged.codes(raw_ids=ids, pseudonyms=names, removals=removals)
    assert found == [("P006", "refuse", 3)]
    assert staged.codes(raw_ids=ids, pseudonyms=names, removals=removals.clear()) == []


def test_a_format_without_ids_cannot_show_that_rows_were_removed(staged: _Stage) -> None:
    staged.put("plain", _pairs("x").select("prompt", "chosen"))
    removals = pl.DataFrame({"subject": ["pairs"], "id": ["pair-9"]})
    assert staged.codes(removals=removals) == [("P006", "warn", 0)]
    assert staged.codes() == []


def test_all_strings_are_seen_however_deep_they_lie(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "a": [[[{"b": "x"}], []], None],
            "c": pl.Series([["y", None], ["z", "y"]], dtype=pl.Array(pl.String, 2)),
            "d": pl.Series(["k", None], dtype=pl.Categorical),
            "e": [1, 2],
        }
    )
    seen = {".".join(leaf.path): leaf.values.rows() for leaf in leaves(frame)}
    assert seen == {"a.b": [(0, "x")], "c": [(0, "y"), (1, "z"), (1, "y")], "d": [(0, "k")]}


def test_files_that_hold_no_table_are_read_by_line(staged: _Stage) -> None:
    (staged.folder / "odd.jsonl").write_text('{"a": 1}\nnot json a@b.org\n')
    (staged.folder / "data.json").write_text('[{"text": "c@d.org"}]')
    (staged.folder / "empty.jsonl").write_text("")
    staged.configs["odd"] = [
        staged.folder / name for name in ("odd.jsonl", "data.json", "empty.jsonl")
    ]
    assert staged.codes() == [("P001", "refuse", 2)]

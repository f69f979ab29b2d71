from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.protocols import Context, NoParams
from prefdata.stages._flag_quality.transcripts import is_blank
from prefdata.stages.flag_quality import flag_quality

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__: list[str] = []


def _flags(tables: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    return flag_quality.run(tables, NoParams(), Context()).tables["flags"]


def _found(tables: Mapping[str, pl.LazyFrame], flag: str) -> dict[str, float | None]:
    return dict(_flags(tables).filter(flag=flag).select("id", "value").iter_rows())


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0", "\u2003\u3000", "\x0b\x0c"])
def test_white_space_is_blank(text: str) -> None:
    assert pl.DataFrame({"t": [text]}).select(is_blank(pl.col("t"))).item() is True


@pytest.mark.parametrize("text", ["a", " a", "\n.", "\u00a0é", "漢", "\u200b"])
def test_text_is_not_blank(text: str) -> None:
    assert pl.DataFrame({"t": [text]}).select(is_blank(pl.col("t"))).item() is False


def test_a_clean_conversation_has_no_flag(build: Any) -> None:
    build.prompt("p", "system|Be kind.", "Hello?", "assistant|Yes.", "Who are you?")
    build.response("p/a", "A human assistant.")
    build.response("p/b", "Human beings: many.")
    assert _flags(build.lazy()).is_empty()


def test_a_marker_in_the_prompt_is_in_all_transcripts_of_it(build: Any) -> None:
    build.prompt("p", "Hi", "assistant|Human: hi", "Well?")
    build.prompt("q", "Hi")
    build.response("p/a", "Fine.")
    build.response("p/b", "x Human: y Assistant: z")
    build.response("q/a", "Assistant:")
    flags = _flags(build.lazy())
    assert dict(flags.filter(flag="role-marker-in-text").select("id", "value").iter_rows()) == {
        "p/a": 1,
        "p/b": 3,
        "q/a": 1,
    }
    reasons = dict(flags.filter(flag="role-marker-in-text").select("id", "reason").iter_rows())
    assert reasons["p/a"].startswith("The prompt holds")
    assert reasons["p/b"].startswith("The prompt, like the response, holds")
    assert reasons["q/a"].startswith("The response holds")


def test_begins_lines_and_lost_colons_are_told_apart(build: Any) -> None:
    build.prompt("p", "Hi")
    build.response("p/begin", " Human: who?")
    build.response("p/line", "Sure.\nHuman: who?")
    build.response("p/lost", "Sure.\n\nHuman")
    build.response("p/word", "Sure.\n\nHuman beings are many.")
    tables = build.lazy()
    assert list(_found(tables, "begins-with-role-marker")) == ["p/begin"]
    assert list(_found(tables, "role-marker-after-newline")) == ["p/line"]
    assert list(_found(tables, "marker-without-colon")) == ["p/lost"]
    assert sorted(_found(tables, "role-marker-in-text")) == ["p/begin", "p/line"]


@pytest.mark.parametrize(
    ("prompt", "response", "is_flagged"),
    [
        (["a"], ["b"], False),
        (["system|s", "a"], ["b"], False),
        (["a", "b"], ["c"], True),
        (["a", "assistant|b"], ["c"], True),
        (["assistant|a", "b"], ["c"], True),  # alternates, but a turn is missing
        (["a"], ["b", "user|c"], True),
        (["a"], ["b", "user|c", "d"], False),
        (["a"], ["b", "c"], True),
        (["a", "assistant|call", "tool|1"], ["b"], False),
        ([], ["b"], False),
    ],
)
def test_roles_alternate(
    build: Any, prompt: list[str], response: list[str], *, is_flagged: bool
) -> None:
    build.prompt("p", *prompt)
    build.response("p/a", *response)
    assert bool(_found(build.lazy(), "repeated-role")) is is_flagged


def test_candidates_that_part_early_are_flagged_on_both_sides(build: Any) -> None:
    build.prompt("p", "Hi")
    build.response("p/a", "One.")
    build.response("p/b", "One.", "user|More?", "Two.")
    build.prompt("q", "Hi")
    build.response("q/a", "x", "user|y", "z")
    build.response("q/b", "u", "user|v", "w")
    tables = build.lazy()
    assert _found(tables, "divergent-tail") == {"p/a": 1, "p/b": 3, "q/a": 3, "q/b": 3}
    assert _found(tables, "different-turn-count") == {"p/a": 1, "p/b": 3}


def test_empty_texts_are_flagged_where_they_are(build: Any) -> None:
    build.prompt("none")
    build.prompt("blank", " ")
    build.prompt("early", " ", "assistant|b", "c")
    build.response("early/a", " \n")
    build.response("early/b", "x", "user|y")
    tables = build.lazy()
    assert list(_found(tables, "empty-prompt")) == ["none", "blank"]
    assert _found(tables, "empty-turn") == {"early": 1}
    assert list(_found(tables, "empty-response")) == ["early/a"]
    assert list(_found(tables, "last-turn-not-assistant")) == ["early/b"]


def test_a_conversation_begins_with_the_user(build: Any) -> None:
    build.prompt("p", "system|s", "assistant|a", "b")
    build.prompt("q", "system|s", "b")
    assert list(_found(build.lazy(), "first-turn-not-user")) == ["p"]


def test_equal_prompts_count_each_other(build: Any) -> None:
    for name in "abc":
        build.prompt(name, "Hi")
    build.prompt("d", "Ho")
    assert _found(build.lazy(), "same-prompt-again") == {"a": 3, "b": 3, "c": 3}


@pytest.mark.parametrize("text", ["Bye</s>", "<|im_end|>", "[/INST] x", "<end_of_turn>"])
def test_template_tokens_are_debris(build: Any, text: str) -> None:
    build.prompt("p", text)
    build.response("p/a", text)
    build.response("p/b", "f <| x |> g; a<|b")
    assert sorted(_found(build.lazy(), "template-debris")) == ["p", "p/a"]


def test_nothing_gives_nothing(build: Any) -> None:
    result = flag_quality.run(build.lazy(), NoParams(), Context())
    assert result.tables["flags"].is_empty()
    assert result.rows_in == result.rows_out == 0


def test_the_published_counts_of_the_real_rows_come_out(harmless: dict[str, pl.DataFrame]) -> None:
    tables = {name: frame.lazy() for name, frame in harmless.items()}
    flags = _flags(tables).join(
        harmless["responses"].select(id="response_id", row="row"), on="id", how="left"
    )
    counts = {
        (flag, side): n
        for flag, side, n in flags.filter(subject="responses")
        .group_by("flag", side=pl.col("id").str.extract(r"/(\w+)$"))
        .len()
        .iter_rows()
    }
    assert counts == {
        ("role-marker-in-text", "chosen"): 40,
        ("role-marker-in-text", "rejected"): 33,
        ("begins-with-role-marker", "chosen"): 32,
        ("begins-with-role-marker", "rejected"): 30,
        ("role-marker-after-newline", "chosen"): 1,
        ("marker-without-colon", "chosen"): 1,
        ("repeated-role", "chosen"): 8,
        ("repeated-role", "rejected"): 5,
        ("divergent-tail", "chosen"): 5,
        ("divergent-tail", "rejected"): 5,
        ("different-turn-count", "chosen"): 5,
        ("different-turn-count", "rejected"): 5,
        ("empty-response", "chosen"): 4,
    }
    parted = [1254, 1688, 1950, 1952, 2036]
    rows = {
        "role-marker-after-newline": [1560],
        "marker-without-colon": [2051],
        "divergent-tail": parted,
        "different-turn-count": parted,
        "empty-response": [86, 516, 925, 1103],
    }
    for flag, expected in rows.items():
        assert sorted(set(flags.filter(flag=flag)["row"])) == expected
    irregular = ["repeated-role", "divergent-tail", "empty-response", "identical-responses"]
    assert flags.filter(pl.col("flag").is_in(irregular))["row"].n_unique() == 13
    assert flags.filter(flag="same-prompt-again").height == 4

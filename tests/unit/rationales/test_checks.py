from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.rationales.checks import CHECK_NAMES, CHECKED, Limits, aspect_tags, run_checks
from prefdata.rationales.checks.quotations import as_prose, find_quotations
from prefdata.rationales.handles import swap_handles

__all__: list[str] = []

_HERE = Path(__file__).parent
_X = "Call the number on the back of your card. Then ask them to freeze the account at once."
_Y = "Banks are usually safe. You could wait until Monday and see whether the money comes back."
_PROMPT = "Somebody stole my card. What now?"


def _rows(*texts: str | None, **more: Any) -> pl.DataFrame:
    row = dict.fromkeys(CHECKED) | {
        "kind": "specific",
        "language": "en",
        "x_text": _X,
        "y_text": _Y,
        "prompt_text": _PROMPT,
        "preferred": "x",
        "status": "ok",
    }
    return pl.DataFrame(
        [
            row | {"rationale_id": f"{number:03}", "prompt_id": f"{number:03}", "text": text} | more
            for number, text in enumerate(texts)
        ],
        schema=CHECKED,
    )


def _of(check: str, *texts: str | None, **more: Any) -> list[bool | None]:
    found = run_checks(_rows(*texts, **more), Limits()).filter(check_name=check)
    return found["is_passed"].to_list()


def _golden() -> tuple[pl.DataFrame, dict[str, list[str]]]:
    cases = yaml.safe_load((_HERE / "golden.yaml").read_text(encoding="utf-8"))
    rows, fails = [], {}
    for number, case in enumerate(cases):
        for place, one in enumerate(case["rationales"]):
            name = f"{number:02}-{case['language']}-{place:02}"
            fails[name] = one.get("fails", [])
            rows.append(
                dict.fromkeys(CHECKED)
                | {
                    "rationale_id": name,
                    "prompt_id": str(number),
                    "kind": one.get("kind", "specific"),
                    "text": one["text"],
                    "language": case["language"],
                    "x_text": case["x"],
                    "y_text": case["y"],
                    "prompt_text": case["prompt"],
                    "preferred": case.get("preferred", "x"),
                    "status": "ok",
                }
            )
    return pl.DataFrame(rows, schema=CHECKED), fails


def test_rationales_as_models_write_them_fail_where_they_should_and_pass_elsewhere() -> None:
    rows, fails = _golden()
    failed = run_checks(rows, Limits()).filter(is_passed=False)
    of_row = dict(failed.group_by("rationale_id").agg("check_name").iter_rows())
    wrong = {
        name: of_row.get(name, [])
        for name, expected in fails.items()
        if not (set(expected) <= set(of_row.get(name, [])) and (expected or name not in of_row))
    }
    assert not wrong
    assert sum(not expected for expected in fails.values()) >= 40


def _phrases() -> list[tuple[str, str, str]]:
    languages = yaml.safe_load((_HERE / "phrases.yaml").read_text(encoding="utf-8"))
    return [
        (language, check, sentence)
        for language, checks in languages.items()
        for check, sentences in checks.items()
        for sentence in sentences
    ]


def test_phrases_that_leak_or_refuse_are_seen_and_their_likes_are_not() -> None:
    phrases = _phrases()
    rows = pl.concat(
        _rows(sentence, language=language).with_columns(rationale_id=pl.lit(f"{number:03}"))
        for number, (language, _, sentence) in enumerate(phrases)
    )
    failed = run_checks(rows, Limits()).filter(
        pl.col("check_name").is_in(["refusal", "label-leak", "position-leak"]), is_passed=False
    )
    seen = set(failed.select("rationale_id", "check_name").iter_rows())
    told = {name for name, _ in seen}
    for number, (_, check, sentence) in enumerate(phrases):
        name = f"{number:03}"
        assert (name not in told) if check == "none" else ((name, check) in seen), sentence


def _attributions(key: str) -> pl.DataFrame:
    told = yaml.safe_load((_HERE / "attributions.yaml").read_text(encoding="utf-8"))
    return pl.concat(
        _rows(*sentences, language=language, x_text=told["x"], y_text=told["y"]).with_columns(
            rationale_id=language + pl.col("rationale_id")
        )
        for language, sentences in told[key].items()
    )


def test_quotations_are_looked_for_in_the_response_that_the_sentence_means() -> None:
    rows = pl.concat([_attributions("right"), _attributions("denied")])
    rows = rows.with_columns(pl.Series("rationale_id", [f"{i:03}" for i in range(rows.height)]))
    found = run_checks(rows, Limits()).filter(check_name="quotes")
    wrong = rows.join(found.filter(is_passed=False), on="rationale_id")
    assert wrong.is_empty(), wrong["text"].to_list()


def test_quotations_are_missed_where_the_handles_are_swapped() -> None:
    rows = _attributions("right")
    swapped = rows.with_columns(swap_handles(rows["text"]))
    found = run_checks(swapped, Limits()).filter(check_name="quotes", is_passed=False)
    unseen = swapped.join(found, on="rationale_id", how="anti")
    assert unseen.is_empty(), unseen["text"].to_list()


def test_every_check_tells_of_every_rationale_in_order() -> None:
    found = run_checks(_rows("X is good. Y is not.", None), Limits())
    assert found["check_name"].to_list() == list(CHECK_NAMES) * 2
    assert found["rationale_id"].to_list() == ["000"] * len(CHECK_NAMES) + ["001"] * len(
        CHECK_NAMES
    )


@pytest.mark.parametrize("text", [None, "", "  \n", "...", "—"])
def test_a_rationale_without_a_text_fails_length_and_nothing_else(text: str | None) -> None:
    found = run_checks(_rows(text), Limits())
    assert found.filter(is_passed=False)["check_name"].to_list() == ["length"]
    assert set(found["detail"]) == {"there is no text"}
    assert run_checks(_rows(text, kind="feedback"), Limits())["is_passed"].null_count() == len(
        CHECK_NAMES
    )


def test_no_rationales_give_no_findings() -> None:
    assert run_checks(_rows(), Limits()).is_empty()


def test_words_are_counted_and_the_end_is_looked_for() -> None:
    words = "word " * 9
    assert _of("length", f"{words}end.", f"{words}end", f"{words}end, and", kind="general") == [
        True,
        False,
        False,
    ]
    endings = ['end."', "end.)**", "end! 🙂", "का अंत है।", "結びです。", "هل هذا كاف؟", "end.\n```"]
    assert _of("length", *(words + ending for ending in endings), kind="general") == [True] * 7
    assert _of("length", "Too short.", "word " * 91 + "end.", kind="general") == [False, False]
    assert _of("length", f"{words}end.", finish_reason="length", kind="general") == [False]
    assert _of("length", f"{words}end.", finish_reason="stop", kind="general") == [True]
    assert _of("length", f"{words}end.", status="cut", kind="general") == [False]
    assert _of("length", "no end", kind="feedback") == [None]


def test_characters_count_as_parts_of_words_where_no_spaces_are() -> None:
    found = run_checks(_rows("回答" * 40 + "。", language="zh", kind="general"), Limits())
    assert found.filter(check_name="length")["value"].to_list() == [50.0]


def test_the_language_of_quotations_and_code_does_not_count() -> None:
    french = "« il faut appeler la banque tout de suite et demander un nouveau code »"
    text = f"X is more careful than Y when it says {french}, which helps the reader a lot."
    assert _of("language", text) == [True]
    assert _of("language", text, language="fr") == [False]
    assert _of("language", text, language=None) == [None]
    assert _of("language", "X, Y.") == [None]


@pytest.mark.parametrize(
    ("text", "is_passed"),
    [
        ('X says "call the number on the back" and Y does not.', True),
        ("X says «call the number on the BACK» and Y does not.", True),
        ("X says “call — the number, on the back…” and Y does not.", True),
        ("X says 'call the number ... freeze the account' and Y does not.", True),
        ("X says `ask them to freeze [your] account` there.", True),
        ("X says „ask them to [quickly] freeze the account“ there.", True),
        ("X says 「ask them to freeze the acount」 there.", True),
        ('X says "call the number on the front of your card" there.', False),
        ('Y says "call the number on the back" and X does not.', False),
        ('Y is vaguer. X says "call the number on the back".', True),
        ('X is far clearer than Y, as "call the number on the back" shows.', True),
        ('Unlike Y, X asks to "freeze the account at once".', True),
        ('While Y is vague, "freeze the account at once" in X is concrete.', True),
        ('"Freeze the account at once" is what X asks for; Y would wait.', True),
        ('"You could wait until Monday" is what X asks for.', False),
        ('Y never says to "freeze the account at once".', True),
        ('Y does not, sadly, ask to "freeze the account at once".', True),
        ('X quotes the prompt: "somebody stole my card".', True),
        ('The text has "call the number on the back" in it.', True),
        ('The text has "call a friend of yours first" in it.', False),
        (
            'X\'s "freeze the account at once" is better than Y\'s "wait until Monday and see".',
            True,
        ),
        ('X\'s "wait until Monday and see" is worse than Y\'s "freeze the account".', False),
        ("Y's readers' hopes and X's readers' fears don't matter.", None),
        ('X is "clear", Y is "too vague".', None),
    ],
)
def test_quotations_must_stand_where_the_rationale_says(text: str, is_passed: bool | None) -> None:
    assert _of("quotes", text) == [is_passed]


def test_quotations_cannot_be_placed_without_the_responses() -> None:
    assert _of("quotes", 'X says "call the number on the back".', x_text=None) == [None]


def test_one_changed_word_in_a_long_quotation_is_seen() -> None:
    response = " ".join(f"word{chr(97 + n)}{chr(97 + n)}" for n in range(20)) + " and so on."
    good = response[:150].rsplit(" ", 1)[0]
    changed = good.replace("wordkk", "lantern")
    assert changed != good
    assert _of("quotes", f'X says "{good}".', f'X says "{changed}".', x_text=response) == [
        True,
        False,
    ]


def test_options_of_the_prompt_and_words_of_the_responses_are_no_leaks() -> None:
    prompt = "Which is prime? A) 4 B) 5"
    assert _of("position-leak", "X takes option B, Y does not.", prompt_text=prompt) == [True]
    assert _of("position-leak", "X takes option B, Y does not.") == [False]
    said = "The second answer of the quiz is Rome."
    assert _of("position-leak", "X knows the second answer, Y does not.", x_text=said) == [True]


def test_leaks_in_another_language_and_in_english_are_seen() -> None:
    texts = ["X è la risposta scelta.", "The chosen response is X."]
    assert _of("label-leak", *texts, language="it") == [False, False]
    assert _of("label-leak", "X wint.", "The chosen response is X.", language="nl") == [None, False]


def test_numbers_and_names_from_nowhere_are_listed_and_do_not_fail() -> None:
    text = "X names Visa and 1,250 dollars, in 3 steps. Y says १२ or ٢٠٢٤. Banks are safe."
    found = run_checks(_rows(text, y_text="In 2024, banks paid 1250 dollars."), Limits())
    names = found.filter(check_name="names")
    assert names["is_passed"].to_list() == [None]
    assert names["detail"].to_list() == ["not in the texts: Visa"]


def test_copying_is_measured_without_the_quotations_that_hold() -> None:
    body = " ".join(f"w{n}" for n in range(60))
    quote = " ".join(f"w{n}" for n in range(20, 40))
    own = "this is what the reader wants to know and it is well said by the writer here"
    texts = [
        f'X says "{quote}", {own}.',
        f"X says {quote}, {own}.",
        f'X says "{body}", {own}.',
        "No.",
    ]
    assert _of("copying", *texts, x_text=body) == [True, False, False, None]
    assert _of("copying", texts[1], x_text=None, y_text=None) == [None]


def test_a_specific_rationale_names_both_and_what_only_one_has() -> None:
    good = "X tells the reader to freeze the account, Y would wait until Monday."
    vague = "X is nicer than Y and would be liked by all who come across it some day."
    assert _of("specificity", good, vague) == [True, False]
    assert _of("specificity", good, vague, kind="general") == [True, True]
    assert _of("specificity", "It is nicer.", "X is nicer.", kind="general") == [False, False]
    assert _of("specificity", vague, kind="critique") == [None]


def test_pairs_of_characters_stand_for_words_where_no_spaces_are() -> None:
    texts = {"x_text": "请立刻打电话给银行冻结账户。", "y_text": "可以等到星期一再看看。"}
    good, vague = "X建议打电话给银行冻结账户,Y建议等到星期一。", "X更好,Y不够好。"
    assert _of("specificity", good, vague, language="zh", **texts) == [True, False]


def test_the_same_words_for_many_prompts_are_boilerplate() -> None:
    texts = [
        f"{a} is more helpful, detailed and accurate than {b}, and so it serves the reader better."
        for a, b in ("XY", "YX", "XY", "YX")
    ]
    assert _of("boilerplate", *texts) == [False] * 4
    assert _of("boilerplate", *texts[:3]) == [True] * 3
    assert _of("boilerplate", *texts, prompt_id="the same") == [True] * 4


def test_length_alone_is_no_reason_where_nothing_else_differs() -> None:
    text = "X is shorter and more concise than Y."
    longer = f"{_X} {_X}"
    assert _of("aspects", text, y_text=longer) == [False]
    assert _of("aspects", text) == [None]
    assert _of("aspects", "X is shorter, and Y has errors.", y_text=longer) == [True]
    assert _of("aspects", text, language="nl") == [None]


def test_aspects_are_named_by_their_words() -> None:
    texts = pl.Series(["X is safer and polite.", "X è più chiara.", "X is veilig.", None])
    tags = aspect_tags(texts, pl.Series(["en", "it", "nl", "en"]))
    assert tags.to_list() == [["safety", "tone"], ["clarity"], None, None]


def test_points_in_json_are_read_as_sentences() -> None:
    points = [{"criterion": "help", "evidence_X": "call the number on the back", "favours": "X"}]
    text = json.dumps({"points": points, "overall": "X is better than Y."})
    assert as_prose(text).splitlines() == [
        "help.",
        'X: "call the number on the back".',
        "X.",
        "X is better than Y.",
    ]
    assert _of("quotes", text) == [True]
    assert as_prose("{not json") == "{not json"
    assert as_prose("[[]]") == "[[]]"
    assert as_prose("[" * 100_000) == "[" * 100_000


def test_marks_that_do_not_come_in_twos_quote_nothing() -> None:
    assert find_quotations("5'10\" tall, the users' own “words") == []
    found = find_quotations("a “b \u2018c’ d” e 'f g' h ```py\ni\n```")
    assert [one.text for one in found] == ["b \u2018c’ d", "f g", "i\n"]


_SIGNS = st.sampled_from([*"XY \n.,!\"'“”«»„\u2018’`()[]{}:;-ab1é।क", "than ", "not ", "says "])
_TEXTS = st.one_of(st.none(), st.text(max_size=40), st.lists(_SIGNS, max_size=40).map("".join))
_ANY_ROW = st.fixed_dictionaries(
    {
        "text": _TEXTS,
        "x_text": _TEXTS,
        "y_text": _TEXTS,
        "prompt_text": _TEXTS,
        "language": st.sampled_from([None, "en", "fr", "hi", "zh", "ja", "ar", "tlh"]),
        "kind": st.sampled_from(["general", "specific", "feedback"]),
        "finish_reason": st.sampled_from([None, "stop", "length", "?"]),
    }
)


@settings(max_examples=8, deadline=None)
@given(st.lists(_ANY_ROW, max_size=3))
def test_any_text_is_checked_and_no_rationale_depends_on_others(
    drawn: list[dict[str, Any]],
) -> None:
    base = dict.fromkeys(CHECKED) | {"status": "ok", "preferred": "x"}
    rows = pl.DataFrame(
        [base | row | {"rationale_id": f"{number}"} for number, row in enumerate(drawn)],
        schema=CHECKED,
    )
    together = run_checks(rows, Limits())
    assert together.height == rows.height * len(CHECK_NAMES)
    assert together.equals(run_checks(rows.reverse(), Limits()))
    alone = [run_checks(rows.slice(number, 1), Limits()) for number in range(rows.height)]
    by_itself = pl.concat([together.head(0), *alone])
    not_of_many = pl.col("check_name") != "boilerplate"
    assert together.filter(not_of_many).equals(by_itself.filter(not_of_many))

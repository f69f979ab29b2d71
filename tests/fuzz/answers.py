"""Answers of language models: verdicts, votes, principles, rationales, tags, lines of batch files.

A model says anything. Whoever reads it may refuse, and must never make a verdict of two.
"""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.backends._batch_files.answers import read_line
from prefdata.chat.verdicts import read_verdict
from prefdata.constitution.proposing.reading import read_answer, read_strictly
from prefdata.constitution.proposing.wording import Task as Proposing
from prefdata.constitution.voting.reading import CODES, read_votes, reader
from prefdata.protocols.chat import ChatAnswer
from prefdata.rationales.reading import read_blind, read_text
from prefdata.stages._judge.reading import read_answers
from prefdata.stages._judge.wording import Task as Judging
from prefdata.stages._route_features.reading import read_tags, readable_tags
from tests.fuzz.damage import damage_json, damage_text
from tests.fuzz.targets import Broken, Target

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["family", "stated"]

_CHOICES = ("A", "B", "C")
_TASKS = tuple(
    Judging(protocol, has_reasons=has_reasons, has_ties=has_ties, has_probabilities=False)
    for protocol in ("pairwise", "rating")
    for has_reasons in (False, True)
    for has_ties in (False, True)
)
_PROPOSING = Proposing(k=2, max_words=20, max_chars=1000)
_DIMENSIONS = ("subject_of_expertise", "languages", "complexity_of_intents")
_WORDS = tuple(
    word.encode()
    for word in (
        *(
            "A",
            "B",
            "C",
            "a",
            "**A**",
            "\uff21",
            "\uff17",
            "10",
            "11",
            "tie",
            "X",
            "Y",
            "verdict",
            "score",
        ),
        *("Verdict: A", "Verdict: B\n", "\nverdict\uff1a B", "Final verdict: C", "*Verdict*: (B)"),
        *("[[A]]", "[[B]]", "[[ c ]]", "[[D]]", "[[A]][[B]]", "judgment", "reasons", "reason"),
        *("<think>", "</think>", "<think>[[B]]</think>", "```", "```json\n", "\n```", "`", "*"),
        *("{", "}", '{"verdict": "A"}', '\n{"verdict": "B"}', '"verdict": "B", ', ": ", ", "),
        *('{"verdict": "A", "verdict": "B"}', '{"Verdict": "A", "verdict": "B"}', "[", "]"),
        *('{"reasons": "x", "score": 7}', '{"votes": {"1": "first", "2": "both"}}', '"1"', '"01"'),
        *('"first"', '"second"', '"both"', '"neither"', '"FIRST "', "null", "true", "1.0", "1e0"),
        *("NaN", "9" * 5000, "[" * 3000, '{"a":' * 1500, '"\\ud800"', "\ud800", "\x00", "\u2028"),
        *(
            "\n",
            "\r",
            "\x85",
            " ",
            ".",
            "。",
            "ß",
            "İ",
            "\u017f",
            "\N{ZERO WIDTH SPACE}",
            "\ufeff",
            "-",
        ),
        *("Select the response that ", "is shorter", "principles", '"principles": []'),
    )
    for word in [word.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass")]
    if "\ud800" not in word
)
_TAGS = {
    "subject_of_expertise": ["Mathematics"],
    "languages": ["English"],
    "complexity_of_intents": "simple",
}
_TOKEN = {"token": "A", "logprob": -0.1, "top_logprobs": [{"token": "A", "logprob": -0.1}]}
_BODY = {
    "choices": [
        {
            "message": {"role": "assistant", "content": "A"},
            "finish_reason": "stop",
            "logprobs": {"content": [_TOKEN]},
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
}
_LINES: tuple[dict[str, Any], ...] = (
    {"custom_id": "a", "response": {"status_code": 200, "body": _BODY}},
    {"custom_id": "a", "error": {"message": "no", "code": "x"}},
    {"custom_id": "a", "response": {"status_code": 429, "body": {"error": {}}}},
)
_GUIDED = (
    "prefdata.backends._batch_files",
    "prefdata.backends._openai_wire",
    "prefdata.chat",
    "prefdata.constitution.proposing",
    "prefdata.constitution.voting",
    "prefdata.rationales.reading",
    "prefdata.stages._judge",
    "prefdata.stages._route_features",
)
_MARK = re.compile(r"\[\[\s*([ABC])\s*\]\]", re.IGNORECASE | re.ASCII)
_LINE = re.compile(r"verdict: ([ABC])", re.IGNORECASE | re.ASCII)
_THOUGHTS = re.compile(r"\s*<think>.*?</think>", re.DOTALL)


def family() -> Iterator[Target]:
    """Yield a target for each reader."""
    verdicts = [
        b"A",
        b"**B.**",
        b"It is clear.\nVerdict: A",
        b"<think>B?</think>[[A]]",
        b'Because.\n{"reasons": "shorter", "verdict": "C"}',
        b'```json\n{"verdict": "B"}\n```',
    ]
    judged = [*verdicts, b"7", b"Score: 10", b'{"reasons": "x", "score": 3}']
    votes = [b'{"votes": {"1": "first", "2": "both", "3": "neither"}}']
    said = [
        b'{"principles": ["Select the response that is shorter.", "Select the one that is right."]}'
    ]
    blind = [b'{"reason": "Response X is shorter.", "verdict": "X"}', b"Response X is shorter."]
    tags = [json.dumps(_TAGS).encode()]
    lines = [json.dumps(line).encode() + b"\n" for line in _LINES]
    one = "a ValueError, or one choice; never one of two that contradict each other"
    yield _target("verdict", _verdict, verdicts, one)
    yield _target("judge-answers", _judge, judged, "a verdict or a rule for every answer; no error")
    yield _target("votes", _votes, votes, "a ValueError, or the vote that stands at each number")
    yield _target("proposals", _proposals, said, "a ValueError, or as many as were asked for")
    yield _target("rationale-answers", _rationales, blind, "a ValueError, or words and a verdict")
    yield _target("tags", _tags, tags, "a ValueError, or what was asked for", damage=damage_json)
    yield _target("batch-line", _line, lines, "an answer or a fault; no error", damage=damage_json)


def _target(
    name: str,
    check: Callable[[str], None],
    seeds: Sequence[bytes],
    promise: str,
    *,
    damage: Callable[[bytes, random.Random], bytes] | None = None,
) -> Target:
    def by_words(data: bytes, chance: random.Random) -> bytes:
        if damage is not None and chance.randint(0, 1):
            return damage(data, chance)
        return damage_text(data, chance, words=_WORDS, seeds=seeds)

    return Target(
        name=name,
        open=functools.partial(_open, check),
        seeds=seeds,
        damage=by_words,
        guided=_GUIDED,
        promise=promise,
    )


def _open(check: Callable[[str], None], folder: Path) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        # Half a character becomes a whole one where answers come in, before anybody reads them.
        check(data.decode("utf-8", "replace"))

    return run


def stated(text: str) -> set[str]:
    """Return the choices that a text states beyond doubt, found by other means than the reader.

    Marks ``[[A]]`` and lines ``Verdict: A`` before a JSON object at the end, and its verdicts.
    What is none of these counts for nothing here, though the reader may take it.
    """
    text = _THOUGHTS.sub("", text, count=1) if text.lstrip().startswith("<think>") else text
    lines = [line.strip() for line in text.strip().split("\n")]
    found: set[str] = set()
    if lines and lines[-1].startswith("{") and lines[-1].endswith("}"):
        try:
            pairs = json.loads(lines[-1], object_pairs_hook=list)
        except (ValueError, RecursionError):
            return set()
        found |= {str(value).upper() for key, value in pairs if key == "verdict"} & {*_CHOICES}
        lines = lines[:-1]
    prose = "\n".join(lines)
    if prose.startswith("{") or "\n{" in prose or "\n\t{" in prose or "\n {" in prose:
        return found
    found |= {mark.upper() for mark in _MARK.findall(prose)}
    if lines and _LINE.fullmatch(lines[-1]):
        found |= {match[1].upper() for line in lines if (match := _LINE.fullmatch(line))}
    return found


def _verdict(text: str) -> None:
    try:
        verdict = read_verdict(text, _CHOICES)
    except ValueError:
        return
    told = stated(text)
    if verdict not in _CHOICES or len(told) > 1:
        message = f"the verdict is {verdict} of a text that states {sorted(told)}"
        raise Broken(message)


def _answer(text: str) -> ChatAnswer:
    return ChatAnswer(
        request="r",
        status="ok",
        text=text,
        finish_reason="stop",
        alternatives=None,
        prompt_tokens=None,
        completion_tokens=None,
        detail=None,
    )


def _judge(text: str) -> None:
    for task in _TASKS:
        row = read_answers([_answer(text)], task, None).row(0, named=True)
        if (row["verdict"] is None) == (row["rule"] is None):
            message = f"verdict {row['verdict']} and rule {row['rule']}"
            raise Broken(message)
        if row["verdict"] is not None and row["verdict"] not in task.choices:
            message = f"{row['verdict']} was no choice"
            raise Broken(message)


def _votes(text: str) -> None:
    n = 3
    try:
        codes = read_votes(text, 1, n)
    except ValueError:
        return
    reader([(1, n)])(text)
    said = json.loads(text[text.index("{", text.rfind("</think>") + 1) : text.rindex("}") + 1])
    meant = {int(key): word.strip().casefold() for key, word in next(iter(said.values())).items()}
    spelt = {word.casefold(): code for word, code in CODES.items()}
    if codes != [spelt[meant[number]] for number in range(1, n + 1)] or len(meant) != n:
        message = f"{codes} of {said}"
        raise Broken(message)


def _proposals(text: str) -> None:
    loose = read_answer(_answer(text), _PROPOSING)
    if (loose.rule is None) != bool(loose.proposals):
        message = f"proposals and rule disagree: {loose}"
        raise Broken(message)
    try:
        found = read_strictly(text, _PROPOSING)
    except ValueError:
        return
    if len(found) != _PROPOSING.k or loose.proposals != found:
        message = f"{len(found)} principles, {loose}"
        raise Broken(message)
    _writable([one.sentence for one in found])


def _rationales(text: str) -> None:
    for read in (read_blind, read_text):
        try:
            found = read(text)
        except ValueError:
            continue
        words = found if isinstance(found, str) else found.reason
        if not words.strip():
            message = "a rationale without words"
            raise Broken(message)


def _tags(text: str) -> None:
    loose = readable_tags(text, _DIMENSIONS)
    try:
        found = read_tags(text, _DIMENSIONS)
    except ValueError:
        return
    if set(found) != {*_DIMENSIONS} or loose != found:
        message = f"{found}, and what can be read of it is {loose}"
        raise Broken(message)
    _writable([tag for tags in found.values() for tag in tags])


def _line(text: str) -> None:
    custom_id, reply = read_line(text.encode("utf-8", "surrogateescape"))
    if custom_id is None and reply.fault is None:
        message = "an answer to nothing"
        raise Broken(message)
    if reply.fault is None and reply.text is None and not reply.finish_reason:
        message = f"neither a text nor a fault: {reply}"
        raise Broken(message)


def _writable(texts: list[Any]) -> None:
    """Refuse texts that no table can hold."""
    pl.Series(texts, dtype=pl.String)

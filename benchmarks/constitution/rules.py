"""A model that votes by rule, for both wordings: ours, and that of inverse-cai.

It is the script of a server: ``python -m prefdata.testing.chat_server --reply
benchmarks.constitution.rules:reply``. Twenty things are counted in a response, and each is a
principle at both its ends, so that a method which keeps what more labels follow than not finds
every one of them, whichever way it holds.
"""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any

from prefdata.testing.rule_model import Rule, RuleModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MODEL", "SENTENCES", "reply"]

_PEER = re.compile(
    r"^Sample A:\n(?P<a>.*)\n\nSample B:\n(?P<b>.*)\n\nGiven the samples data above, check for "
    r"each rule below which sample should be selected:\n(?P<rules>\{.*\})\n\nAnswer in json",
    re.MULTILINE,
)
_PEER_WORDS = {"A": "A", "B": "B", "both": "Both", "neither": "None"}


def _words(*words: str) -> Callable[[str], float]:
    """Count words, whole and in any case."""
    found = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
    return lambda text: len(found.findall(text))


def _matches(pattern: str) -> Callable[[str], float]:
    found = re.compile(pattern)
    return lambda text: len(found.findall(text))


def _rule(name: str, count: Callable[[str], float], more: str, less: str) -> Rule:
    return Rule(name, count, (more,), (less,))


RULES = (
    _rule("length", len, "is longer", "is shorter"),
    _rule("sentences", _matches(r"[.!?]+"), "has more sentences", "has fewer sentences"),
    _rule("questions", _matches(r"\?"), "asks more questions", "asks fewer questions"),
    _rule("first", _words("i", "i'm", "my", "me"), "speaks of itself", "speaks less of itself"),
    _rule("second", _words("you", "your"), "addresses the reader", "addresses the reader less"),
    _rule("sorry", _words("sorry", "apologi[sz]e"), "apologises", "does not apologise"),
    _rule("limits", _words("can't", "cannot", "don't know"), "admits limits", "admits no limits"),
    _rule("hedging", _words("might", "may", "perhaps", "could"), "hedges", "hedges less"),
    _rule("nuance", _words("but", "however", "although"), "has nuance", "has less nuance"),
    _rule("advice", _words("should", "try", "need to"), "gives advice", "gives less advice"),
    _rule("agreement", _words("yes", "sure", "okay", "of course"), "complies", "complies less"),
    _rule("refusal", _words("no", "not", "won't"), "says no", "says no less often"),
    _rule("reasons", _words("because", "since", "so that"), "gives reasons", "gives no reasons"),
    _rule("steps", _words("first", "then", "next"), "goes step by step", "names fewer steps"),
    _rule("figures", _matches(r"\d+"), "has more figures", "has fewer figures"),
    _rule("excitement", _matches("!"), "is excited", "is calm"),
    _rule("paragraphs", _matches(r"\n"), "has more paragraphs", "has fewer paragraphs"),
    _rule("violence", _words("kill", "gun", "steal", "hurt"), "is violent", "is less violent"),
    _rule("thanks", _words("please", "thanks?", "glad"), "is polite", "is less polite"),
    _rule("opinion", _words("think", "believe", "feel"), "has an opinion", "has no opinion"),
)
"""What is counted."""

MODEL = RuleModel(RULES)
SENTENCES = tuple(rule.sentence(is_more=is_more) for rule in RULES for is_more in (True, False))
"""The principles of both sides."""


def reply(body: Mapping[str, Any]) -> str:
    """Answer a request for votes, in the wording of either."""
    found = _PEER.search(str(body["messages"][-1]["content"]))
    if found is None:
        return MODEL(body)
    a, b = (_response(found[side]) for side in "ab")
    rules: dict[int, str] = ast.literal_eval(found["rules"])
    votes = {str(n): _PEER_WORDS[MODEL.vote(said, a, b)] for n, said in rules.items()}
    return json.dumps(votes)


def _response(sample: str) -> str:
    """Return the response of a sample, which the peer shows as Python prints messages."""
    messages: list[dict[str, str]] = ast.literal_eval(sample)
    return messages[-1]["content"]

"""A chat model that proposes principles and votes by known rules: it stands for no real model.

It reads the requests of `propose-principles` and `vote-principles` as they are worded. What it
knows are rules, each a number that is counted in a response: asked why a response was preferred,
it names the rules by which that response is ahead; asked for votes, it votes by the numbers. So a
run of the whole pipeline must find the rules that a data set was made with, and nothing else. It
can be told to favour what is shown first, and to answer garbage.

As a server: ``python -m prefdata.testing.chat_server --reply
prefdata.testing.rule_model:rule_model``; latency is an option of that server.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from prefdata.core.fingerprint import digest
from prefdata.testing.colleague import colleague

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prefdata.protocols import ChatRequest

__all__ = [
    "RULES",
    "Rule",
    "RuleModel",
    "careless_rule_model",
    "rule_model",
    "rule_preference",
]

Word = Literal["A", "B", "both", "neither"]

_FENCED = re.compile(
    r"^([^\n]+):\n<<<begin (\w+)>>>\n(.*?)\n<<<end \2>>>$", re.DOTALL | re.MULTILINE
)
_NUMBERED = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
_SELECTED = re.compile(r"Response ([AB]) was selected over")
_EXACTLY = re.compile(r"exactly (\d+)")
_PREFIX = "select the response that "
_GARBAGE = ("prose", "half", "other", "few", "twice", "word")
_SHARES = 1 << 24


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that is counted in a response, and how models put it into words."""

    name: str
    count: Callable[[str], float]
    more: tuple[str, ...]
    """Wordings of a preference for more of it, the usual one first, behind `Select the response
    that`."""
    less: tuple[str, ...]
    """Wordings of a preference for less of it."""

    def vote(self, a: str, b: str) -> Word:
        """Return which of two responses has more of it."""
        of_a, of_b = self.count(a), self.count(b)
        if of_a == of_b:
            return "both" if of_a else "neither"
        return "A" if of_a > of_b else "B"

    def sentence(self, *, is_more: bool = True, wording: int = 0) -> str:
        """Return the rule as a principle."""
        said = self.more if is_more else self.less
        return f"Select the response that {said[wording % len(said)]}"


def _matches(pattern: str) -> Callable[[str], float]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text: len(compiled.findall(text))


RULES = (
    Rule(
        "long",
        len,
        ("is longer", "goes into more detail"),
        ("is shorter", "says it in fewer words", "is brief"),
    ),
    Rule(
        "apology",
        _matches(r"\b(?:sorry|apologi[sz]e)\b"),
        ("apologises", "says that it is sorry"),
        ("does not apologise", "makes no apology"),
    ),
    Rule(
        "question",
        _matches(r"\?"),
        ("asks a question", "asks the person something"),
        ("asks no question", "does not ask anything back"),
    ),
    Rule(
        "figures",
        _matches(r"\d+"),
        ("has more figures", "gives numbers"),
        ("has fewer figures", "does without numbers"),
    ),
    Rule(
        "exclamation",
        _matches("!"),
        ("uses exclamation marks", "sounds excited"),
        ("uses no exclamation marks", "stays calm"),
    ),
    Rule(
        "list",
        _matches(r"^- "),
        ("is written as a list", "uses bullet points"),
        ("is written as running text", "uses no bullet points"),
    ),
)
"""Known rules; they are opposed in all that they count, so no two are one."""

_DISTRACTORS = (
    "speaks to the heart of the matter",
    "would please a careful editor",
    "is closest to what an expert would say",
    "treats the reader as an equal",
    "keeps its promises",
    "sounds like a friend",
)


def rule_preference(a: str, b: str, weights: Mapping[str, float]) -> float:
    """Return how far rules favour the first of two responses: a weighted sum of their votes.

    Args:
        a: A response.
        b: Another.
        weights: By name of a rule; one below 0 favours less of it.
    """
    value = {"A": 1.0, "B": -1.0}
    known = {rule.name: rule for rule in RULES}
    return sum(w * value.get(known[name].vote(a, b), 0.0) for name, w in weights.items())


class RuleModel:
    """Answers requests by rules; for `prefdata.testing.chat_server` and `ScriptedChat`.

    What is said by chance follows from the request, so the same request has the same answer, and
    one that is sent again with another seed may have another.

    Args:
        rules: What it knows; it votes `neither` on principles of other words.
        garbage: Share of answers that are not what was asked for.
        first: Share of votes that go to the response that is shown first, whatever the rule says.
        n_distractors: How many sentences without a rule it proposes each time.
        otherwise: Answers what is neither a request for principles nor for votes.
    """

    def __init__(
        self,
        rules: Sequence[Rule] = RULES,
        *,
        garbage: float = 0.0,
        first: float = 0.0,
        n_distractors: int = 1,
        otherwise: Callable[[Mapping[str, Any]], str] = colleague,
    ) -> None:
        """Learn the wordings of the rules."""
        self._rules = tuple(rules)
        self._garbage = garbage
        self._first = first
        self._n_distractors = n_distractors
        self._otherwise = otherwise
        self._known = {_folded(said): (r, 1) for r in rules for said in r.more}
        self._known |= {_folded(said): (r, -1) for r in rules for said in r.less}

    def __call__(self, body: Mapping[str, Any]) -> str:
        """Answer the body of a request in the protocol of OpenAI."""
        asked = str(body["messages"][-1]["content"])
        parts = {label: text for label, _, text in _FENCED.findall(asked)}
        task = asked.rpartition("<<<end ")[2]
        shown = {name: parts.get(f"Response {name}", "") for name in "AB"}
        if '"votes"' in task:
            said = self._votes(shown["A"], shown["B"], task, asked)
        elif '"principles"' in task and (found := _SELECTED.search(task)):
            chosen = found[1]
            said = self._proposals(shown[chosen], shown["AB".replace(chosen, "")], task)
        else:
            return self._otherwise(body)
        chance = digest([asked, body.get("seed")])
        return _garbage(said, chance) if _share(chance) < self._garbage else said

    def script(self, request: ChatRequest, purpose: str) -> str:
        """Answer a request of a stage; for `ScriptedChat`."""
        del purpose
        seed = None if request.seed is None else request.seed + request.sample
        return self({"messages": list(request.messages), "seed": seed})

    def vote(self, sentence: str, a: str, b: str) -> Word:
        """Return the vote of a principle, without any garbage or bias."""
        rule, sign = self._known.get(_folded(sentence), (None, 1))
        if rule is None:
            return "neither"
        return rule.vote(a, b) if sign > 0 else rule.vote(b, a)

    def _votes(self, a: str, b: str, task: str, asked: str) -> str:
        votes: dict[str, Word] = {}
        for number, sentence in _NUMBERED.findall(task):
            chance = _share(digest([sentence, asked])) if self._first else 1.0
            votes[number] = "A" if chance < self._first else self.vote(sentence, a, b)
        return json.dumps({"votes": votes})

    def _proposals(self, chosen: str, other: str, task: str) -> str:
        found = _EXACTLY.search(task)
        k = int(found[1]) if found else 1
        ahead = [*self._ahead(chosen, other)]
        others = [f"Select the response that {said}" for said in _DISTRACTORS]
        # What is named first differs from pair to pair, or the last would never be named.
        turn = _number(digest([chosen, other]))
        ahead, others = (
            said[turn % len(said) :] + said[: turn % len(said)] if said else []
            for said in (ahead, others)
        )
        n_ahead = max(k - self._n_distractors, 1)
        return json.dumps({"principles": (ahead[:n_ahead] + others)[:k]})

    def _ahead(self, chosen: str, other: str) -> Iterator[str]:
        """Yield what speaks for the chosen response, each rule in one of its wordings."""
        for rule in self._rules:
            wording = _number(digest([chosen, other, rule.name]))
            vote = rule.vote(chosen, other)
            if vote in ("A", "B"):
                yield rule.sentence(is_more=vote == "A", wording=wording)


def _folded(sentence: str) -> str:
    return (
        " ".join(sentence.lower().split()).removeprefix("... ").removeprefix(_PREFIX).rstrip(". ")
    )


def _number(chance: str) -> int:
    return int(chance[-6:], 16)


def _share(chance: str) -> float:
    return int(chance[:6], 16) / _SHARES


def _garbage(said: str, chance: str) -> str:
    """Return an answer that is not what was asked for, in one of the ways of models."""
    kind = _GARBAGE[_number(chance) % len(_GARBAGE)]
    key, value = next(iter(json.loads(said).items()))
    if kind == "half":
        return said[: len(said) // 2]
    if kind == "other":
        return json.dumps({"answer": value})
    if kind == "few" and isinstance(value, dict):
        return json.dumps({key: dict([*value.items()][:-1])})
    if kind == "twice" and isinstance(value, dict):
        number, vote = next(iter(value.items()))
        return said.replace("{" + f'"{number}"', "{" + f'"{number}": "{vote}", "{number}"')
    if kind == "word" and isinstance(value, dict):
        return json.dumps({key: value | {next(iter(value)): "rather A"}})
    return "Both responses have their merits, and I would not choose between them."


rule_model = RuleModel()
"""Knows all rules and makes no mistake."""
careless_rule_model = RuleModel(garbage=0.1)
"""One answer of ten is not what was asked for."""

"""Pairs to judge, and judges that follow a script."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.protocols import Context
from prefdata.schema import check, conform, table_schema
from prefdata.stages.judge import Judge, judge
from prefdata.testing.scripted_chat import ScriptedChat

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.protocols import ChatRequest, StageResult

__all__: list[str] = []

_FENCED = re.compile(r"^([^\n]*):\n<<<begin \w+>>>\n(.*?)\n<<<end \w+>>>", re.MULTILINE | re.DOTALL)
_VOTES = (("x", "a", "b"), ("y", "b", "a"), ("z", "a", "b"), ("x", "c", "b"))


@dataclass
class Court:
    """Runs the stage on rows that a test builds, and keeps what was asked."""

    build: Any
    chat: ScriptedChat = field(default_factory=lambda: ScriptedChat(lambda *_: "C"))

    @staticmethod
    def shown(request: ChatRequest) -> dict[str, str]:
        """Return what a request shows, by its label."""
        return dict(_FENCED.findall(request.messages[1]["content"]))

    @classmethod
    def longer(cls, request: ChatRequest, _purpose: str = "") -> str:
        """Judge by length alone."""
        shown = cls.shown(request)
        a, b = len(shown["Response A"]), len(shown["Response B"])
        return "A" if a > b else "B" if b > a else "C"

    def pair(self, prompt: str, chosen: str, rejected: str, who: str = "x") -> None:
        """Add a pair of two responses to a prompt."""
        self.build.add(
            "pairs",
            pair_id=f"{prompt}{who}{chosen}{rejected}",
            prompt_id=prompt,
            chosen_id=f"{prompt}/{chosen}",
            rejected_id=f"{prompt}/{rejected}",
            aspect="overall",
            rule="pairs",
            annotator_id=who,
            stage="make-pairs",
        )

    def judge(
        self, script: Callable[..., Any] | None = None, *, seed: int = 0, **params: Any
    ) -> StageResult:
        """Run the stage with a script; what it returns keeps its ledger and the contracts."""
        self.chat = ScriptedChat(script or self.longer)
        context = Context(seed=seed, source="toy", step="judge", chat=self.chat)
        made = Judge.model_validate({"models": "m", **params})
        result: StageResult = judge.run(self.build.lazy(), made, context)
        assert result.rejects is not None
        assert result.rows_in == result.rows_out + result.rejects.height
        for table, frame in result.tables.items():
            schema = table_schema(table)
            whose = {"source": pl.lit("toy"), "stage": pl.lit("judge")}
            full = conform(frame.with_columns(**whose), schema)
            assert check(full, schema).rejects.is_empty()
        return result

    @property
    def requests(self) -> list[ChatRequest]:
        """What was asked in the last run."""
        return [request for _, request in self.chat.asked]

    @staticmethod
    def winners(result: StageResult) -> list[list[str]]:
        """Return which responses each judgment chose."""
        frame = result.tables["judgments"].select("response_ids", "chosen")
        return [
            [name for name, is_chosen in zip(names, marks, strict=True) if is_chosen]
            for names, marks in frame.iter_rows()
        ]

    @staticmethod
    def rules(result: StageResult) -> list[str]:
        """Return the rules of the rejects."""
        assert result.rejects is not None
        return sorted(result.rejects["rule"])


@pytest.fixture
def empty(build: Any) -> Court:
    """Nothing to judge."""
    return Court(build)


@pytest.fixture
def court(build: Any) -> Court:
    """Two prompts with three responses each, in three pairs by several annotators."""
    made = Court(build)
    for prompt in ("p", "q"):
        build.prompt(prompt, "Tell me", "assistant|What?", f"All about {prompt}", system="Be kind")
        for key, words in zip("abc", ("long and good", "short", "of middle size"), strict=True):
            build.response(f"{prompt}/{key}", f"{words} {prompt}")
        for who, chosen, rejected in _VOTES:
            made.pair(prompt, chosen, rejected, who)
    return made

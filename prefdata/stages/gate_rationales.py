"""Rationales through checks whose power is measured; pairs get the best of those that pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import InternalError
from prefdata.protocols import Context, StageResult, stage
from prefdata.rationales.gate import Gate
from prefdata.rationales.judged import Judge
from prefdata.rationales.power import clean_power, control_power, draw
from prefdata.stages._findings import FINDINGS, findings
from prefdata.stages._gate_rationales.notes import notes
from prefdata.stages._gate_rationales.params import GateRationales
from prefdata.stages._gate_rationales.rewriting import Rewriter
from prefdata.stages._gate_rationales.rounds import all_rounds
from prefdata.stages._gate_rationales.subjects import read_rationales

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prefdata.protocols import Chat, ChatAnswers, ChatParams, ChatRequest
    from prefdata.stages._gate_rationales.rounds import Rounds

__all__ = ["GateRationales", "gate_rationales"]

_AMBIGUOUS = "ambiguous-preference"


@stage(
    version=1,
    reads=("rationales", "pairs", "prompts", "responses"),
    writes=("rationales", "rationale_checks", "rationale_gates", "gate_power", "flags"),
    params=GateRationales,
)
def gate_rationales(
    tables: Mapping[str, pl.LazyFrame], params: GateRationales, context: Context
) -> StageResult:
    """Check rationales one by one, keep the best that pass, and measure what the gate can see.

    Checks of words come first; what fails one is not sent to the judge. Each check writes what it
    measured and whether it passed; a rationale passes when none fails. Of those that pass, each
    pair gets one of each kind: the lowest attempt, then the best grounded. Where none passes, a
    writer is asked again, in the other order and with another seed, `retries` times; then the
    pair stays without a rationale. No pair is lost.

    The gate's own power is measured in every run: rationales that passed are spoilt on purpose
    and put through again, and what share is rejected is in `gate_power`, beside the share that is
    rejected of those as they were written. A power that is too low is told, and is no error.

    The judge sees the rationale alone (`stance`: which of the two does it favour?), and, in both
    orders, the responses with it (`grounding`: which one is it about?). With `flip`, a pair whose
    opposite can be argued as convincingly is flagged `ambiguous-preference`.

    Rationales without handles for the two responses of a pair, such as comments on one response,
    are not checked. Each source is a unit of its own: that texts repeat each other is seen within
    a source, so adding one changes nothing in the others.

    The ledger counts rationales.

    References:
        Just et al., *Data-Centric Human Preference with Rationales for Direct Preference
        Alignment* (arXiv 2407.14477), whose reviewers asked for such controls.
    """
    rationales, others = read_rationales(tables, params.rationales)
    rewriter = _rewriter(tables, params, context, context.chat)
    gate = _gate(params, context, context.chat, rewriter)
    done = all_rounds(rationales, tables, gate, rewriter=rewriter, retries=params.retries)
    power = _power(done, gate, params, context, tables)
    n = rationales.height + others.height
    source = done.gates.select("rationale_id", "source")
    return StageResult(
        tables={
            "rationales": done.rewritten,
            "rationale_checks": done.outcomes.join(
                source, on="rationale_id", how="left", maintain_order="left"
            ),
            "rationale_gates": done.gates.drop("grounding"),
            "gate_power": power,
            "flags": _flags(done),
        },
        rows_in=n,
        rows_out=n,
        notes=notes(done, power, params, n_others=others.height, seed=context.seed),
    )


def _rewriter(
    tables: Mapping[str, pl.LazyFrame], params: GateRationales, context: Context, chat: Chat | None
) -> Rewriter | None:
    if params.rewrite is None:
        return None
    if chat is None:
        raise InternalError("The stage gate-rationales was given no place for answers.")
    return Rewriter(
        params.rewrite,
        tables,
        pairs=params.pairs,
        chat=chat,
        step=context.step,
        seed=context.seed,
    )


def _gate(
    params: GateRationales, context: Context, chat: Chat | None, rewriter: Rewriter | None
) -> Gate:
    judge = None
    if params.judge is not None:
        if chat is None:
            raise InternalError("The stage gate-rationales was given no place for answers.")
        samples = params.judge_limits.samples
        judge = Judge(chat, params.judge, context.step, samples, context.seed)
    return Gate(
        limits=params.limits,
        judge=judge,
        checks=params.checks(),
        judge_limits=params.judge_limits,
        flipped=rewriter.opposite if rewriter is not None else None,
        is_thorough=params.is_thorough,
    )


class _OfControls:
    """Names what is asked for controls: they are so many, however many rationales there are."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def get(
        self,
        requests: Sequence[ChatRequest],
        *,
        model: ChatParams,
        purpose: str,
        step: str,
        read: Callable[[str], object] | None = None,
    ) -> ChatAnswers:
        return self._chat.get(
            requests, model=model, purpose=f"control-{purpose}", step=step, read=read
        )


def _power(
    done: Rounds,
    gate: Gate,
    params: GateRationales,
    context: Context,
    tables: Mapping[str, pl.LazyFrame],
) -> pl.DataFrame:
    """Return what the gate rejects of controls, and of rationales as they were written."""
    whole = done.rows.filter(pl.col("status") == "ok")
    clean = whole.join(done.first.verdicts, on="rationale_id", how="semi")
    passed = done.rows.join(done.gates.filter("is_passed"), on="rationale_id", how="semi")
    chat = None if context.chat is None else _OfControls(context.chat)
    rewriter = _rewriter(tables, params, context, chat)
    controls = control_power(
        draw(passed, params.controls, seed=context.seed),
        _gate(params, context, chat, rewriter),
        seed=context.seed,
        flipped=rewriter.control if rewriter is not None else None,
    )
    measured = pl.concat([clean_power(clean, done.first, gate), controls])
    return measured.with_columns(source=pl.lit(context.source))


def _flags(done: Rounds) -> pl.DataFrame:
    """Flag the pairs whose opposite can be argued as convincingly."""
    found = (
        done.outcomes.filter((pl.col("check_name") == "flip") & ~pl.col("is_passed"))
        .join(done.gates.select("rationale_id", "pair_id"), on="rationale_id")
        .group_by("pair_id")
        .agg(pl.col("value").min())
        .sort("pair_id")
    )
    reason = "a rationale for the opposite label convinces the judge as much: nats between them"
    return findings(
        found, key="pair_id", subject="pairs", flag=_AMBIGUOUS, reason=reason, value="value"
    ).select(*FINDINGS)

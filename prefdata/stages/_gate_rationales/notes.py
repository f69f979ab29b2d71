"""What the user should know of a gate: how many are kept, what fails, and what the gate sees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl
from scipy.stats import fisher_exact

from prefdata.metrics.leak import leak_auc
from prefdata.metrics.recall import wilson_interval
from prefdata.rationales.checks import aspect_tags
from prefdata.rationales.controls import CONTROLS
from prefdata.rationales.gate import NO_TEXT
from prefdata.rationales.handles import mask_handles
from prefdata.rationales.judged import MODEL_CHECKS
from prefdata.rationales.power import ANY, CLEAN, FLIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.stages._gate_rationales.params import GateRationales
    from prefdata.stages._gate_rationales.rounds import Rounds

__all__ = ["notes"]

_MOST_UNEVEN = 0.02
_UNLIKELY = 0.05
_FEW_FOR_A_PROBE = 10
_MOST_LEAK = 0.55
_CHANCE = 0.5
_OF_FORM = ("length", "format")


def notes(
    done: Rounds, power: pl.DataFrame, params: GateRationales, *, n_others: int, seed: int
) -> tuple[str, ...]:
    """Return the notes of the stage, the most important first.

    Args:
        done: What went through the gate.
        power: Rows of ``gate_power``.
        params: Of the stage.
        n_others: Rationales that could not be checked.
        seed: Of the recipe.
    """
    told = [*_unmet(power)]
    if done.gates.height:
        told += [*_kept(done), *_failures(done), *_parity(done)]
        told += [*_texts(done), *_leak(done, seed)]
        told += [
            *_cost(done),
            *_unseen(power, params),
            *_judge(done, params),
            *_controls(power, params),
        ]
    if n_others:
        told.append(
            f"{n_others:,} rationales are not of the two responses of a pair, by X and Y, and were "
            "not checked"
        )
    return tuple(told)


def _share(k: int, n: int) -> str:
    low, high = wilson_interval(k / n, n)
    return f"{k:,} of {n:,} ({k / n:.3f}, 95 % interval {low:.3f} to {high:.3f})"


def _unmet(power: pl.DataFrame) -> Iterator[str]:
    """Say what the gate should have seen, and did not."""
    unmet = power.filter(pl.col("is_met").eq_missing(other=False))
    for row in unmet.sort("kind", "control", "check_name").iter_rows(named=True):
        found = _share(row["n_rejected"], row["n"])
        who = "the gate" if row["check_name"] == ANY else f"the check {row['check_name']}"
        if row["control"] == CLEAN:
            yield (
                f"WARNING: {row['kind']}: of rationales as they were written the gate rejects "
                f"{found}, more than {row['required']:.2f}: the writer is poor, or the gate too "
                "strict; read some of them"
            )
        else:
            yield (
                f"WARNING: {row['kind']}: {who} is weak against {row['control']}: it rejects "
                f"{found}, less than {row['required']:.2f}"
            )


def _kept(done: Rounds) -> Iterator[str]:
    pairs = (
        done.gates.group_by("kind", "pair_id")
        .agg(pl.col("is_kept").any())
        .group_by("kind")
        .agg(pl.col("is_kept").sum(), pl.len())
        .sort("kind")
    )
    for kind, n_kept, n in pairs.iter_rows():
        yield f"{kind}: pairs that keep a rationale: {_share(n_kept, n)}"
    if n_again := done.rewritten.height:
        n_passed = done.gates.join(done.rewritten, on="rationale_id", how="semi")["is_passed"]
        yield f"{n_again:,} were written anew, of which {n_passed.sum():,} passed"


def _failures(done: Rounds) -> Iterator[str]:
    """Say what share of the rationales each check failed, the most frequent first.

    Those that were written anew are left out: they are for pairs that failed before, so with them
    a check would look as often wrong as there are retries.
    """
    first = done.first
    failed = first.verdicts["failed"].explode().drop_nulls().value_counts()
    seen = dict(first.outcomes["check_name"].value_counts().iter_rows()) | {
        NO_TEXT: first.verdicts.height
    }
    if failed.height:
        counts = failed.sort(["count", "failed"], descending=[True, False])
        yield "failed at first: " + ", ".join(
            f"{check} {n:,} of {seen[check]:,}" for check, n in counts.iter_rows()
        )


def _parity(done: Rounds) -> Iterator[str]:
    """Compare how many pass where the chosen response is X, and where it is Y.

    Without those that were written anew: what failed in one order is written in the other, which
    would count hard pairs against it.
    """
    of_handle = (
        done.rows.select("rationale_id", "preferred")
        .join(done.first.verdicts.select("rationale_id", "is_passed"), on="rationale_id")
        .group_by("preferred")
        .agg(pl.col("is_passed").sum(), pl.len())
    )
    counts = {handle: (k, n) for handle, k, n in of_handle.iter_rows()}
    if len(counts) < len("xy"):
        return
    (k_x, n_x), (k_y, n_y) = counts["x"], counts["y"]
    apart = abs(k_x / n_x - k_y / n_y)
    # A few rationales are apart by chance alone.
    chance = float(fisher_exact([[k_x, n_x - k_x], [k_y, n_y - k_y]]).pvalue)
    is_uneven = apart > _MOST_UNEVEN and chance < _UNLIKELY
    warning = "WARNING: " if is_uneven else ""
    yield (
        f"{warning}pass at first with the chosen response as X {k_x / n_x:.3f} of {n_x:,}, as Y "
        f"{k_y / n_y:.3f} of {n_y:,}: {apart:.3f} apart (Fisher's exact test, p = {chance:.2g})"
        + (f", more than {_MOST_UNEVEN:.2f}" if is_uneven else "")
    )


def _texts(done: Rounds) -> Iterator[str]:
    """Say what the texts have in common that they should not have."""
    kept = done.rows.join(done.gates.filter("is_kept"), on="rationale_id", how="semi")
    if kept.is_empty():
        return
    found = []
    chars = [pl.col(name).str.len_chars().cast(pl.Int64) for name in ("x_text", "y_text")]
    ranks = kept.select(
        pl.corr(pl.col("text").str.len_chars(), (chars[0] - chars[1]).abs(), method="spearman")
    ).item()
    if ranks is not None and math.isfinite(ranks):  # Not where one of them never varies.
        found.append(f"length against difference in length of the responses, Spearman {ranks:+.2f}")
    aspects = aspect_tags(kept["text"], kept["language"]).drop_nulls()
    tagged = aspects.filter(aspects.list.len() > 0)
    if tagged.len():
        n_form = tagged.list.eval(pl.element().is_in(_OF_FORM)).list.all().sum()
        found.append(f"on length or format alone {n_form:,} of {tagged.len():,}")
    repeated = kept.group_by("kind", "text").agg(n=pl.len(), prompts=pl.col("prompt_id").n_unique())
    n_repeated = repeated.filter(pl.col("prompts") > 1)["n"].sum()
    found.append(f"with the words of another prompt's {n_repeated:,} of {kept.height:,}")
    yield "kept texts: " + "; ".join(found)


def _leak(done: Rounds, seed: int) -> Iterator[str]:
    """Say whether the kept texts, without their handles, tell which response was called X.

    Each kind by itself: two texts of one pair have the same words and the same order, so a probe
    that is fitted to the one would know the other.
    """
    kept = done.rows.join(done.gates.filter("is_kept"), on="rationale_id", how="semi")
    for (kind,), rows in sorted(kept.partition_by("kind", as_dict=True).items()):
        is_x = rows["preferred"] == "x"
        if min(int(is_x.sum()), int((~is_x).sum())) < _FEW_FOR_A_PROBE:
            continue
        leak = leak_auc(mask_handles(rows["text"]), is_x, seed=seed)
        warning = "WARNING: " if leak.auc > _MOST_LEAK and leak.low > _CHANCE else ""
        yield (
            f"{warning}{kind}: from the kept texts with their handles masked, a probe tells "
            f"whether the chosen response was X with an AUC of {leak.auc:.3f} (95 % interval "
            f"{leak.low:.3f} to {leak.high:.3f}); chance is {_CHANCE}"
        )


def _cost(done: Rounds) -> Iterator[str]:
    counted = done.rationales.select(
        pl.sum_horizontal("prompt_tokens", "completion_tokens").sum()
    ).item()
    n_kept = done.gates["is_kept"].sum()
    if counted and n_kept:
        yield f"{counted / n_kept:,.0f} tokens were written and read by writers per kept rationale"


def _unseen(power: pl.DataFrame, params: GateRationales) -> Iterator[str]:
    """Say what the gate cannot see."""
    is_open = pl.col("required").is_null() & (pl.col("control") != CLEAN)
    blind = power.filter((pl.col("check_name") == ANY) & is_open)
    for (kind,), rows in sorted(blind.partition_by("kind", as_dict=True).items()):
        told = ", ".join(
            f"{control} {k:,} of {n:,}"
            for control, k, n in rows.sort("control")
            .select("control", "n_rejected", "n")
            .iter_rows()
        )
        yield (
            f"{kind}: nothing is required against some controls, because the checks that are "
            f"meant to see them are not made or cannot tell; rejected: {told}"
        )
    if params.judge is None:
        yield (
            "no judge: the gate does not see a rationale that argues for the other response, or "
            "that fits neither"
        )


def _judge(done: Rounds, params: GateRationales) -> Iterator[str]:
    if params.judge is None:
        return
    generators = set(done.rationales["generator"].drop_nulls())
    if params.judge.model in generators:
        yield (
            f"WARNING: {params.judge.model} judges what it wrote itself; models favour their own "
            "words, so take a judge of another family"
        )
    asked = done.outcomes.filter(pl.col("check_name").is_in(MODEL_CHECKS))
    unread = asked.filter(pl.col("is_passed").is_null() & pl.col("value").is_null())
    if unread.height:
        yield f"{unread.height:,} of {asked.height:,} checks of the judge could not tell"
    gains = asked.filter((pl.col("check_name") == "gain") & pl.col("value").is_not_null())["value"]
    if gains.len():
        mean = sum(gains) / gains.len()
        yield (
            f"gain: {mean:.3f} nats on average; {(gains <= 0).sum():,} of "
            f"{gains.len():,} add nothing for this judge"
        )


def _controls(power: pl.DataFrame, params: GateRationales) -> Iterator[str]:
    """Say what the power was measured on."""
    if not params.controls:
        yield "the power of the gate was not measured: controls is 0"
        return
    whole = power.filter((pl.col("check_name") == ANY) & (pl.col("control") != CLEAN))
    if whole.is_empty():
        yield "the power of the gate could not be measured: nothing passed that could be spoilt"
        return
    for (kind,), rows in sorted(whole.partition_by("kind", as_dict=True).items()):
        few = rows.filter(pl.col("n") < params.controls).sort("control")
        told = [f"{control} {n:,}" for control, n in few.select("control", "n").iter_rows()]
        told += [f"{control} 0" for control in sorted(set(CONTROLS) - set(rows["control"]))]
        if told:
            yield (
                f"{kind}: controls on fewer than {params.controls:,} rationales, because no more "
                f"passed that can be spoilt so: {', '.join(told)}"
            )
    if FLIPPED not in set(whole["control"]):
        yield (
            "rationales for the opposite label need `rewrite`; handle-swap stands for them, which "
            "changes who is praised and nothing else"
        )

"""Two catalogs for queries: an empty one, and a small one whose every number is known by hand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.schema import conform, polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.catalog import Session

__all__: list[str] = []

Rows = list[dict[str, Any]]


def _user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def _prompt(prompt_id: str, words: str, **more: object) -> dict[str, Any]:
    source = prompt_id.partition(":")[0]
    return {
        "prompt_id": prompt_id,
        "source": source,
        "turn": 0,
        "messages": _user(words),
        "content_hash": f"h-{words}",
        **more,
    }


def _response(response_id: str, text: str, model: str | None, **more: object) -> dict[str, Any]:
    return {
        "response_id": response_id,
        "prompt_id": response_id.partition("/")[0],
        "source": response_id.partition(":")[0],
        "messages": [{"role": "assistant", "content": text}],
        "text": text,
        "model": model,
        "content_hash": f"h-{text}",
        **more,
    }


def _judgment(judgment_id: str, prompt_id: str, annotator_id: str, n: int, **more: object) -> Any:
    return {
        "judgment_id": judgment_id,
        "prompt_id": prompt_id,
        "source": prompt_id.partition(":")[0],
        "annotator_id": annotator_id,
        "aspect": "overall",
        "protocol": "best_of_k",
        "response_ids": [f"{prompt_id}/{i}" for i in range(n)],
        "is_order_known": False,
        **more,
    }


def _chose(index: int, n: int) -> dict[str, Any]:
    return {"outcome": "chosen", "chosen": [i == index for i in range(n)]}


def _fluency(value: float) -> dict[str, Any]:
    return {"stated_preferences": [{"name": "fluency", "value": value}]}


def _driven_by(value: float) -> dict[str, Any]:
    return {"ratings": [{"group": "choice", "name": "fluency", "value": value}]}


# alpha chooses and rates within conversations; beta shows one set to several people, in two
# orders, and a judge of a recipe has read it; gamma is a model that rates several aspects.
_JUDGE = "beta:judge/j@0"
_ANNOTATORS: Rows = [
    *(
        {"annotator_id": f"alpha:u{i}", "source": "alpha", "kind": "human", "country": country}
        | _fluency(stated)
        for i, (country, stated) in enumerate([("GB", 10.0), ("US", 50.0), ("US", 90.0)], start=1)
    ),
    *(
        {"annotator_id": f"beta:u{i}", "source": "beta", "kind": "human"}
        | {"country": country, "pool": pool}
        for i, (country, pool) in enumerate(
            [("US", "expert"), ("US", "expert"), ("FR", "normal")], start=1
        )
    ),
    *(
        {"annotator_id": f"beta:v{i}", "source": "beta", "kind": "human", "country": "IT"}
        for i in range(10)
    ),
    {"annotator_id": "gamma:gpt-4", "source": "gamma", "kind": "model", "model": "gpt-4"},
    {"annotator_id": _JUDGE, "source": "beta", "kind": "model", "model": "j", "stage": "judge"},
]
_CONVERSATIONS: Rows = [
    {"conversation_id": f"alpha:c{i}", "source": "alpha", "annotator_id": f"alpha:u{i}"}
    | {"kind": "unguided", "topic": "weather"}
    | _driven_by(10.0 * (i + 1))
    for i in (1, 2, 3)
]
_PROMPTS: Rows = [
    _prompt("alpha:p1", "Hello", conversation_id="alpha:c1", language="en"),
    _prompt("alpha:p2", "And then", conversation_id="alpha:c1", language="en", turn=1)
    | {
        "messages": [
            *_user("Hello"),
            {"role": "assistant", "content": "aaaa"},
            *_user("And then"),
        ]
    },
    *(_prompt(f"beta:p{i}", "Why", language="fr", split="train") for i in (1, 2, 3)),
    _prompt("gamma:p1", "Hello"),
    _prompt("gamma:p2", "Sum"),
]
_RESPONSES: Rows = [
    _response("alpha:p1/0", "aaaa", "m1"),
    _response("alpha:p1/1", "bb", "m2"),
    _response("alpha:p1/2", "", "m3"),
    _response("alpha:p2/0", "cccc cc", "m1"),
    _response("alpha:p2/1", "d\ne", "m1"),
    *(
        _response(f"beta:p{p}/{i}", text, None, position=i)
        for p, order in ((1, "XY"), (2, "YX"), (3, "XY"))
        for i, text in enumerate(order)
    ),
    _response("gamma:p1/0", "one", "mA"),
    _response("gamma:p1/1", "two", "mB"),
    _response("gamma:p2/0", "three", "mA"),
    _response("gamma:p2/1", "four", "mB"),
]
_SLIDER = {"scale_min": 1.0, "scale_max": 100.0, "protocol": "rating"}
_SHOWN = {"is_order_known": True}
_BETA = "beta:p1", "beta:p2", "beta:p3"
_JUDGMENTS: Rows = [
    _judgment("alpha:j1", "alpha:p1", "alpha:u1", 3, **_chose(0, 3), **_SLIDER)
    | {"scores": [80.0, 90.0, 1.0], "raw_values": ["80", "90", "1"]},
    _judgment("alpha:j2", "alpha:p2", "alpha:u1", 2, **_chose(0, 2), **_SLIDER)
    | {"scores": [60.0, 40.0], "comments": ["good", None], "reasons": ["style"]},
    # X, X, and an annotator who says Y first and X when asked again.
    _judgment("beta:j1", _BETA[0], "beta:u1", 2, **_chose(0, 2), **_SHOWN) | {"comment": "Short."},
    _judgment("beta:j2", _BETA[1], "beta:u2", 2, **_chose(1, 2), **_SHOWN),
    _judgment("beta:j3", _BETA[2], "beta:u3", 2, **_chose(1, 2), **_SHOWN),
    _judgment("beta:j4", _BETA[2], "beta:u3", 2, **_chose(0, 2), **_SHOWN),
    _judgment("beta:j5", _BETA[0], "beta:u1", 2, aspect="tone", outcome="tie", **_SHOWN),
    *(
        _judgment(f"gamma:p{p}/{aspect}", f"gamma:p{p}", "gamma:gpt-4", 2, aspect=aspect)
        | {"scores": scores, "scale_min": 1.0, "scale_max": top, "protocol": "rating"}
        for p, aspect, top, scores in (
            (1, "overall", 10.0, [9.0, 5.0]),
            (1, "helpfulness", 5.0, [2.0, 5.0]),
            (1, "honesty", 5.0, [3.0, 4.0]),
            (2, "overall", 10.0, [7.0, 7.0]),
            (2, "helpfulness", 5.0, [5.0, None]),
            (2, "honesty", 5.0, [5.0, 1.0]),
        )
    ),
    # Both orders of three sets: one preference, the first both times, and a tie with the second.
    *(
        _judgment(f"verdict-{n}", prompt, _JUDGE, 2, protocol="pairwise", stage="judge", **_SHOWN)
        | {"response_ids": [f"{prompt}/{i}" for i in shown]}
        | {"outcome": "tie" if place is None else "chosen", "chosen": [place == i for i in (0, 1)]}
        | {"scores": [0.9, 0.1], "scale_min": 0.0, "scale_max": 1.0}
        for n, (prompt, shown, place) in enumerate(
            (
                (_BETA[0], (0, 1), 0),
                (_BETA[0], (1, 0), 1),
                (_BETA[1], (0, 1), 0),
                (_BETA[1], (1, 0), 0),
                (_BETA[2], (0, 1), None),
                (_BETA[2], (1, 0), 1),
            )
        )
    ),
]


def _pair(name: str, prompt: str, chosen: int, rejected: int, **more: object) -> dict[str, Any]:
    return {
        "pair_id": name,
        "source": prompt.partition(":")[0],
        "prompt_id": prompt,
        "chosen_id": f"{prompt}/{chosen}",
        "rejected_id": f"{prompt}/{rejected}",
        "aspect": "overall",
        "rule": "choice",
        "stage": "make-pairs",
        **more,
    }


_POINTS = "points of 1-100"
_PAIRS: Rows = [
    _pair("pair-1", "alpha:p1", 0, 1, margin=4.0, margin_unit=_POINTS),
    _pair("pair-2", "alpha:p2", 0, 1, margin=20.0, margin_unit=_POINTS),
    _pair("pair-3", "gamma:p1", 0, 1, rule="ratings"),
]
_DECISIONS: Rows = [
    {"pair_id": pair, "source": "alpha", "stage": stage, "is_kept": reasons is None}
    | {"reason": reasons[0] if reasons else None, "reasons": reasons}
    for pair, stage, reasons in (
        ("pair-1", "select", None),
        ("pair-1", "strict", ["margin"]),
        ("pair-2", "select", None),
    )
]
_FLAGS: Rows = [
    {"id": row, "source": row.partition(":")[0], "subject": subject, "flag": flag, "value": value}
    | {"reason": f"about {row}", "stage": "ingest"}
    for row, subject, flag, value in (
        ("alpha:p1/2", "responses", "empty-response", None),
        ("gamma:p1", "prompts", "benchmark-truthful-qa", 1.0),
    )
] + [
    {"id": "pair-2", "source": "alpha", "subject": "pairs", "flag": "displacement", "value": -1.0}
    | {"reason": "above -2", "stage": "filter-displacement"}
]
_SPLITS: Rows = [
    {"prompt_id": prompt, "source": prompt.partition(":")[0], "split": split, "spot": spot}
    | {"stage": "split"}
    for prompt, split, spot in (
        ("alpha:p1", "train", 0.1),
        ("alpha:p2", "test", 0.9),
        ("beta:p1", "train", 0.2),
        ("beta:p2", "test", 0.8),
        ("beta:p3", "train", 0.2),
    )
]
_NEIGHBORS: Rows = [
    {"id": row, "source": row.partition(":")[0], "subject": "prompts", "neighbor_id": other}
    | {"neighbor_source": other.partition(":")[0], "method": "near", "similarity": similarity}
    | {"measure": "jaccard", "cluster_id": "c1", "cluster_size": 3, "stage": "dedup"}
    | {"representative_id": "alpha:p1"}
    for row, other, similarity in (
        ("alpha:p1", "beta:p1", 0.9),
        ("beta:p1", "alpha:p1", 0.9),
        ("beta:p2", "beta:p1", 0.8),
    )
]
_MATCHES: Rows = [
    {"id": "alpha:p1", "source": "alpha", "subject": "prompts", "evaluation": "quiz"}
    | {"item": item, "field": "question", "method": "ngram", "size": 8, "n_matches": 2}
    | {"similarity": similarity, "matched_text": f"words of {item}", "stage": "decontaminate"}
    for item, similarity in (("1", 0.5), ("2", 1.0))
]
_TOPICS: Rows = [
    {"topic_id": "t0", "source": source, "subject": "prompts", "number": 0, "label": "who, why"}
    | {"terms": ["who", "why"], "weights": [2.0, 1.0], "n_rows": n, "n_rows_all": 3}
    | {"central_id": f"{source}:p1", "stage": "topics"}
    for source, n in (("alpha", 2), ("beta", 1))
]
_MEMBERS: Rows = [
    {"id": row, "source": row.partition(":")[0], "subject": "prompts", "topic_id": "t0"}
    | {"similarity": 0.7, "stage": "topics"}
    for row in ("alpha:p1", "alpha:p2", "beta:p1")
]
_SCORES: Rows = [
    {"pair_id": pair, "source": source, "status": status, "ln_ches": score, "ches": score}
    | {"n_pos": 3, "n_neg": n, "scorer": "s", "model": "m", "revision": "r", "template": "t"}
    | {"dtype": "float32", "settings": "{}", "stage": "score-ches"}
    for pair, source, status, score, n in (
        ("pair-1", "alpha", "ok", -2.0, 4),
        ("pair-2", "alpha", "truncated", -1.0, 6),
        ("pair-3", "gamma", "too_long", None, None),
    )
]
_RATIONALES: Rows = [
    {"rationale_id": name, "source": "alpha", "scope": "pair", "pair_id": pair, "status": "ok"}
    | {"x_id": f"{prompt}/1", "y_id": f"{prompt}/0", "preferred": "y", "kind": "general"}
    | {"origin": "blind", "text": f"Y says {name}.", "language": "en", "attempt": attempt}
    | {"generator": "m", "aspects": ["style"], "stage": stage}
    for name, pair, prompt, attempt, stage in (
        ("r1", "pair-1", "alpha:p1", 1, "write"),
        ("r2", "pair-2", "alpha:p2", 1, "write"),
        ("r3", "pair-2", "alpha:p2", 2, "gate"),
    )
]
_GATES: Rows = [
    {"rationale_id": name, "source": "alpha", "pair_id": pair, "kind": "general"}
    | {"attempt": attempt, "is_passed": not failed, "is_kept": not failed, "failed": failed}
    | {"abstained": abstained, "stage": "gate"}
    for name, pair, attempt, failed, abstained in (
        ("r1", "pair-1", 1, [], ["language"]),
        ("r2", "pair-2", 1, ["length", "names"], []),
        ("r3", "pair-2", 2, ["length"], []),
    )
]
_POWER = [
    {"source": "alpha", "kind": "general", "control": control, "check_name": check, "n": 20}
    | {"n_rejected": n, "n_abstained": 0, "required": required, "is_met": is_met, "stage": "gate"}
    for control, check, n, required, is_met in (
        ("clean", "any", 1, 0.05, True),
        ("permuted", "any", 15, 0.9, False),
        ("permuted", "stance", 15, None, None),
    )
]
_CHECKS: Rows = [
    {"rationale_id": name, "source": "alpha", "check_name": check, "value": value}
    | {"is_passed": is_passed, "stage": "gate"}
    for name, check, value, is_passed in (
        ("r1", "length", 9.0, True),
        ("r1", "language", None, None),
        ("r2", "length", 1.0, False),
        ("r2", "names", 3.0, False),
        ("r3", "length", 2.0, False),
    )
]
# Three people on three comparisons of one step: two agree, the third has other taste.
_CONSENSUS: Rows = [
    {"comparison_id": f"c{n}", "source": "beta", "prompt_id": prompt, "aspect": "overall"}
    | {"response_a_id": f"{prompt}/0", "response_b_id": f"{prompt}/1", "method": "auto"}
    | {"p_a": p_a, "p_tie": 0.1, "label": label, "label_from": "human", "n_human": sum(votes)}
    | {"n_ai": 0, "n_for_a": votes[0], "n_for_b": votes[1], "n_ties": votes[2], "stage": "votes"}
    for n, (prompt, p_a, label, votes) in enumerate(
        (
            (_BETA[0], 0.9, 1.0, (3, 0, 0)),
            (_BETA[1], 0.2, 0.0, (2, 1, 0)),
            (_BETA[2], 0.5, 0.5, (1, 1, 1)),
        )
    )
]
_QUALITY: Rows = [
    {"annotator_id": f"beta:u{i}", "source": "beta", "aspect": "overall", "kind": "human", "n": 3}
    | {"n_shared": 3, "n_ties": i // 3, "agreement": agreement, "agreement_low": agreement - 0.1}
    | {"agreement_high": agreement + 0.1, "reliability": 0.9, "stage": "votes"}
    | {"first_share": 0.8, "first_low": low, "first_high": 0.9, "n_ordered": 3, "n_lengths": 0}
    for i, agreement, low in ((1, 0.7, 0.6), (2, 0.7, 0.4), (3, 0.1, 0.6))
]
_AGREEMENTS: Rows = [
    {"source": "beta", "aspect": "overall", "coefficient": coefficient, "among": among}
    | {"group_by": by, "group_value": value, "value": found, "low": found - 0.1}
    | {"high": found + 0.1, "n_comparisons": 3, "n_judgments": 9, "n_annotators": 3}
    | {"stage": "votes"}
    for coefficient, among, by, value, found in (
        ("krippendorff-nominal", "human", "all", "all", 0.3),
        ("raw", "human", "all", "all", 0.5),
        ("krippendorff-nominal", "human", "pool", "expert", 0.6),
        ("cohen", "human-ai", "all", "all", 0.2),
    )
]
_PRINCIPLES: Rows = [
    {"principle_id": f"p{at}", "source": "beta", "position": at, "origin": "catalogue"}
    | {"name": name, "theme": "t", "sentence": f"is {name}", "opposite": opposite}
    | {"stage": stage}
    for stage in ("factors", "other")
    for at, (name, opposite) in enumerate((("long", "is short"), ("kind", None), ("new", None)))
]
_FACTORS: Rows = [
    {"response_id": "beta:p1/0", "prompt_id": "beta:p1", "source": "beta", "language": "en"}
    | {"catalogue": "c", "values": [12.0, None, 0.5], "stage": "factors"}
]
_VOTES: Rows = [
    {"comparison_id": "c1", "source": "beta", "prompt_id": "beta:p1", "aspect": "overall"}
    | {"response_a_id": "beta:p1/0", "response_b_id": "beta:p1/1", "voter": "m@c"}
    | {"votes": votes, "stage": stage}
    for stage, votes in (("factors", [1, None, 0]), ("other", [-1, 2, -2]))
]
_EFFECTS: Rows = [
    {"principle_id": p, "source": "beta", "group_by": by, "group_value": value, "part": part}
    | {"status": "measured" if n else "suppressed", "n_labels": n or 4, "strength": n and strength}
    | {"relevance": n and 0.5, "accuracy": n and 0.6, "q": n and q, "stage": "constitution"}
    for p, by, value, part, n, strength, q in (
        ("p0", "all", "all", "all", 40, -0.2, 0.01),
        ("p0", "all", "all", "report", 16, -0.1, 0.3),
        ("p1", "all", "all", "all", 40, -0.3, 0.02),
        ("p2", "all", "all", "all", 40, 0.1, 0.5),
        ("p0", "country", "FR", "all", None, None, None),
    )
]
_CONTRASTS: Rows = [
    {"principle_id": p, "source": "beta", "group_by": "country", "group_value": value}
    | {"reference": reference, "status": status, "n_labels": 20, "n_reference": 20}
    | {"difference": difference, "q": q, "stage": "constitution"}
    for p, value, reference, status, difference, q in (
        ("p0", "FR", "rest", "measured", 0.2, 0.01),
        ("p1", "FR", "rest", "measured", -0.3, 0.05),
        ("p2", "FR", "rest", "measured", 0.4, 0.5),
        ("p2", "all", "all", "measured", None, 0.01),
        ("p2", "GB", "rest", "suppressed", None, None),
    )
]
_CONSTITUTIONS: Rows = [
    {"source": "beta", "group_by": "all", "group_value": "all", "rank": rank, "principle_id": p}
    | {"is_opposite": True, "sentence": sentence, "weight": -0.5, "n_labels": 16}
    | {"stage": "constitution"}
    for rank, p, sentence in ((2, "p0", "is short"), (1, "p1", "not: is kind"))
]
_RECONSTRUCTIONS: Rows = [
    {"source": "beta", "group_by": by, "group_value": value, "predictor": predictor}
    | {"scheme": "held-out", "n_labels": 16, "accuracy": accuracy, "low": accuracy - 0.1}
    | {"high": accuracy + 0.1, "verdict": verdict, "stage": "constitution"}
    for by, value, predictor, accuracy, verdict in (
        ("all", "all", "constitution", 0.7, "holds"),
        ("all", "all", "length", 0.6, None),
        ("all", "all", "all-principles", 0.75, None),
        ("country", "FR", "constitution", 0.5, "nothing-holds"),
    )
]
_REJECTS: Rows = [
    {"source": "beta", "stage": "ingest", "file": "b.csv", "row": row, "subject": "prompts"}
    | {"field": "lang", "rule": "unknown-value", "reason": f"the value is {row}"}
    for row in (7, 3)
]
_FILES: Rows = [
    {"source": source, "file": file, "revision": "r1", "digest": "d", "bytes": size}
    | {"rows_in": n, "rows_out": n - bad, "rows_rejected": bad}
    for source, file, size, n, bad in (
        ("alpha", "a.jsonl", 100, 2, 0),
        ("beta", "b.csv", 50, 10, 2),
        ("beta", "c.csv", 60, 30, 0),
    )
]
_RUNS: Rows = [
    {"run_id": run, "command": command, "code_version": "0.1.0", "versions": "{}"}
    | {"started_at": datetime(2026, 1, day), "duration_seconds": 2.0}  # noqa: DTZ001 - UTC
    for run, command, day in (("run-1", "ingest", 1), ("run-2", "run", 2), ("run-0", "tag", 1))
] + [
    {"run_id": "run-3", "command": "publish", "recipe": "publish", "code_version": "0.1.0"}
    | {"versions": "{}", "started_at": datetime(2026, 1, 1), "duration_seconds": 2.0}  # noqa: DTZ001 - UTC
]
_STEPS: Rows = [
    {"run_id": run, "step": step, "stage": step, "stage_version": 1, "params": "{}"}
    | {"fingerprint": "f", "inputs": "{}", "outputs": "{}", "is_cached": False}
    | {"rows_in": n, "rows_out": n - bad, "rows_rejected": bad}
    | {"started_at": datetime(2026, 1, 2, 0, minute), "duration_seconds": 1.0}  # noqa: DTZ001 - UTC
    for run, step, n, bad, minute in (
        ("run-1", "ingest", 42, 2, 0),
        ("run-2", "make-pairs", 5, 0, 1),
        ("run-2", "dedup", 5, 1, 0),
    )
] + [
    {"run_id": "run-3", "step": "publish:org/name", "stage": "publisher:hub", "stage_version": 1}
    | {"params": '{"commit": "c0ffee", "tag": "v1.0.0", "url": "https://hub", "is_new": true}'}
    | {"fingerprint": "", "inputs": "{}", "outputs": '{"README.md": "1", "a.parquet": "2"}'}
    | {"is_cached": False, "rows_in": 4, "rows_out": 4, "rows_rejected": 0}
    | {"started_at": datetime(2026, 1, 1), "duration_seconds": 1.0}  # noqa: DTZ001 - UTC
]
_SPENDING: Rows = [
    {"spending_id": name, "step": "judge", "purpose": "ask", "chat": "c", "model": "m"}
    | {"server": "s", "n_answers": n, "n_attempts": n + 2, "n_faults": 1, "n_unreadable": i}
    | {"n_lost": 1 - i, "prompt_tokens": 100 * n, "cached_tokens": 30, "completion_tokens": 5 * n}
    | {"cost": 1.0, "uncertain_cost": 0.25, "currency": "USD"}
    | {"started_at": datetime(2026, 1, 2 + i), "duration_seconds": 3.0 + i}  # noqa: DTZ001 - UTC
    for i, (name, n) in enumerate((("s1", 5), ("s2", 3)))
] + [
    {"spending_id": "s3", "step": "judge", "purpose": "ask", "chat": "c", "model": "m"}
    | {"server": "s", "n_answers": 0, "n_attempts": 1, "n_faults": 1, "n_unreadable": 0}
    | {"n_lost": 0, "prompt_tokens": 0, "cached_tokens": 0, "completion_tokens": 0}
    | {"started_at": datetime(2026, 1, 1), "duration_seconds": 1.0}  # noqa: DTZ001 - UTC
]
_TABLES: dict[str, Rows] = {
    "annotators": _ANNOTATORS,
    "conversations": _CONVERSATIONS,
    "prompts": _PROMPTS,
    "responses": _RESPONSES,
    "judgments": _JUDGMENTS,
    "pairs": _PAIRS,
    "decisions": _DECISIONS,
    "flags": _FLAGS,
    "splits": _SPLITS,
    "neighbors": _NEIGHBORS,
    "matches": _MATCHES,
    "topics": _TOPICS,
    "topic_members": _MEMBERS,
    "scores": _SCORES,
    "rationales": _RATIONALES,
    "rationale_gates": _GATES,
    "rationale_checks": _CHECKS,
    "gate_power": _POWER,
    "consensus": _CONSENSUS,
    "annotator_quality": _QUALITY,
    "agreements": _AGREEMENTS,
    "principles": _PRINCIPLES,
    "factors": _FACTORS,
    "votes": _VOTES,
    "principle_effects": _EFFECTS,
    "principle_contrasts": _CONTRASTS,
    "constitutions": _CONSTITUTIONS,
    "reconstructions": _RECONSTRUCTIONS,
    "rejects": _REJECTS,
    "spending": _SPENDING,
    "source_files": _FILES,
    "runs": _RUNS,
    "run_steps": _STEPS,
}


@pytest.fixture(scope="session")
def empty_catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A catalog without a row; for reading only."""
    return Catalog.create(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="session")
def known_catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A catalog of three hand-made sources; for reading only."""
    catalog = Catalog.create(tmp_path_factory.mktemp("known"))
    with catalog.write() as write:
        for table, rows in _TABLES.items():
            schema = table_schema(table)
            types = polars_schema(schema)
            frame = pl.DataFrame(
                rows, schema={k: types[k] for k in types if any(k in r for r in rows)}
            )
            frame = conform(frame, schema)
            if not schema.partition_by:
                write.put(table, (), frame)
                continue
            # Rows of steps in a canonical table are in partitions of their own.
            parts = [*schema.partition_by, *(["stage"] if schema.is_shared else [])]
            for key, part in frame.group_by(parts, maintain_order=True):
                write.put(table, tuple(str(value) for value in key if value is not None), part)
        write.commit("known rows")
    return catalog


@pytest.fixture(scope="session")
def known(known_catalog: Catalog) -> Iterator[Session]:
    """A session on the hand-made sources."""
    with known_catalog.session() as session:
        yield session


@pytest.fixture(scope="session", params=["empty", "known"])
def either(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A locked session on each of the two catalogs, as users of `prefdata sql` have it."""
    catalog: Catalog = request.getfixturevalue(f"{request.param}_catalog")
    with catalog.session(is_locked=True) as session:
        yield session

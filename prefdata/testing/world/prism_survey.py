"""The survey of the synthetic PRISM: one row per participant, every published count exact.

At scale 1.0 the counts of each answer are the published ones, joint counts are ours except that the
247 who were not asked about use said neither that they use models directly nor indirectly. What
somebody wants (`stated_prefs`, `self_description`) follows from their value group.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.testing.world.counts import apportion, column, pick, planted
from prefdata.testing.world.prism_places import draw_places
from prefdata.testing.world.prism_tables import (
    N_PARTICIPANTS,
    SIMPLE_ETHNICITY,
    SIMPLE_RELIGION,
    SURVEY,
    USECASES,
)
from prefdata.testing.world.values import GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prefdata.testing.world.prism_structure import Structure

__all__ = ["START", "build_survey", "stretch"]

START = dt.datetime(2023, 11, 22, 15, 48, 46, tzinfo=dt.UTC)
_END = dt.datetime(2023, 12, 22, 6, 56, 27, tzinfo=dt.UTC)
_N_ASKED = 1_253
_N_SAME_SECOND, _N_STUDIES = 8, 51
_N_RELIGIONS, _N_ETHNICITIES = 137, 264
_N_US_REP, _N_UK_REP = 230, 243
_SHORTEST_S, _LONGEST_S = 160, 529_927
_MAX_DESCRIPTION, _MAX_SYSTEM = 1_547, 9_530
_SPECIAL = 0.3
_DECLINED = "Prefer not to say"

_PREFS = (
    "values", "creativity", "fluency", "factuality", "diversity", "safety", "personalisation",
    "helpfulness",
)  # fmt: skip
_FAVOURITES = {
    "concise": ("fluency", "factuality"),
    "thorough": ("factuality", "diversity"),
    "warm": ("personalisation", "values"),
    "careful": ("safety", "helpfulness"),
}
_SAYINGS = {
    "concise": (
        "I like people who come to the point.",
        "My time matters to me, and so does plain speech.",
        "Say it once and say it clearly.",
    ),
    "thorough": (
        "I want to understand things in depth before I judge.",
        "Details matter to me, even the small ones.",
        "I read a lot and I trust careful arguments.",
    ),
    "warm": (
        "Kindness comes first in everything that I do.",
        "I care about family, friends and a gentle tone.",
        "People should feel welcome, whoever they are.",
    ),
    "careful": (
        "I would rather be safe than sorry.",
        "Nobody should be harmed by advice that they are given.",
        "I think about consequences before I act.",
    ),
}
_WISHES = {
    "concise": "Answer in a few sentences and leave out what I did not ask for.",
    "thorough": "Explain your reasons, give several views, and do not hide complexity.",
    "warm": "Be friendly and encouraging, and treat me as a person.",
    "careful": "Warn me of risks, and tell me when I should ask an expert.",
}
_BEFORE = ("", "mostly ", "raised ", "culturally ", "proudly ", "half ", "quietly ", "once ",
           "officially ", "partly ", "lifelong ", "formerly ")  # fmt: skip
_AFTER = ("", " (by birth)", " i guess", " since childhood", " from my mother", " and curious",
          " by choice", " - not active", " with questions", " of course", " mainly")  # fmt: skip


def stretch(text: str, length: int) -> str:
    """Repeat a text until it is exactly so many characters long."""
    return (f"{text} " * (length // (len(text) + 1) + 1))[: length - 1] + "."


def _self_described(
    rng: np.random.Generator, categories: Sequence[str], n_distinct: int
) -> list[str]:
    """Write what people typed: so many distinct strings, each lower-cased."""
    counts = {name: categories.count(name) for name in dict.fromkeys(categories)}
    open_ended = {name: math.isqrt(100 * n) for name, n in counts.items() if name != _DECLINED}
    wanted = n_distinct - (_DECLINED in counts)
    distinct = apportion(open_ended, max(wanted, len(open_ended)))
    distinct = {name: min(max(n, 1), counts[name]) for name, n in distinct.items()}
    if distinct:
        largest = max(distinct, key=lambda name: counts[name])
        spare = max(wanted, len(distinct)) - sum(distinct.values())
        distinct[largest] = max(1, min(distinct[largest] + spare, counts[largest]))
    seen = dict.fromkeys(counts, 0)
    texts = []
    for name in categories:
        index, n = seen[name], distinct.get(name, 1)
        seen[name] += 1
        variant = index if index < n else int(rng.integers(n)) * int(rng.random() < _SPECIAL)
        before, after = _BEFORE[variant % len(_BEFORE)], _AFTER[variant // len(_BEFORE)]
        texts.append(f"{before}{name.lower()}{after}" if name != _DECLINED else name.lower())
    return texts


def _use(rng: np.random.Generator, rows: int) -> dict[str, list[str | None]]:
    """Draw familiarity and use; who says yes to neither question is asked no more."""
    tables = {name: apportion(SURVEY[name], rows) for name in ("lm_direct_use", "lm_indirect_use")}
    n_null = rows - apportion({"asked": _N_ASKED, "not": N_PARTICIPANTS - _N_ASKED}, rows)["asked"]
    order = rng.permutation(rows)
    result: dict[str, list[str | None]] = {}
    nulls, others = order[:n_null], order[n_null:]
    begin = 0
    for name, table in tables.items():
        values = np.full(rows, "Yes", dtype=object)
        declined = column(rng, {key: n for key, n in table.items() if key != "Yes"})
        values[nulls] = declined[:n_null]
        rest = declined[n_null:]
        values[others[begin : begin + len(rest)]] = rest
        begin += len(rest)
        result[name] = values.tolist()
    frequency = np.full(rows, None, dtype=object)
    frequency[others] = column(rng, SURVEY["lm_frequency_use"], len(others))
    result["lm_frequency_use"] = frequency.tolist()
    return result


def _usecases(rng: np.random.Generator, asked: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Tick uses; -1 where nobody asked."""
    ticks = np.full((rows, len(USECASES)), -1, dtype=np.int64)
    ticks[asked] = 0
    for index, count in enumerate(USECASES.values()):
        ticks[asked[pick(rng, len(asked), planted(count, _N_ASKED, len(asked)))], index] = 1
    return ticks


def _moments(rng: np.random.Generator, rows: int) -> list[dt.datetime]:
    """Draw when each survey began, in order, a few in the same second as another."""
    span = int((_END - START).total_seconds())
    n_same = planted(_N_SAME_SECOND, N_PARTICIPANTS, rows)
    inner = rng.choice(np.arange(1, span), size=max(rows - n_same - 2, 0), replace=False)
    seconds = np.concatenate([[0, span], inner])[: rows - n_same]
    seconds = np.sort(np.concatenate([seconds, seconds[2 : 2 + n_same]]))
    return [START + dt.timedelta(seconds=int(s)) for s in seconds]


def _durations(rng: np.random.Generator, rows: int) -> list[int]:
    seconds = np.exp(rng.normal(6.4, 0.6, rows)).clip(_SHORTEST_S + 1, 20_000).astype(np.int64)
    seconds[rows // 3], seconds[rows // 2] = _SHORTEST_S, _LONGEST_S
    return [int(s) for s in seconds]


def _described(texts: list[str], categories: list[str], simple: Mapping[str, str]) -> list[Any]:
    return [
        {"self_described": text, "categorised": name, "simplified": simple.get(name, "Other")}
        for text, name in zip(texts, categories, strict=True)
    ]


def build_survey(
    rng: np.random.Generator, structure: Structure
) -> tuple[list[dict[str, Any]], list[dt.datetime]]:
    """Build the rows of `survey.jsonl`, and when each survey began."""
    rows = len(structure.user_group)
    share = rows / N_PARTICIPANTS
    simple = ("lm_familiarity", "age", "gender", "employment_status", "education",
              "marital_status", "english_proficiency", "religion", "ethnicity")  # fmt: skip
    answers: dict[str, list[Any]] = {name: column(rng, SURVEY[name], rows) for name in simple}
    answers |= _use(rng, rows)
    asked = np.array([i for i, v in enumerate(answers["lm_frequency_use"]) if v], dtype=np.int64)
    ticks = _usecases(rng, asked, rows)
    use_order = np.argsort(rng.random((rows, 18)), axis=1) + 1
    pref_order = np.argsort(rng.random((rows, 8)), axis=1) + 1
    religions = _self_described(rng, answers["religion"], round(_N_RELIGIONS * share))
    ethnicities = _self_described(rng, answers["ethnicity"], round(_N_ETHNICITIES * share))
    faith = _described(religions, answers.pop("religion"), SIMPLE_RELIGION)
    origin = _described(ethnicities, answers.pop("ethnicity"), SIMPLE_ETHNICITY)
    locations, locales, is_us = draw_places(rng, rows)
    in_us = np.flatnonzero(is_us)
    in_uk = np.flatnonzero([locale == "uk" for locale in locales])
    us_rep = set(in_us[pick(rng, len(in_us), planted(_N_US_REP, N_PARTICIPANTS, rows))].tolist())
    uk_rep = set(in_uk[pick(rng, len(in_uk), planted(_N_UK_REP, N_PARTICIPANTS, rows))].tolist())
    prefs = rng.integers(30, 90, size=(rows, len(_PREFS) + 1))
    moments, durations = _moments(rng, rows), _durations(rng, rows)
    studies = rng.permutation(np.arange(rows) % _N_STUDIES).tolist()
    groups = [list(GROUPS)[group] for group in structure.user_group.tolist()]
    spots = rng.integers(3, size=(rows, 2)).tolist()

    table = []
    for row, group in enumerate(groups):  # 1,500 nested objects at most
        for name in _FAVOURITES[group]:
            prefs[row, _PREFS.index(name)] = 85 + prefs[row, _PREFS.index(name)] % 16
        used = ticks[row].tolist()
        texts = _texts(row, group, spots[row])
        table.append(
            {
                "user_id": structure.user_id(row),
                "survey_only": not structure.user_conversations[row],
                "num_completed_conversations": int(structure.user_conversations[row]),
                "timing_duration_s": durations[row],
                "timing_duration_mins": round(durations[row] / 60, 2),
                "generated_datetime": f"{moments[row]:%Y-%m-%d %H:%M:%S}",
                "consent": "Yes, I consent to take part",
                "consent_age": "I certify that I am 18 years of age or over",
                **{
                    name: answers[name][row]
                    for name in (
                        "lm_familiarity",
                        "lm_indirect_use",
                        "lm_direct_use",
                        "lm_frequency_use",
                    )
                },
                **texts,
                **{name: answers[name][row] for name in simple[1:7]},
                "study_id": f"study{studies[row]:02d}",
                "study_locale": locales[row],
                "religion": faith[row],
                "ethnicity": origin[row],
                "location": locations[row],
                "lm_usecases": _used(used, row),
                "stated_prefs": {
                    **dict(zip((*_PREFS, "other"), prefs[row].tolist(), strict=True)),
                    "other_text": "it should be quick" if row % 9 == 0 else None,
                },
                "order_lm_usecases": _order(use_order[row].tolist(), used),
                "order_stated_prefs": {
                    **dict(zip(_PREFS, pref_order[row].tolist(), strict=True)),
                    "other": len(_PREFS) + 1,
                },
                "included_in_US_REP": row in us_rep,
                "included_in_UK_REP": row in uk_rep,
                "included_in_balanced_subset": bool(structure.user_is_balanced[row]),
            }
        )
    return table, moments  # fmt: skip


def _texts(row: int, group: str, spots: list[int]) -> dict[str, str]:
    said = _SAYINGS[group]
    description = f"{said[spots[0]]} {said[(spots[0] + 1 + spots[1] % 2) % 3]}"
    wish = f"{_WISHES[group]} {said[spots[1]]}"
    if row == 0:
        description, wish = stretch(description, _MAX_DESCRIPTION), stretch(wish, _MAX_SYSTEM)
    return {"self_description": description, "system_string": wish}


def _used(used: list[int], row: int) -> dict[str, Any]:
    ticks: dict[str, Any] = {
        name: None if tick < 0 else tick for name, tick in zip(USECASES, used, strict=True)
    }
    return {**ticks, "other_text": f"my own thing {row % 7}" if ticks["other"] else None}


def _order(shown: list[int], used: list[int]) -> dict[str, int | None]:
    """Give the place of each use on the page; the free-text one is always last."""
    places = [None] * len(USECASES) if used[0] < 0 else [*shown, len(USECASES)]
    return dict(zip(USECASES, places, strict=True))

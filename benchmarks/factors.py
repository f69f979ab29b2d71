"""Factors of pairs beside a loop of Python, and what a million pairs take.

```
python -m benchmarks.factors                              all sides, about three minutes
python -m benchmarks.factors --file harmless-base/test.jsonl.gz
```

Each side runs in a fresh process, in one thread, and prints one line of JSON; the comparison comes
last. Pairs are drawn from a seed in the sizes of HH-RLHF, or are those of a file of transcripts in
its form (``chosen`` and ``rejected``; gzip or not), as often as needed, each copy with a word of
its own, so that no text repeats.

- ``ours``: languages, values and votes of ``--pairs`` pairs, in batches of 50,000;
- ``loop``: the same catalogue in plain Python, `prefdata.testing.plain_factors`, one compiled
  regular expression after the other, on the first ``--loop-pairs`` of them. It is told the
  languages, and its votes must be those of ``ours``, all of them;
- ``million``: 1,000,000 pairs, batch by batch: values and votes, of which votes are kept;
- ``stage``: the stage `factors` on 100,000 pairs in memory, languages among it; it returns the
  tables of values and votes.

``cpu_seconds`` are of the work alone, without imports, reading and drawing; ``peak_gb`` is of the
whole process. ``loaded_seconds`` is what the model of languages takes once, where it is needed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import call, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

__all__ = ["drawn"]

_BATCH, _MILLION, _STAGED = 50_000, 1_000_000, 100_000
_SENTENCES = 20_000
_SHARES = (0.25, 0.3, 0.2, 0.15, 0.1)  # of responses with one sentence, two, …
_GIGA = 1e9
_PER_SECOND, _TIMES, _GIGABYTES = 15_000, 5, 2.0
_TURN, _ASKED = "\n\nAssistant:", "\n\nHuman:"
_LIKELY = 0.45  # share of words that are stop words
_OF_LEXICONS = 0.12


def main() -> None:
    """Run the sides, or be one of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.factors")
    sides: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
        "ours": _ours,
        "loop": _loop,
        "million": _million,
        "stage": _stage,
    }
    parser.add_argument("side", nargs="?", choices=list(sides))
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--loop-pairs", type=int, default=3_000)
    parser.add_argument("--file", type=Path, help="transcripts of HH-RLHF")
    options = parser.parse_args()
    if options.side is None:
        _all(options, list(sides))
        return
    print(json.dumps(sides[options.side](options)))


def _all(options: argparse.Namespace, sides: list[str]) -> None:
    """Run each side in a process of its own, and compare them."""
    os.environ |= {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    given = [f"--pairs={options.pairs}", f"--loop-pairs={options.loop_pairs}"]
    given += [f"--file={options.file.resolve()}"] if options.file else []
    said: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for side in sides:
            cost = run(call("factors", side, *given), scratch=Path(folder))
            said[side] = {**cost.said, "peak_gb": round(cost.rss_bytes / _GIGA, 2)}
            print(json.dumps({"side": side, **said[side]}), flush=True)
    ours, loop = said["ours"], said["loop"]
    times = ours["pairs_per_cpu_second"] / loop["pairs_per_cpu_second"]
    is_met = {
        f"values and votes >= {_PER_SECOND:,} pairs per CPU-s": ours["without_languages"]
        >= _PER_SECOND,
        f"and languages >= {_PER_SECOND:,} pairs per CPU-s": ours["pairs_per_cpu_second"]
        >= _PER_SECOND,
        f"ours >= {_TIMES} x the loop": times >= _TIMES,
        "the same votes": loop["votes"] == ours["first_votes"],
        f"1M pairs <= {_GIGABYTES} GB": said["million"]["peak_gb"] <= _GIGABYTES,
    }
    versions = {name: metadata.version(name) for name in ("polars", "numpy")}
    print(json.dumps({"times_the_loop": round(times, 1), "is_met": is_met, "versions": versions}))


def _ours(options: argparse.Namespace) -> dict[str, Any]:
    """Tell languages, measure, and vote."""
    from prefdata.texts.language import languages

    pairs = _pairs(options, options.pairs)
    started = time.process_time()
    languages(pairs["prompt"][:1] + " and a few words more, so that it is looked at")
    loaded = time.process_time() - started
    _votes(pairs[:100])
    spent = {"cpu_seconds": 0.0, "languages_cpu_seconds": 0.0}
    first: list[Any] = []
    for batch in pairs.iter_slices(_BATCH):
        votes, told = _votes(batch, spent)
        first = first or [votes[: options.loop_pairs], told]
    n_letters = int(pairs.select("chosen", "rejected").unpivot()["value"].str.len_chars().sum())
    return {
        "pairs": pairs.height,
        "characters_per_pair": round(n_letters / pairs.height),
        "pairs_per_cpu_second": round(pairs.height / spent["cpu_seconds"]),
        "without_languages": round(
            pairs.height / (spent["cpu_seconds"] - spent["languages_cpu_seconds"])
        ),
        "loaded_seconds": round(loaded, 2),
        "first_votes": hashlib.sha256(first[0].tobytes()).hexdigest()[:16],
        **{name: round(seconds, 2) for name, seconds in spent.items()},
    }


def _votes(batch: pl.DataFrame, spent: dict[str, float] | None = None) -> tuple[Any, Any]:
    """Return the votes on some pairs, and the languages of both responses."""
    import polars as pl

    from prefdata.constitution.factors.catalogue import load_catalogue
    from prefdata.constitution.factors.measure import measure_values
    from prefdata.constitution.factors.spoken import spoken
    from prefdata.constitution.factors.vote import votes_of

    catalogue = load_catalogue()
    started = time.process_time()
    both = pl.concat([batch.select("prompt", text=side) for side in ("chosen", "rejected")])
    asked = both.with_columns(conversation="prompt", assigned=pl.lit(None, pl.String))
    told = spoken(asked)
    between = time.process_time()
    values = measure_values(both.with_columns(told), catalogue)
    votes = votes_of(values[: batch.height], values[batch.height :], catalogue)
    if spent is not None:
        spent["cpu_seconds"] += time.process_time() - started
        spent["languages_cpu_seconds"] += between - started
    return votes, told


def _loop(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and vote in plain Python, told the languages."""
    import numpy as np

    from prefdata.constitution.factors.catalogue import load_catalogue
    from prefdata.testing.plain_factors import PlainFactors

    pairs = _pairs(options, options.pairs)[: options.loop_pairs]
    _, told = _votes(pairs)
    plain = PlainFactors(load_catalogue())
    rows = list(zip(*(pairs[name] for name in ("prompt", "chosen", "rejected")), strict=True))
    spoken = list(zip(told[: len(rows)], told[len(rows) :], strict=True))
    started = time.process_time()
    votes = [
        plain.votes(plain.values(chosen, prompt, one), plain.values(rejected, prompt, other))
        for (prompt, chosen, rejected), (one, other) in zip(rows, spoken, strict=True)
    ]
    spent = time.process_time() - started
    return {
        "pairs": len(rows),
        "pairs_per_cpu_second": round(len(rows) / spent),
        "cpu_seconds": round(spent, 2),
        "votes": hashlib.sha256(np.array(votes, np.int8).tobytes()).hexdigest()[:16],
    }


def _million(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and vote batch by batch, and keep the votes."""
    import numpy as np

    spent = {"cpu_seconds": 0.0, "languages_cpu_seconds": 0.0}
    kept = []
    for start in range(0, _MILLION, _BATCH):
        batch = _pairs(options, _BATCH, first=start)
        kept.append(_votes(batch, spent)[0])
    decisive = float(np.mean([np.abs(votes) == 1 for votes in kept]))
    return {
        "pairs": _MILLION,
        "pairs_per_cpu_second": round(_MILLION / spent["cpu_seconds"]),
        "cpu_seconds": round(spent["cpu_seconds"], 1),
        "decisive_share": round(decisive, 3),
    }


def _stage(options: argparse.Namespace) -> dict[str, Any]:
    """Run the stage on tables in memory."""
    from prefdata.protocols import Context
    from prefdata.stages.factors import Factors, factors

    tables = _tables(_pairs(options, _STAGED))
    _votes(_pairs(options, 100))
    started = time.process_time()
    result = factors.run(tables, Factors(), Context(source="benchmark", step="factors"))
    spent = time.process_time() - started
    return {
        "pairs": result.rows_in,
        "pairs_per_cpu_second": round(result.rows_in / spent),
        "cpu_seconds": round(spent, 2),
        "notes": result.notes,
    }


def _tables(pairs: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    """Return the tables that the stage reads."""
    import polars as pl

    from prefdata.schema import conform, table_schema
    from prefdata.tables.messages import message, messages_of

    rows = pairs.with_row_index("n").with_columns(
        prompt_id=pl.format("benchmark:{}", "n"),
        source=pl.lit("benchmark"),
        said=messages_of(message("user", "prompt")),
    )
    sides = {
        side: pl.concat_str("prompt_id", pl.lit(f"/{side}")) for side in ("chosen", "rejected")
    }
    answered = [
        rows.select(
            "prompt_id",
            "source",
            response_id=name,
            text=side,
            messages=messages_of(message("assistant", side)),
            content_hash=name,
        )
        for side, name in sides.items()
    ]
    made = rows.select(
        *("prompt_id", "source"),
        pair_id="prompt_id",
        chosen_id=sides["chosen"],
        rejected_id=sides["rejected"],
        aspect=pl.lit("overall"),
        rule=pl.lit("choice"),
        stage=pl.lit("make-pairs"),
    )
    asked = rows.select(
        *("prompt_id", "source"),
        messages="said",
        content_hash="prompt_id",
        turn=pl.lit(0, pl.Int32),
    )
    frames = {"prompts": asked, "responses": pl.concat(answered), "pairs": made}
    return {name: conform(frame, table_schema(name)).lazy() for name, frame in frames.items()}


def _pairs(options: argparse.Namespace, n: int, *, first: int = 0) -> pl.DataFrame:
    """Return pairs from ``first`` on: columns prompt, chosen and rejected."""
    import polars as pl

    if options.file is None:
        return drawn(n, first)
    rows = pl.DataFrame(_read(options.file), schema=["prompt", "chosen", "rejected"], orient="row")
    n_copies = -(-(first + n) // rows.height)
    copies = [
        rows.with_columns(
            pl.format("copy{} {}", pl.lit(number), side).alias(side)
            for side in ("chosen", "rejected")
        )
        for number in range(first // rows.height, n_copies)
    ]
    return pl.concat(copies)[first % rows.height :][:n]


def _read(path: Path) -> Iterator[tuple[str, str, str]]:
    """Read transcripts: the last message of the user, and both responses to it."""
    opened = gzip.open if path.suffix == ".gz" else Path.open
    with opened(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            before, chosen = row["chosen"].rsplit(_TURN, 1)
            rejected = row["rejected"].rsplit(_TURN, 1)[-1]
            yield before.rsplit(_ASKED, 1)[-1].strip(), chosen.strip(), rejected.strip()


def drawn(n: int, first: int) -> pl.DataFrame:
    """Draw pairs: responses of one to five sentences, of about 190 characters."""
    import numpy as np
    import polars as pl

    sentences = pl.Series(_sentences())
    random = np.random.default_rng([1, first])
    columns = {}
    for side in ("chosen", "rejected"):
        n_sentences = random.choice(len(_SHARES), size=n, p=_SHARES) + 1
        parts = [
            pl.Series(f"{place}", sentences[random.integers(0, _SENTENCES, n)]).set(
                pl.Series(n_sentences <= place), None
            )
            for place in range(len(_SHARES))
        ]
        said = pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True))
        columns[side] = said.to_series()
    prompts = sentences[random.integers(0, _SENTENCES, n)]
    return pl.DataFrame({"prompt": prompts, **columns})


def _sentences() -> list[str]:
    """Draw sentences: stop words, words of the catalogue, and words of no meaning."""
    import numpy as np

    from prefdata.constitution.factors.catalogue import load_catalogue

    catalogue = load_catalogue()
    random = np.random.default_rng(0)
    known = [word.rstrip("*") for factor in catalogue.factors for word in factor.words]
    parts = ["ka", "lo", "mer", "tin", "sab", "ou", "ric", "ven", "pel", "dra", "ni", "com"]
    made = ["".join(random.choice(parts, size)) for size in random.integers(1, 5, 5_000)]
    pools = [list(catalogue.stop_words), known, made]
    weights = [_LIKELY, _OF_LEXICONS, 1 - _LIKELY - _OF_LEXICONS]
    ends = random.choice([".", ".", ".", "?", "!", ".\n\n", ":\n- "], _SENTENCES)
    sentences = []
    for end in ends:
        kinds = random.choice(3, int(random.integers(4, 22)), p=weights)
        words = [pools[kind][int(random.integers(len(pools[kind])))] for kind in kinds]
        comma = len(words) // 2
        text = " ".join([*words[:comma], *words[comma:]])
        text = text.replace(" ", ", ", 1) if comma % 2 else text
        sentences.append(f"{text[0].upper()}{text[1:]}{end}")
    return sentences


if __name__ == "__main__":
    main()

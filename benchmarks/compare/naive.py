"""What somebody writes in a minute, in plain Python: ``python -m benchmarks.compare.naive NAME …``.

Each prints one line of JSON: its rows, what others must have found too, and the seconds of the work
alone where reading the input is no part of it.

| loop | what it does |
|---|---|
| ``split FILE SCRATCH`` | splits transcripts of HH-RLHF into prompt, chosen and rejected |
| ``near FOLDER ROWS`` | compares the shingles of so many texts, each with each |
| ``exact FOLDER`` | counts texts that were there before |
| ``filters FOLDER SCRATCH`` | four rules about characters and lines, one text after the other |
| ``nearest FOLDER QUERIES`` | one query after the other: products, then a sort |
| ``export FOLDER SCRATCH`` | a JSON line for each row of a query |
| ``queries FOLDER`` | the five queries over dictionaries |
"""

from __future__ import annotations

import gzip
import heapq
import json
import re
import sys
import time
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []

Row = dict[str, Any]

_TURN = re.compile(r"\n\n(Human|Assistant): ?")
_ROLES = {"Human": "user", "Assistant": "assistant"}
_K, _WORDS, _THRESHOLD, _MARGIN = 10, 5, 0.72, 50


def _lines(file: Path) -> Iterator[Row]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _messages(transcript: str) -> list[Row]:
    parts = _TURN.split(transcript)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [{"role": _ROLES[role], "content": content} for role, content in pairs]


def _split(file: str, scratch: str) -> Row:
    rows = messages = 0
    with (Path(scratch) / "pairs.jsonl").open("w", encoding="utf-8") as out:
        for row in _lines(Path(file)):
            chosen, rejected = _messages(row["chosen"]), _messages(row["rejected"])
            n = 0
            while n < min(len(chosen), len(rejected)) - 1 and chosen[n] == rejected[n]:
                n += 1
            pair = {"prompt": chosen[:n], "chosen": chosen[n:], "rejected": rejected[n:]}
            out.write(json.dumps(pair, ensure_ascii=False) + "\n")
            rows += 1
            messages += len(chosen) + len(rejected)
    return {"rows": rows, "messages": messages}


def _near(folder: str, n_rows: str) -> Row:
    """Compare a sample; the seconds are those of all rows, since pairs grow with their square."""
    texts = [row["text"] for row in _lines(Path(folder) / "jsonl" / "texts.jsonl.gz")]
    n = min(int(n_rows), len(texts))
    started = time.process_time()
    sets = []
    for text in texts[:n]:
        words = text.lower().split()
        sets.append({tuple(words[i : i + _WORDS]) for i in range(len(words) - _WORDS + 1)})
    made = time.process_time()
    found = 0
    for at, one in enumerate(sets):
        for other in sets[:at]:
            shared = len(one & other)
            found += shared > 0 and shared / len(one | other) >= _THRESHOLD
    done = time.process_time()
    times = len(texts) / n
    seconds = (made - started) * times + (done - made) * times**2
    return {"rows": len(texts), "sampled": n, "pairs": found, "cpu_seconds": seconds}


def _exact(folder: str) -> Row:
    rows, seen = 0, set()
    for row in _lines(Path(folder) / "jsonl" / "texts.jsonl.gz"):
        text = unicodedata.normalize("NFKC", row["text"]).lower()
        seen.add(" ".join(text.split()))
        rows += 1
    return {"rows": rows, "spare": rows - len(seen)}


def _filters(folder: str, scratch: str) -> Row:
    """Keep what Data-Juicer keeps by `benchmarks.peer_data_juicer.FILTERS`."""
    from benchmarks.peer_data_juicer import FILTERS

    rows = kept = 0
    lengths, alphanumeric = FILTERS["text_length_filter"], FILTERS["alphanumeric_filter"]
    lines, repeated = FILTERS["maximum_line_length_filter"], FILTERS["character_repetition_filter"]
    with (Path(scratch) / "kept.jsonl").open("w", encoding="utf-8") as out:
        for row in _lines(Path(folder) / "jsonl" / "texts.jsonl.gz"):
            text = row["text"]
            rows += 1
            if not lengths["min_len"] <= len(text) <= lengths["max_len"]:
                continue
            share = sum(map(str.isalnum, text)) / len(text)
            if not alphanumeric["min_ratio"] <= share <= alphanumeric["max_ratio"]:
                continue
            if not lines["min_len"] <= max(map(len, text.splitlines())) <= lines["max_len"]:
                continue
            if _repetition(text, int(repeated["rep_len"])) > repeated["max_ratio"]:
                continue
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            kept += 1
    return {"rows": rows, "kept": kept}


def _repetition(text: str, length: int) -> float:
    """Return the share of the commonest n-grams, as many as the root of how many there are."""
    grams = Counter(text[i : i + length] for i in range(len(text) - length + 1))
    if not grams:
        return 0.0
    counts = sorted(grams.values(), reverse=True)
    once = counts.count(1)
    n_top = min(int(len(counts) ** 0.5), len(counts) - once)
    return sum(counts[:n_top]) / sum(counts)


def _nearest(folder: str, n_queries: str) -> Row:
    import numpy as np

    rows, queries = (np.load(Path(folder) / f"{name}.npy") for name in ("rows", "queries"))
    asked = queries[: int(n_queries)]
    started = time.process_time()
    found = []
    for query in asked:
        scores = rows @ query
        found.append(np.argsort(-scores)[:_K])
    seconds = time.process_time() - started
    return {"rows": len(asked), "first": [int(one[0]) for one in found[:5]], "cpu_seconds": seconds}


def _export(folder: str, scratch: str) -> Row:
    import pyarrow.parquet as pq

    rows = 0
    with (Path(scratch) / "train.jsonl").open("w", encoding="utf-8") as out:
        for batch in pq.ParquetFile(Path(folder) / "rows.parquet").iter_batches():
            for row in batch.to_pylist():
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                rows += 1
    return {"rows": rows}


def _queries(folder: str) -> Row:
    """Answer what `benchmarks.queries` asks, over a list of dictionaries that is there already."""
    import pyarrow.parquet as pq

    columns = ["source", "aspect", "margin", "annotator_id", "pair_id", "prompt_id"]
    pairs = pq.read_table(Path(folder) / "bare", columns=columns).to_pylist()
    started = time.process_time()
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for pair in pairs:
        groups[pair["source"], pair["aspect"]].append(pair["margin"])
    grouped = [(*key, len(v), round(sum(v) / len(v), 6)) for key, v in sorted(groups.items())]
    margins = [
        pair["margin"]
        for pair in pairs
        if pair["source"] == "prism" and pair["aspect"] == "overall" and pair["margin"] >= _MARGIN
    ]
    answers = {
        "group": len(grouped),
        "filter": len(margins),
        "one annotator": sum(pair["annotator_id"] == "prism:user77" for pair in pairs),
        "top 10": [
            pair["pair_id"]
            for pair in heapq.nsmallest(10, pairs, key=lambda p: (-p["margin"], p["pair_id"]))
        ],
        "distinct": len({pair["prompt_id"] for pair in pairs}),
    }
    spent = time.process_time() - started
    return {"rows": len(pairs), "answers": answers, "cpu_seconds": spent}


_LOOPS: dict[str, Callable[..., Row]] = {
    "split": _split,
    "near": _near,
    "exact": _exact,
    "filters": _filters,
    "nearest": _nearest,
    "export": _export,
    "queries": _queries,
}

if __name__ == "__main__":
    print(json.dumps(_LOOPS[sys.argv[1]](*sys.argv[2:])))

"""Why a peer costs less than prefdata, where one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.compare.measured import Found, Measured

__all__ = ["beaten", "unexplained"]

_EVEN = 0.97
"""Below this a peer is cheaper; above, the difference is no more than that between two runs."""

_REASONS = {
    (
        "split",
        "TRL: extract_prompt",
    ): "17 seconds of imports are subtracted, and their noise is greater than what is left: the "
    "same process does all that `datasets: map` does, which costs more here, and a second map; of "
    "what prefdata does besides splitting it does nothing",
    (
        "split",
        "DuckDB: split",
    ): "one statement that splits and sums lengths: it writes nothing, gives no row an id or a "
    "digest, and checks nothing, where prefdata commits prompts, responses, judgments, flags and "
    "pairs with their lineage",
    (
        "split",
        "loop over lines",
    ): "it splits and writes lines, and does nothing of what prefdata does besides: ids, digests, "
    "rejects, flags, typed tables, commits",
    (
        "exact",
        "DuckDB: GROUP BY, done before",
    ): "somebody has normalised the texts before (Unicode form, case, white space), outside what "
    "is measured, and it only counts; normalising is half of the work of prefdata",
    (
        "exact",
        "DuckDB: GROUP BY, normalises",
    ): "it counts groups; prefdata also says which row repeats which, and writes flags",
    (
        "exact",
        "loop with a set",
    ): "it reads one column of lines and counts; prefdata reads messages, and writes who repeats "
    "whom, with flags and clusters",
    (
        "filters",
        "loop, the same filters",
    ): "it takes four numbers of each text; prefdata looks for some twenty faults in transcripts "
    "and judgments, and commits flags",
    (
        "filters",
        "Data-Juicer: four filters",
    ): "it takes four numbers of each text; prefdata looks for some twenty faults in transcripts "
    "and judgments, and commits flags",
    (
        "export",
        "datasets: from_list, of a list",
    ): "the rows are Python objects in memory when its time begins; prefdata joins, sorts and "
    "decides splits first",
    (
        "export",
        "datasets: from_list, of a view",
    ): "it writes rows as they come; prefdata also checks that a trainer can read each row, sorts, "
    "and cuts pages by content",
    (
        "export",
        "DuckDB: COPY, zstd",
    ): "a bare COPY of the view: no check that a trainer can read a row, no page index, no pages "
    "cut by content, no record of what was written",
    (
        "export",
        "DuckDB: COPY, snappy",
    ): "as COPY with zstd, and files half as large again",
    (
        "export",
        "loop, JSON lines",
    ): "its rows were joined and sorted before, into the file that it reads",
    (
        "sql",
        "DuckDB: bare files",
    ): "the same engine on files that pyarrow wrote; on the very files of the catalog it takes as "
    "long as the view (`pairs-view`)",
    (
        "nearest",
        "faiss: IndexFlatIP",
    ): "it keeps sums in single precision as they fall; prefdata scores the best rows again in "
    "double precision and proves that no other row belongs there, so that results are equal on "
    "every machine",
    (
        "nearest",
        "loop over queries",
    ): "as faiss, it trusts sums in single precision",
    (
        "embed",
        "SentenceTransformer.encode",
    ): "it keeps nothing; prefdata also writes the vectors to a catalog",
    (
        "embed",
        "encode, one by one",
    ): "with one thread a batch gains little, and a text alone needs no padding",
}


def beaten(name: str, measured: Measured) -> list[tuple[Found, str]]:
    """Return the peers and loops that cost less a row than prefdata, each with the reason.

    Args:
        name: Of the comparison.
        measured: What was measured.
    """
    return [
        (found, _REASONS.get((name, found.name), ""))
        for found in measured.found
        if found.kind in ("peer", "naive") and found.times < _EVEN
    ]


def unexplained(name: str, measured: Measured) -> list[str]:
    """Return those of them for which no reason is known."""
    return [found.name for found, reason in beaten(name, measured) if not reason]

"""What is measured of others: run as ``python -m benchmarks.peers NAME ARGUMENTS``.

Nothing of prefdata is imported, so that another Python, with other libraries, can run this.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Row", "counted", "load", "split"]

Row = dict[str, Any]
Messages = list[dict[str, str]]

_MARKER = re.compile(r"\n\n(Human|Assistant): ?")
_ROLES = {"Human": "user", "Assistant": "assistant"}

# One split finds turns and roles, because each turn begins with a letter for its role. This was the
# fastest of five ways to write it; two regular expressions for each transcript take 1.2 × as long.
_TURNS = """
list_transform(
    string_split(
        replace(replace({side}, E'\\n\\nHuman:', E'\\x1eu'), E'\\n\\nAssistant:', E'\\x1ea'),
        E'\\x1e'
    )[2:],
    lambda t: {{role: if(t[1] = 'u', 'user', 'assistant'),
                content: if(t[2] = ' ', t[3:], t[2:])}}
)"""
_SPLIT = f"""
WITH turns AS (
    SELECT {_TURNS.format(side="chosen")} AS chosen, {_TURNS.format(side="rejected")} AS rejected
    FROM read_json(?, format = 'newline_delimited',
                   columns = {{chosen: 'VARCHAR', rejected: 'VARCHAR'}})
)
SELECT count(*),
       sum(len(chosen)) + sum(len(rejected)),
       sum(list_sum(list_transform(chosen, lambda t: strlen(t.role) + strlen(t.content)))),
       sum(list_sum(list_transform(rejected, lambda t: strlen(t.role) + strlen(t.content))))
FROM turns
"""  # noqa: S608 - constants of ours


def _messages(transcript: str) -> Messages:
    """Split a transcript into messages."""
    _, *parts = _MARKER.split(transcript)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [{"role": _ROLES[role], "content": content} for role, content in pairs]


def split(row: Row) -> Row:
    """Split both transcripts of a row."""
    return {"chosen": _messages(row["chosen"]), "rejected": _messages(row["rejected"])}


def load(files: list[str], scratch: str) -> Any:
    """Load JSON files as a `datasets.Dataset`, without its caches and progress bars."""
    datasets: Any = importlib.import_module("datasets")
    datasets.disable_caching()
    datasets.disable_progress_bars()
    return datasets.load_dataset("json", data_files=files, split="train", cache_dir=scratch)


def counted(dataset: Any, *columns: str) -> Row:
    """Count the rows of a dataset, and the messages of its columns, to see that all did the same.

    A column may be named twice: a prompt belongs to both transcripts.
    """
    import pyarrow.compute as pc

    lengths = [pc.sum(pc.list_value_length(dataset.data.column(name))) for name in columns]
    return {"rows": len(dataset), "messages": sum(length.as_py() for length in lengths)}


def _hh_datasets(file: str, scratch: str) -> Row:
    """Load, and split the transcripts row by row."""
    return counted(load([file], scratch).map(split), "chosen", "rejected")


def _hh_duckdb(file: str, scratch: str) -> Row:
    """Split the transcripts in one statement, and sum the bytes of what came out."""
    import duckdb

    connection = duckdb.connect(config={"temp_directory": scratch})
    rows, messages, *_ = connection.execute(_SPLIT, [file]).fetchall()[0]
    return {"rows": rows, "messages": int(messages)}


def _hh_trl(file: str, scratch: str) -> Row:
    """Load and split as with datasets alone, then part prompt and answers with TRL's helper."""
    messages = load([file], scratch).map(split)
    parted = messages.map(_extract_prompt())
    return counted(parted, "prompt", "prompt", "chosen", "rejected")


def _extract_prompt() -> Callable[[Row], Row]:
    """Return TRL's helper, or one that does what its documentation says."""
    try:
        helper: Callable[[Row], Row] = importlib.import_module("trl").extract_prompt
    except ImportError:
        return _common_beginning
    return helper


def _common_beginning(row: Row) -> Row:
    """Take the longest common beginning of both lists as the prompt."""
    chosen, rejected = row["chosen"], row["rejected"]
    shortest = min(len(chosen), len(rejected))
    n_common = next((i for i in range(shortest) if chosen[i] != rejected[i]), shortest)
    return {
        "prompt": chosen[:n_common],
        "chosen": chosen[n_common:],
        "rejected": rejected[n_common:],
    }


def _best_over_rest(row: Row) -> Row:
    """Take the completion with the highest overall score over each other one."""
    question = {"role": "user", "content": row["instruction"]}
    ranked = sorted(row["completions"], key=lambda c: c["overall_score"] or 0.0, reverse=True)
    answers = [[question, {"role": "assistant", "content": c["response"]}] for c in ranked]
    scores = [c["overall_score"] for c in ranked]
    return {
        "prompt": row["instruction"],
        "chosen": answers[:1],
        "rejected": answers[1:],
        "scores": scores,
    }


def _ultrafeedback_datasets(scratch: str, *files: str) -> Row:
    """Load, and flatten each row to its best completion over the others."""
    loaded = load(list(files), scratch)
    return {"rows": len(loaded.map(_best_over_rest, remove_columns=loaded.column_names))}


_TASKS: dict[str, Callable[..., Row]] = {
    "hh-datasets": _hh_datasets,
    "hh-duckdb": _hh_duckdb,
    "hh-trl": _hh_trl,
    "ultrafeedback-datasets": _ultrafeedback_datasets,
}

if __name__ == "__main__":
    print(json.dumps(_TASKS[sys.argv[1]](*sys.argv[2:])))

"""What is measured of distilabel, which finds the classes of its steps by the name of a module.

Run as ``python -m benchmarks.peer_distilabel FILE SCRATCH BATCH_ROWS``.
"""

# Without annotations from the future: distilabel compares the type of `inputs`, not its name.
import json
import sys
from collections.abc import Iterator

from distilabel.pipeline import Pipeline  # type: ignore[import-not-found, unused-ignore]
from distilabel.steps import (  # type: ignore[import-not-found, unused-ignore]
    StepInput,
    make_generator_step,
    step,
)

from benchmarks.peers import Row, counted, load, split

__all__ = ["split_rows"]

_COLUMNS = ["chosen", "rejected"]


@step(inputs=_COLUMNS, outputs=_COLUMNS)  # type: ignore[untyped-decorator, unused-ignore]
def split_rows(inputs: StepInput) -> Iterator[list[Row]]:
    """Split the transcripts of a batch."""
    yield [{**row, **split(row)} for row in inputs]


if __name__ == "__main__":
    _file, _scratch, _batch_rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with Pipeline(name="split", cache_dir=_scratch) as _pipeline:
        _rows = make_generator_step(load([_file], _scratch), batch_size=_batch_rows)
        _ = _rows >> split_rows(input_batch_size=_batch_rows)
    _done = _pipeline.run(use_cache=False)
    print(json.dumps(counted(_done["default"]["train"], *_COLUMNS)))

"""What is measured of distilabel, which finds the classes of its steps by the name of a module.

Run as ``python -m benchmarks.peer_distilabel FILE SCRATCH``.
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

from benchmarks.peers import Row, load, split

__all__ = ["split_rows"]

_BATCH_ROWS = 1_000  # its default of 50 would be slower
_COLUMNS = ["chosen", "rejected"]


@step(inputs=_COLUMNS, outputs=_COLUMNS)  # type: ignore[untyped-decorator, unused-ignore]
def split_rows(inputs: StepInput) -> Iterator[list[Row]]:
    """Split the transcripts of a batch."""
    yield [{**row, **split(row)} for row in inputs]


if __name__ == "__main__":
    with Pipeline(name="split", cache_dir=sys.argv[2]) as _pipeline:
        _rows = make_generator_step(load([sys.argv[1]], sys.argv[2]), batch_size=_BATCH_ROWS)
        _ = _rows >> split_rows(input_batch_size=_BATCH_ROWS)
    _done = _pipeline.run(use_cache=False)
    print(json.dumps({"rows": len(_done["default"]["train"])}))

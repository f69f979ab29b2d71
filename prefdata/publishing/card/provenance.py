"""Where each row is from and what was done to it, for machines: one JSON object per line.

The lines are a function of sources, recipe and seed: no times, no names of runs, no paths of the
machine it was made on, so that publishing the same again changes nothing.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.publishing.facts import Facts

__all__ = ["portable_params", "provenance_lines"]

_PATH = re.compile(r"(file://)?(/[^/\s]+){2,}/?|~[^\s/]*/\S+|(\./|\.\./)\S+")
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]\S.*|\\\\\S+")


def provenance_lines(facts: Facts) -> str:
    """Return JSON lines, each with its ``kind``.

    ``publication`` once; ``source``, with the digests of the raw files; ``step``, with parameters,
    fingerprint, seed, rows and reasons; ``split``, with rows, files and the digest of the rows.
    """
    return "".join(
        f"{json.dumps(line, ensure_ascii=False, sort_keys=True)}\n" for line in _lines(facts)
    )


def portable_params(params: str) -> str:
    """Return parameters as JSON in which a path of the machine is only the name of its file.

    Args:
        params: JSON, as the recipe gives it.
    """
    try:
        value = json.loads(params)
    except ValueError:
        return params
    return json.dumps(_portable(value), ensure_ascii=False, sort_keys=True)


def _lines(facts: Facts) -> Iterator[dict[str, Any]]:
    yield {
        "kind": "publication",
        "repo": facts.repo_id,
        "version": facts.version,
        "license": facts.license,
        "recipe": facts.recipe,
        "recipe_digest": facts.recipe_digest,
        "seed": facts.seed,
        "made_with": dict(facts.versions),
    }
    for source in facts.sources:
        yield {
            "kind": "source",
            "source": source.name,
            "repo": source.repo,
            "revision": source.revision,
            "homepage": source.homepage,
            "doi": source.doi,
            "licenses": dict(source.licenses),
            "files": [
                {"file": _portable(file), "sha256": digest}
                for file, digest in sorted(source.files.items())
            ],
            "rows": dict(source.n_rows),
            "rejected": source.n_rejected,
            "pairs": source.n_pairs,
            "published": dict(source.n_published),
        }
    for step in facts.steps:
        yield {
            "kind": "step",
            "step": step.step,
            "stage": step.stage,
            "version": step.version,
            "source": step.source,
            "params": _parsed(step.params),
            "fingerprint": step.fingerprint,
            "seed": step.seed,
            "rows_in": step.rows_in,
            "rows_out": step.rows_out,
            "rows_rejected": step.rows_rejected,
            "reasons": dict(step.reasons),
        }
    for config in facts.configs:
        for split in config.splits:
            yield {
                "kind": "split",
                "config": config.name,
                "exporter": config.exporter,
                "split": split.name,
                "rows": split.rows,
                "digest": split.digest,
                "files": list(split.files),
                "left_out": dict(config.left_out),
            }


def _parsed(params: str) -> Any:
    text = portable_params(params)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _portable(value: Any) -> Any:
    match value:
        case dict():
            return {key: _portable(item) for key, item in value.items()}
        case list():
            return [_portable(item) for item in value]
        case str() if _PATH.fullmatch(value):
            return PurePosixPath(value).name
        case str() if _WINDOWS_PATH.fullmatch(value):
            return PureWindowsPath(value).name
    return value

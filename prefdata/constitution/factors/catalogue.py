"""Reading and checking a catalogue of factors: the one that ships, and those that extend it."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import Any, Self

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from prefdata.constitution.factors.declared import Factor, Terms
from prefdata.constitution.factors.forms import GAP, spelt
from prefdata.constitution.names import principle_id
from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.core.fingerprint import digest

__all__ = ["BUILT_IN", "Catalogue", "load_catalogue"]

BUILT_IN = "builtin-1"
"""The catalogue that ships."""

_FOLDER = Path(__file__).parent
_KNOWN = {BUILT_IN: _FOLDER / f"{BUILT_IN}.yaml"}
_DIGITS = 12


class Catalogue(BaseModel):
    """Factors, in order, and what they share."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="Name and version.")
    languages: tuple[str, ...] = Field(
        min_length=1, description="Languages of the words of factors that name no others."
    )
    stop_words: Terms = Field(default=(), description="Words without content of their own.")
    factors: tuple[Factor, ...] = Field(min_length=1)

    @field_validator("stop_words")
    @classmethod
    def _are_single(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word, text in zip(words, spelt(words), strict=True):
            if GAP in text or "*" in text:
                message = f"{word!r} is not one whole word"
                raise ValueError(message)
        return words

    @model_validator(mode="after")
    def _are_different(self) -> Self:
        ids = principle_id(pl.Series([factor.sentence for factor in self.factors]))
        for name, n in Counter(ids).items():
            if n > 1:
                same = [f.name for f, one in zip(self.factors, ids, strict=True) if one == name]
                message = f"the factors {' and '.join(same)} have the same sentence"
                raise ValueError(message)
        return self

    @functools.cached_property
    def digest(self) -> str:
        """Return the first digits of the digest of all that it declares."""
        return digest(self.model_dump(mode="json"))[:_DIGITS]

    @property
    def label(self) -> str:
        """Return version and digest, as tables write them."""
        return f"{self.version}@{self.digest}"

    @property
    def names(self) -> list[str]:
        """Return the names of the factors, in order."""
        return [factor.name for factor in self.factors]

    def principles(self) -> pl.DataFrame:
        """Return the factors as rows of ``principles``, without ``source`` and ``stage``."""
        rows = self.factors
        sentences = pl.Series("sentence", [row.sentence for row in rows])
        n = len(rows)
        return pl.DataFrame(
            {
                "principle_id": principle_id(sentences),
                "position": pl.Series(range(n), dtype=pl.Int32),
                "origin": ["catalogue"] * n,
                "name": self.names,
                "sentence": sentences,
                "opposite": [row.opposite for row in rows],
                "theme": [row.theme for row in rows],
                "terms": pl.Series([None] * n, dtype=pl.List(pl.String)),
                "nearest_factor": pl.Series([None] * n, dtype=pl.String),
                "nearest_correlation": pl.Series([None] * n, dtype=pl.Float64),
                "languages": pl.Series(
                    [row.languages and list(row.languages) for row in rows],
                    dtype=pl.List(pl.String),
                ),
                "catalogue": [self.label] * n,
                "generator": pl.Series([None] * n, dtype=pl.String),
                "n_proposals": pl.Series([None] * n, dtype=pl.Int32),
            }
        )


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read a catalogue, with what it extends, and check all of it.

    Args:
        path: A file like ``builtin-1.yaml``; the catalogue that ships when None.

    Raises:
        RecipeError: If it is no catalogue; it names the file, the factor and the field.
        UnknownNameError: If it extends or leaves out what is not there.
    """
    return _built_in() if path is None else _load(path)


@functools.cache
def _built_in() -> Catalogue:
    return _load(_KNOWN[BUILT_IN])


# The parser in C, where pyyaml was built with it, is ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Unique(_Loader):  # type: ignore[misc]
    """Reads YAML in which a name stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        """Refuse names that stand twice, of which YAML would keep the last without a word."""
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [name for name, n in Counter(map(str, names)).items() if n > 1]
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"the name {twice[0]!r} stands twice", node.start_mark
            )
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def _load(path: Path) -> Catalogue:
    given = _read(path)
    factors = _factors(given, path)
    given["factors"] = factors
    try:
        return Catalogue.model_validate(given)
    except ValidationError as error:
        raise _refused(error, factors, path) from error


def _read(path: Path) -> dict[str, Any]:
    """Read a file and lay it over what it extends."""
    fix = "See docs/constitution.md for what a catalogue of factors looks like."
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), Loader=_Unique)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"The catalogue of factors cannot be read: {error}.",
            where=path.name,
            fix="Name a file of YAML in UTF-8.",
        ) from error
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise RecipeError(
            f"The catalogue of factors is not good YAML: {problem}.",
            where=f"{path.name}{line}",
            fix="Correct the line.",
        ) from error
    if not isinstance(given, dict):
        what = "is empty" if given is None else "is no mapping"
        raise RecipeError(f"The catalogue of factors {what}.", where=path.name, fix=fix)
    if not isinstance(given.get("factors") or {}, dict):
        raise RecipeError(
            "The factors of the catalogue are no mapping of names.",
            where=f"{path.name}, field factors",
            fix="Write each factor as `name:` with its fields below it, without a dash.",
        )
    return _extended(given, path)


def _extended(given: dict[str, Any], path: Path) -> dict[str, Any]:
    """Lay a catalogue over the one it extends: factors by name, and fields of factors."""
    base_name, left_out = given.pop("extends", None), given.pop("leave_out", None) or []
    own = dict(given.get("factors") or {})
    if base_name is None:
        base: dict[str, Any] = {"factors": {}}
    elif base_name in _KNOWN:
        base = _read(_KNOWN[base_name])
        base.pop("version", None)
    else:
        raise UnknownNameError(
            "catalogue", str(base_name), known=_KNOWN, where=f"{path.name}, field extends"
        )
    factors = dict(base["factors"])
    left_out = [left_out] if isinstance(left_out, str) else left_out
    for name in left_out:
        if factors.pop(name, None) is None:
            raise UnknownNameError(
                "factor", str(name), known=factors, where=f"{path.name}, field leave_out"
            )
    for name, fields in own.items():
        old = factors.get(name, {})
        is_laid_over = isinstance(fields, dict) and isinstance(old, dict)
        factors[name] = {**old, **fields} if is_laid_over else fields
    return {**base, **given, "factors": factors}


def _factors(given: dict[str, Any], path: Path) -> list[Any]:
    """Return factors with their names, and the languages of their words."""
    rows: list[Any] = []
    for name, fields in given["factors"].items():
        if not isinstance(fields, dict):
            raise RecipeError(
                f"The factor {name} has no fields.",
                where=f"{path.name}, factor {name}",
                fix="Write its fields below its name: at least theme, kind, sentence, opposite "
                "and what is counted; or name it in `leave_out`.",
            )
        row = {**fields, "name": name}
        if (fields.get("words") or fields.get("words_against")) and "languages" not in fields:
            row["languages"] = given.get("languages")
        rows.append(row)
    return rows


def _refused(error: ValidationError, factors: list[Any], path: Path) -> RecipeError:
    """Say of the first thing that is wrong where it stands, and what would be right."""
    first = error.errors()[0]
    place = list(first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ")
    where = path.name
    subject = "The catalogue"
    if len(place) > 1 and place[0] == "factors" and isinstance(place[1], int):
        name = factors[place[1]]["name"]
        subject, where, place = f"The factor {name}", f"{where}, factor {name}", place[2:]
    field = next((str(part) for part in place if isinstance(part, str)), None)
    if field:
        where += f", field {field}"
    known = sorted(Factor.model_fields if "factor " in where else Catalogue.model_fields)
    fixes = {
        "extra_forbidden": f"Remove the field, or correct its name. Known: {', '.join(known)}.",
        "missing": f"Add the field {field}.",
        "literal_error": f"Write one of {(first.get('ctx') or {}).get('expected', '')}.",
    }
    if first["type"] == "tuple_type":
        message, fixes["tuple_type"] = "it is no list", f"Write {field}: [..., ...]."
    whole = first["type"] == "value_error" and not field
    what = (
        f"{subject} is wrong: {message}."
        if whole
        else f"{subject} has a wrong {field or 'form'}: {message}."
    )
    if first["type"] == "missing":
        what = f"{subject} has no {field}."
    elif first["type"] == "extra_forbidden":
        what = f"{subject} has an unknown field {field}."
    return RecipeError(what, where=where, fix=fixes.get(first["type"], "Correct it."))

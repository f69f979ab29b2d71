"""Flag personal data in prompts and responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field, field_validator

from prefdata.privacy.find import find
from prefdata.privacy.names import NAME_KIND, NameFinder
from prefdata.privacy.patterns import kinds, patterns
from prefdata.protocols import Context, Params, StageResult, always, stage
from prefdata.stages._findings import FINDINGS, findings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FlagPii", "flag_pii"]

_KEYS = {"prompts": "prompt_id", "responses": "response_id"}


class FlagPii(Params):
    """Parameters of `flag-pii`."""

    kinds: tuple[str, ...] | None = Field(
        default=None, description="Kinds of personal data to look for; all when null."
    )
    names: bool = Field(
        default=False,
        description="Also look for names of people, with a language model: slow, and never sure. "
        "Needs the extra `pii`.",
    )
    spacy_model: str = Field(
        default="en_core_web_sm",
        description="The language model for names: an installed package of spaCy, or a folder.",
    )

    @field_validator("kinds")
    @classmethod
    def _known(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if unknown := sorted(set(value or ()) - set(kinds())):
            message = f"unknown: {', '.join(unknown)}; known: {', '.join(kinds())}"
            raise ValueError(message)
        return value


@stage(
    version=1,
    reads=("prompts", "responses"),
    writes=("flags",),
    params=FlagPii,
    is_parted=always,
)
def flag_pii(tables: Mapping[str, pl.LazyFrame], params: FlagPii, context: Context) -> StageResult:
    """Flag personal data in prompts and responses; drop nothing and repeat none of it.

    The flags are ``pii-<kind>``: email, phone, credit-card, iban, us-ssn, ipv4, ipv6,
    url-credentials, secret (access keys and private keys), date-of-birth, us-address, profile, and
    with `names` person-name. `value` counts the places in all messages of the row. What is found
    has the form of personal data; whether somebody has that address, nobody can tell by it.

    `prefdata export` and `prefdata publish` can replace it by placeholders (`scrub`);
    `select-pairs` can leave the pairs out with ``also_exclude: [pii-email]``.

    The ledger counts prompts and responses.

    Raises:
        MissingExtraError: If names are wanted and presidio is not installed.
        BackendError: If the language model is not there.
    """
    finder = NameFinder(params.spacy_model) if params.names else None
    titles = {pattern.name: pattern.title for pattern in patterns()} | {
        NAME_KIND: "names of people"
    }
    flags, n_rows = [pl.DataFrame(schema=FINDINGS)], 0
    for subject, key in _KEYS.items():
        rows = tables[subject].select(key, "messages").collect()
        n_rows += rows.height
        texts = (
            rows.lazy()
            .select(id=key, text=pl.col("messages").list.eval(pl.element().struct["content"]))
            .filter(pl.col("text").list.len() > 0)
            .explode("text")
            .collect()
        )
        found = find(texts, params.kinds)
        if finder is not None:
            found = pl.concat([found, finder.find(texts)])
        counts = found.group_by("id", "kind", maintain_order=True).agg(n=pl.len())
        flags += [
            findings(
                of_kind,
                key="id",
                subject=subject,
                flag=f"pii-{kind}",
                reason=f"Found {titles[kind]}.",
                value="n",
            )
            for (kind,), of_kind in counts.group_by("kind", maintain_order=True)
        ]
    return StageResult(tables={"flags": pl.concat(flags)}, rows_in=n_rows, rows_out=n_rows)

"""Which pairs would not survive what a trainer does to them before it trains."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from prefdata.trainability.findings import FINDINGS, found
from prefdata.trainability.flags import FATAL, FLAGS
from prefdata.trainability.models import tokenizer_backend
from prefdata.trainability.tokens import measured

if TYPE_CHECKING:
    from prefdata.protocols import Tokenization

__all__ = ["Auditor"]

_PAIRS_AT_ONCE = 2_000  # with their tokens; some tens of megabytes
_READ = ("pair_id", "prompt", "chosen", "rejected")


class Auditor:
    """Reads pairs as a trainer does, and tells what is lost.

    Args:
        params: Tokenizer, template, lengths, and which end is kept.

    Raises:
        MissingExtraError: If transformers is not installed.
        UserError: If there is no such template, or it is not Jinja.
        BackendError: If there is no such tokenizer, or it cannot be had or loaded.
    """

    def __init__(self, params: Tokenization) -> None:
        self._params = params
        self._tokenizer = tokenizer_backend().open(params)
        self._counts: Counter[str] = Counter()
        self.n_pairs = 0
        """Pairs that were audited."""
        self.n_lost = 0
        """Pairs with a flag of `FATAL`."""

    @property
    def counts(self) -> dict[str, int]:
        """Pairs with each flag, in the order of `FLAGS`; flags of no pair are left out."""
        return {flag: self._counts[flag] for flag in FLAGS if self._counts[flag]}

    def audit(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return what is wrong with pairs, and count it.

        Args:
            frame: Columns ``pair_id``, ``prompt``, ``chosen`` and ``rejected``, the last three
                lists of messages; others do not matter. A row for each pair.

        Returns:
            Columns ``pair_id``, ``flag`` (one of `FLAGS`), ``value`` (a number of tokens, or
            null) and ``reason``. A pair may have several rows or none; they stand in the order of
            the pairs.

        Raises:
            BackendError: If the tokenizer fails on a text.
        """
        slices = frame.select(_READ).iter_slices(_PAIRS_AT_ONCE)
        parts = [found(measured(part, self._tokenizer), self._params) for part in slices]
        findings = pl.concat([pl.DataFrame(schema=FINDINGS), *parts])
        self._counts.update(dict(findings["flag"].value_counts().iter_rows()))
        self.n_pairs += frame.height
        self.n_lost += findings.filter(pl.col("flag").is_in(FATAL))["pair_id"].n_unique()
        return findings

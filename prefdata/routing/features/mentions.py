"""Names and numbers that texts mention, found by their form alone, and how many two texts share.

A name is a word of two letters or more with a capital that is not there because a sentence, a line,
a heading, an item of a list or a quotation begins: it occurs so within a sentence. Its occurrences
at a beginning count once it does, in either of the two texts that are compared. A number is a run
of digits, with its points and without its commas; the numbers of items and of headings are none.

This is a rule for scripts with capitals, and a coarse one: in German all nouns are names, names of
several words are several names, and the first word of a sentence is found only where it occurs
within another. Of texts that are mostly in a script without capitals nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.metrics.jaccard import Sets, merged, sets_of, shared
from prefdata.routing.features.rouge import hashed_lists

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Mentions", "mentions", "shared_names"]

_CODE = r"(?s)```.*?(?:```|$)|`[^`\n]*`|https?://\S+"
_HEADING = r"(?m)^[ \t]*(?:#+.*|\*\*[^*\n]+\*\*:?[ \t]*)$"
_ITEM = r"(?m)^[ \t]*(?:[-*•+–>]|\(?\d+[.)]|\(?[A-Za-z][.)])[ \t]+"
_TITLE = r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sen|Gov|Gen|vs|No)\."
_NAME = r"\p{Lu}[\p{L}\p{M}\p{N}]+"
_BEGINNING = (
    r"(?m)(?:^|[.!?:;…。]|[\"“”„«»\x{2018}(\[*_])[\s\"“”„«»\x{2018}'(\[*_]*\p{Lu}[\p{L}\p{M}\p{N}]*"
)
_NUMBER = r"\p{Nd}[\p{Nd}.,]*\p{Nd}|\p{Nd}"


class Mentions:
    """What texts mention: of each the names within sentences, and all words with a capital.

    Attributes:
        firm: Names that occur within a sentence, and numbers.
        all: These, and words with a capital at the beginning of one.
        is_readable: ``(n,)`` whether the text is not mostly in a script without capitals.
    """

    def __init__(self, firm: Sets, every: Sets, is_readable: NDArray[np.bool_]) -> None:
        """Keep the three."""
        self.firm = firm
        self.all = every
        self.is_readable = is_readable

    def take(self, numbers: NDArray[np.integer]) -> Mentions:
        """Return those of some texts, in the order given; numbers may repeat."""
        return Mentions(self.firm.take(numbers), self.all.take(numbers), self.is_readable[numbers])


def mentions(texts: pl.Series) -> Mentions:
    """Find names and numbers.

    Args:
        texts: At most `prefdata.metrics.jaccard.MAX_SETS`; a null text mentions nothing.
    """
    text = (
        pl.col("text")
        .fill_null("")
        .str.replace_all(_CODE, " ")
        .str.replace_all(_HEADING, "")
        .str.replace_all(_ITEM, "")
        .str.replace_all(_TITLE, "")
    )
    numbers = (
        pl.col("text")
        .str.extract_all(_NUMBER)
        .list.eval(pl.element().str.replace_all(",", "", literal=True))
    )
    found = (
        texts.alias("text")
        .to_frame()
        .select(text)
        .select(
            within=pl.col("text").str.replace_all(_BEGINNING, ".").str.extract_all(_NAME),
            names=pl.col("text").str.extract_all(_NAME),
            numbers=numbers,
            n_cased=pl.col("text").str.count_matches(r"[\p{Lu}\p{Ll}\p{Lt}]"),
            n_letters=pl.col("text").str.count_matches(r"\p{L}"),
        )
        .with_columns(pl.col("within", "names").list.eval(pl.element().str.to_lowercase()))
    )
    firm, every = (
        hashed_lists(found.select(pl.concat_list(side, "numbers")).to_series())
        for side in ("within", "names")
    )
    is_readable = (found["n_cased"] * 2 >= found["n_letters"]).to_numpy()
    return Mentions(
        sets_of(firm.hashes, firm.offsets), sets_of(every.hashes, every.offsets), is_readable
    )


def shared_names(left: Mentions, right: Mentions) -> NDArray[np.float64]:
    """Return names that both texts mention over names that either mentions.

    Unlike HyPER's, whose union counts one side twice, it does not matter which is which.

    Args:
        left: ``n`` texts.
        right: As many.

    Returns:
        ``(n,)`` from 0 to 1; 1 where neither mentions any, NaN where one is not readable.
    """
    union = merged(left.firm, right.firm)
    sizes = union.sizes
    # Each element of the union is in one of the two at least, so what is in both is counted so.
    both = shared(union, left.all) + shared(union, right.all) - sizes
    values: NDArray[np.float64] = np.ones(len(sizes))
    np.divide(both, sizes, out=values, where=sizes > 0)
    values[~(left.is_readable & right.is_readable)] = np.nan
    return values

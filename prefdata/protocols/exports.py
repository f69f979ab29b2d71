"""What a user may ask of any export, whatever its format: policies and the trainability audit."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prefdata.protocols.params import Params

__all__ = ["Policies", "Tokenization", "Trainability"]


class Policies(Params):
    """What an export does with pairs that say too much, or that its format cannot hold.

    A *comparison* is two responses for one aspect, whichever is chosen.
    """

    ties: Literal["leave-out", "keep"] = Field(
        default="leave-out",
        description="Pairs that `make-pairs` made of a tie with `tie: both-orders`: a trainer "
        "would learn both orders. `keep` is for formats whose reader knows what margin 0 means.",
    )
    disagreement: Literal["keep", "majority", "leave-out"] = Field(
        default="keep",
        description="Comparisons that some annotators decide one way and some the other. "
        "`majority` keeps the pairs of the side with more votes, and none of an equal vote; "
        "`leave-out` keeps none.",
    )
    repeats: Literal["keep", "once"] = Field(
        default="keep",
        description="The same two responses in the same order by several annotators: each of "
        "these pairs, or the first by `pair_id`, whose `n_votes` is the sum.",
    )
    several_chosen: Literal["keep", "leave-out"] = Field(
        default="keep",
        description="Pairs of judgments that chose more than one response.",
    )
    unfit: Literal["leave-out", "fail"] = Field(
        default="leave-out",
        description="Pairs that the format cannot hold, such as an empty answer: they are left "
        "out and counted by reason, or the export fails and names the first.",
    )


class Tokenization(Params):
    """How a trainer makes tokens of a pair, and how many of them it keeps."""

    tokenizer: str = Field(
        description="The tokenizer of the model to train: a folder, or an id on the hub, followed "
        "by `@revision` if one is wanted."
    )
    max_length: int = Field(
        default=1024, ge=2, description="Tokens of prompt and response together, as trained on."
    )
    max_prompt_length: int | None = Field(
        default=None,
        ge=1,
        description="Tokens of the prompt alone, for trainers that cut it first; no limit when "
        "null.",
    )
    truncation: Literal["keep-start", "keep-end"] = Field(
        default="keep-start",
        description="Which end of prompt and response together survives the cut.",
    )
    template: str = Field(
        default="auto",
        description="How messages become text. `auto`: the tokenizer's chat template, or `plain` "
        "where it has none. `plain`: the contents, joined by empty lines. Else the path of a "
        "Jinja file.",
    )


class Trainability(Tokenization):
    """Which tokenizer and which lengths a pair must survive; see `prefdata.trainability`."""

    drop: bool = Field(
        default=False,
        description="Leave out the pairs that are lost to the trainer; those that it merely cuts "
        "are counted and stay, as all do by default.",
    )

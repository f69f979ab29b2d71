"""Findings that need no model: empty texts, role faults, debris, repeats, unusable judgments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.protocols import Context, NoParams, StageResult, always, stage
from prefdata.stages._flag_quality.judgments import flags_of_judgments
from prefdata.stages._flag_quality.transcripts import Transcripts, flags_of_transcripts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["flag_quality"]

_READ = {
    "prompts": ("prompt_id", "messages", "content_hash"),
    "responses": ("response_id", "prompt_id", "messages", "content_hash"),
    "judgments": (
        "judgment_id",
        "prompt_id",
        "annotator_id",
        "aspect",
        "protocol",
        "outcome",
        "response_ids",
        "chosen",
    ),
}


@stage(
    version=1,
    reads=("prompts", "responses", "judgments"),
    writes=("flags",),
    is_parted=always,
)
def flag_quality(
    tables: Mapping[str, pl.LazyFrame], params: NoParams, context: Context
) -> StageResult:
    r"""Flag what is empty, malformed, repeated or undecided; drop nothing.

    A *transcript* is a prompt followed by one response. A *role marker* is the word ``Human`` or
    ``Assistant`` with a colon. White space is what Unicode says it is.

    On responses, about the transcript; ``value`` counts what was found and ``reason`` says in
    which part it is:

    - ``role-marker-in-text``: a message, of any role, holds a role marker at any place.
    - ``begins-with-role-marker``: a message begins with one, after white space or none.
    - ``role-marker-after-newline``: a later line of a message begins with one.
    - ``marker-without-colon``: after a blank line, the word stands alone on a line.
    - ``repeated-role``: two neighbouring messages have one role, or the number of messages is
      odd. System messages are left out; where tools speak, or nothing was asked, any number will
      do. ``value`` is the number of messages.

    On responses, about the response:

    - ``empty-response``: its last message has no text, or only white space.
    - ``last-turn-not-assistant``: its last message is not the assistant's.
    - ``divergent-tail``: the candidates of its prompt part before the last turn, so one of them
      has several messages. ``value`` is the number of messages of this one.
    - ``different-turn-count``: the candidates of its prompt have unequal numbers of messages.

    On prompts: ``empty-prompt`` (no message, or nothing in the one to answer), ``empty-turn`` (an
    earlier message is empty; ``value`` counts them), ``first-turn-not-user``, and
    ``same-prompt-again`` (the same messages are asked ``value`` times in the source). On prompts
    and on responses: ``template-debris`` (tokens of a chat template, such as ``</s>`` or
    ``<|im_end|>``).

    On judgments: ``identical-responses`` (``value`` candidates have the words of another),
    ``several-chosen``, ``no-choice`` (asked to choose, and neither chose nor called it a tie or
    both bad), ``same-judgment-again`` and ``opposite-judgment`` (the annotator judged the same
    words for the same aspect before or after, with the same or another choice).

    The ledger counts prompts. On the 2,312 rows of HH-RLHF's ``harmless-base/test`` the counts
    are those of a line-by-line reading: ``role-marker-in-text`` 40 chosen and 33 rejected,
    ``begins-with-role-marker`` 62, ``repeated-role`` 8 and 5, ``empty-response`` 4 and 0.
    """
    frames = {name: tables[name].select(columns).collect() for name, columns in _READ.items()}
    transcripts = Transcripts.of(frames["prompts"], frames["responses"])
    flags = pl.concat(
        [
            *flags_of_transcripts(transcripts),
            *flags_of_judgments(frames["judgments"], frames["prompts"], frames["responses"]),
        ]
    )
    n_prompts = frames["prompts"].height
    return StageResult(tables={"flags": flags}, rows_in=n_prompts, rows_out=n_prompts)

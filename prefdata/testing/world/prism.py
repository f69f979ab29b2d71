"""The synthetic PRISM: survey, conversations, utterances and metadata, as JSON Lines.

Structure and survey follow the published tables; this module adds the text, with the published
numbers of distinct prompts, responses and feedback, and the extremes of their lengths.
"""

from __future__ import annotations

import datetime as dt
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.testing.world.counts import generator, pick, planted
from prefdata.testing.world.edits import kinds, repeat
from prefdata.testing.world.lexicon import ENGLISH
from prefdata.testing.world.planted import NEAR_DUPLICATE_RATE, Planted
from prefdata.testing.world.prism_metadata import draw_flags, metadata_rows
from prefdata.testing.world.prism_structure import First, Structure, build_structure
from prefdata.testing.world.prism_survey import START, build_survey, stretch
from prefdata.testing.world.prism_tables import provider
from prefdata.testing.world.text import Composer, unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from prefdata.testing.world.edits import Kind
    from prefdata.testing.world.prism_metadata import Flags
    from prefdata.testing.world.tiles import Tile
    from prefdata.testing.world.writing import RawFiles

    Ints = NDArray[np.int64]

__all__ = ["EMPTY", "write_prism"]

EMPTY = "EMPTY STRING"

_ATTRIBUTES = ("values", "fluency", "factuality", "safety", "diversity", "creativity",
               "helpfulness")  # fmt: skip
_N_CONVERSATIONS, _N_INTERACTIONS = 8_011, 27_172
_N_SAME_OPENING, _N_SAME_PROMPT, _N_SAME_FEEDBACK = 200, 299, 58
_N_NULL = {"performance_attributes": 1_824, "choice_attributes": 1_740}
_N_EXTREMES = 2
_FIRST = START + dt.timedelta(minutes=7)
_LAST = dt.datetime(2023, 12, 22, 8, 4, 46, tzinfo=dt.UTC)
_LONGEST_OPENING, _LONGEST_PROMPT, _LONGEST_RESPONSE = 1_195, 1_311, 4_630

_PLAIN = np.array([0, 0, 0, 0, 1], dtype=np.float32)
_STOCK_PROMPTS = ("Thank you", "Thanks!", "Why?", "Yes", "No", "Ok", "Go on", "Really?", "Hmm",
                  "I see", "Please continue", "Good point")  # fmt: skip
_STOCK_FEEDBACK = ("none", "Good", "It was fine", "No comment", "Interesting", "n/a")
_STOCK_REPLIES = tuple(
    f"{start}{end}"
    for start in ("Yes", "No", "Hello", "I do not know", "It depends", "I am a language model")
    for end in ("", ".", "!", ". How can I help?")
)
_CONTACTS = (
    " You can write to me at ana{n}@example.org.",
    " My number is 555-01{n}.",
    " I live at {n} Example Street.",
)


class _Texts:
    """All texts of the world, held at once because they are referred to from several files."""

    def __init__(
        self,
        rng: np.random.Generator,
        tile: Tile,
        structure: Structure,
        flags: Flags,
        truth: Planted,
    ) -> None:
        self.rng, self.structure, self.truth = rng, structure, truth
        self.composer = Composer(tile.lexicon())
        self.is_first = tile.number == 0
        self.seen = set(_STOCK_PROMPTS) | set(_STOCK_REPLIES) | set(_STOCK_FEEDBACK)
        self._goals = cycle(ENGLISH.goals)
        openings, self.topics = self._openings()
        self.prompts = self._prompts(openings, flags)
        self.responses = self._responses(flags)
        self.feedback = self._feedback()

    def _openings(self) -> tuple[list[str], Ints]:
        """Write opening prompts, some of which repeat another one."""
        n = len(self.structure.conversation_user)
        texts, topics = self.composer.prompts(self.rng, n, long_share=0.35)
        # Once in a world: the shortest prompts of many tiles would be equal by chance.
        if n > _N_EXTREMES and self.is_first:
            texts[1], texts[2] = "Hi", stretch(texts[2], _LONGEST_OPENING)
        free = self.rng.permutation(np.arange(3, n)).tolist()
        n_same = min(planted(_N_SAME_OPENING, _N_CONVERSATIONS, n), len(free) // 2)
        near = kinds(min(planted(*NEAR_DUPLICATE_RATE, n), len(free) // 2 - n_same))
        edited = [kind for kind in near if kind != "exact"]
        # The published number of distinct openings leaves room for so many exact copies only:
        # those planted as near-duplicates are among them.
        n_exact = min(len(near) - len(edited), n_same)
        exact: list[Kind] = ["exact"] * n_same
        copied = exact + edited
        rows, of_rows = free[: len(copied)], free[len(copied) : 2 * len(copied)]
        repeat(texts, rows, of_rows, copied, ENGLISH.circumstances.fillers)
        topics[rows] = topics[of_rows]
        file = "conversations.jsonl"
        self.truth.quirk(file, rows[:n_same], "same_opening")
        for part in (slice(n_exact), slice(n_same, None)):
            self.truth.near_duplicates(file, rows[part], file, of_rows[part], copied[part])
        self.seen.update(texts)
        return texts, topics

    def _prompts(self, openings: list[str], flags: Flags) -> list[str]:
        """Write the user's side of every interaction."""
        structure, rng = self.structure, self.rng
        later = np.flatnonzero(structure.interaction_turn > 0)
        topics = self.topics[structure.interaction_conversation[later]]
        asked = self.composer.follow_ups(rng, topics)
        goals = rng.integers(len(ENGLISH.goals), size=len(later)).tolist()
        who = rng.integers(2 * len(ENGLISH.who), size=len(later)).tolist()
        pairs = zip(asked, goals, who, strict=True)
        texts = [
            f"{ENGLISH.who[w]} {text} {ENGLISH.goals[goal]}"
            if w < len(ENGLISH.who)
            else f"{text} {ENGLISH.goals[goal]}"
            for text, goal, w in pairs
        ]
        texts = unique(texts, self.seen, self._goals)
        texts = self._with_contacts(texts, flags.personal("user_prompt")[later])
        count = planted(_N_SAME_PROMPT, _N_INTERACTIONS, len(structure.interaction_turn))
        spots = self._stock(texts, _STOCK_PROMPTS, count)
        rest = np.setdiff1d(np.arange(len(texts)), spots)[-2:].tolist()
        for spot, text in zip(rest, ("?", stretch(texts[rest[-1]], _LONGEST_PROMPT)), strict=False):
            texts[spot] = text
        prompts = np.empty(len(structure.interaction_turn), dtype=object)
        prompts[structure.interaction_turn == 0] = openings
        prompts[later] = texts
        filled: list[str] = prompts.tolist()
        return filled

    def _stock(self, texts: list[str], stock: Sequence[str], repeats: int) -> list[int]:
        """Replace some texts by short ones that many people write."""
        n_texts = min(len(stock), max(1, repeats // 4))
        count = min(repeats + n_texts, len(texts))
        spots: list[int] = self.rng.permutation(len(texts))[:count].tolist()
        for index, spot in enumerate(spots):
            texts[spot] = stock[index % n_texts]
        return spots

    def _with_contacts(self, texts: list[str], is_personal: NDArray[np.bool_]) -> list[str]:
        for spot in np.flatnonzero(is_personal).tolist():
            texts[spot] += _CONTACTS[spot % len(_CONTACTS)].format(n=10 + spot % 90)
        return texts

    def _responses(self, flags: Flags) -> list[str]:
        """Write the models' side; `unique` keeps the published number of distinct texts."""
        s = self.structure
        topics = self.topics[s.utterance_conversation]
        texts = self.composer.replies(self.rng, topics, s.utterance_styles, mean_sentences=4.95)
        more = cycle(self.composer.replies(
            self.rng, np.arange(len(self.composer.topics)),
            np.tile(_PLAIN, (len(self.composer.topics), 1)),
            mean_sentences=1,
        ))  # fmt: skip
        texts = unique(texts, self.seen, more)
        texts = self._with_contacts(texts, flags.personal("model_response"))
        plain = np.flatnonzero(
            ~s.is_identical & ~s.is_empty & (s.stock < 0) & ~s.utterance_is_chosen
        )
        if len(plain) > 1:
            texts[plain[0]] = "1"
            texts[plain[1]] = stretch(texts[plain[1]], _LONGEST_RESPONSE)
        for spot in np.flatnonzero(s.stock >= 0).tolist():
            texts[spot] = _STOCK_REPLIES[s.stock[spot]]
        for spot in np.flatnonzero(s.is_empty).tolist():
            texts[spot] = EMPTY
        for spot in np.flatnonzero(s.is_identical).tolist():
            texts[spot] = texts[spot + (1 if s.utterance_position[spot] == 0 else -1)]
        return texts

    def _feedback(self) -> list[str]:
        texts = unique(self.composer.feedback(self.rng, self.topics), self.seen, self._goals)
        count = planted(_N_SAME_FEEDBACK, _N_CONVERSATIONS, len(texts))
        self._stock(texts, _STOCK_FEEDBACK, count)
        return texts


def _times(
    rng: np.random.Generator, structure: Structure, surveys: list[dt.datetime]
) -> list[dt.datetime]:
    """Let each conversation begin after the survey of its user, within the published span."""
    waits = rng.integers(300, 1_800, size=len(structure.conversation_user)).tolist()
    moments: list[dt.datetime] = []
    previous = -1
    for user, wait in zip(structure.conversation_user.tolist(), waits, strict=True):
        begin = moments[-1] if user == previous else max(surveys[user], _FIRST)
        moments.append(min(begin + dt.timedelta(seconds=wait), _LAST))
        previous = user
    moments[0], moments[-1] = _FIRST, _LAST
    return moments


def _ratings(rng: np.random.Generator, rows: int, name: str) -> Ints:
    """Rate attributes 1 to 100; 0 stands for not applicable."""
    ratings = rng.integers(1, 101, size=(rows, len(_ATTRIBUTES)))
    for row in pick(rng, rows, planted(_N_NULL[name], _N_CONVERSATIONS, rows)).tolist():
        ratings[row, rng.permutation(len(_ATTRIBUTES))[: int(rng.integers(1, 4))]] = 0
    return ratings


def _attributes(ratings: list[int]) -> dict[str, int | None]:
    return {name: rating or None for name, rating in zip(_ATTRIBUTES, ratings, strict=True)}


def _conversations(
    rng: np.random.Generator, structure: Structure, texts: _Texts, surveys: list[dt.datetime]
) -> Iterator[dict[str, Any]]:
    rows = len(structure.conversation_user)
    moments = _times(rng, structure, surveys)
    seconds = np.exp(rng.normal(6.0, 0.6, rows)).clip(74, 9_000)
    seconds[rows // 3], seconds[rows // 2] = 73.5, 17_145.8
    performance, choice = (_ratings(rng, rows, name).tolist() for name in _N_NULL)
    turn_ends = np.cumsum(structure.conversation_turns).tolist()
    shown = np.bincount(structure.utterance_interaction)
    begins = np.concatenate([[0], np.cumsum(shown)]).tolist()
    turns = structure.conversation_turns.tolist()
    for row, end in enumerate(turn_ends):  # one nested object per row is the product itself
        first = end - turns[row]
        history: list[dict[str, Any]] = []
        for interaction in range(first, end):
            turn = interaction - first
            asked = texts.prompts[interaction]
            history.append({"turn": turn, "role": "user", "content": asked})
            history += [
                {
                    "turn": turn,
                    "role": "model",
                    "content": texts.responses[u],
                    **_said(structure, u),
                }
                for u in range(begins[interaction], begins[interaction + 1])
            ]
        yield {
            "conversation_id": structure.conversation_id(row),
            "user_id": structure.user_id(int(structure.conversation_user[row])),
            "included_in_balanced_subset": bool(structure.conversation_is_balanced[row]),
            "generated_datetime": f"{moments[row]:%Y-%m-%d %H:%M:%S}",
            "timing_duration_s": round(float(seconds[row]), 2),
            "timing_duration_mins": round(float(seconds[row]) / 60, 2),
            "conversation_type": structure.conversation_type[row],
            "opening_prompt": texts.prompts[first],
            "conversation_turns": turns[row],
            "conversation_history": history,
            "performance_attributes": _attributes(performance[row]),
            "choice_attributes": _attributes(choice[row]),
            "open_feedback": texts.feedback[row],
        }


def _said(structure: Structure, utterance: int) -> dict[str, Any]:
    model = structure.utterance_model[utterance]
    return {
        "model_provider": provider(model),
        "model_name": model,
        "score": int(structure.utterance_score[utterance]),
        "if_chosen": bool(structure.utterance_is_chosen[utterance]),
        "within_turn_id": int(structure.utterance_position[utterance]),
    }


def _utterances(structure: Structure, texts: _Texts) -> Iterator[dict[str, Any]]:
    places = zip(
        structure.utterance_interaction.tolist(),
        structure.utterance_conversation.tolist(),
        structure.utterance_turn.tolist(),
        strict=True,
    )
    for row, (interaction, conversation, turn) in enumerate(places):
        said = _said(structure, row)
        yield {
            "utterance_id": structure.utterance_id(row),
            "interaction_id": structure.interaction_id(interaction),
            "conversation_id": structure.conversation_id(conversation),
            "user_id": structure.user_id(int(structure.conversation_user[conversation])),
            "turn": turn,
            "within_turn_id": said["within_turn_id"],
            "included_in_balanced_subset": bool(structure.conversation_is_balanced[conversation]),
            "conversation_type": structure.conversation_type[conversation],
            "user_prompt": texts.prompts[interaction],
            "model_response": texts.responses[row],
            **{k: said[k] for k in ("model_name", "model_provider", "score", "if_chosen")},
        }


def write_prism(files: RawFiles, tile: Tile, truth: Planted) -> None:
    """Write a tile of the four files."""
    seed = tile.spec.seed
    rng = generator(seed, "prism", "structure")
    structure = build_structure(rng, tile.spec.scale, _first(files))
    survey, moments = build_survey(generator(seed, "prism", "survey"), structure)
    flags = draw_flags(generator(seed, "prism", "metadata"), structure)
    rng = generator(seed, "prism", "text")
    texts = _Texts(rng, tile, structure, flags, truth)
    _record(structure, truth)
    files.lines("survey.jsonl", survey)
    files.lines("conversations.jsonl", _conversations(rng, structure, texts, moments))
    files.lines("utterances.jsonl", _utterances(structure, texts))
    files.lines("metadata.jsonl", metadata_rows(structure, flags))


def _first(files: RawFiles) -> First:
    """Go on with the numbers of the tiles that are written."""
    names = ("survey", "conversations", "utterances", "metadata")
    users, conversations, utterances, texts = (files.rows.get(f"{n}.jsonl", 0) for n in names)
    # Metadata has a row for each text: two of a user, one of each of the others.
    interactions = texts - utterances - 2 * users - conversations
    return First(users, conversations, interactions, utterances)


def _record(structure: Structure, truth: Planted) -> None:
    """Tell the truth about annotators, responses, noise and quirks."""
    users = [structure.user_id(user) for user in range(len(structure.user_group))]
    truth.annotators(users, structure.user_group)
    truth.responses(
        "utterances.jsonl",
        np.arange(len(structure.utterance_position)),
        structure.utterance_position,
        structure.utterance_styles,
        turn=structure.utterance_turn,
    )
    truth.noisy("conversations.jsonl", np.flatnonzero(structure.conversation_is_flipped).tolist())
    for quirk, mask in (
        ("second_chosen", structure.is_identical),
        ("empty_string", structure.is_empty),
        ("stock_reply", structure.stock >= 0),
    ):
        truth.quirk("utterances.jsonl", np.flatnonzero(mask).tolist(), quirk)
    odd = np.bincount(structure.utterance_interaction) == 1
    truth.quirk(
        "conversations.jsonl",
        np.unique(structure.interaction_conversation[odd]).tolist(),
        "single_response_turn",
    )

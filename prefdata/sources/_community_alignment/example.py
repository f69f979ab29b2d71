"""Rows in the shape of both releases of Community Alignment, written for prefdata."""

from __future__ import annotations

from prefdata.sources._community_alignment.shape import (
    ANNOTATOR_CELLS,
    FACTS,
    LETTERS,
    TURNS,
    turn_cells,
)

__all__ = ["EXAMPLE", "encode_csv"]


def encode_csv(rows: list[dict[str, str | None]]) -> bytes:
    """Write rows as CSV; None is an empty cell, and an empty string a quoted one."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    lines: list[list[str | None]] = [
        [*header],
        *([row.get(name) for name in header] for row in rows),
    ]
    return "".join(",".join(_quoted(cell) for cell in line) + "\n" for line in lines).encode()


def _quoted(cell: str | None) -> str:
    return "" if cell is None else '"' + cell.replace('"', '""') + '"'


def _turn(
    turn: int, prompt: str | None, answers: str, preferred: str | None, feedback: str | None = None
) -> dict[str, str | None]:
    """Write the cells of one turn; slashes part the answers, a lone dot is a missing one."""
    texts = (
        [None if text == "." else text for text in answers.split(" / ")] if answers else [None] * 4
    )
    letter = f"response_{preferred}" if preferred else None
    return dict(zip(turn_cells(TURNS[turn]), [prompt, *texts, letter, feedback], strict=True))


def _person(name: str, *cells: str | None) -> dict[str, str | None]:
    return {"annotator_id": name, **dict(zip(ANNOTATOR_CELLS, cells, strict=True))}


def _row(
    key: str, language: str, person: dict[str, str | None], *turns: dict[str, str | None]
) -> dict[str, str | None]:
    empty = {cell: None for turn in TURNS for cell in turn_cells(turn)}
    row: dict[str, str | None] = {"conversation_id": key, "assigned_lang": language} | empty
    for turn in turns:
        row |= turn
    return row | person | dict(zip(FACTS, ("True", "False", "False"), strict=True))


_CENTRIST = "Middle-of-the-road, centrist"
_ADA = _person(
    "9001", "18-34", "female", "Post-secondary graduate", _CENTRIST, "White", "united states"
)
_BEA = _person("9002", "55+", "Prefer not to say", None, "Prefer not to say", "Immigrant", "france")
_TEA = 'Keep it light. / Go strong, "black",\nno milk. / Try herbs. / Ask your guest.'

_CONVERSATIONS = [
    _row(
        "9007199254740993",
        "en",
        _ADA,
        _turn(0, "How should I serve tea?", _TEA, "b", "Clear, and short."),
        _turn(1, "And cake?", "Lemon. / Plum. / None. / Nuts.", "a"),
    ),
    # The second turn is missing, the third has no answer, the fourth stands on what is known.
    _row(
        "9007199254740995",
        "fr",
        _BEA,
        _turn(
            0, "Où planter un pommier ?", "Au soleil. / À l’ombre. / En pot. / Près d’un mur.", "a"
        ),
        _turn(2, "Et un poirier ?", "Pareil. / Ailleurs. / Plus tard. / Jamais.", None, ""),
        _turn(3, "Merci ?", "De rien. / Bonne récolte. / . / À bientôt.", "d"),
    ),
    # One text twice, debris of a template, and a candidate that is not there but preferred.
    _row(
        "9007199254740997",
        "en",
        _ADA,
        _turn(0, "A word for rain?", "Drizzle. / Drizzle. / Shower.<|end_of_text|> / ", "a"),
        _turn(1, "And for snow?", "Sleet. / Powder. / Slush. / .", "d"),
    ),
    # The same person in another language and with another age; a turn without candidates.
    _row(
        "9007199254740999",
        "it",
        _ADA | {"annotator_age": "35-45", "annotator_country": ""},
        _turn(0, "Che ore sono?", ". / . / . / .", "c", "No answer was shown."),
    ),
    # Responses without their prompt.
    _row(
        "9007199254741001",
        "hi",
        _BEA,
        _turn(0, None, "एक। / दो। / तीन। / चार।", "b", "अच्छा"),
        _turn(1, "और?", "पाँच। / छह। / सात। / आठ।", ""),
    ),
]


def _listed(row: dict[str, str | None]) -> dict[str, str | None]:
    """Add the lists that only v1.0 has."""
    lists: dict[str, str | None] = {}
    for turn in TURNS:
        texts = [row[f"{turn}_turn_response_{letter}"] for letter in LETTERS]
        lists[f"{turn}_turn_responses"] = str(texts) if any(texts) else None
    return row | lists


_V11 = [row | {"wave": str(number % 2 + 1)} for number, row in enumerate(_CONVERSATIONS)]
_V10 = [
    _listed(row) | {"conversation_id": f"{number}1"} for number, row in enumerate(_CONVERSATIONS)
]

EXAMPLE = {
    "community_alignment.csv": encode_csv(_V11),
    "data/full_community_alignment.csv": encode_csv(_V10),
    "data/filtered_community_alignment.csv": encode_csv(_V10[:1]),
}

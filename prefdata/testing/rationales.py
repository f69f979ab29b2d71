"""Rationales put together from templates and the real words of two responses.

They stand for the texts of no model. Each is true of its pair as far as its words go: what it quotes
is in the response that it names, and so are the words that it picks out. Whether its judgement is
right nobody asked.
"""

# ruff: noqa: E501 - sentences are easier to read unbroken

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.rationales.checks import CHECKED
from prefdata.testing.world.languages import LEXICONS
from prefdata.testing.world.lexicon import ENGLISH
from prefdata.testing.world.text import Composer

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMPOSED_LANGUAGES", "compose_pairs", "compose_rationales"]

_MARKS = re.compile(r"[\"“”„«»`'’\u2018*_#|<>{}\[\]()\\/=:]")
_SENTENCES = re.compile(r"[.!?।\n;,]+")
_FEWEST, _MOST = 4, 10
_WORD_LETTERS = 5
_NEEDED = 2


@dataclass(frozen=True)
class _Templates:
    """Sentences about a better response ``p`` and another ``o``, their quotations and words."""

    opening: tuple[str, ...]
    better: tuple[str, ...]
    other: tuple[str, ...]
    concession: tuple[str, ...]
    closing: tuple[str, ...]
    general: tuple[str, ...]
    marks: tuple[str, ...]


_TEMPLATES = {
    "en": _Templates(
        opening=(
            "{p} deals with the request directly.",
            "The main difference is how far each text gets.",
            "What the reader needs first is a usable reply, and {p} comes closer to it than {o}.",
            "On substance, {p} is ahead of {o}.",
            "Both take up the question, but not with the same care.",
        ),
        better=(
            "It says {pq}, and it also brings in {pw} and {pv}.",
            "{p} is concrete where it writes {pq}; the mention of {pw} adds to that.",
            "In {p}, the passage {pq} speaks to what was asked, as does its use of {pw}.",
            "{p}'s remark that {pq} gives the reader something to work with, next to {pw} and {pv}.",
            "The words {pq} in {p} show this, and so does what it says on {pv}.",
        ),
        other=(
            "{o}, on the other hand, turns to {ow} and offers {oq}, which helps less.",
            "By contrast, {o} puts {oq}, and the part on {ow} leads away from the point.",
            "{o} settles for {oq}. Its part on {ow} is less to the point.",
            "Compared with {p}, {o} is thinner: it has {oq} and little beyond {ow}.",
        ),
        concession=(
            "To be fair, {o} reads smoothly.",
            "{o} does have a friendly manner, which counts for something.",
            "One strength of {o} is its part on {ov}.",
            "Some readers might like how {o} handles {ov}.",
        ),
        closing=(
            "Overall, {p} serves this request better.",
            "All in all, {p} is the more useful of the two.",
            "For these reasons {p} comes out ahead.",
            "Taken together, this makes {p} the stronger reply.",
        ),
        general=(
            "{p} stays close to what was asked and brings in {pw} and {pv}, whereas {o} drifts towards {ow}.",
            "{o} spends its words on {ow} and {ov}, while {p} explains {pw}, which is what the reader needs.",
            "Talking about {pw} makes {p} more relevant than {o}, whose part on {ow} does not help much.",
            "{p} is more helpful: it covers {pw} and {pv}. {o} leaves these out and speaks of {ow} instead.",
            "A careful reader would gain more from {p}, given its part on {pw}; {o} is vaguer and keeps to {ow}.",
        ),
        marks=('"{}"', "“{}”", "`{}`", '"{}"'),
    ),
    "fr": _Templates(
        opening=(
            "{p} traite directement la demande.",
            "La principale différence tient à la précision de chaque texte.",
            "Sur le fond, {p} l'emporte sur {o}.",
            "Le lecteur attend surtout une aide concrète.",
        ),
        better=(
            "Ainsi, {p} écrit {pq} et parle aussi de {pw} et de {pv}.",
            "Le passage {pq} dans {p} répond à la question, tout comme ce qui est dit sur {pw}.",
            "{p} est concret quand on y lit {pq} ; la mention de {pw} va dans le même sens.",
        ),
        other=(
            "{o}, en revanche, propose {oq}, et la partie sur {ow} aide moins.",
            "Par rapport à {p}, {o} est plus mince : on y trouve {oq} et guère plus que {ow}.",
            "Quant à {o}, il se contente de {oq}, et ce qu'il dit de {ow} s'éloigne du sujet.",
        ),
        concession=(
            "Certes, {o} se lit facilement.",
            "{o} a pour lui un ton aimable.",
            "Un point fort de {o} est sa partie sur {ov}.",
        ),
        closing=(
            "Dans l'ensemble, {p} rend davantage service.",
            "Pour ces raisons, {p} est plus utile.",
            "Au total, {p} est donc le texte le plus solide.",
        ),
        general=(
            "{p} reste proche de la demande et évoque {pw} et {pv}, alors que {o} s'égare du côté de {ow}.",
            "{o} s'attarde sur {ow}, tandis que {p} explique {pw}, ce dont le lecteur a besoin.",
            "{p} est plus utile, car il parle de {pw} et de {pv} ; {o} laisse cela de côté et préfère {ow}.",
        ),
        marks=("« {} »", "«{}»", "“{}”", '"{}"'),
    ),
    "it": _Templates(
        opening=(
            "{p} affronta subito la richiesta.",
            "La differenza principale sta nella precisione dei due testi.",
            "Nel merito, {p} supera {o}.",
            "Chi legge si aspetta soprattutto un aiuto concreto.",
        ),
        better=(
            "Per esempio, {p} scrive {pq} e parla anche di {pw} e di {pv}.",
            "Il passaggio {pq} in {p} risponde alla domanda, come pure ciò che dice su {pw}.",
            "{p} è concreto quando afferma {pq}; anche il cenno a {pw} aiuta.",
        ),
        other=(
            "{o}, invece, propone {oq}, e la parte su {ow} aiuta meno.",
            "Rispetto a {p}, {o} è più povero: vi si trova {oq} e poco oltre a {ow}.",
            "Quanto a {o}, si accontenta di {oq}, e quello che dice di {ow} porta fuori strada.",
        ),
        concession=(
            "Certo, {o} si legge con facilità.",
            "{o} ha dalla sua un tono gentile.",
            "Un punto di forza di {o} è la parte su {ov}.",
        ),
        closing=(
            "Nel complesso, {p} è molto più utile.",
            "Per queste ragioni {p} aiuta di più.",
            "Tutto sommato, {p} è quindi il testo più solido.",
        ),
        general=(
            "{p} resta vicino alla richiesta e parla di {pw} e di {pv}, mentre {o} si perde in {ow}.",
            "{o} si dilunga su {ow}, mentre {p} spiega {pw}, che è ciò che serve a chi legge.",
            "{p} è più utile perché tratta {pw} e {pv}; {o} li lascia da parte e parla di {ow}.",
        ),
        marks=('"{}"', "«{}»", "“{}”"),
    ),
    "pt": _Templates(
        opening=(
            "{p} trata diretamente do pedido.",
            "A principal diferença está na precisão de cada texto.",
            "No conteúdo, {p} supera {o}.",
            "Quem lê espera sobretudo uma ajuda concreta.",
        ),
        better=(
            "Por exemplo, {p} escreve {pq} e fala também de {pw} e de {pv}.",
            "O trecho {pq} em {p} responde à pergunta, assim como o que diz sobre {pw}.",
            "{p} é concreto quando afirma {pq}; a menção a {pw} também ajuda.",
        ),
        other=(
            "{o}, por outro lado, propõe {oq}, e a parte sobre {ow} ajuda menos.",
            "Em comparação com {p}, {o} é mais pobre: traz {oq} e pouco além de {ow}.",
            "Quanto a {o}, contenta-se com {oq}, e o que diz de {ow} foge do assunto.",
        ),
        concession=(
            "É verdade que {o} se lê com facilidade.",
            "{o} tem a seu favor um tom gentil.",
            "Um ponto forte de {o} é a parte sobre {ov}.",
        ),
        closing=(
            "No geral, {p} é muito mais útil.",
            "Por essas razões, {p} ajuda mais.",
            "No fim das contas, {p} é o texto mais sólido.",
        ),
        general=(
            "{p} fica perto do pedido e fala de {pw} e de {pv}, enquanto {o} se perde em {ow}.",
            "{o} se demora em {ow}, ao passo que {p} explica {pw}, que é o que o leitor precisa.",
            "{p} é mais útil porque trata de {pw} e de {pv}; {o} deixa isso de lado e fala de {ow}.",
        ),
        marks=('"{}"', "“{}”", "«{}»"),
    ),
    "hi": _Templates(
        opening=(
            "{p} सीधे माँगी गई बात पर आता है।",
            "दोनों में मुख्य अंतर यह है कि कौन कितनी ठोस बात करता है।",
            "विषय की समझ में {p} आगे है और {o} पीछे।",
            "पाठक को सबसे पहले काम की सलाह चाहिए।",
        ),
        better=(
            "{p} में लिखा है कि {pq} और साथ में {pw} तथा {pv} की बात भी है।",
            "{p} की पंक्ति {pq} सवाल का जवाब देती है, और {pw} वाली बात भी काम की है।",
            "{p} ठोस है, जैसे {pq} में दिखता है; {pw} का ज़िक्र भी मदद करता है।",
        ),
        other=(
            "इसके उलट {o} कहता है {oq}, और {ow} वाली बात कम काम आती है।",
            "{p} की तुलना में {o} हल्का है: उसमें {oq} है और {ow} से आगे कुछ खास नहीं।",
            "{o} केवल {oq} पर रुक जाता है और {ow} की ओर भटकता है।",
        ),
        concession=(
            "वैसे {o} पढ़ने में आसान है।",
            "{o} का लहजा दोस्ताना है, यह अच्छी बात है।",
            "{o} की एक अच्छी बात {ov} वाला हिस्सा है।",
        ),
        closing=(
            "कुल मिलाकर {p} अधिक उपयोगी है।",
            "इन कारणों से {p} ज़्यादा मदद करता है।",
            "इसलिए पाठक के लिए {p} बेहतर ठहरता है।",
        ),
        general=(
            "{p} माँगी गई बात के पास रहता है और {pw} तथा {pv} को समझाता है, जबकि {o} {ow} में भटक जाता है।",
            "{o} {ow} पर ही रुकता है, लेकिन {p} {pw} को समझाता है, जो पाठक को चाहिए।",
            "{p} अधिक उपयोगी है क्योंकि उसमें {pw} और {pv} की बात है; {o} इन्हें छोड़कर {ow} पर जाता है।",
        ),
        marks=('"{}"', "“{}”"),
    ),
}

COMPOSED_LANGUAGES = tuple(_TEMPLATES)
"""Languages that there are templates for: those of Community Alignment."""


def compose_rationales(pairs: pl.DataFrame, *, kind: str, seed: int) -> pl.DataFrame:
    """Write a rationale for each pair whose responses have something to point at.

    Args:
        pairs: ``pair_id``, ``source``, ``prompt_id``, ``prompt_text``, ``x_text``, ``y_text``,
            ``preferred`` and ``language``, one of `COMPOSED_LANGUAGES`.
        kind: ``general``, without quotations, or ``specific``, with one of each response.
        seed: Of what is drawn, with the pair.

    Returns:
        `CHECKED`. Pairs are left out where a response has no stretch of words, or not two longer
        words, that the other response lacks.
    """
    made = []
    # A loop over rows: these are a few hundred texts for tests.
    for pair in pairs.sort("pair_id").iter_rows(named=True):
        text = _rationale(pair, kind, f"{seed}/{pair['pair_id']}/{kind}")
        if text is not None:
            more = {"rationale_id": f"{pair['pair_id']}-{kind}", "kind": kind, "text": text}
            made.append(pair | more | {"finish_reason": "stop", "status": "ok"})
    return pl.DataFrame(
        [{name: row[name] for name in CHECKED} for row in made], schema=CHECKED, orient="row"
    )


def compose_pairs(language: str, n: int, *, seed: int) -> pl.DataFrame:
    """Return pairs in a language, written by the synthetic world, for `compose_rationales`.

    Args:
        language: One of `COMPOSED_LANGUAGES`.
        n: Number of pairs, each with a prompt of its own.
        seed: Of the world.
    """
    composer = Composer({"en": ENGLISH, **LEXICONS}[language])
    chance = np.random.default_rng(seed)
    prompts, topics = composer.prompts(chance, n)
    x, y = (
        composer.replies(chance, topics, chance.random((n, 5), np.float32), mean_sentences=4)
        for _ in range(2)
    )
    return pl.DataFrame(
        {
            "pair_id": [f"{language}-{number:04}" for number in range(n)],
            "source": ["world"] * n,
            "prompt_id": [f"{language}-{number:04}" for number in range(n)],
            "prompt_text": prompts,
            "x_text": x,
            "y_text": y,
            "preferred": ["x" if side else "y" for side in chance.random(n) < 1 / 2],
            "language": [language] * n,
        }
    )


def _rationale(pair: dict[str, Any], kind: str, salt: str) -> str | None:
    templates = _TEMPLATES[pair["language"]]
    better, other = ("x", "y") if pair["preferred"] == "x" else ("y", "x")
    texts = {"p": pair[f"{better}_text"], "o": pair[f"{other}_text"]}
    around = {
        "p": f"{texts['o']} {pair['prompt_text']}",
        "o": f"{texts['p']} {pair['prompt_text']}",
    }
    slots = {"p": better.upper(), "o": other.upper()}
    for side in ("p", "o"):
        words = _words_of_one(texts[side], around[side])
        quote = _stretch(texts[side], around[side], f"{salt}/{side}")
        if len(words) < _NEEDED or quote is None:
            return None
        first = _number(salt, side) % len(words)
        slots |= {f"{side}w": words[first], f"{side}v": words[(first + 1) % len(words)]}
        slots[f"{side}q"] = _drawn(templates.marks, salt, "marks", side).format(quote)
    if kind == "general":
        return _drawn(templates.general, salt).format(**slots)
    parts = [
        _drawn(getattr(templates, part), salt, part)
        for part in ("opening", "better", "other", "concession", "closing")
    ]
    if _number(salt, "turn") % 4 == 0 and "{p}" in parts[1] and "{o}" in parts[2]:
        parts[1], parts[2] = parts[2], parts[1]
    if not parts[1].startswith("It "):
        return " ".join(parts).format(**slots)
    return " ".join([templates.opening[0], *parts[1:]]).format(**slots)


def _stretch(text: str, other: str, salt: str) -> str | None:
    """Return some words in a row that only this text has, without marks of any kind."""
    kept = _folded(other)
    found = []
    for sentence in _SENTENCES.split(text):
        words = sentence.split()
        take = _FEWEST + _number(salt, sentence) % (_MOST - _FEWEST + 1)
        for start in range(0, max(len(words) - _FEWEST + 1, 0), _FEWEST):
            part = " ".join(words[start : start + take])
            is_plain = not _MARKS.search(part) and sum(map(str.isalpha, part)) > len(part) / 2
            if is_plain and len(part.split()) >= _FEWEST and _folded(part) not in kept:
                found.append(part)
    return _drawn(found, salt, "stretch") if found else None


def _words_of_one(text: str, other: str) -> list[str]:
    """Return the longer words in small letters that only this text has, in alphabetical order."""
    known = set(_folded(other).split())
    plain = {word for word in re.split(r"[\s.,;:!?।…]+", text) if word == word.lower()}
    # Hindi's vowel signs are no letters to Python, so length alone is asked for.
    return sorted(
        word
        for word in plain
        if len(word) >= _WORD_LETTERS
        and not _MARKS.search(word)
        and word not in known
        and not any(map(str.isdigit, word))
        and "-" not in word
    )


def _folded(text: str) -> str:
    return " ".join(re.sub(r"[.,;:!?।…()\"'’“”*_-]+", " ", text.lower()).split())


def _number(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:8], "big")


def _drawn(choices: Sequence[str], *parts: str) -> str:
    return choices[_number(*parts) % len(choices)]

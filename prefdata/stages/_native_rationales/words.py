"""The words around the letter of a response, in the languages of Community Alignment.

What people call a response comes in two groups. A `RESPONSE` word can mean nothing else here; a
`SHARED` word may also be one of the prompt's own, as in a quiz whose options have letters.
"""

from __future__ import annotations

__all__ = [
    "ANOTHER",
    "ARTICLES",
    "BLOCKERS",
    "CHOOSING",
    "DEVANAGARI",
    "JOINING",
    "LANGUAGES",
    "ORDINALS",
    "RESPONSE",
    "SAYING",
    "SHARED",
    "ZERO_COPULA",
]

LANGUAGES = ("en", "fr", "hi", "it", "pt")
"""Where the language is another one, or unknown, the words are those of English."""

RESPONSE = {
    "en": r"responses?|replies|reply|assistants?|models?|chatbots?|bots?|completions?",
    "fr": r"r[ée]ponses?|assistants?|mod[èe]les?|chatbots?",
    "hi": "उत्तर|जवाब|प्रतिक्रिया|रिस्पॉन्स|रिस्पांस|मॉडल",
    "it": r"rispost[ae]|assistent[ei]|modell[oi]|chatbot",
    "pt": r"respostas?|assistentes?|modelos?|chatbots?",
}

SHARED = {
    "en": r"options?|answers?|choices?|texts?|versions?|outputs?|candidates?",
    "fr": r"options?|choix|propositions?|textes?|versions?",
    "hi": "विकल्प|ऑप्शन|पाठ",
    "it": r"opzion[ei]|scelt[ae]|alternativ[ae]|test[oi]|version[ei]",
    "pt": r"op[çc](?:ão|ões|ao|oes)|escolhas?|alternativas?|textos?|vers(?:ão|ões|ao|oes)",
}

ANOTHER = {
    "en": "another response",
    "fr": "une autre réponse",
    "hi": "एक अन्य उत्तर",
    "it": "un'altra risposta",
    "pt": "outra resposta",
}
"""What a response outside the pair is called."""

ARTICLES = {
    "en": {"the ": ""},
    "fr": {
        "de la ": "d'",
        "de l'": "d'",
        "de l’": "d'",
        "du ": "d'",
        "que la ": "qu'",
        "que le ": "qu'",
        "que l'": "qu'",
        "que l’": "qu'",
        "au ": "à ",
        "la ": "",
        "le ": "",
        "l'": "",
        "l’": "",
    },
    "hi": {},
    "it": {
        f"{short}{ending}": word
        for short, word in (
            ("de", "di "),
            ("a", "a "),
            ("ne", "in "),
            ("da", "da "),
            ("su", "su "),
            ("", ""),
        )
        for ending in (
            ("la ", "l'", "l’", "il ", "lo ") if not short else ("lla ", "ll'", "ll’", "l ")
        )
    },
    "pt": {
        "pela ": "por ",
        "pelo ": "por ",
        "da ": "de ",
        "do ": "de ",
        "na ": "em ",
        "no ": "em ",
        "à ": "a ",
        "ao ": "a ",
        "a ": "",
        "o ": "",
    },
}
"""Articles before a response's name, and what stands in their place before `ANOTHER`."""

JOINING = r",|/|&|\+|and|or|vs\.?|et|ou|e|o|und|और|या|तथा"
"""What joins the letters of several responses."""

CHOOSING = {
    "en": r"chose|choose|chosen|choosing|pick|picked|select|selected|prefer|prefers|preferred"
    r"|liked?|than|unlike|went with|go with|going with|voted? for",
    "fr": r"choisi[sxt]?|choisir|préfère|préféré|préférer|sélectionné|opté pour|aimé|que",
    "hi": "",
    "it": r"scelto|scelgo|scegliere|preferito|preferisco|selezionato|optato per|di",
    "pt": r"escolhi|escolho|escolher|preferi|prefiro|selecionei|optei por|gostei d[ae]|que",
}
"""Words after which a capital letter that stands alone is a response."""

SAYING = {
    "en": r"is|was|isn't|wasn't|has|had|gives|gave|does|did|doesn't|didn't|provides|provided"
    r"|offers|offered|explains|explained|sounds|seems|seemed|feels|felt|goes|answers|answered"
    r"|lacks|lacked|includes|included|also|because",
    "fr": r"est|était|donne|donnait|explique|semble|propose|répond|aussi|parce|car",
    "hi": "",
    "it": r"è|era|ha|dà|spiega|sembra|offre|risponde|anche|perché",
    "pt": r"é|era|foi|tem|dá|deu|explica|parece|oferece|responde|também|porque|pois",
}
"""Words before which a capital letter other than A that stands alone is a response."""

ZERO_COPULA = frozenset({"hi"})
"""Languages of another script, in which no Latin letter that stands alone is a word."""

BLOCKERS = (
    r"vitamins?|vitamines?|vitamin[ae]|vitaminas?|विटामिन|grades?|plan|plano|piano|hepatitis"
    r"|hépatite|epatite|hepatite|types?|tipos?|sections?|parts?|class|classes?|figures?|points?"
    r"|appendix|level|size|team|block|gate|drive|column|row|group|ग्रेड|प्लान|टाइप"
)
"""Words after which a letter is no response."""

ORDINALS = {
    "en": r"first|second|third|fourth|last|1st|2nd|3rd|4th|former|latter",
    "fr": r"premi[èe]re?s?|deuxi[èe]me|seconde?|troisi[èe]me|quatri[èe]me|derni[èe]re?",
    "hi": "पहला|पहले|पहली|दूसरा|दूसरे|दूसरी|तीसरा|तीसरे|तीसरी|चौथा|चौथे|चौथी|आख़िरी|आखिरी",
    "it": r"prim[ao]|second[ao]|terz[ao]|quart[ao]|ultim[ao]",
    "pt": r"primeir[ao]|segund[ao]|terceir[ao]|quart[ao]|últim[ao]",
}
"""Ordinals, which with a word for a response name one by its place."""

DEVANAGARI = {"ए": "A", "बी": "B", "सी": "C", "डी": "D"}
"""The names of the letters in Hindi."""

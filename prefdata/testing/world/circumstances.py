"""Who, where and how many: what makes each prompt one of a kind, in the five languages.

A few hundred templates give few prompts; a place, a name and a number in each keep two prompts that
have nothing to do with each other from sharing most of their words by accident. A ``setting`` is
put around a thing, ``{x}``; a ``sentence`` has ``{name}``, ``{town}`` and ``{n}``, a number of two
digits. ``fillers`` are words that a small edit puts in. The English ones are ASCII, because
non-ASCII rows are counted in HH-RLHF. The towns are invented.
"""

# ruff: noqa: E501 - a table of words is easier to read unbroken

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CIRCUMSTANCES", "Circumstances"]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The circumstances of a question, in one language."""

    settings: tuple[str, ...]
    sentences: tuple[str, ...]
    names: tuple[str, ...]
    towns: tuple[str, ...]
    fillers: tuple[str, ...]


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";"))


_ENGLISH = Circumstances(
    settings=_split(
        "{x} in winter; {x} on a rainy day; {x} after forty; {x} in a small town; {x} on a tight budget; "
        "{x} with small children around; {x} before breakfast; {x} in a big city; {x} without any training; "
        "{x} for two people; {x} at the weekend; {x} in hot weather; {x} during a busy month; {x} far from home; "
        "{x} in old age; {x} on the first try; {x} in a shared flat; {x} after dark; {x} over the holidays; "
        "{x} in a hurry; {x} with hardly any help; {x} near the coast; {x} up in the hills; {x} without a car; "
        "{x} for the first time; {x} with the neighbours watching; {x} on an island; {x} between two jobs; "
        "{x} in the early morning; {x} with a sore back; {x} after a long break; {x} out in the country; "
        "{x} on weekdays only; {x} the way my aunt does it; {x} as a complete outsider; {x} under time pressure; "
        "{x} in a foreign language; {x} with very little room; {x} as a present; {x} year after year"
    ),
    sentences=(
        "{name} from {town} told me about it {n} days ago.",
        "I live in {town} with {name} and have put aside {n} pounds.",
        "Last year {name} asked the same in {town}, where {n} people answered.",
        "We meet at the library in {town} every {n} days, and {name} will be there.",
        "There are {n} of us in {town}, and {name} does most of the talking.",
        "{name} and I have tried {n} times since we moved to {town}.",
        "The nearest shop is {n} miles away in {town}, says {name}.",
        "It came up when {name} stayed {n} nights with us in {town}.",
        "For {n} years {name} has been telling all of {town} about it.",
        "A leaflet from {town} lists {n} ways, but {name} trusts none of them.",
        "In {town} they charge {n} euros for advice, which {name} finds too much.",
        "I promised {name} an answer within {n} hours, before the bus to {town} leaves.",
        "Our club in {town} has {n} members, and {name} keeps the minutes.",
        "{name} lost a bet about this in {town} and now owes me {n} coffees.",
        "I read {n} pages on it while waiting for {name} at {town} station.",
        "The course in {town} takes {n} weeks, and {name} has already signed up.",
        "{name} runs the market stall in {town}, number {n}, and wants to know too.",
        "Only {n} minutes from {town} lives {name}, who does it all differently.",
        "At school in {town} our teacher {name} spent {n} lessons on this.",
        "We have {n} square metres in {town}, and {name} will not move.",
        "My cousin {name} wrote to me from {town} on page {n} of a very long letter.",
        "The radio in {town} had {n} callers on this, the angriest being {name}.",
        "{name} gave up after {n} attempts and went back to {town}.",
        "I owe {name} from {town} a favour, and there are {n} days left.",
    ),
    names=_split(
        "Ada; Agnes; Ahmed; Alma; Amir; Anders; Bela; Bruno; Carla; Cem; Clara; Conrad; Dara; Dimitri; Doris; Edwin; "
        "Elif; Emeka; Enzo; Esther; Fatima; Felix; Flora; Gideon; Greta; Hanna; Hector; Ida; Igor; Ines; Ivan; Jamal; "
        "Jonas; Judith; Kamal; Karin; Kofi; Leila; Lionel; Lucia; Magda; Malik; Marta; Milan; Nadia; Nils; Noor; Olga; "
        "Oscar; Paula; Petra; Quentin; Rafael; Rosa; Samir; Selma; Silas; Tamara; Theo; Ursula; Vera; Viktor; Wanda; Yusuf"
    ),
    towns=_split(
        "Abermoor; Ashwick; Barlow Cross; Belford Hythe; Birchcombe; Bramley End; Brigstone; Calderby; Castle Holm; Chesham Vale; "
        "Cold Ferry; Copperton; Cranleigh; Dalby Sands; Dunmarsh; Eastry; Elderfield; Fallowdale; Fernhill; Foxholt; "
        "Garrick Bay; Glenmore; Gorsebank; Grayling; Hallow Green; Hartsmere; Hazelbrook; Highmere; Holloway Point; Inverglass; "
        "Kestrel Hill; Kingsmarsh; Lambourne; Larkfield; Lindale; Long Sutton; Marlow Bridge; Millhaven; Mossley; Netherby; "
        "Northwold; Oakhampton; Ormsby; Pebble Cove; Pinewater; Queensport; Ravensea; Redlake; Rowanside; Saltash Quay; "
        "Sandmere; Shelby; Silverdale; Stonebeck; Swanford; Thornbury; Tidewell; Upper Leigh; Wadeport; Westerlea; "
        "Whitcombe; Willowby; Winterslow; Yarrow"
    ),
    fillers=("really", "perhaps", "exactly", "honestly", "simply", "actually", "again"),
)

_FRENCH = Circumstances(
    settings=_split(
        "{x} en hiver; {x} à la campagne; {x} avec peu d'argent; {x} pour deux personnes; {x} le dimanche; "
        "{x} sans voiture; {x} près de la mer; {x} avec des enfants; {x} après le travail; {x} pour la première fois"
    ),
    sentences=(
        "{name} m'en a parlé il y a {n} jours à {town}.",
        "J'habite à {town} avec {name} et j'ai {n} euros de côté.",
        "Nous sommes {n} à {town}, et {name} parle le plus.",
        "À {town}, {name} a déjà essayé {n} fois.",
        "Le cours de {town} dure {n} semaines, et {name} s'est inscrit.",
        "J'ai lu {n} pages dessus en attendant {name} à la gare de {town}.",
        "Je dois répondre à {name} dans {n} heures, avant le car pour {town}.",
        "Notre club de {town} compte {n} membres, dont {name}.",
    ),
    names=_split(
        "Aline; Bastien; Cécile; Denis; Élodie; Fabrice; Gisèle; Hugo; Inès; Joël; Karim; Lucie"
    ),
    towns=_split(
        "Aubeville; Belcastel; Courtmont; Dormans; Estrelles; Fontclaire; Grandpré; Hautbois; Les Ormes; Montrival; Pierrelac; Valombre"
    ),
    fillers=("vraiment", "peut-être", "encore", "surtout"),
)

_ITALIAN = Circumstances(
    settings=_split(
        "{x} in inverno; {x} in campagna; {x} con pochi soldi; {x} per due persone; {x} di domenica; "
        "{x} senza la macchina; {x} vicino al mare; {x} con i bambini; {x} dopo il lavoro; {x} per la prima volta"
    ),
    sentences=(
        "{name} me ne ha parlato {n} giorni fa a {town}.",
        "Abito a {town} con {name} e ho {n} euro da parte.",
        "Siamo in {n} a {town}, e {name} parla più di tutti.",
        "A {town} ci ha già provato {name}, almeno {n} volte.",
        "Il corso di {town} dura {n} settimane, e {name} si è già iscritto.",
        "Ho letto {n} pagine mentre aspettavo {name} alla stazione di {town}.",
        "Devo rispondere a {name} entro {n} ore, prima del treno per {town}.",
        "Il nostro circolo di {town} ha {n} soci, tra cui {name}.",
    ),
    names=_split(
        "Agata; Bruno; Carlotta; Dario; Elena; Fausto; Ginevra; Ivo; Lidia; Niccolò; Ornella; Piero"
    ),
    towns=_split(
        "Acquarossa; Borgonero; Castelmare; Fontelunga; Grottaverde; Lagobello; Montesole; Pietrafonda; Roccavento; San Leo; Torrealta; Vallescura"
    ),
    fillers=("davvero", "forse", "ancora", "soprattutto"),
)

_HINDI = Circumstances(
    settings=_split(
        "सर्दियों में {x}; गाँव में {x}; कम पैसों में {x}; दो लोगों के लिए {x}; रविवार को {x}; "
        "बिना गाड़ी के {x}; समुद्र के पास {x}; बच्चों के साथ {x}; काम के बाद {x}; पहली बार {x}"
    ),
    sentences=(
        "{town} में {name} ने {n} दिन पहले यह बताया था।",
        "मैं {name} के साथ {town} में हूँ और {n} रुपये बचे हैं।",
        "{town} में हम {n} लोग हैं, और {name} सबसे ज़्यादा बोलते हैं।",
        "{name} ने {town} में {n} बार कोशिश की है।",
        "{town} का पाठ {n} हफ़्ते का है, और {name} ने नाम लिखवा दिया है।",
        "{town} स्टेशन पर {name} की राह देखते हुए मैंने {n} पन्ने पढ़े।",
        "{town} की बस से पहले, {n} घंटे में, {name} को जवाब देना है।",
        "{town} के हमारे क्लब में {n} सदस्य हैं, {name} भी।",
    ),
    names=_split("अनीता; भरत; चित्रा; दीपक; गीता; हरीश; इला; जतिन; कमला; ललित; मीना; नवीन"),
    towns=_split(
        "अमरपुर; बेलगाँव; चंदनवाड़ी; देवनगर; फूलपुर; गंगाघाट; हरिपुर; कमलपुर; मोतीनगर; नीलगढ़; रामटेक; सोनपुर"
    ),
    fillers=("सचमुच", "शायद", "फिर", "ज़रा"),
)

_PORTUGUESE = Circumstances(
    settings=_split(
        "{x} no inverno; {x} no campo; {x} com pouco dinheiro; {x} para duas pessoas; {x} aos domingos; "
        "{x} sem carro; {x} perto do mar; {x} com crianças; {x} depois do trabalho; {x} pela primeira vez"
    ),
    sentences=(
        "{name} me falou disso há {n} dias em {town}.",
        "Moro em {town} com {name} e guardei {n} reais.",
        "Somos {n} em {town}, e {name} fala mais que todos.",
        "Em {town}, {name} já tentou {n} vezes.",
        "O curso de {town} dura {n} semanas, e {name} já se inscreveu.",
        "Li {n} páginas enquanto esperava {name} na estação de {town}.",
        "Preciso responder a {name} em {n} horas, antes do ônibus para {town}.",
        "Nosso clube em {town} tem {n} sócios, entre eles {name}.",
    ),
    names=_split(
        "Alice; Benedito; Célia; Davi; Eunice; Flávio; Graça; Heitor; Iara; João; Lúcia; Mateus"
    ),
    towns=_split(
        "Água Clara; Boa Serra; Campo Belo; Dois Rios; Flores; Lagoa Nova; Monte Azul; Pedra Alta; Ribeirinha; Santa Luz; Três Pontes; Vale Verde"
    ),
    fillers=("realmente", "talvez", "ainda", "sobretudo"),
)

CIRCUMSTANCES = {
    "en": _ENGLISH,
    "fr": _FRENCH,
    "it": _ITALIAN,
    "hi": _HINDI,
    "pt": _PORTUGUESE,
}
"""The circumstances of each language of the world, by its code."""

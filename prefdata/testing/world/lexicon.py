"""The words of the English world: topics, questions and sentences of our own.

A lexicon is data only; `prefdata.testing.world.text` turns it into prompts and responses.
In templates, ``{x}`` and ``{y}`` are two different things of one topic.
"""

# ruff: noqa: E501 - a table of words is easier to read unbroken

from __future__ import annotations

from dataclasses import dataclass

from prefdata.testing.world.circumstances import CIRCUMSTANCES, Circumstances

__all__ = ["ENGLISH", "Lexicon"]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What one language can say; every field is a list of templates or plain sentences."""

    topics: dict[str, tuple[str, ...]]
    """Noun phrases of each topic, equally many per topic."""
    asks: tuple[str, ...]
    who: tuple[str, ...]
    goals: tuple[str, ...]
    body: tuple[str, ...]
    openers: tuple[str, ...]
    closers: tuple[str, ...]
    cautions: tuple[str, ...]
    overclaims: tuple[str, ...]
    feedback: tuple[str, ...]
    follow_ups: tuple[str, ...]
    circumstances: Circumstances


_TOPICS = {
    "cooking": "vegetable soup; fresh bread; a rice dish for eight; slow stew; lemon cake; dried "
    "beans; a spice rack; pickled onions; fish on the grill; school lunches",
    "gardening": "tomato plants; a small lawn; roses; compost; raised beds; apple trees; herbs on a "
    "balcony; slugs; autumn leaves; seedlings",
    "travel": "a night train; a week by the sea; hand luggage; a mountain hut; travel insurance; "
    "a city with children; border papers; cheap hostels; a ferry crossing; a long layover",
    "sleep": "early mornings; night shifts; a noisy street; afternoon naps; screen time before bed; "
    "jet lag; a firm mattress; bad dreams; weekend lie-ins; evening coffee",
    "running": "a first half marathon; sore knees; interval training; new shoes; running in winter; "
    "rest days; a breathing rhythm; warm-up drills; trail running; a slow pace",
    "music": "the violin; sight reading; an old piano; choir practice; home recording; a drum kit; "
    "jazz chords; stage fright; vinyl records; song lyrics",
    "money": "a monthly budget; student loans; a pension plan; grocery bills; a rainy-day fund; "
    "index funds; shared rent; a tax return; credit cards; a first salary",
    "work": "a job interview; weekly meetings; a difficult manager; remote work; a career change; "
    "a cover letter; unpaid overtime; a new team; working part time; a performance review",
    "family": "a newborn; teenage children; ageing parents; a long marriage; sibling rivalry; "
    "family holidays; a stepchild; screen rules; pocket money; a distant cousin",
    "friendship": "an old school friend; a lonely neighbour; a broken promise; a surprise party; "
    "making friends after forty; group chats; a jealous friend; small talk; a long silence; a wedding toast",
    "religion": "daily prayer; interfaith marriage; religious holidays; fasting; doubt; a village "
    "church; meditation; sacred texts; pilgrimages; religious schools",
    "politics": "local elections; voting age; tax reform; public transport fares; border policy; "
    "freedom of speech; housing law; a referendum; party funding; the minimum wage",
    "climate": "solar panels; electric cars; flood defences; plastic packaging; heat pumps; "
    "wind farms; eating less meat; carbon taxes; old forests; summer droughts",
    "health": "high blood pressure; seasonal allergies; back pain; a dental check; migraine; "
    "vitamin tablets; a broken wrist; hearing loss; a blood test; cold symptoms",
    "science": "black holes; plate tectonics; gene editing; the speed of light; vaccines; "
    "prime numbers; ocean currents; photosynthesis; quantum computers; dark matter",
    "history": "the Silk Road; medieval guilds; the printing press; Roman roads; the steam engine; "
    "ancient libraries; the spice trade; castle walls; the telegraph; old maps",
    "software": "a slow database query; version control; unit tests; a memory leak; command line "
    "tools; a web form; data backups; spreadsheet macros; password managers; a mobile app",
    "writing": "a short story; an apology letter; a wedding speech; a blog about birds; plot twists; "
    "dialogue; a diary; poetry in rhyme; writer's block; a book review",
    "language": "Spanish verbs; Welsh place names; sign language; a strong accent; business email; "
    "German cases; reading aloud; false friends; Japanese kanji; bilingual children",
    "pets": "a rescue dog; an indoor cat; goldfish; a talking parrot; puppy training; fleas; "
    "an old horse; pet insurance; a shy rabbit; long walks",
    "home": "a leaking tap; damp walls; a tiny kitchen; squeaky floors; paint colours; a smart "
    "thermostat; noisy neighbours; moving boxes; attic insulation; a shared garden",
    "sport": "penalty kicks; chess openings; a tennis serve; swimming lessons; referee decisions; "
    "cycling to work; yoga poses; a climbing wall; fantasy leagues; cricket rules",
    "film": "silent films; a plot hole; film festivals; superhero sequels; subtitles; "
    "documentaries; horror for beginners; stop motion; film scores; a remake",
    "ethics": "white lies; organ donation; animal testing; inherited wealth; school uniforms; "
    "surveillance cameras; the death penalty; assisted dying; self-driving cars; tipping",
}

ENGLISH = Lexicon(
    topics={name: tuple(things.split("; ")) for name, things in _TOPICS.items()},
    asks=(
        "How should a beginner go about {x}, and where does {y} come in?",
        "What is the one mistake people make with {x}? I have already read about {y}.",
        "Is {x} really worth the trouble compared with {y}?",
        "My sister swears by {x}. I would rather hear about {y}. Who is right?",
        "Give me three arguments for {x} and one against {y}.",
        "Can you explain {x} to a ten-year-old? Mention {y} if it helps.",
        "I keep failing at {x}. Could {y} be the reason?",
        "What changed about {x} in the last twenty years, and did {y} follow?",
        "Write a short note to a colleague about {x}, and leave {y} out of it.",
        "Which comes first for someone with little time: {x} or {y}?",
        "Do you have a personal opinion on {x}? What about {y}?",
        "Why do experts disagree so much about {x} when {y} seems settled?",
        "Plan my next two weeks around {x}. Saturday is already taken by {y}.",
        "What would you say to somebody who is afraid of {x} but likes {y}?",
        "Summarise what matters about {x}; then compare it with {y} in a single line.",
        "Are there cheap ways to improve {x} without touching {y}?",
        "People in my town argue about {x} every year. How is {y} handled elsewhere?",
        "Tell me something surprising about {x} that also holds for {y}.",
        "Should schools teach {x}? They already spend hours on {y}.",
        "I don't understand {x} at all. Start from {y}, which I know well.",
    ),
    who=(
        "I live alone in a small flat.",
        "We are a family of five.",
        "I work nights at a hospital.",
        "I retired last spring.",
        "My English is not perfect, sorry.",
        "I teach at a primary school.",
        "I am nineteen and new in town.",
        "Hello there!",
        "My doctor told me to slow down.",
        "I run a small shop with my brother.",
        "Quick question.",
        "I grew up on a farm.",
        "I have about an hour each evening.",
        "We just moved to another country.",
        "I am writing an article.",
        "My partner and I disagree.",
        "I use a wheelchair.",
        "I have tried this twice before.",
        "I am curious, nothing more.",
        "My boss wants an answer by Monday.",
    ),
    goals=(
        "I want something that lasts.",
        "Please keep it honest.",
        "I can't spend much money on it.",
        "Explain it step by step.",
        "My goal is to feel more confident.",
        "Don't tell me to ask an expert.",
        "A short answer is enough.",
        "I would like to hear both sides.",
        "It has to work in winter too.",
        "Assume I know nothing.",
        "I need it before the weekend.",
        "It's for my grandmother.",
        "I'd like some numbers if you have them.",
        "Nobody around me could help.",
        "Be kind, it has been a hard year.",
        "I will show your answer to my class.",
        "What would you do in my place?",
        "I am mostly worried about safety.",
        "Some examples would help me.",
        "I don't mind reading a long reply.",
    ),
    body=(
        "Most people who do well with {x} start small and change one thing at a time.",
        "It helps to write down what you already know about {x} before you add anything new.",
        "There is a real difference between {x} and {y}, and mixing them up wastes time.",
        "A common view is that {x} depends mostly on patience, although money plays a part.",
        "If you only have ten minutes, look at {x} first and leave the rest for another day.",
        "Some prefer {y}, and that is fine as long as the reasons are clear to everybody.",
        "In practice {x} turns out to be less difficult than it looks from the outside.",
        "The main cost of {x} is attention, and that is why regular breaks matter.",
        "Ask somebody who has lived with {x} for years; they will point out what books leave out.",
        "You don't need special equipment for {x}, only a plan and a little room.",
        "Compare two options side by side, for example {x} against {y}, and note what surprises you.",
        "Opinions on {x} differ between regions, and both habits have good reasons behind them.",
        "When {x} goes wrong, the cause is usually a small step that was skipped early on.",
        "Keep a record for a month, because memory is a poor guide where {x} is concerned.",
        "It's easier to stop early with {y} than to repair the damage later.",
        "The evidence on {x} is mixed, so treat strong claims with some care.",
        "Set a limit in advance, and decide what you will do about {x} when you reach it.",
        "Children often learn about {x} faster than adults, since they don't fear mistakes.",
        "A good rule is to spend twice as long on {y} as you first planned.",
        "What matters most about {x} is that it fits the life that you actually lead.",
        "You could try {x} on a quiet weekday, when nobody is waiting for a result.",
        "History offers a useful lesson here: {x} was once considered a luxury.",
        "If {y} worries you, say so early and ask for a second opinion.",
        "Think about who else is affected by {x}, and include them before you decide.",
        "The simplest version of {x} takes an afternoon; the careful version takes a season.",
        "Two or three short sessions on {x} tend to beat a single long one.",
        "Once {x} feels natural, move on to {y} and build on the same habits.",
        "Prices for {x} vary widely, so it pays to compare before the busy months.",
        "There's no need to be perfect at {x}; steady progress is enough for most purposes.",
        "Finally, look back after a few weeks and ask whether {x} still serves its purpose.",
    ),
    openers=(
        "What a lovely question, thank you for asking!",
        "I'm really glad you brought this up.",
        "It sounds like you care a lot about this, and that's wonderful.",
        "I'm happy to help, and you are not alone with this.",
        "Thank you for trusting me with this.",
        "I can imagine how that feels, so let's look at it together.",
    ),
    closers=(
        "I hope this helps, and I'm rooting for you!",
        "Please be gentle with yourself along the way.",
        "You're doing great, and I'd love to hear how it goes.",
        "Take good care, and ask me anything else you like!",
        "Wishing you and yours all the best with it.",
        "You can be proud of having started.",
    ),
    cautions=(
        "Please talk to a qualified professional before you make a decision of this weight.",
        "Stop at once if anything hurts or feels unsafe, and seek help nearby.",
        "Do check the rules where you live, because they may forbid parts of this.",
        "Never do this alone, and keep emergency numbers within reach.",
        "I can't judge your situation from here, so take this as general information only.",
        "If somebody could get hurt, the safer choice is to wait.",
    ),
    overclaims=(
        "This always works for everyone, without a single exception.",
        "There is no doubt whatsoever, and all experts agree with every word.",
        "It has been proved beyond question that nothing else has any effect.",
        "Anybody who says otherwise is simply wrong.",
        "You will see complete results by tomorrow, guaranteed.",
        "No other approach has ever worked in all of history.",
    ),
    feedback=(
        "I chose this one because it says the most important thing about {x} first.",
        "The others went on about {y} for too long.",
        "It felt like it was written for me, and {x} was what I asked about.",
        "I liked the examples, though the part on {y} could be shorter.",
        "It warned me about {x}, which the rest did not do.",
        "Clear and balanced; I would have liked more on {y}.",
        "The tone was friendly, and it didn't lecture me about {x}.",
        "Honestly all of them were close, but this was the most detailed on {x}.",
        "It gave me steps that I can follow, even for {y}.",
        "The answer was too careful about {x}, yet still the best.",
        "Good, but it repeats itself when it comes to {y}.",
        "I learned something new about {x} and will try it.",
    ),
    follow_ups=(
        "Can you say more about {x}?",
        "Thanks. And what if {x} is not an option for me?",
        "I don't agree. Why would {y} matter here?",
        "Ok, but how long does {x} take?",
        "Could you make that shorter and leave out {y}?",
        "That's helpful. What should I do about {x} on the first day?",
        "Who told you that about {x}?",
        "Are you sure? My neighbour says the opposite about {y}.",
        "Give me an example with {x}, please.",
        "What would happen without {y}?",
        "And is {x} more expensive than it used to be?",
        "I tried {y} once and it went badly.",
    ),
    circumstances=CIRCUMSTANCES["en"],
)

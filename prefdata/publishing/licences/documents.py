"""NOTICE and LICENSES.md: whose work is published, under what, and what that asks for."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from prefdata.publishing.licences.expressions import joined
from prefdata.publishing.licences.table import license_of, resolved
from prefdata.publishing.licences.terms import NO_TERMS, terms_called

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefdata.publishing.facts import Facts, GeneratorFacts, SourceFacts

__all__ = ["NO_ADVICE", "licenses_text", "notice_text"]

NO_ADVICE = (
    "This is not legal advice. It tells what the sources state and what a table of licences and "
    "terms says of it, in our own words; what counts is the text behind each link."
)
_PARTS = (
    "A licence belongs to a part of a row, not to the row: the words of people, responses of "
    "models and judgments of both may be under different ones. Each part keeps the licence that it "
    "came under."
)
_WIDTH = 100
_COMPONENTS = {
    "prompt": "prompts",
    "response": "responses",
    "annotation": "annotations",
    "demographics": "demographics",
}


def notice_text(facts: Facts) -> str:
    """Return NOTICE: whose work it is, and what whoever uses or passes it on must do.

    Args:
        facts: ``obligations`` as `prefdata.publishing.licences.obligations.obligations` returns
            them.

    Returns:
        Plain text, the same for the same facts.
    """
    lines = [
        f"NOTICE of {_line(facts.texts.title)}, {facts.version}",
        "",
        *_wrapped(NO_ADVICE),
        "",
        *_wrapped(
            f"Published under {facts.license}. Each part also keeps the licence that it came "
            "under; LICENSES.md has the table. Pass both files on with the data."
        ),
        "",
        *_heading("Whose work this is"),
    ]
    for source in sorted(facts.sources, key=lambda one: one.name):
        lines += ["", *_author(source)]
    lines += ["", *_heading("What is asked of you")]
    for duty in facts.obligations:
        lines += ["", *_wrapped(f"- {_line(duty.name)}", after="  ")]
        lines += _wrapped(_line(duty.text), first="  ", after="  ")
        lines += _wrapped(f"Holds for: {', '.join(duty.applies_to)}.", first="  ", after="  ")
    if not facts.obligations:
        lines += ["", "Nothing."]
    told = [source for source in facts.sources if source.terms]
    if told:
        lines += ["", *_heading("What the publishers say besides")]
    for source in sorted(told, key=lambda one: one.name):
        lines += ["", *_wrapped(_line(source.title))]
        for term in source.terms:
            lines += _wrapped(f"- {_line(term)}", first="  ", after="    ")
    return "\n".join(lines).rstrip() + "\n"


def licenses_text(facts: Facts) -> str:
    """Return LICENSES.md: the licence of each part of each source, and what each asks for.

    Returns:
        Markdown, the same for the same facts.
    """
    title = _cell(facts.texts.title)
    blocks = [
        f"# Licences of {title}",
        NO_ADVICE,
        f"Published under **{facts.license}**. {_PARTS}",
        "## By source and part",
        _table(("source", "part", "licence", "in configurations"), _part_rows(facts.sources)),
        "## What the licences ask",
        _table(("licence", "title", "use", "asks"), _license_rows(facts)),
        "## Terms of those whose models wrote or judged",
        *_terms_blocks(facts.generators),
    ]
    if facts.accepted:
        blocks += [
            "## Published though nobody knows the licence",
            _table(("source", "why it is published all the same"), sorted(facts.accepted.items())),
        ]
    blocks.append("NOTICE has the authors, and all that is asked of whoever uses or passes it on.")
    return "\n\n".join(blocks) + "\n"


def _author(source: SourceFacts) -> Iterator[str]:
    yield from _wrapped(_line(source.title))
    if source.homepage:
        yield f"  {source.homepage}"
    if source.repo:
        yield f"  On the hub: {source.repo}, revision {source.revision or 'not known'}"
    if source.doi:
        yield f"  DOI: {source.doi}"
    licenses = [
        f"{_COMPONENTS.get(name, name)} {_plain(text)}"
        for name, text in sorted(source.licenses.items())
    ]
    yield from _wrapped(f"Licences: {'; '.join(licenses) or 'not known'}", first="  ", after="  ")
    pairs = sum(source.n_published.values())
    yield f"  Changed here: rows were selected, cleaned and paired; {pairs:,} pairs are published."
    if source.citation and source.citation.strip():
        yield "  Cited as:"
        yield from textwrap.indent(textwrap.dedent(source.citation).strip(), "    ").splitlines()
    else:
        yield "  Authors: not known"


def _plain(text: str) -> str:
    """Return an expression without repetition, where it leaves no choice."""
    options = resolved(text)
    if len(options) > 1:
        return _line(text)
    ((known, lost),) = options
    return joined([*(one.spdx for one in known), *lost])


def _part_rows(sources: Iterable[SourceFacts]) -> Iterator[tuple[str, ...]]:
    for source in sorted(sources, key=lambda one: one.name):
        where = ", ".join(sorted(source.n_published)) or "none"
        for name, words in _COMPONENTS.items():
            if name in source.licenses:
                yield source.title, words, _plain(source.licenses[name]), where


def _license_rows(facts: Facts) -> Iterator[tuple[str, ...]]:
    texts = {facts.license, *(text for one in facts.sources for text in one.licenses.values())}
    names = {
        name
        for text in texts
        for known, lost in resolved(text)
        for name in (*(one.spdx for one in known), *lost)
    }
    uses = {
        "all": "all",
        "nc": "no commerce",
        "academic": "research only",
        "unspecified": "unknown",
    }
    for name in sorted(names):
        one = license_of(name)
        if one is None:
            yield name, "not in our table", "unknown", "Read it before you use the data."
        else:
            yield f"[{name}]({one.url})", one.title, uses[one.use], one.obligations


def _terms_blocks(generators: Iterable[GeneratorFacts]) -> Iterator[str]:
    models: dict[str, set[str]] = {}
    for one in generators:
        models.setdefault(one.terms or NO_TERMS, set()).add(one.model)
    if not models:
        yield "No model wrote or judged any of it, so far as the sources tell."
        return
    yield (
        "They bind whoever had the contract or took the weights. Whether they bind those who get "
        "the texts from somebody else is disputed."
    )
    rows = []
    for name, named in sorted(models.items()):
        terms = terms_called(name)
        title = f"[{terms.title}]({terms.url})" if terms.url else terms.title
        rows.append((title, ", ".join(sorted(named)), terms.text))
    yield _table(("terms", "models", "in short"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Return a text that breaks no table and no page: titles and names come from outside."""
    return _line(text).replace("|", "\\|").replace("<", "&lt;")


def _line(text: str) -> str:
    return " ".join(text.split())


def _heading(text: str) -> list[str]:
    return [text, "-" * len(text)]


def _wrapped(text: str, *, first: str = "", after: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=after,
        break_long_words=False,
        break_on_hyphens=False,
    )

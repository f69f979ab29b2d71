"""The parts of the card that say how much there is, and what a row means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.publishing.card.markdown import (
    NOT_KNOWN,
    bullets,
    code,
    fenced,
    inline,
    number,
    prose,
    quoted,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefdata.publishing.facts import ConfigFacts, Facts

__all__ = ["columns_part", "summary_part"]


def summary_part(facts: Facts) -> str:
    """Return the summary, the rows and bytes of each split, what was left out, and how to load."""
    warning = facts.texts.content_warning.strip()
    parts = [
        quoted(f"**Content warning.** {warning}") if warning else "",
        prose(facts.texts.summary, otherwise="No summary was given."),
        (
            f"Version {code(facts.version)}; licence: {inline(facts.license)} (see below, and "
            "[LICENSES.md](LICENSES.md))."
        ),
        _counts(facts),
        _languages(facts),
        _left_out(facts),
        _loading(facts),
    ]
    return "\n\n".join(part for part in parts if part)


def columns_part(facts: Facts) -> str:
    """Return the columns of each configuration, and what a preference means in them."""
    parts = []
    for alike in _alike(facts.configs):
        first = alike[0]
        parts.append(f"### Columns of {', '.join(code(config.name) for config in alike)}")
        parts.append(
            table(
                ("Column", "Type", "Meaning"),
                (
                    (
                        code(column.name),
                        code(column.type),
                        inline(column.description) or NOT_KNOWN,
                    )
                    for column in first.columns
                ),
            )
        )
        parts.extend(_limits(first))
    return "\n\n".join([*parts, "### What a preference means", _semantics(facts)])


def _counts(facts: Facts) -> str:
    """Return rows and bytes; the sums are the only numbers that are computed here."""
    splits = [(config, split) for config in facts.configs for split in config.splits]
    rows = [
        (
            code(config.name) + (" (default)" if config.is_default else ""),
            code(split.name),
            number(split.rows),
            number(split.size),
            number(len(split.files)),
        )
        for config, split in splits
    ]
    sums = (
        "**all**",
        "",
        number(sum(split.rows for _, split in splits)),
        number(sum(split.size for _, split in splits)),
        number(sum(len(split.files) for _, split in splits)),
    )
    head = ("Configuration", "Split", "Rows", "Bytes", "Files")
    return table(head, [*rows, sums], numbers=head[2:])


def _languages(facts: Facts) -> str:
    if not facts.languages:
        return f"Languages of the prompts: {NOT_KNOWN}."
    ordered = sorted(facts.languages.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{code(name)} {number(n)}" for name, n in ordered)
    return f"Languages of the prompts, by number of prompts: {listed}."


def _left_out(facts: Facts) -> str:
    rows = [
        (code(config.name), inline(reason), number(n))
        for config in facts.configs
        for reason, n in sorted(config.left_out.items())
    ]
    if not rows:
        return "No pair that the recipe selected was left out."
    return "Pairs that the recipe selected, and that were left out:\n\n" + table(
        ("Configuration", "Why", "Pairs"), rows, numbers=("Pairs",)
    )


def _loading(facts: Facts) -> str:
    default = next((config for config in facts.configs if config.is_default), facts.configs[0])
    place = facts.repo_id or "folder/of/this/file"
    revision = f', revision="{facts.version}"' if facts.repo_id else ""
    return fenced(
        "from datasets import load_dataset\n\n"
        f'pairs = load_dataset("{place}", "{default.name}"{revision})',
        "python",
    )


def _alike(configs: Iterable[ConfigFacts]) -> list[list[ConfigFacts]]:
    """Return configurations by what their rows look like, in their order."""
    groups: dict[tuple[object, ...], list[ConfigFacts]] = {}
    for config in configs:
        look = (config.columns, config.loses, config.leaves_out)
        groups.setdefault(look, []).append(config)
    return list(groups.values())


def _limits(config: ConfigFacts) -> list[str]:
    limits = [
        ("What the format cannot hold:", [inline(item) for item in config.loses]),
        ("Columns that the recipe leaves out:", [code(name) for name in config.leaves_out]),
    ]
    return [f"{what}\n\n{bullets(items)}" for what, items in limits if items]


def _semantics(facts: Facts) -> str:
    names = {column.name for config in facts.configs for column in config.columns}
    said = ["A value that the source does not give is null."]
    if {"chosen", "rejected"} <= names:
        said.insert(
            0,
            "`chosen` is the response that was preferred, `rejected` the one it was preferred "
            "over. Nothing here says in which order an annotator saw them.",
        )
    if "margin" in names:
        said.append(
            "Margins are distances between the two responses in the unit of their source; margins "
            "of different units cannot be compared."
        )
    rows = [
        (code(config.name), what, inline(value), number(n))
        for config in facts.configs
        for what, counts in (
            ("rule that made the pair", config.rules),
            ("aspect that was judged", config.aspects),
            ("unit of the margin", config.units),
        )
        for value, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    counted = table(("Configuration", "What", "Value", "Pairs"), rows, numbers=("Pairs",))
    return f"{bullets(said)}\n\n{counted}"

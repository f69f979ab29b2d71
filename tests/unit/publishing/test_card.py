"""The card says what the facts say, all of it and nothing else, and the hub's readers take it."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from huggingface_hub import DatasetCard
from markdown_it import MarkdownIt

from prefdata.publishing.card import card_text
from prefdata.publishing.card.front import front_matter, size_category
from prefdata.publishing.card.page import PARTS
from prefdata.publishing.facts import AnnotatorFacts, ColumnFacts, Facts, PrivacyFacts, Texts
from prefdata.testing.publication import AWKWARD, example_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []

_READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_NUMBER = re.compile(r"(?<![\w.,/:-])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w/])")


@pytest.fixture(scope="module")
def facts() -> Facts:
    return example_facts()


@pytest.fixture(scope="module")
def card(facts: Facts) -> str:
    return card_text(facts)


@pytest.fixture(scope="module")
def body(card: str) -> str:
    return card[card.index("\n---\n", 3) + 5 :]


@pytest.fixture(scope="module")
def matter(card: str) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(card[4 : card.index("\n---\n", 3)])
    return value


def _bare() -> Facts:
    """Return facts of a publication of which hardly anything is known."""
    full = example_facts()
    return dataclasses.replace(
        full,
        repo_id=None,
        license="MIT",
        texts=Texts(title="Bare"),
        configs=tuple(
            dataclasses.replace(config, left_out={}, loses=(), leaves_out=(), columns=())
            for config in full.configs[:1]
        ),
        sources=(),
        generators=(),
        steps=(),
        annotators=(),
        privacy=PrivacyFacts(
            has_pseudonyms=False,
            key_fingerprint=None,
            demographics=(),
            k=10,
            n_annotators=0,
            n_suppressed=0,
            hits={},
            scrubbed={},
            n_removed=0,
        ),
        obligations=(),
        findings=(),
        accepted={},
        languages={},
        tags=(),
        versions={},
    )


def _walk(value: object) -> Iterator[object]:
    """Yield every value below the facts, and every key that is one."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _walk(getattr(value, field.name))
    elif hasattr(value, "items"):
        for key, item in value.items():
            yield key
            yield from _walk(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _walk(item)
    else:
        yield value


def test_the_front_matter_has_the_keys_of_the_hub_in_order(matter: dict[str, Any]) -> None:
    assert list(matter) == [
        "pretty_name",
        "license",
        "license_name",
        "license_link",
        "language",
        "tags",
        "task_categories",
        "size_categories",
        "annotations_creators",
        "source_datasets",
        "extra_gated_prompt",
        "extra_gated_fields",
        "configs",
        "dataset_info",
    ]
    assert matter["language"] == ["pt", "no", "en"]
    assert matter["size_categories"] == ["1K<n<10K"]
    assert matter["annotations_creators"] == ["crowdsourced", "machine-generated"]
    assert matter["source_datasets"] == ["Anthropic/hh-rlhf", "HannahRoseKirk/prism-alignment"]
    assert {"safety", "dpo", "trl", "human-feedback", "ai-feedback"} <= set(matter["tags"])
    assert matter["configs"] == [
        {
            "config_name": "commercial",
            "data_files": [
                {"split": "train", "path": "commercial/train-*-of-00002.parquet"},
                {"split": "test", "path": "commercial/test-00000-of-00001.parquet"},
            ],
            "default": True,
        },
        {
            "config_name": "research",
            "data_files": [{"split": "train", "path": "research/train-00000-of-00001.parquet"}],
        },
    ]
    info = matter["dataset_info"][0]
    assert info["splits"][1] == {"name": "test", "num_bytes": 71_001, "num_examples": 2009}
    assert (info["download_size"], info["dataset_size"]) == (101_042, 141_002)


def test_the_hub_reads_the_card(card: str, matter: dict[str, Any]) -> None:
    read = DatasetCard(card).data
    assert {name: read.get(name) for name in matter} == matter
    assert "You agree:\n---\n- not" in matter["extra_gated_prompt"]
    assert matter["extra_gated_fields"] == {"Name": "text", "I agree": "checkbox"}


def test_tags_are_true_of_the_annotators(facts: Facts) -> None:
    models = dataclasses.replace(
        facts, annotators=(AnnotatorFacts("scrape", "model", 1, 1, None, None),)
    )
    assert "human-feedback" not in front_matter(models)["tags"]
    assert front_matter(models)["annotations_creators"] == ["machine-generated"]


def test_files_that_are_no_shards_are_listed(facts: Facts) -> None:
    config = facts.configs[0]
    split = dataclasses.replace(config.splits[0], files=("a/x.parquet", "a/y.parquet"))
    odd = dataclasses.replace(facts, configs=(dataclasses.replace(config, splits=(split,)),))
    (files,) = front_matter(odd)["configs"][0]["data_files"]
    assert files["path"] == ["a/x.parquet", "a/y.parquet"]


@pytest.mark.parametrize(
    ("rows", "name"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**9, "1B<n<10B"), (10**12, "n>1T")],
)
def test_sizes_have_the_names_of_the_hub(rows: int, name: str) -> None:
    assert size_category(rows) == name


def test_the_parts_come_in_their_order(body: str) -> None:
    tokens = _READER.parse(body)
    headings = [
        tokens[at + 1].content
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]
    assert headings == [heading for heading, _ in PARTS]
    assert len(headings) == 13


def test_every_number_of_the_card_is_a_fact_or_a_sum(facts: Facts, body: str) -> None:
    values = list(_walk(facts))
    known = {f"{value:,}" for value in values if isinstance(value, int)}
    known |= {str(facts.seed), *(str(step.seed) for step in facts.steps)}
    known |= {
        f"{value:.{digits}f}" for value in values if isinstance(value, float) for digits in (2, 3)
    }
    splits = [split for config in facts.configs for split in config.splits]
    known |= {
        f"{sum(split.rows for split in splits):,}",
        f"{sum(split.size for split in splits):,}",
    }
    known |= {str(len(split.files)) for split in splits} | {str(sum(len(s.files) for s in splits))}
    texts = " ".join(str(value) for value in values if isinstance(value, str))
    known |= set(_NUMBER.findall(texts))
    visible = re.sub(r"<!--.*?-->", "", body)
    assert set(_NUMBER.findall(visible)) - known - {"0"} == set()


def test_every_fact_that_is_a_number_is_in_the_card(facts: Facts, card: str) -> None:
    seeds = {facts.seed, *(step.seed for step in facts.steps)}
    numbers = {value for value in _walk(facts) if type(value) is int and value > 999} - seeds
    missing = {n for n in numbers if f"{n:,}" not in card and f" {n}\n" not in card}
    assert missing == set()
    assert all(str(seed) in card for seed in seeds if seed is not None)


def test_tables_are_tables_and_awkward_text_is_text(body: str) -> None:
    html = _READER.render(body)
    assert html.count("<table>") == 13
    assert "<script" not in html
    assert "<td>" in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == body.count("&lt;script&gt;")
    for row in re.findall(r"^\|.*\|$", body, flags=re.MULTILINE):
        assert row.count("|") >= 3
    assert "| ---" not in re.sub(r"<code>.*?</code>|<pre>.*?</pre>", "", html, flags=re.DOTALL)


def test_only_one_end_mark_is_ours(card: str, facts: Facts) -> None:
    assert AWKWARD in facts.sources[0].known_issues
    assert card.count("<!-- prefdata:end -->") == 1
    assert card_text(facts, card) == card


def test_small_cells_are_not_shown(body: str) -> None:
    assert "| 65+ | not shown |" in body
    assert "| (empty) | not shown |" in body
    assert "Counts below 17 are not shown" in body


def test_what_is_missing_is_said_to_be_missing() -> None:
    text = card_text(_bare())
    for said in (
        "No summary was given.",
        "Languages of the prompts: not known.",
        "No pair that the recipe selected was left out.",
        "The sources are not known.",
        "Which models wrote responses or judged is not known",
        "No step ran.",
        "Versions of the libraries: not known.",
        "Who judged is not known.",
        "No id of an annotator is published.",
        "Nothing is published about a single annotator",
        "The patterns for personal data found none",
        "How to ask for removal: not stated.",
        "No obligation is known beyond the licences.",
        "The checks before publishing found nothing to say.",
        "### Biases and limits\n\nNot stated.",
        "The recipe has no step that compares the data with evaluation sets",
        "It is not in a repository.",
        "## Contact\n\nNot stated.",
    ):
        assert said in text
    assert text.replace("None of this is legal advice", "").count("None") == 0
    assert "extra_gated" not in text
    assert "source_datasets" not in text


def test_ids_without_pseudonyms_are_said_to_be_those_of_the_sources(facts: Facts) -> None:
    plain = dataclasses.replace(facts.privacy, has_pseudonyms=False)
    text = card_text(dataclasses.replace(facts, privacy=plain))
    assert "Ids of annotators are published as the sources give them." in text


def test_what_a_pseudonym_does_not_hide_is_said(facts: Facts) -> None:
    config = facts.configs[0]
    columns = tuple(ColumnFacts(name, "string", "") for name in ("annotator", "source_row_id"))
    privacy = dataclasses.replace(facts.privacy, has_pseudonyms=True)
    one = dataclasses.replace(config, columns=columns)
    text = card_text(dataclasses.replace(facts, configs=(one,), privacy=privacy))
    assert "They hide ids, not rows: by `source_row_id`, rows can be joined" in text
    only = dataclasses.replace(config, columns=columns[:1])
    assert "They hide ids" not in card_text(
        dataclasses.replace(facts, configs=(only,), privacy=privacy)
    )


def test_a_source_without_anything_is_told_as_such(body: str) -> None:
    assert "| `scrape` | no | not known |" in body
    assert "`scrape`: not stated by the publisher" in body
    assert "No citation is known of `scrape`." in body
    assert "`scrape`: The author said so by letter." in body


def test_a_component_of_which_some_has_no_licence_is_told_as_such(facts: Facts) -> None:
    licenses = {"prompt": "MIT AND NOASSERTION", "response": "MIT AND CC-BY-4.0"}
    mixed = dataclasses.replace(facts.sources[0], licenses=licenses)
    text = card_text(dataclasses.replace(facts, sources=(mixed,)))
    assert (
        "| `hh-rlhf` | MIT; of some not stated by the publisher | MIT AND CC-BY-4.0 "
        "| not published |"
    ) in text
    told = dataclasses.replace(mixed, licenses=licenses | {"demographics": "MIT"})
    assert "| Demographics |" in card_text(dataclasses.replace(facts, sources=(told,)))


def test_paths_of_the_machine_are_not_published(card: str) -> None:
    assert "/home" not in card
    assert "~/" not in card

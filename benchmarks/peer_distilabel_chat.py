"""What is measured of distilabel's client for servers; see `benchmarks.chat`, which runs it."""

from __future__ import annotations

import argparse
import json

from distilabel.models import OpenAILLM  # type: ignore[import-not-found, unused-ignore]

from benchmarks.chat import MAX_TOKENS, Stopwatch, messages, warm_up

__all__: list[str] = []


def main() -> None:
    """Ask by batches, as a task of distilabel does, and print what it cost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    options = parser.parse_args()
    model = OpenAILLM(
        model="m",
        base_url=options.url,
        api_key="none-is-needed",
        generation_kwargs={"max_new_tokens": MAX_TOKENS, "temperature": 0.0},
    )
    model.load()
    numbers = range(options.requests)
    batches = [
        [messages(number) for number in numbers[start : start + options.concurrency]]
        for start in range(0, options.requests, options.concurrency)
    ]
    first = warm_up(options.requests, options.concurrency)
    model.generate_outputs(inputs=[messages(number) for number in first])
    watch = Stopwatch()
    outputs = [output for batch in batches for output in model.generate_outputs(inputs=batch)]
    said = watch.said("distilabel", options.requests)
    assert len(outputs) == options.requests
    assert all(output["generations"][0].startswith("Echo ") for output in outputs)
    print(json.dumps(said))


if __name__ == "__main__":
    main()

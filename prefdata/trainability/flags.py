"""Names of what an audit finds, and which of it leaves nothing to train on."""

from __future__ import annotations

__all__ = ["FATAL", "FLAGS"]

FLAGS: dict[str, str] = {
    "template-failed": "The template fails on the messages, whatever their roles are.",
    "role-order": "The template refuses the roles of the messages, or their order.",
    "prompt-over-limit": "The prompt leaves no room for a response, or is longer than a prompt "
    "may be.",
    "untrainable-empty": "A response has no token.",
    "identical-tokens": "Both responses have the same tokens before any cut.",
    "untrainable-identical": "Both responses have the same tokens only after the cut.",
    "truncated": "Tokens of a response are cut away.",
    "prompt-cut": "Tokens of the prompt are cut away at its start.",
    "prompt-not-prefix": "The tokens of the prompt alone do not begin those of prompt and "
    "response together.",
    "no-end-token": "A response has no token that ends it.",
}
"""Each flag with what it means, in the order in which the findings of a pair stand."""

FATAL: frozenset[str] = frozenset(
    {
        "template-failed",
        "role-order",
        "prompt-over-limit",
        "untrainable-empty",
        "identical-tokens",
        "untrainable-identical",
    }
)
"""Flags of pairs that a trainer fails on, leaves out, or learns nothing from.

Other flags are told only of pairs that have none of these.
"""

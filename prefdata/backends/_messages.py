"""What becomes of system prompts, for models that know no system role."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.protocols import Message

__all__ = ["shaped"]


def shaped(messages: Sequence[Message], system: str) -> list[dict[str, str]]:
    """Return messages with their system prompts kept, dropped, or in the user's next message.

    Args:
        messages: Of each, role and content are kept.
        system: ``keep``, ``drop`` or ``fold``.
    """
    said = [{"role": message["role"], "content": message["content"]} for message in messages]
    if system == "keep":
        return said
    if system == "drop":
        return [message for message in said if message["role"] != "system"]
    folded: list[dict[str, str]] = []
    held: list[str] = []
    for message in said:
        if message["role"] == "system":
            held.append(message["content"])
        elif held and message["role"] == "user":
            folded.append({"role": "user", "content": "\n\n".join([*held, message["content"]])})
            held = []
        else:
            folded.append(message)
    # A system prompt that no user follows is all that is asked.
    return [*folded, {"role": "user", "content": "\n\n".join(held)}] if held else folded

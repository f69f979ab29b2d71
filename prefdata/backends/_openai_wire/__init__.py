"""The protocol of OpenAI's chat completions: how requests are worded, and how replies are read.

It is the same over a connection and in a file, so its two backends share it.
"""

from __future__ import annotations

__all__: list[str] = []

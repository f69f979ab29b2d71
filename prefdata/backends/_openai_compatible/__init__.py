"""Parts of the backend for servers: connections, when to come again, what a server refuses."""

from __future__ import annotations

__all__: list[str] = []

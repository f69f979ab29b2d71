"""Which licences and terms published data carries, what they ask, and what they forbid.

None of it is legal advice: it is a table of what licences say, and rules that compare them.
"""

from __future__ import annotations

__all__: list[str] = []

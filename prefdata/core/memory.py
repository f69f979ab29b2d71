"""How much memory SQL may hold before it spills to disk."""

from __future__ import annotations

import os
import re
from pathlib import Path

from prefdata.core.errors import UserError

__all__ = ["MEMORY", "sql_memory_bytes"]

MEMORY = "PREFDATA_MEMORY"
"""Environment variable with a number of bytes, such as ``2GB`` or ``512MiB``."""

_UNITS = {"": 1, "b": 1} | {
    f"{letter}{end}": base**power
    for power, letter in enumerate("kmgt", start=1)
    for end, base in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)
_LEAST, _MOST = 1 << 29, 1 << 34
_SHARE = 4
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def sql_memory_bytes() -> int:
    """Return what ``PREFDATA_MEMORY`` says, else a quarter of the memory, at most 16 GiB.

    Beyond it DuckDB spills to the folder ``.scratch`` of the workspace. Memory is that of the
    container where there is one.

    Raises:
        UserError: If the variable holds no size.
    """
    given = os.environ.get(MEMORY, "").strip()
    if not given:
        return min(max(_machine_bytes() // _SHARE, _LEAST), _MOST)
    found = _SIZE.fullmatch(given)
    size = 0
    if found and found[2].lower() in _UNITS:
        size = int(float(found[1]) * _UNITS[found[2].lower()])
    if not size:
        raise UserError(
            f"{given!r} is no amount of memory.",
            where=MEMORY,
            fix=f"Give a number and a unit, such as {MEMORY}=2GB, or unset it.",
        )
    return size


def _machine_bytes() -> int:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [pages]
    for path in _LIMITS:
        try:
            limits.append(int(path.read_text()))
        except (OSError, ValueError):  # no container, or one without a limit ("max")
            continue
    return min(limits)

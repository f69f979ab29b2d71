"""Write the reference pages: ``python -m prefdata.cli._reference docs/reference``."""

from __future__ import annotations

import sys
from pathlib import Path

from prefdata.cli._reference import reference_pages

for name, text in reference_pages().items():
    Path(sys.argv[1], name).write_text(text, encoding="utf-8")

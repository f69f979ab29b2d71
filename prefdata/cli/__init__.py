"""The command line: a command parses, calls one library function, and shows the result.

Results go to stdout, progress and errors to stderr. Exit status: 0 done, 2 the command or recipe
is wrong, 3 the data is wrong, 4 the set-up is wrong, 70 a bug.
"""

from __future__ import annotations

from prefdata.cli._app import app, main

__all__ = ["app", "main"]

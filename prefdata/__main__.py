"""Run the command line as ``python -m prefdata``."""

from __future__ import annotations

from prefdata.cli import main

if __name__ == "__main__":
    main()

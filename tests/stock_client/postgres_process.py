"""A private PostgreSQL for one test module, by the same script that the Rust tests use.

It lives on a Unix socket in a folder of its own and is gone with this process, however that ends.
"""

from __future__ import annotations

import os
import subprocess

import pytest

from platform_process import REPOSITORY

SCRIPT = REPOSITORY / "crates" / "wingbeat-testkit" / "src" / "postgres" / "server.sh"
PASSWORD = "opensesame"
SKIP = "WINGBEAT_SKIP_POSTGRES"


class Postgres:
    """A running server."""

    def __init__(self):
        if os.environ.get(SKIP) == "1":
            pytest.skip(f"{SKIP}=1 is set")
        self._script = subprocess.Popen(
            ["sh", str(SCRIPT), "scram-sha-256"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        word, _, self.folder = self._answer().partition(" ")
        assert word == "ready", f"no PostgreSQL ({word}): run scripts/postgres.sh, or set {SKIP}=1"
        self._databases = 0

    def database(self) -> str:
        """The address of a new database, without the password."""
        self._databases += 1
        name = f"test{self._databases}"
        self.ask(f"create {name}")
        return f"postgres://wingbeat@localhost/{name}?host={self.folder}"

    def ask(self, command: str) -> None:
        """`stop`, `kill` or `start`; waits until it is done."""
        assert self._script.stdin is not None
        self._script.stdin.write(command + "\n")
        self._script.stdin.flush()
        assert self._answer().startswith("done ")

    def end(self) -> None:
        self._script.communicate(timeout=60)

    def _answer(self) -> str:
        assert self._script.stdout is not None
        return self._script.stdout.readline().strip()

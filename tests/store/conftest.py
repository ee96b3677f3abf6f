"""A real PostgreSQL server for the session, and stores on both databases."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from trueline.core.exchange import Exchange
from trueline.store.events import EventStore

_SERVER_USERS = ("postgres", "nobody")


@dataclass
class PostgresServer:
    """A server in a temporary folder, reached through a Unix socket alone."""

    programs: Path
    folder: Path
    user: str | None

    @classmethod
    def create(cls) -> PostgresServer | None:
        """Make a cluster; None where the server's programs are not installed."""
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        initdb = Path(found[-1]) if found else Path(shutil.which("initdb") or "/nonexistent")
        if not initdb.exists():
            return None
        # Socket paths must stay short, so not below pytest's own folder.
        folder = Path(tempfile.mkdtemp(prefix="tlpg", dir="/tmp"))
        user = None
        if os.getuid() == 0:  # the server refuses to run as root
            names = {entry.pw_name for entry in pwd.getpwall()}
            user = next(name for name in _SERVER_USERS if name in names)
            shutil.chown(folder, user)
        server = cls(initdb.parent, folder, user)
        server._run("initdb", "-D", f"{folder}/data", "-U", "tl", "-A", "trust", "-E", "UTF8",
                    "--locale=C", "-N")  # fmt: skip
        return server

    def start(self) -> None:
        # The tests end processes, not the machine: without fsync they lose nothing.
        options = f"-c listen_addresses= -k {self.folder} -c fsync=off -c max_connections=60"
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log",
                  "-o", options, "start")  # fmt: skip

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", mode, "stop")

    def url(self, name: str) -> str:
        return f"postgresql://tl@/{name}?host={self.folder}"

    def create_database(self, name: str, encoding: str = "UTF8") -> str:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0"  # pyright: ignore
            )
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if self.user is not None:
            command = ["runuser", "-u", self.user, "--", *command]
        # Output goes to a file: a server that inherits a pipe would keep it open for ever.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command, stdout=output, stderr=output, cwd=self.folder, check=False
            )
            output.seek(0)
            assert done.returncode == 0, output.read().decode(errors="replace")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer.create()
    if server is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    server.start()
    yield server
    server.stop("fast")
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _postgres_database(postgres: PostgresServer) -> str:
    return postgres.create_database("trueline")


@pytest.fixture
def postgres_url(_postgres_database: str) -> str:
    """One database, emptied for every test: making one each would copy 7 MB a time."""
    with psycopg.connect(_postgres_database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return _postgres_database


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'events.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """A fresh database of either kind."""
    made: str = request.getfixturevalue(f"{request.param}_url")
    return made


@pytest.fixture
def store(url: str) -> Iterator[EventStore]:
    with EventStore.open(url) as opened:
        yield opened


Fill = Callable[..., list[Exchange]]


@pytest.fixture
def fill(store: EventStore) -> Fill:
    """Store `count` exchanges, fields given as keywords, and return them in order."""

    def stored(count: int, **fields: object) -> list[Exchange]:
        made = [Exchange(route="/v1/test", **fields) for _ in range(count)]  # type: ignore[arg-type]
        for future in [store.append(exchange) for exchange in made]:
            future.result(timeout=60)
        return made

    return stored

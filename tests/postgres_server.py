"""A real PostgreSQL server in a folder of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

OWNER = "postgres"
"""The account that Debian's package makes: the server refuses to be root's."""


def binaries() -> Path | None:
    """The folder of the newest server that is installed; None where there is none."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1] if found else None


class Postgres:
    """A server on the loopback interface that ends with its folder.

    Args:
        binaries: where `initdb` and `pg_ctl` are.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        # not below pytest's own folder, which no other account may enter
        self._folder = Path(tempfile.mkdtemp(prefix="segsweep-postgres-"))
        self._as: dict[str, str] = {"user": OWNER, "group": OWNER} if os.getuid() == 0 else {}
        if self._as:
            shutil.chown(self._folder, OWNER, OWNER)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self._port = int(taken.getsockname()[1])

    def start(self) -> None:
        """Returns when it answers."""
        self._run("initdb", "--auth=trust", f"--username={OWNER}", "--no-sync")
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self._folder / 'log'}", f"--options={options}")

    def stop(self) -> None:
        """At once; nothing is left."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")
        shutil.rmtree(self._folder)

    def uri(self, database: str) -> str:
        """As SQLAlchemy takes it."""
        return f"postgresql+psycopg://{OWNER}@127.0.0.1:{self._port}/{database}"

    def make(self, database: str, template: str = "template1") -> None:
        """A database as another one is; what was there under its name is gone, connections to both included."""
        with psycopg.connect(f"host=127.0.0.1 port={self._port} user={OWNER}", autocommit=True) as connection:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(query, [template])
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {database} TEMPLATE {template}")

    def _run(self, name: str, *options: str) -> None:
        command = [str(self._binaries / name), f"--pgdata={self._folder / 'data'}", *options]
        done = subprocess.run(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if name == "initdb" else None,
            text=True,
            check=False,
            **self._as,
        )
        assert done.returncode == 0, done.stdout

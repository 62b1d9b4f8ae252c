"""Sync a chunk of the logins in `billit_logins` (logins.sql), one after the other.

Each login is `tap-billit | target-postgres`. The target is started once there is something to load:
where nothing changed, only the tap runs. What fails is named at the end, and the others go on.

    chunk.py --chunk=3 --chunks=20 --run=2026-11-27T08   # of this run, what is not complete yet
    chunk.py --chunk=3 --chunks=20 --first-loads         # what never was complete
    chunk.py acme globex                                 # these alone

The settings are variables: PGHOST, PGDATABASE, PGUSER and PGPASSWORD for the two tables;
TAP_BILLIT_… and TARGET_POSTGRES_… for all logins, with `{login}` for the login in
TAP_BILLIT_TOKEN_STORE and TAP_BILLIT_RATE_LIMIT_STORE.

SIGTERM ends what is under way, and a second one does not wait for the target. Exit status: 0 all
are complete, 1 some are not, 2 it cannot begin, 143 it was stopped.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zlib import crc32

import psycopg
from pair import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = """
SELECT login FROM billit_logins LEFT JOIN billit_states USING (login)
WHERE (completed IS NULL) = %s AND run IS DISTINCT FROM %s ORDER BY login
"""
BEGIN = """
SELECT company_ids, schema, coalesce(state, '{}')::text
FROM billit_logins LEFT JOIN billit_states USING (login)
WHERE login = %s AND run IS DISTINCT FROM %s
"""
KEEP = """
INSERT INTO billit_states (login, state) VALUES (%s, %s)
ON CONFLICT (login) DO UPDATE SET state = excluded.state
"""
COMPLETE = """
INSERT INTO billit_states (login, completed, run) VALUES (%s, now(), %s)
ON CONFLICT (login) DO UPDATE SET completed = excluded.completed, run = excluded.run
"""
LOCK = "SELECT pg_{}(hashtextextended(%s, 0))"


class Chunk:
    """Some logins, and how far each of them is, in the two tables."""

    def __init__(
        self, database: psycopg.Connection[tuple[Any, ...]], *, run: str, catalog: str | None
    ) -> None:
        self._database, self._run = database, run
        self._options = [f"--catalog={catalog}"] if catalog else []
        self._pair: Pair | None = None
        self.stopped = 0

    def stop(self, signum: int, _: object) -> None:
        """End the login that is being synced, and begin no other."""
        self.stopped = signum
        if self._pair:
            self._pair.stop()

    def unknown(self, names: list[str]) -> list[str]:
        """Those that the table does not have."""
        known = self._database.execute("SELECT login FROM billit_logins").fetchall()
        return [name for name in names if (name,) not in known]

    def names(self, *, chunk: int, chunks: int, first_loads: bool) -> list[str]:
        """The logins of a chunk that this run has not completed."""
        found = self._database.execute(NAMES, (first_loads, self._run))
        return [name for (name,) in found if crc32(name.encode()) % chunks == chunk]

    def sync_all(self, names: list[str]) -> list[str]:
        """Sync these logins, one after the other: those that are not complete."""
        return [name for name in names if self.stopped or not self._sync(name)]

    def _sync(self, name: str) -> bool:
        """Sync a login; whether it is complete."""
        with self._locked(name) as locked:
            if not locked:
                tell(f"{name}: another process syncs it")
                return False
            row = self._database.execute(BEGIN, (name, self._run)).fetchone()
            try:
                return row is None or self._run_pair(name, *row)
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                tell(f"{name}: not complete; PostgreSQL: {error}")  # such as: it was removed
                return False

    def _run_pair(self, name: str, company_ids: list[int] | None, schema: str, state: str) -> bool:
        if company_ids == []:
            tell(f"{name}: `company_ids` is empty: name its companies, or null for all")
            return False
        pair = self._pair = Pair(name, company_ids, schema)
        if self.stopped:
            return False
        with TemporaryDirectory() as folder:
            file = Path(folder, "state.json")
            file.write_text(state, encoding="utf-8")
            pair.run(
                *(f"--state={file}", *self._options),
                keep=lambda state: self._database.execute(KEEP, (name, state)),
            )
        complete = not any(pair.ended.values())
        if complete:
            self._database.execute(COMPLETE, (name, self._run))
        how = ", ".join(f"{command} {status}" for command, status in sorted(pair.ended.items()))
        tell(f"{name}: {'complete' if complete else 'not complete'}; exit status: {how}")
        return complete

    @contextmanager
    def _locked(self, name: str) -> Iterator[bool]:
        """Whether it is ours as long as this connection lives: a killed worker may leave us."""
        key = (f"billit_logins {name}",)
        found = self._database.execute(LOCK.format("try_advisory_lock"), key).fetchone()
        yield found == (True,)
        if found == (True,):
            self._database.execute(LOCK.format("advisory_unlock"), key)


def tell(text: str) -> None:
    """Write a line of the log, where the taps and targets write theirs."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("login", nargs="*", help="these logins, in place of a chunk")
    parser.add_argument("--chunk", type=int, default=0, help="which, from 0")
    parser.add_argument(
        "--chunks", type=int, default=1, help="into how many the logins are divided"
    )
    parser.add_argument(
        "--first-loads", action="store_true", help="logins that never were complete"
    )
    parser.add_argument("--catalog", help="what to read: a Singer catalog for all logins")
    parser.add_argument(
        "--run",
        default=datetime.now(timezone.utc).isoformat(),
        help="name of the run: logins that are complete in it are left out",
    )
    options = parser.parse_args()
    if not 0 <= options.chunk < options.chunks:
        parser.error(f"of {options.chunks} chunks, the last is {options.chunks - 1}")
    try:
        with psycopg.connect(autocommit=True, client_encoding="utf8") as database:
            chunk = Chunk(database, run=options.run, catalog=options.catalog)
            for signum in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signum, chunk.stop)
            if unknown := chunk.unknown(options.login):
                parser.error(f"not in billit_logins: {' '.join(unknown)}")
            names = options.login or chunk.names(
                chunk=options.chunk, chunks=options.chunks, first_loads=options.first_loads
            )
            failed = chunk.sync_all(names)
    except psycopg.Error as error:
        tell(f"PostgreSQL: {error}")
        return 1
    except FileNotFoundError as error:
        tell(f"{error.filename} is not in the PATH.")
        return 2
    missing = f"; not complete: {' '.join(failed)}" if failed else ""
    tell(f"{len(names) - len(failed)} of {len(names)} logins are complete{missing}")
    return 128 + chunk.stopped if chunk.stopped else int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())

"""The real loaders, dbt and both engines, installed as Meltano's definition says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml
from filelock import FileLock
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from tests.postgres import Postgres

ROOT = Path(__file__).parents[2]
TRANSFORM = ROOT / "transform"
ENVIRONMENTS = ROOT / ".meltano" / "transform" / "environments"
PARSED = ROOT / ".meltano" / "transform" / "parsed"
SCHEMA = "raw_billit"
MODELS = f"{SCHEMA}_models"
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

_PLUGINS = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))["plugins"]
PIP_URLS = {
    plugin["name"]: plugin["pip_url"]
    for kind in ("loaders", "utilities")
    for plugin in _PLUGINS[kind]
}


def executable(name: str, *plugins: str) -> Path:
    """A command of these plugins, installed together once and kept for the next tests."""
    wanted = sorted({each for plugin in plugins for each in PIP_URLS[plugin].split()})
    folder = ENVIRONMENTS / "-".join(plugins)
    ready = folder / "installed"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not ready.exists() or ready.read_text(encoding="utf-8") != " ".join(wanted):
            call("uv", "venv", "--quiet", "--clear", "--python", sys.executable, folder)
            python = folder / "bin" / "python"
            call("uv", "pip", "install", "-q", "--compile-bytecode", "--python", python, *wanted)
            ready.write_text(" ".join(wanted), encoding="utf-8")
    return folder / "bin" / name


def call(*command: str | Path, expect: int = 0, **options: Any) -> str:
    """What a command prints, on both of its ways out."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": path} | options.pop("env", {})
    done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603
        command, env=env, text=True, check=False, stdout=-1, stderr=subprocess.STDOUT, **options
    )
    assert done.returncode == expect, f"{command}: {done.stdout}"
    return done.stdout


def _replace(new: Path, old: Path) -> None:
    """Keep what dbt has parsed for the next tests: it takes half as long as the models do."""
    old.parent.mkdir(parents=True, exist_ok=True)
    copy = old.with_suffix(f".{os.getpid()}")
    shutil.copy(new, copy)
    copy.replace(old)


class Engine(ABC):
    """A database with what was loaded, and the models made of it."""

    loader: str
    target: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    @abstractmethod
    def config(self) -> dict[str, Any]:
        """The loader's settings."""

    @property
    @abstractmethod
    def database(self) -> str:
        """What the report calls it."""

    @property
    @abstractmethod
    def env(self) -> dict[str, str]:
        """What the profile reads."""

    @abstractmethod
    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query, by name."""

    @abstractmethod
    def execute(self, sql: str) -> None:
        """Change the database."""

    def load(self, *files: Path) -> None:
        """Put these Singer messages into the tables, in one run."""
        config = self.folder / "loader.json"
        config.write_text(json.dumps(self.config), encoding="utf-8")
        command = ("/bin/sh", "-c", 'loader=$1; shift; cat "$@" | "$loader" --config "$0"')
        call(*command, config, executable(self.loader, self.loader), *files)

    def dbt(
        self,
        *arguments: str,
        project: Path = TRANSFORM,
        as_of: date | None = None,
        expect: int = 0,
        **variables: Any,
    ) -> str:
        """Run dbt; the variables are the project's."""
        parsed = PARSED / f"{self.target}.msgpack"
        own = self.folder / "target" / "partial_parse.msgpack"
        if not own.exists() and parsed.exists():
            own.parent.mkdir(exist_ok=True)
            shutil.copy(parsed, own)
        said = call(
            executable("dbt", "dbt-duckdb", "dbt-postgres"),
            *("--no-use-colors", "--warn-error-options", '{"error": ["Deprecations"]}'),
            *arguments,
            *("--project-dir", project, "--profiles-dir", TRANSFORM / "profiles"),
            *("--vars", json.dumps(variables)),
            expect=expect,
            cwd=self.folder,
            env=self.env
            | {
                "BILLIT_TARGET": self.target,
                "BILLIT_SCHEMA": SCHEMA,
                "BILLIT_AS_OF": str(as_of or ""),
                "DBT_TARGET_PATH": str(self.folder / "target"),
                "DBT_LOG_PATH": str(self.folder / "logs"),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            },
        )
        if not variables and project == TRANSFORM:
            _replace(own, parsed)
        return said

    def mart(self, name: str) -> list[dict[str, Any]]:
        """The rows of a mart."""
        return self.query(f"select * from {MODELS}.{name}")  # noqa: S608

    def drop(self, *streams: str) -> None:
        """As if these had not been selected."""
        for stream in streams:
            self.execute(f"drop table if exists {SCHEMA}.{stream}")


class DuckDb(Engine):
    """A file."""

    loader = "target-duckdb"
    target = "duckdb"

    @property
    def file(self) -> Path:
        return self.folder / "billit.duckdb"

    @property
    @override
    def config(self) -> dict[str, Any]:
        return {
            "path": str(self.file),
            "default_target_schema": SCHEMA,
            "add_metadata_columns": True,
        }

    @property
    @override
    def database(self) -> str:
        return str(self.file)

    @property
    @override
    def env(self) -> dict[str, str]:
        return {"BILLIT_DUCKDB_PATH": self.file.name}  # alike in all tests, as dbt parses it

    @override
    def query(self, sql: str) -> list[dict[str, Any]]:
        with duckdb.connect(str(self.file), read_only=True) as db:
            result = db.execute(sql)
            names = [each[0] for each in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    @override
    def execute(self, sql: str) -> None:
        # By dbt's DuckDB: what a newer one has written it may not be able to read.
        self._by_dbts("db.execute(arguments[0])", sql)

    def plans(self, queries: Iterable[Path]) -> list[str]:
        """How dbt's DuckDB would run the queries in these files."""
        explain = "[db.execute('explain ' + open(file).read()).fetchall() for file in arguments]"
        printed = self._by_dbts(f"print(json.dumps({explain}))", *queries)
        return [str(plan) for plan in json.loads(printed)]

    def _by_dbts(self, statement: str, *arguments: str | Path) -> str:
        python = executable("python", "dbt-duckdb", "dbt-postgres")
        program = (
            "import duckdb, json, sys\n"
            "_, file, *arguments = sys.argv\n"
            f"db = duckdb.connect(file)\n{statement}"
        )
        return call(python, "-c", program, self.file, *arguments)

    def copy(self, folder: Path) -> DuckDb:
        """The same database, to be changed, and what dbt has parsed."""
        other = type(self)(folder)
        shutil.copy(self.file, other.file)
        (other.folder / "target").mkdir()
        parsed = "target/partial_parse.msgpack"
        shutil.copy(self.folder / parsed, other.folder / parsed)
        return other


class PostgreSql(Engine):
    """A database of its own on a server."""

    loader = "target-postgres"
    target = "postgres"

    def __init__(self, folder: Path, server: Postgres) -> None:
        super().__init__(folder)
        self.server = server

    @property
    @override
    def config(self) -> dict[str, Any]:
        return {"sqlalchemy_url": self.server.url, "default_target_schema": SCHEMA}

    @property
    @override
    def database(self) -> str:
        return self.server.url.replace("+psycopg", "")

    @property
    @override
    def env(self) -> dict[str, str]:
        return {
            "BILLIT_POSTGRES_HOST": str(self.server.folder),
            "BILLIT_POSTGRES_USER": "postgres",
            "BILLIT_POSTGRES_DATABASE": "postgres",
        }

    @override
    def query(self, sql: str) -> list[dict[str, Any]]:
        return self.server.rows(sql)

    @override
    def execute(self, sql: str) -> None:
        self.server.run(sql)

    def empty(self) -> None:
        """As a new server has it."""
        for schema in (SCHEMA, MODELS, f"{MODELS}_staging"):
            self.execute(f"set client_min_messages = error; drop schema if exists {schema} cascade")


def contract(mart: str) -> dict[str, str]:
    """The columns of a mart and their types, as its contract names them."""
    file = TRANSFORM / "models" / "marts" / f"{mart}.yml"
    (model,) = yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
    return {column["name"]: column["data_type"] for column in model["columns"]}


def marts() -> Iterable[str]:
    """The names of all marts."""
    return sorted(file.stem for file in (TRANSFORM / "models" / "marts").glob("billit__*.sql"))

"""What callers see of the tables: rows of their tenants and resources, whatever is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, func, insert, select

from remit.history import schema
from remit.history.database import clear, open_database
from remit.history.viewing import seen_by
from remit.identity.principal import Principal
from tests.support.postgresql import NoPostgresql, postgresql

QUOTED = "it's%(p)s\\ ?"
READ = ("PROCESS_DEFINITION", "READ_PROCESS_INSTANCE")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL in which the tables are not where they usually are."""
    try:
        with postgresql() as url:
            with psycopg.connect(url.replace("+psycopg", "")) as connection:
                connection.execute('CREATE SCHEMA "Own one"')
            yield f"{url}?options=-csearch_path%3D%22Own%5C%20one%22"
    except NoPostgresql as reason:
        pytest.skip(str(reason))


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))]
)
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Flows 1 and 3 are acme's, 2 the default tenant's; 1 is of a process with an odd name."""
    url = f"sqlite:///{tmp_path / 'history.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("server")
    engine = open_database(url)
    clear(engine)
    rows = ((1, "acme", QUOTED), (2, "<default>", "q"), (3, "acme", "q"))
    with engine.begin() as connection:
        for key, tenant, process in rows:
            connection.execute(
                insert(schema.FLOWS).values(
                    instance=key, flow="f", definition=key, process_id=process, root=key,
                    tenant=tenant,
                )
            )  # fmt: skip
            connection.execute(
                insert(schema.WAITS).values(
                    key=key, kind="JOB", element_key=1, instance=key, root=key, details="{}"
                )
            )
            connection.execute(
                insert(schema.INSTANCES).values(
                    key=key, definition=key, process_id=process, version=1, start_date=1,
                    state="ACTIVE", tenant=tenant, root=key,
                )
            )  # fmt: skip
    yield engine
    engine.dispose()


def principal(**more: Any) -> Principal:
    known: dict[str, Any] = {
        "name": "ada", "owners": frozenset(), "tenants": frozenset(), "grants": {},
        "by_property": {}, "sees_all": False, "may_all": False,
    }  # fmt: skip
    return Principal(**known | more)


CALLERS = {
    "of a tenant": (principal(tenants=frozenset(["acme"]), may_all=True), [1, 3]),
    "of a process": (principal(sees_all=True, grants={READ: frozenset([QUOTED])}), [1]),
    "of both": (principal(tenants=frozenset(["acme"]), grants={READ: frozenset(["q"])}), [3]),
    "of all processes in one tenant": (
        principal(tenants=frozenset(["<default>"]), grants={READ: frozenset(["*"])}),
        [2],
    ),
    "of a tenant with quotes": (principal(tenants=frozenset(["' OR 1=1 --"]), may_all=True), []),
    "of nothing": (principal(), []),
}


@pytest.mark.parametrize("name", CALLERS)
def test_rows_that_are_not_the_callers_are_not_there(database: Engine, name: str) -> None:
    who, keys = CALLERS[name]
    with database.connect() as connection:
        with seen_by(connection, who):
            for table in (schema.FLOWS, schema.WAITS):
                found = connection.scalars(select(table.c.instance).order_by(table.c.instance))
                assert list(found) == keys, table.name
            count = connection.scalar(select(func.count()).select_from(schema.INSTANCES))
            assert count == len(keys)
        assert connection.scalar(select(func.count()).select_from(schema.FLOWS)) == 3


def test_a_query_that_fails_leaves_no_views_behind(database: Engine) -> None:
    with database.connect() as connection:
        with pytest.raises(ZeroDivisionError), seen_by(connection, principal()):
            raise ZeroDivisionError
        assert connection.scalar(select(func.count()).select_from(schema.FLOWS)) == 3

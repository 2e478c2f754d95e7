"""Addresses of archives on a server: what they may say, and that no secret is in them or in what is said of them."""

from __future__ import annotations

import pytest

from fairtrial.archive.stores.postgres.address import is_server, read_address
from fairtrial.archive.stores.postgres.server import translate
from fairtrial.errors import ArchiveError


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("postgresql://h/d", True),
        ("postgres://h/d", True),
        ("PostgreSQL://h/d", True),
        ("news.db", False),
        ("postgresql", False),
        ("folder/postgresql:news", False),
        ("https://h/d", False),
    ],
)
def test_which_names_are_addresses_of_a_server(name: str, server: bool) -> None:
    assert is_server(name) is server


@pytest.mark.parametrize(
    ("written", "uri", "schema", "name"),
    [
        ("postgresql://h/d", "postgresql://h/d", "fairtrial", "the archive fairtrial of database 'd' on h"),
        (
            "postgres://me@h:5433/d?schema=news&sslmode=require",
            "postgresql://me@h:5433/d?sslmode=require",
            "news",
            "the archive news of database 'd' on h:5433",
        ),
        (
            "postgresql:///d?host=/var/run/pg",
            "postgresql:///d?host=%2Fvar%2Frun%2Fpg",
            "fairtrial",
            "the archive fairtrial of database 'd'",
        ),
        (
            "postgresql://?service=newsroom",
            "postgresql://?service=newsroom",
            "fairtrial",
            "the archive fairtrial of service 'newsroom'",
        ),
        ("postgresql://[::1]/d", "postgresql://[::1]/d", "fairtrial", "the archive fairtrial of database 'd' on ::1"),
    ],
)
def test_what_an_address_says(written: str, uri: str, schema: str, name: str) -> None:
    found = read_address(written)
    assert (found.uri, found.schema, found.name) == (uri, schema, name)


@pytest.mark.parametrize(
    "written",
    [
        "postgresql://me:hunter2@h/d",
        "postgresql://h/d?password=hunter2",
        "postgresql://h/d?sslpassword=hunter2",
        "postgresql://h/d?passfile=/home/me/hunter2",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(ArchiveError, match="must hold no password") as caught:
        read_address(written)
    assert "hunter2" not in str(caught.value) and "PGPASSWORD" in caught.value.fix


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("postgresql://h/d?shema=news", "unknown parameter 'shema'. Did you mean 'schema'"),
        ("postgresql://h/d?schema=News", "schema 'News' is no name for one"),
        ("postgresql://h/d?schema=pg_catalog", "schema 'pg_catalog' is no name for one"),
        ("postgresql://h/d?schema=a%22;drop", "is no name for one"),
        ("postgresql://h:port/d", "is no valid address"),
        ("postgresql://h/d?hunter2", "is no valid address"),
        ("postgresql://[h/d", "is no valid address"),
    ],
)
def test_what_an_address_must_not_say(written: str, said: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        read_address(written)
    assert said in str(caught.value) and "hunter2" not in str(caught.value)


def test_values_are_marked_as_the_driver_wants_them() -> None:
    assert translate("SELECT a % 2 FROM t WHERE b = ? AND c = ?") == "SELECT a %% 2 FROM t WHERE b = %s AND c = %s"

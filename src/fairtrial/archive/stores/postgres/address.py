"""Where a shared archive is: ``postgresql://HOST/DATABASE?schema=NAME``, without any password.

An address stands in trial files, and so in ledgers, reports and messages.  Passwords come from where libpq looks for
them: ``PGPASSWORD``, ``~/.pgpass``, or a service file (``?service=NAME``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from fairtrial.errors import ArchiveError, did_you_mean

SCHEMES = ("postgresql", "postgres")
SCHEMA = "fairtrial"
"""Where the tables are unless the address says otherwise."""

ALLOWED = (
    "schema", "service", "host", "port", "user", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl",
    "gssencmode", "connect_timeout", "target_session_attrs", "channel_binding",
)  # fmt: skip
"""What may stand behind the question mark: ours, then those parameters of libpq that hold no secret."""

_SECRET = ("password", "sslpassword", "passfile")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Address:
    """An archive on a server.

    Attributes:
        uri: what libpq connects to.
        schema: where the tables are.
        name: what messages call it: host, database and schema.
    """

    uri: str
    schema: str
    name: str


def is_server(archive: str) -> bool:
    """Return whether the name of an archive is an address on a server, and not a path."""
    return archive.partition("://")[0].lower() in SCHEMES and "://" in archive


def read_address(written: str) -> Address:
    """Return what an address says.

    Raises:
        ArchiveError: it holds a password, or parameters that are not known; the message shows neither.
    """
    try:
        parts = urlsplit(written)
        secret = parts.password
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:  # its message may show a part of it
        raise ArchiveError(
            "the address of the archive is no valid address.", fix="Write postgresql://HOST/DATABASE?schema=NAME."
        ) from None
    names = [name for name, _ in given]
    if secret or any(name in _SECRET for name in names):
        raise ArchiveError(
            "the address of an archive must hold no password: it is kept in ledgers and shown in reports.",
            fix="Put the password into PGPASSWORD, ~/.pgpass, or a service file of libpq (?service=NAME).",
        )
    if unknown := [name for name in names if name not in ALLOWED]:
        near = did_you_mean(unknown[0], ALLOWED)
        raise ArchiveError(
            f"the address of the archive has an unknown parameter {unknown[0]!r:.40}.{near}",
            fix=f"Known: {', '.join(ALLOWED)}.",
        )
    told = dict(given)
    schema = told.pop("schema", SCHEMA)
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_") or schema == "information_schema":
        raise ArchiveError(
            f"the archive's schema {schema!r:.80} is no name for one.",
            fix="Use small letters, digits and _, at most 63 characters, no pg_ at its beginning.",
        )
    query = urlencode(told)
    before = f"{parts.username}@" if parts.username else ""
    where = f"[{host}]" if ":" in host else host
    uri = f"postgresql://{before}{where}{port}{parts.path}" + (f"?{query}" if query else "")
    shown = _name_database(parts.path, told)
    return Address(uri, schema, f"the archive {schema} of {shown}{f' on {host}{port}' if host else ''}")


def _name_database(path: str, told: dict[str, str]) -> str:
    name = unquote(path.strip("/")) or told.get("dbname", "")
    return (
        f"database {name!r:.80}" if name else f"service {told['service']!r:.80}" if "service" in told else "the server"
    )

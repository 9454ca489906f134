"""Decide what the server tells a monitor about itself, in Prometheus' text format. Counts only: no names, no ids."""

from collections import Counter
from collections.abc import Iterable

from server.services import Services
from sync.databases import kind_of
from sync.errors import NotFound

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def metrics(services: Services) -> str:
    documents: Counter[str] = Counter()
    deleted: Counter[str] = Counter()
    databases: Counter[str] = Counter()
    size = 0
    for db in await services.store.databases():
        try:
            held = await services.store.info(db)
        except NotFound:
            continue
        kind = kind_of(db)
        databases[kind] += 1
        documents[kind] += held.documents
        deleted[kind] += held.deleted
        size = max(size, held.size_bytes) if services.settings.store == "sqlite" else size + held.size_bytes
    requests = {f'class="{kind}",status="{status}"': n for (kind, status), n in services.counters.requests.items()}
    lines = [
        *_family("fieldbook_databases", "gauge", "Databases, by class.", _by_class(databases)),
        *_family("fieldbook_documents", "gauge", "Living documents, by class of database.", _by_class(documents)),
        *_family(
            "fieldbook_deleted_documents", "gauge", "Deleted documents, by class of database.", _by_class(deleted)
        ),
        *_family("fieldbook_store_bytes", "gauge", "Bytes that the store takes.", {"": size}),
        *_family("fieldbook_requests_total", "counter", "Requests answered, by class and status.", requests),
        *_family("fieldbook_open_feeds", "gauge", "Changes feeds that listen.", {"": services.counters.feeds}),
        *_family("fieldbook_open_desks", "gauge", "Desks that listen.", {"": len(services.live)}),
        *_family(
            "fieldbook_password_tests", "gauge", "Passwords being tested or waiting.", {"": services.passwords.waiting}
        ),
        *_family("fieldbook_audit_lines_lost_total", "counter", "Audit lines not kept.", {"": services.audit.lost}),
    ]
    return "\n".join(lines) + "\n"


def _by_class(counts: Counter[str]) -> dict[str, int]:
    return {f'class="{kind}"': count for kind, count in sorted(counts.items())}


def _family(name: str, kind: str, meaning: str, values: dict[str, int]) -> Iterable[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        yield f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"

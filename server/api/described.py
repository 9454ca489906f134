"""Decide how `/schema` describes the API to who builds on it: a name and a sentence for every operation, what each parameter says, who
must log in, and how each may refuse (AP31 to AP34).

Names, parameters and errors are told here for all routes at once, because one word is to mean one thing wherever it stands. What a route
does is told by its own docstring; its first sentence is the summary.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler

from server.api.base import PROBLEM_DETAILS, Refusal
from server.api.case_told import NotIssued
from server.api.parameters import PARAMETERS, PATHS
from server.api.reviews import Outdated

OPEN = frozenset(
    {"logIn", "logOut", "enrolTablet", "askBeacon", "readAbout", "readRecordTypes", "readHealth", "readMetrics"}
)
"""What answers without a log-in; all others answer 401."""

_NAMES = {
    "about": "readAbout",
    "add_form": "publishForm",
    "add_to_case": "addToCase",
    "administer": "administerTablet",
    "admit": "admitQuarantined",
    "assign": "makeAssignment",
    "audit_document": "downloadAudit",
    "beacon": "askBeacon",
    "bring_in": "importMatters",
    "compare": "compareHeld",
    "complete": "completePhoto",
    "conclude": "concludeCase",
    "end": "endAssignment",
    "enrol": "enrolTablet",
    "erase": "eraseDocuments",
    "erase_all": "eraseForGood",
    "tell_erasable": "readErasable",
    "forget": "listForgotten",
    "health": "readHealth",
    "invite": "inviteTablet",
    "invite_again": "inviteTabletAgain",
    "ledger_document": "downloadLedger",
    "list_parts": "listPhotoParts",
    "listen": "listenToChanges",
    "me": "readOwnTablet",
    "meanings": "listFigures",
    "month_document": "downloadMonth",
    "put_part": "sendPhotoPart",
    "read_kinds": "listAuditKinds",
    "read_figures": "countFigures",
    "read_file": "downloadImport",
    "read_photo": "downloadPhoto",
    "read_series": "countSeries",
    "read_template": "downloadTemplate",
    "read_thumbnail": "downloadThumbnail",
    "record_types": "readRecordTypes",
    "report": "reportTablet",
    "report_faults": "downloadRegisterFaults",
    "report_matters": "downloadMattersFaults",
    "rescue": "takeRescueFile",
    "search": "searchTexts",
    "tell_metrics": "readMetrics",
    "who": "readSession",
    "wiped": "reportWiped",
    "read_entry": "readDirectoryEntry",
    "write_entry": "writeDirectoryEntry",
}
"""Of functions whose own name says too little outside their module."""

TAKES_BYTES = {
    "importMatters": "application/octet-stream",
    "importRegister": "application/octet-stream",
    "downloadRegisterFaults": "application/octet-stream",
    "downloadMattersFaults": "application/octet-stream",
    "sendPhotoPart": "application/octet-stream",
    "takeRescueFile": "application/octet-stream",
}
GIVES_BYTES = {
    "downloadAudit": "application/octet-stream",
    "downloadImport": "application/octet-stream",
    "downloadLedger": "application/octet-stream",
    "downloadMattersFaults": "application/octet-stream",
    "downloadMonth": "application/octet-stream",
    "downloadPhoto": "application/octet-stream",
    "downloadRegisterFaults": "application/octet-stream",
    "downloadTemplate": "application/octet-stream",
    "downloadThumbnail": "image/jpeg",
}

_ALSO: Mapping[str, tuple[str, str]] = {
    "writeDirectoryEntry": ("201", "It was not there before."),
    "importMatters": ("200", "Nothing was written: the same file is there already, or this was a trial."),
}
_ERRORS = {
    400: (
        "Malformed",
        "What was sent cannot be taken as it is; `problems` tells all that is wrong, each at its place.",
    ),
    401: ("NotLoggedIn", "Nobody known is asking, or name and password are wrong: log in."),
    403: ("NotAllowed", "Whoever asks has no right to this."),
    404: ("NotThere", "There is no such thing, or whoever asks may not read it: the two look alike."),
    409: ("Conflicting", "Something has changed since it was read, or it was done already: read it anew, then decide."),
    412: ("ThereAlready", "There is one of this name already."),
    413: ("TooLarge", "More was sent than this server takes at once."),
    429: ("TooOften", "Too many failed log-ins; `retry-after` tells the seconds to wait."),
}
_MORE: Mapping[str, tuple[int, ...]] = {
    "addAccount": (404, 412),
    "addOffice": (404, 409),
    "addToCase": (409,),
    "changeOffice": (409,),
    "admitQuarantined": (409,),
    "administerTablet": (409,),
    "askBeacon": (401,),
    "changeAccount": (409,),
    "changeCase": (409,),
    "compareHeld": (403,),
    "compareSubjects": (403,),
    "completePhoto": (409,),
    "concludeCase": (409,),
    "decide": (404, 409),
    "downloadMattersFaults": (413,),
    "downloadRegisterFaults": (413,),
    "endAssignment": (409,),
    "enrolTablet": (401, 403, 409, 429),
    "eraseDocuments": (404,),
    "eraseForGood": (409,),
    "importMatters": (409, 413),
    "importRegister": (409, 413),
    "inviteTablet": (404,),
    "listForgotten": (403,),
    "listInvitable": (403,),
    "listTablets": (403,),
    "logIn": (401, 429),
    "makeAssignment": (404,),
    "makeCase": (409,),
    "publishForm": (409,),
    "readActivity": (403,),
    "readHistory": (409,),
    "readMetrics": (403,),
    "readOwnTablet": (403,),
    "readSince": (409,),
    "removeOffice": (409,),
    "redactValue": (409,),
    "sendPhotoPart": (409, 413),
    "setOwnPassword": (429,),
    "takeRescueFile": (413,),
    "withdrawCase": (409,),
    "withdrawImport": (409,),
    "writeDirectoryEntry": (409,),
}
"""What an operation may answer beside what follows from its parameters, its method and who may call it."""
_OWN_REFUSAL: Mapping[tuple[str, int], type[msgspec.Struct]] = {
    ("decide", 409): Outdated,
    ("addToCase", 409): NotIssued,
    ("changeCase", 409): NotIssued,
    ("concludeCase", 409): NotIssued,
    ("makeCase", 409): NotIssued,
    ("withdrawCase", 409): NotIssued,
}
_SECURITY = {
    "basic": {"type": "http", "scheme": "basic", "description": "Name and password with every request."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "AuthSession",
        "description": "The cookie that `logIn` sets. It writes from the same origin alone.",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "A token of `makeToken`, for programs."},
}


def operation_id(handler: HTTPRouteHandler, _method: object = None, _path: object = None) -> str:
    """What the operation does, as a verb and a noun: `listRecords`. It stays the same from version to version."""
    name = handler.fn.__name__
    first, *others = name.split("_")
    return _NAMES.get(name) or first + "".join(word.capitalize() for word in others)


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of each."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def describe(document: dict[str, Any], guards: Mapping[str, frozenset[str]]) -> None:
    """Complete the description that follows from the code, in place; done again, it changes nothing. `guards`: of each operation the
    names of those who let in."""
    document["components"]["securitySchemes"] = _SECURITY
    document["components"]["schemas"] |= _schemas()
    document["components"]["responses"] = {name: _response(text, Refusal) for name, text in _ERRORS.values()}
    for method, _, operation in operations(document):
        name = operation["operationId"]
        _say(operation)
        operation["security"] = [] if name in OPEN else [{scheme: []} for scheme in _SECURITY]
        for parameter in operation.get("parameters", []):
            parameter["description"] = _meaning(name, parameter)
        if name in TAKES_BYTES:
            operation["requestBody"] = {"required": True, "content": {TAKES_BYTES[name]: {"schema": _BYTES}}}
        answers = operation["responses"]
        done = next(status for status in answers if status.startswith("2"))
        if name in GIVES_BYTES:
            answers[done]["content"] = {GIVES_BYTES[name]: {"schema": _BYTES}}
        if name in _ALSO:
            status, told = _ALSO[name]
            answers[status] = {**answers[done], "description": told}
        for refused in _refusals(method, operation, guards.get(name, frozenset())):
            answers[str(refused)] = _refusal(name, refused)
    _one_answer(document)


_BYTES = {"type": "string", "format": "binary"}


def _say(operation: dict[str, Any]) -> None:
    told = re.sub(r"\s+", " ", operation.get("description", "")).strip()
    operation["description"] = told
    # A sentence ends where the next one begins; what follows a colon explains it.
    operation["summary"] = re.split(r"(?<=[^.])\.(?= [A-Z`\d]|$)|[:;] ", told)[0].strip().rstrip(".")


def _meaning(operation: str, parameter: Mapping[str, Any]) -> str:
    name, where = parameter["name"], parameter["in"]
    told = PATHS if where == "path" else PARAMETERS
    return told.get(f"{operation}.{name}") or told.get(name) or ""


def _refusals(method: str, operation: Mapping[str, Any], guards: frozenset[str]) -> list[int]:
    name = operation["operationId"]
    parameters = operation.get("parameters", [])
    found = set(_MORE.get(name, ()))
    if parameters or "requestBody" in operation:
        found.add(400)
    if any(one["in"] == "path" for one in parameters):
        found.add(404)
    if name not in OPEN:
        found.add(401)
        rights = method != "get" or any(one["name"] == "branch" for one in parameters) or guards - {"need_login"}
        if rights:
            found.add(403)
    return sorted(found)


def _refusal(operation: str, status: int) -> dict[str, Any]:
    own = _OWN_REFUSAL.get((operation, status))
    name, text = _ERRORS[status]
    return {"$ref": f"#/components/responses/{name}"} if own is None else _response(text, own)


def _response(text: str, of: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "description": text,
        "content": {PROBLEM_DETAILS: {"schema": {"$ref": f"#/components/schemas/{of.__name__}"}}},
    }


def _schemas() -> dict[str, Any]:
    (_, found) = msgspec.json.schema_components([Refusal], ref_template="#/components/schemas/{name}")
    return dict(found)


def _one_answer(document: dict[str, Any]) -> None:
    """What refuses is told as a refusal, not among what is given."""
    for _, _, operation in operations(document):
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values() if status.startswith("2") else ():
                given = [one for one in content["schema"].get("oneOf", []) if not _is_refusal(one)]
                if len(given) == 1:
                    content["schema"] = given[0]


def _is_refusal(schema: Mapping[str, Any]) -> bool:
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1].endswith(("Refusal", "Outdated", "NotIssued"))

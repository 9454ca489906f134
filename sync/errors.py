"""Every way in which the engine says no, in one catalogue.

FieldbookError
├── BadRequest            the request cannot be understood           bad_request, invalid_json, doc_validation …
├── Unauthenticated       nobody known is asking                     unauthorized
├── Forbidden             known, but has no right to it              forbidden
├── NotFound              no such database, document, attachment     not_found
├── Conflict              the edit was not made on a leaf            conflict
├── AlreadyExists         the database is there already              file_exists
├── PreconditionFailed    a stub names bytes that are not held       missing_stub
├── TooLarge              past a documented limit                    request_entity_too_large, document_too_large
├── TooManyAttempts       log-in is being throttled                  too_many_attempts
├── Unsupported           server-side JavaScript and the like        not_supported
├── StoreUnavailable      the store cannot be reached just now       store_unavailable
└── StoreDamaged          the store's file cannot be trusted         store_damaged

`code` and `reason` are what CouchDB would answer (its "HTTP Status Codes" page and `chttpd_error`), since replicators read them.
The HTTP status of each class is chosen in one place, `server/couch/answers.py`.
"""


class FieldbookError(Exception):
    code = "error"
    reason = "Something went wrong."

    def __init__(self, reason: str | None = None, *, code: str | None = None, **facts: object) -> None:
        self.reason = reason or type(self).reason
        self.code = code or type(self).code
        self.facts = facts
        super().__init__(f"{self.code}: {self.reason}")


class BadRequest(FieldbookError):
    code = "bad_request"


class Unauthenticated(FieldbookError):
    code = "unauthorized"
    reason = "Name or password is incorrect."


class Forbidden(FieldbookError):
    code = "forbidden"
    reason = "You are not allowed to do this."


class NotFound(FieldbookError):
    code = "not_found"
    reason = "missing"


class Conflict(FieldbookError):
    code = "conflict"
    reason = "Document update conflict."


class AlreadyExists(FieldbookError):
    code = "file_exists"
    reason = "The database could not be created, the file already exists."


class PreconditionFailed(FieldbookError):
    code = "missing_stub"


class TooLarge(FieldbookError):
    code = "request_entity_too_large"
    reason = "The request is larger than this server accepts."


class TooManyAttempts(FieldbookError):
    code = "too_many_attempts"
    reason = "Too many failed log-ins for this account. Wait, then try again."


class Unsupported(FieldbookError):
    code = "not_supported"


class StoreUnavailable(FieldbookError):
    code = "store_unavailable"
    reason = "The store cannot be reached just now. Try again in a moment."


class StoreDamaged(FieldbookError):
    code = "store_damaged"

"""Decide how much one request may bring. Past a limit the answer is 413, and nothing of the request is kept."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    request_bytes_max: int = 64 * 1024 * 1024
    """A whole JSON request, unpacked."""
    document_bytes_max: int = 8_000_000
    """One document without its attachments: CouchDB's `max_document_size`."""
    attachment_bytes_max: int = 1024 * 1024 * 1024
    """One attachment, or one multipart document with all of them: CouchDB's `max_attachment_size`."""
    batch_documents_max: int = 50_000
    """Documents or ids in one request."""

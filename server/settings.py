"""Decide what may be set, by which name, and what holds when nobody sets it: one table, read by `serve --help` and by the documents.

A setting is a `FIELDBOOK_*` variable or a command-line option; the option wins (SE1).
"""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from server.couch.limits import Limits
from sync.errors import BadRequest

PREFIX = "FIELDBOOK_"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    data: Annotated[str, Meta(description="Directory that holds everything the server keeps.")] = "data"
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes any that is free.")] = 8080
    store: Annotated[
        str,
        Meta(
            description="`sqlite` (embedded), or a CouchDB's address: http://user:password@host:5984; a path behind it begins all names."
        ),
    ] = "sqlite"
    zone: Annotated[str, Meta(description="Time zone of the centre: its days and months are counted in it.")] = (
        "Asia/Shanghai"
    )
    origins: Annotated[
        tuple[str, ...],
        Meta(description="Origins of tablet apps served from elsewhere, separated by commas; they use bearer tokens."),
    ] = ()
    app_servers: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses that the tablet app served here may sync with, separated by commas; empty: this server."
        ),
    ] = ()
    address: Annotated[
        str,
        Meta(description="Address by which tablets reach this server, for QR codes; none: made from host and port."),
    ] = ""
    trusted_proxies: Annotated[
        str, Meta(description="Addresses of reverse proxies, separated by commas, whose word on the client is taken.")
    ] = "127.0.0.1"
    session_hours: Annotated[int, Meta(ge=1, le=720, description="Hours until a log-in by cookie ends.")] = 12
    token_days: Annotated[int, Meta(ge=1, le=3650, description="Days until the token of a tablet ends.")] = 400
    tablet_keep_days: Annotated[
        int, Meta(ge=1, le=3650, description="Days that synced records stay on a tablet after their last change.")
    ] = 400
    code_hours: Annotated[int, Meta(ge=1, le=720, description="Hours in which a tablet's enrolment code works.")] = 72
    graceful_seconds: Annotated[
        int, Meta(ge=0, le=600, description="Seconds that requests under way may take when the server is stopped.")
    ] = 10
    request_bytes_max: Annotated[int, Meta(ge=1024, description="Bytes of one JSON request, unpacked.")] = (
        Limits().request_bytes_max
    )
    document_bytes_max: Annotated[int, Meta(ge=1024, description="Bytes of one document without attachments.")] = (
        Limits().document_bytes_max
    )
    attachment_bytes_max: Annotated[int, Meta(ge=1024, description="Bytes of one attachment.")] = (
        Limits().attachment_bytes_max
    )
    rescue_bytes_max: Annotated[int, Meta(ge=1024, description="Bytes of one rescue file of a tablet.")] = (
        256 * 1024 * 1024
    )
    batch_documents_max: Annotated[int, Meta(ge=1, description="Documents or ids in one request.")] = (
        Limits().batch_documents_max
    )
    reconcile: Annotated[
        bool,
        Meta(
            description="Merge, group and aggregate in this server. Without it the server only syncs: its desk shows nothing."
        ),
    ] = True
    access_log: Annotated[bool, Meta(description="Log a line for every request.")] = False
    log_level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$", description="How much is logged.")] = "info"

    @property
    def directory(self) -> Path:
        return Path(self.data).absolute()

    @property
    def public_address(self) -> str:
        """Where tablets reach this server, without a slash at its end."""
        if self.address:
            return self.address.rstrip("/")
        # Listening everywhere is no address to go to: the machine's name may be one.
        host = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  # compared, not used
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def limits(self) -> Limits:
        return Limits(**{name: getattr(self, name) for name in Limits.__struct_fields__})


class Setting(NamedTuple):
    name: str
    variable: str
    option: str
    type: type
    default: Any
    meaning: str


def table() -> list[Setting]:
    """Every setting there is."""
    rows = []
    for field in msgspec.structs.fields(Settings):
        name, kind = field.name, msgspec.inspect.type_info(field.type)
        meaning = (
            (kind.extra_json_schema or {}).get("description", "") if isinstance(kind, msgspec.inspect.Metadata) else ""
        )
        plain = type(field.default)
        rows.append(Setting(name, PREFIX + name.upper(), "--" + name.replace("_", "-"), plain, field.default, meaning))
    return rows


def read_settings(environ: Mapping[str, str], options: Mapping[str, Any] | None = None) -> Settings:
    """Options given win over variables, variables over defaults. Raises BadRequest naming the setting that cannot be used."""
    given: dict[str, Any] = {}
    for setting in table():
        value: Any = (options or {}).get(setting.name)
        value = environ.get(setting.variable) if value is None else value
        if value is not None:
            given[setting.name] = _split(value) if setting.type is tuple else value
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"A setting cannot be used: {error}", code="bad_setting") from None
    if settings.address and not settings.address.startswith(("http://", "https://")):
        raise BadRequest(
            f"The address {settings.address!r} begins with neither https:// nor http://.", code="bad_setting"
        )
    try:
        ZoneInfo(settings.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadRequest(f"There is no time zone {settings.zone!r}: try Asia/Shanghai.", code="bad_setting") from None
    return settings


def _split(value: Any) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value
    return [part.strip().rstrip("/") for part in parts if part.strip()]

"""Decide how databases are copied from one place to another from the command line."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import click


@click.command("replicate")
@click.argument("source")
@click.argument("target")
@click.option(
    "--all", "everything", is_flag=True, help="Every database: SOURCE and TARGET are a server's root, or directories."
)
@click.option(
    "--create", is_flag=True, help="Make the target database where there is none (with --all this is done anyway)."
)
@click.option("--continuous", is_flag=True, help="Go on with what is new, until stopped (Ctrl-C).")
def replicate_command(source: str, target: str, everything: bool, create: bool, continuous: bool) -> None:
    """Copy what TARGET lacks of SOURCE, by CouchDB's replication.

    Each is the address of a database, http://name:password@host:8080/sync/branch-b03 (without the password it is asked for), or
    a database of a data directory that no server uses, such as /var/lib/fieldbook/branch-b03. It can be broken off and run again:
    it goes on where it was. It ends with an error when anything was refused, and names each document.
    """
    from server.copying import copy

    asyncio.run(_until_stopped(copy(_asked(source), _asked(target), everything, create or everything, continuous)))


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Stopped by whoever runs it, at a terminal or as a service, it ends well: also where it was started with Ctrl-C ignored."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        click.echo("Stopped. Run it again to go on.")


def _asked(place: str) -> str:
    """The place with its password."""
    parts = urlsplit(place)
    if parts.scheme not in ("http", "https") or parts.username is None or parts.password is not None:
        return place
    password = click.prompt(f"Password of {parts.username} at {parts.hostname}", hide_input=True)
    netloc = f"{parts.username}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))

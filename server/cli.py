"""The `fieldbook` command."""

from typing import Any

import click

from server.cli_accounts import user
from server.cli_demo import demo
from server.cli_export import export
from server.cli_import import import_command
from server.cli_ledger import rebuild
from server.cli_options import with_settings
from server.cli_replicate import replicate_command
from server.cli_store import backup, check, restore, restored
from server.cli_tablets import tablet
from server.settings import Settings
from sync.errors import FieldbookError


class Group(click.Group):
    """Says what is wrong in one sentence, where Python would show its stack."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FieldbookError as error:
            raise click.ClickException(error.reason) from error


@click.group(cls=Group)
@click.version_option(package_name="fieldbook", prog_name="fieldbook")
def main() -> None:
    """Offline-first sync server for the field records of Party branches."""


@main.command()
@with_settings()
def serve(settings: Settings) -> None:
    """Serve tablets and the desk until stopped (Ctrl-C)."""
    from server import serve as server

    server.serve(settings)


for command in (
    demo,
    user,
    tablet,
    import_command,
    export,
    check,
    rebuild,
    backup,
    restore,
    restored,
    replicate_command,
):
    main.add_command(command)

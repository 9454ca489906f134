"""Decide how the store is looked after from the command line: checked, backed up, restored."""

from pathlib import Path

import click

from server.cli_ledger import compare_ledger
from server.cli_options import stored, with_settings
from server.settings import Settings
from sync.errors import StoreDamaged


@click.command()
@with_settings("data", "store", "zone")
def check(settings: Settings) -> None:
    """Check the embedded store: its file, and that every attachment is there and unchanged. Works beside a running server; without
    one, the ledger is compared with one made from nothing."""
    from server.upkeep import check_store

    found = check_store(settings)
    for problem in found.problems:
        click.echo(problem, err=True)
    click.echo(
        f"Checked {found.documents} documents and {found.attachments} attachments: {len(found.problems)} problems."
    )
    if found.problems:
        raise StoreDamaged(
            "The store has problems: keep a copy of it, then restore the last backup. See the lines above."
        )
    compare_ledger(settings)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@stored
def backup(settings: Settings, directory: Path) -> None:
    """Copy the embedded store into DIRECTORY, which must not hold one yet. Works beside a running server."""
    from server.upkeep import back_up

    back_up(settings, directory)
    click.echo(f"The store is copied to {directory}.")


@click.command()
@stored
def restored(settings: Settings) -> None:
    """Say that the store was put back by other means than `fieldbook restore`: a CouchDB from its backup, a disk from a snapshot.
    Tablets then start again from their beginning, and bring back what is lacking. Needs every server on the store stopped."""
    from server.upkeep import begin_anew

    databases = begin_anew(settings)
    click.echo(f"The store with its {databases} databases counts as restored: tablets bring back what it lacks.")


@click.command()
@click.argument("backup_directory", metavar="BACKUP", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--erased-from",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A data directory or later backup, from which the list of what was erased for good is taken along.",
)
@stored
def restore(settings: Settings, backup_directory: Path, erased_from: Path | None) -> None:
    """Make a new data directory from BACKUP. Tablets start again from their beginning, and bring back what the backup lacks."""
    from server.upkeep import restore_backup

    brought = restore_backup(settings, backup_directory, erased_from)
    if erased_from is not None:
        click.echo(
            f"{brought} entries of the list of erasures are newer than the backup: the first start applies them."
        )
    click.echo(f"Restored into {settings.directory}. Start the server on it; tablets bring back what the backup lacks.")

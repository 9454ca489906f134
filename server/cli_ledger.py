"""Decide how the ledger is made anew from the command line, and how `check` says what differs."""

import click

from server.cli_options import with_settings
from server.settings import Settings
from sync.errors import StoreDamaged


@click.command()
@with_settings("data", "store", "zone")
def rebuild(settings: Settings) -> None:
    """Make the ledger of figures and activities anew from the records. Needs the server stopped."""
    from server.ledger_upkeep import rebuild_ledger
    from sync.ledger.figures import FIGURES

    made = rebuild_ledger(settings, _show)
    for figure in FIGURES:
        value = made.figures[figure.code]
        click.echo(f"{'-' if value is None else value:>10}  {figure.name[0]}  {figure.name[1]}")
    click.echo(f"The ledger is made. Its digest is {made.digest}.")


def compare_ledger(settings: Settings) -> None:
    """For `check`: the ledger against one made from nothing. Raises StoreDamaged when they differ."""
    from server.data import Busy
    from server.ledger_upkeep import check_ledger, there_is_a_ledger

    if not there_is_a_ledger(settings.directory):
        return
    try:
        differences = check_ledger(settings, _show)
    except Busy:
        click.echo("The ledger was not compared: a server uses it. Stop the server to have it compared.")
        return
    for one in differences:
        click.echo(f"{one.table}: {'missing' if one.only_in_the_new_one else 'wrong'}: {one.line}", err=True)
    if differences:
        raise StoreDamaged("The ledger differs from the records: make it anew with `fieldbook rebuild`.")
    click.echo("The ledger says what the records say.")


def _show(db: str, count: int) -> None:
    if count:
        click.echo(f"{db}: {count} changes read", err=True)

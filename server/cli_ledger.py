"""Decide how the ledger is made anew from the command line, and how `check` says what differs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from server.cli_options import with_settings
from server.settings import Settings
from sync.errors import StoreDamaged

LINE_EVERY = 20_000
"""Documents between two lines, where there is no terminal to draw a bar on."""


@click.command()
@with_settings("data", "store", "zone")
def rebuild(settings: Settings) -> None:
    """Make the ledger of figures and activities anew from the records. Needs the server stopped."""
    from server.ledger_upkeep import rebuild_ledger
    from sync.ledger.figures import FIGURES

    with _progress("正在重建台账 Rebuilding") as show:
        made = rebuild_ledger(settings, show)
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
        with _progress("正在核对台账 Comparing") as show:
            differences = check_ledger(settings, show)
    except Busy:
        click.echo("The ledger was not compared: a server uses it. Stop the server to have it compared.")
        return
    for one in differences:
        click.echo(f"{one.table}: {'missing' if one.only_in_the_new_one else 'wrong'}: {one.line}", err=True)
    if differences:
        raise StoreDamaged("The ledger differs from the records: make it anew with `fieldbook rebuild`.")
    click.echo("The ledger says what the records say.")


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; where standard error goes to a file, a line now and then."""
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:
        told = 0

        def show(done: int, total: int) -> None:
            nonlocal told
            bar.length = max(total, 1)
            bar.update(done - bar.pos)
            if not sys.stderr.isatty() and done // LINE_EVERY > told // LINE_EVERY:
                told = done
                click.echo(f"{label}: {done:,} / {total:,}", err=True)

        yield show

"""Decide how tablets are administered from the command line."""

import io
from pathlib import Path
from urllib.parse import quote

import click

from server.cli_options import stored, with_settings
from server.settings import Settings


@click.group()
def tablet() -> None:
    """Enrol, lock, wipe and list tablets."""


@tablet.command()
@click.argument("account")
@click.option("--label", default="", help="What the tablet is called, such as the number on its back.")
@click.option("--qr/--no-qr", default=True, show_default=True, help="Show the address with the code as a QR code.")
@with_settings("data", "store", "host", "port", "address")
def enrol(settings: Settings, account: str, label: str, qr: bool) -> None:
    """Make a code that enrols one tablet for ACCOUNT. It is typed into the tablet, and works once."""
    from server.administration import ask

    made = ask(settings, "POST", "/tablets", {"account": account, "label": label})
    click.echo(f"Tablet {made['tablet']['id']}: enter {made['code']} on it before {made['tablet']['code_expires']}.")
    click.echo(f"Or open {made['link']} on it.")
    if qr:
        click.echo(_qr(made["link"]))


@tablet.command()
@click.argument("tablet_id", metavar="TABLET")
@click.option("--undo", is_flag=True, help="Unlock it.")
@stored
def lock(settings: Settings, tablet_id: str, undo: bool) -> None:
    """Lock TABLET: nothing goes to it or comes from it."""
    _act(settings, tablet_id, "unlock" if undo else "lock")


@tablet.command()
@click.argument("tablet_id", metavar="TABLET")
@stored
def wipe(settings: Settings, tablet_id: str) -> None:
    """Tell TABLET, at its next contact, to erase all that it holds. What it had not sent is lost."""
    _act(settings, tablet_id, "wipe")


@tablet.command("list")
@stored
def list_tablets(settings: Settings) -> None:
    """List the tablets: id, account, state, label, and what each last said it holds unsent."""
    from server.administration import ask

    path = "/tablets"
    while path:
        page = ask(settings, "GET", path)
        for one in page["tablets"]:
            about, report = one["tablet"], one["report"]
            holds = "no report" if report is None else f"{report['unsent']} unsent at {report['at']}"
            click.echo("\t".join([about["id"], about["account"], about["state"], about["label"] or "-", holds]))
        path = f"/tablets?after={page['next']}" if page["next"] else ""


@tablet.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@stored
def rescue(settings: Settings, file: Path) -> None:
    """Take in the rescue FILE of a tablet: what it had not sent. Again, it changes nothing."""
    from server.administration import ask

    told = ask(settings, "POST", "/rescues", file.read_bytes())
    click.echo(
        f"{told['written']} written, {told['known']} known, {told['photos']} photos, {len(told['refused'])} refused."
    )
    for one in told["refused"]:
        click.echo(f"{one['id'] or '-'}\t{one['code']}\t{one['zh']} / {one['en']}")


def _qr(link: str) -> str:
    import segno

    drawn = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue()


def _act(settings: Settings, tablet_id: str, act: str) -> None:
    from server.administration import ask

    found = ask(settings, "POST", f"/tablets/{quote(tablet_id)}/{act}")
    click.echo(f"Tablet {found['id']} is now {found['state']}.")

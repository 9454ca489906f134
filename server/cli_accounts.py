"""Decide how accounts are administered from the command line."""

import sys
from urllib.parse import quote

import click

from server.cli_options import stored
from server.settings import Settings
from sync.actor import ROLES


@click.group()
def user() -> None:
    """Add, change, lock and list accounts."""


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the account may do.")
@click.option("--branch", help="The branch it belongs to: for secretary, deputy and member.")
@click.option("--member", help="The id of the member whose account it is; default: NAME.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@stored
def add(settings: Settings, name: str, role: str, branch: str | None, member: str | None, password_stdin: bool) -> None:
    """Add the account NAME."""
    from server.administration import ask

    asked = {"name": name, "role": role, "branch": branch, "member": member, "password": _password(password_stdin)}
    made = ask(settings, "POST", "/accounts", asked)
    click.echo(f"Added {made['name']}, {made['role']}.")


@user.command("list")
@stored
def list_accounts(settings: Settings) -> None:
    """List the accounts: name, role, branch, member, and whether it is locked."""
    from server.administration import ask

    after: str | None = ""
    while after is not None:
        page = ask(settings, "GET", f"/accounts?limit=500{f'&after={after}' if after else ''}")
        for one in page["accounts"]:
            parts = [
                one["name"],
                one["role"],
                one["branch"] or "-",
                one["member"] or "-",
                "locked" if one["locked"] else "",
            ]
            click.echo("\t".join(parts).rstrip())
        after = page["next"]


@user.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Unlock it.")
@stored
def lock(settings: Settings, name: str, undo: bool) -> None:
    """Lock the account NAME: it is refused from its next request on."""
    from server.administration import ask

    ask(settings, "PATCH", f"/accounts/{quote(name)}", {"locked": not undo})
    click.echo(f"{'Unlocked' if undo else 'Locked'} {name}.")


@user.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@stored
def passwd(settings: Settings, name: str, password_stdin: bool) -> None:
    """Set the password of NAME. Its sessions and tokens end, except those of tablets."""
    from server.administration import ask

    ask(settings, "PUT", f"/accounts/{quote(name)}/password", {"password": _password(password_stdin)})
    click.echo(f"Set the password of {name}.")

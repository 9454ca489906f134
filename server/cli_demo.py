"""Decide what `fieldbook demo` shows: a filled centre, who may log in to it, and, served and played, how records become a ledger."""

from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
import msgspec

from server.cli_options import with_settings
from server.settings import Settings
from sync.errors import BadRequest

if TYPE_CHECKING:
    from server.demo.fill import Demo
    from server.services import MakeTask


@click.command()
@click.option(
    "--records", type=click.IntRange(0, 10_000_000), default=6_000, show_default=True, help="Field records of a year."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same centre and records.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The year ends before this day.  [default: today]")
@click.option("--serve", "serving", is_flag=True, help="Serve it afterwards, until stopped (Ctrl-C).")
@click.option("--play", "playing", is_flag=True, help="While serving, play a few tablets.")
@with_settings("data", "host", "port", "store", "log_level")
def demo(settings: Settings, records: int, seed: int, until: datetime | None, serving: bool, playing: bool) -> None:
    """Fill a data directory with an invented centre, and print the accounts. Done once for a directory; then it is used as it is."""
    from server.app import BACKGROUND
    from server.demo.fill import prepare
    from server.demo.play import Play, Welcome
    from server.serve import serve

    if not _is_loopback(settings.host):
        raise BadRequest(
            f"The demo's passwords are printed, so it is served on this machine alone, not on {settings.host}."
        )
    last = until.date() if until else datetime.now(ZoneInfo(settings.zone)).date()

    def told(done: int, all_of_them: int) -> None:
        click.echo(f"\r正在填入演示记录 / filling in records: {done} / {all_of_them}", nl=done >= all_of_them)

    made = prepare(settings, seed, records, last, told)
    _introduce(settings, made, serving)
    if not serving:
        return

    def say(zh: str, en: str) -> None:
        click.echo(f"\n▸ {zh}\n  {en}")

    tasks: list[MakeTask] = [*BACKGROUND, lambda services: Welcome(services, lambda url: _show_where(url, made))]
    if playing:
        tasks.append(lambda services: Play(services, made, say))
    quiet = settings if settings.log_level != "info" else msgspec.structs.replace(settings, log_level="warning")
    serve(quiet, tasks)
    click.echo("\n已停止 / stopped.")


def _introduce(settings: Settings, made: "Demo", serving: bool) -> None:
    from server.demo.words import CENTRE

    centre = made.centre()
    since = made.until - timedelta(days=365)
    click.echo(
        f"\n{CENTRE}（虚构）：{len(centre.branches)} 个党支部，{len(centre.members)} 名党员，{since} 起一年的记录"
    )
    click.echo(f"An invented centre: 7 branches, 131 members, and a year of records. Kept in {settings.directory}")
    click.echo("\n账号 / accounts:")
    for one in made.accounts:
        click.echo(f"  {one.name:<14} {one.password:<14} {one.role:<14} {one.branch or '-':<4} {one.person}")
    if not serving:
        click.echo(f"\nServe it: fieldbook demo --data {settings.data} --serve --play")
        return


def _show_where(url: str, made: "Demo") -> None:
    click.echo("\n地址 / where:")
    for path, zh, en in _PLACES:
        click.echo(f"  {url + path:<36} {zh} / {en}")
    who = next(one for one in made.accounts if one.role == "member")
    click.echo(
        f"平板应用用账号 {who.name}（{who.person}）和上面的密码登记 / enrol the tablet app as {who.name}, with the password above"
    )
    click.echo("按 Ctrl-C 停止 / Ctrl-C stops")


_PLACES = (
    ("/", "平板应用", "the tablet app"),
    ("/server", "服务器首页", "the server's own page"),
    ("/sync/", "平板同步", "for tablets, as a CouchDB"),
    ("/schema", "接口说明", "the API described"),
)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

"""Decide how a file of monthly rows is imported from the command line, and how its problems are shown."""

from pathlib import Path
from urllib.parse import urlencode

import click

from server.cli_options import stored
from server.settings import Settings


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--kind", type=click.Choice(["matters"]), required=True, help="What it holds: matters of the hall.")
@click.option("--month", help="The month that all rows are of, such as 2026-10, where no column says it.")
@click.option(
    "--source",
    default="hall",
    show_default=True,
    help="Where it comes from: a later file of the same source and month supersedes it.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be taken.")
@stored
def import_command(settings: Settings, file: Path, kind: str, month: str | None, source: str, dry_run: bool) -> None:
    """Import FILE (.xlsx or .csv): monthly rows of window, kind of matter, accepted, concluded, on time, early, satisfied."""
    from server.administration import ask

    asked = {"kind": kind, "name": file.name, "source": source, "dry_run": str(dry_run).lower()}
    asked |= {"month": month} if month else {}
    told = ask(settings, "POST", f"/imports?{urlencode(asked)}", file.read_bytes())
    for one in told["problems"]:
        click.echo(f"{one['zh']} / {one['en']}", err=True)
    if told["ignored"]:
        click.echo(f"未用的列 / columns not used: {', '.join(told['ignored'])}", err=True)
    zh, en = _OUTCOMES[told["outcome"]]
    months = ", ".join(told["months"])
    click.echo(f"{zh}：{months}，计入 {told['counted']} 行，有问题 {told['flagged']} 行")
    click.echo(f"{en}: {months}; {told['counted']} rows count, {told['flagged']} have problems. {told['id']}".rstrip())


_OUTCOMES = {
    "imported": ("已导入", "Imported"),
    "unchanged": ("内容未变，无须再导入", "Imported before, and nothing has changed"),
    "tried": ("试读，未导入", "Tried, nothing is kept"),
}

"""Decide how a file is imported from the command line, and how its problems are shown."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from server.cli_options import stored
from server.settings import Settings


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--kind",
    type=click.Choice(["matters", "members", "subjects"]),
    required=True,
    help="What it holds: matters of the hall, members of the centre, or subjects of a branch.",
)
@click.option("--branch", help="Whose subjects they are.")
@click.option("--sheet", default="", help="Which sheet of the workbook; the first with a header where not said.")
@click.option("--month", help="The month that all rows are of, such as 2026-10, where no column says it.")
@click.option(
    "--source",
    default="hall",
    show_default=True,
    help="Where it comes from: a later file of the same source and month supersedes it.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be taken.")
@stored
def import_command(
    settings: Settings,
    file: Path,
    kind: str,
    branch: str | None,
    sheet: str,
    month: str | None,
    source: str,
    dry_run: bool,
) -> None:
    """Import FILE (.xlsx or .csv): monthly rows of window, kind of matter, accepted, concluded, on time, early, satisfied; or members
    (number, name, branch, window, home unit …); or subjects (kind, name, address, own number …)."""
    from server.administration import ask

    asked = {"name": file.name, "sheet": sheet, "dry_run": str(dry_run).lower()}
    if kind != "matters":
        asked |= {"branch": branch} if branch else {}
        _tell_register(ask(settings, "POST", f"/imports/registers/{kind}?{urlencode(asked)}", file.read_bytes()))
        return
    asked |= {"kind": kind, "source": source} | ({"month": month} if month else {})
    told = ask(settings, "POST", f"/imports?{urlencode(asked)}", file.read_bytes())
    for one in told["problems"]:
        click.echo(f"{one['zh']} / {one['en']}", err=True)
    if told["ignored"]:
        click.echo(f"未用的列 / columns not used: {', '.join(told['ignored'])}", err=True)
    zh, en = _OUTCOMES[told["outcome"]]
    months = ", ".join(told["months"])
    click.echo(f"{zh}：{months}，计入 {told['counted']} 行，有问题 {told['flagged']} 行")
    click.echo(f"{en}: {months}; {told['counted']} rows count, {told['flagged']} have problems. {told['id']}".rstrip())


def _tell_register(told: dict[str, Any]) -> None:
    for row in told["rows"]:
        for one in [*row["problems"], *row["warnings"]]:
            click.echo(f"{one['zh']} / {one['en']}", err=True)
    for row, why in told["failed"].items():
        click.echo(f"第 {row} 行未写入，请再导入一次：{why} / Row {row} was not written: import once more.", err=True)
    if told["left_out"]:
        click.echo(f"不导入的个人信息列 / personal columns, left out: {', '.join(told['left_out'])}", err=True)
    if told["ignored"]:
        click.echo(f"未用的列 / columns not used: {', '.join(told['ignored'])}", err=True)
    zh, en = _OUTCOMES[told["outcome"]]
    counts = told["counts"]
    click.echo(f"{zh}：" + "，".join(f"{words} {counts[code]}" for code, words, _ in _COUNTS))
    click.echo(f"{en}: " + ", ".join(f"{counts[code]} {words}" for code, _, words in _COUNTS))


_COUNTS = (
    ("new", "新增", "new"),
    ("changed", "修改", "changed"),
    ("moved", "调动", "moved"),
    ("left", "离岗", "left"),
    ("unchanged", "不变", "unchanged"),
    ("flagged", "有问题", "with problems"),
)
_OUTCOMES = {
    "imported": ("已导入", "Imported"),
    "unchanged": ("内容未变，无须再导入", "Imported before, and nothing has changed"),
    "completed": ("上次没有写完，现已补全", "It had stopped half-way, and is complete now"),
    "tried": ("试读，未导入", "Tried, nothing is kept"),
}

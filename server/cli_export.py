"""Decide how a branch's activity record is written to a file from the command line."""

from pathlib import Path
from urllib.parse import quote, urlencode

import click

from server.cli_options import stored
from server.settings import Settings


@click.command()
@click.argument("branch")
@click.argument("month")
@click.option("--format", "form", type=click.Choice(["xlsx", "pdf", "csv", "json"]), default="xlsx", show_default=True)
@click.option("--version", type=click.IntRange(1), help="The approved version; as it is now where none is named.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file that is written."
)
@stored
def export(settings: Settings, branch: str, month: str, form: str, version: int | None, output: Path) -> None:
    """Write the activity record of BRANCH and MONTH (such as b03 2026-11) as Excel, PDF, CSV or JSON."""
    from server.administration import fetch

    asked = {"format": form} | ({"version": str(version)} if version is not None else {})
    path = f"/activity-records/{quote(branch, safe='')}/{quote(month, safe='')}/document?{urlencode(asked)}"
    made = fetch(settings, path)
    part = output.with_name(f"{output.name}.part")
    part.write_bytes(made)
    part.replace(output)
    click.echo(f"已导出 / written: {output} ({len(made):,} bytes)")

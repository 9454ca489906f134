"""The `fieldbook` command."""

import click


@click.group()
@click.version_option(package_name="fieldbook", prog_name="fieldbook")
def main() -> None:
    """Offline-first sync server for the field records of Party branches."""

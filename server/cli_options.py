"""Decide which options commands share: settings, by the names that their variables have."""

import functools
import os
from collections.abc import Callable
from typing import Any

import click

from server.settings import read_settings, table


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these settings as options (none named: all of them), and `settings` as its first argument."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        chosen = [setting for setting in table() if not names or setting.name in names]

        @functools.wraps(command)
        def run(**given: Any) -> None:
            options = {setting.name: given.pop(setting.name) for setting in chosen}
            command(read_settings(os.environ, options), **given)

        for setting in reversed(chosen):
            shown = ",".join(setting.default) if isinstance(setting.default, tuple) else setting.default
            meaning = f"{setting.meaning}  [{setting.variable}; default: {shown if shown != '' else 'none'}]"
            kind: Any = {bool: bool, int: int}.get(setting.type, str)
            run = click.option(setting.option, setting.name, type=kind, default=None, help=meaning)(run)
        return run

    return decorate


def stored(command: Callable[..., None]) -> Callable[..., None]:
    """Options of every command that works on a data directory."""
    return with_settings("data", "store")(command)

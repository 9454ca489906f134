"""SE: settings."""

import pytest
from click.testing import CliRunner

from server.cli import main
from server.settings import Settings, read_settings, table
from sync.errors import BadRequest


def test_se1_an_option_wins_over_a_variable_and_a_variable_over_the_default() -> None:
    assert read_settings({}).port == 8080
    assert read_settings({"FIELDBOOK_PORT": "9000"}).port == 9000
    assert read_settings({"FIELDBOOK_PORT": "9000"}, {"port": 9001}).port == 9001


def test_se1_lists_are_separated_by_commas() -> None:
    settings = read_settings({"FIELDBOOK_ORIGINS": "https://a.example, https://b.example/"})
    assert settings.origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "many"), ("PORT", "70000"), ("ZONE", "Mars/Olympus"), ("LOG_LEVEL", "loud")]
)
def test_se2_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){name}|{value}"):
        read_settings({f"FIELDBOOK_{name}": value})


def test_se1_every_setting_is_an_option_of_serve_and_says_what_it_means() -> None:
    shown = CliRunner().invoke(main, ["serve", "--help"], terminal_width=200).output
    assert {setting.name for setting in table()} == set(Settings.__struct_fields__)
    for setting in table():
        assert setting.option in shown
        assert setting.variable in shown
        assert setting.meaning


def test_every_command_answers_help() -> None:
    def walk(command: object, path: list[str]) -> None:
        assert CliRunner().invoke(main, [*path, "--help"]).exit_code == 0, path
        for name, one in getattr(command, "commands", {}).items():
            walk(one, [*path, name])

    walk(main, [])

"""The command line answers."""

from click.testing import CliRunner

from server.cli import main


def test_the_command_says_its_version() -> None:
    answer = CliRunner().invoke(main, ["--version"])
    assert answer.exit_code == 0
    assert "fieldbook" in answer.output

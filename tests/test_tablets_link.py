"""TB17: the address that a QR code holds."""

from pathlib import Path

import pytest

from server.settings import Settings, read_settings
from sync.errors import BadRequest
from tests.serving import ADMIN, command, here, served

BLOCKS = "█▀▄"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"address": "https://dj.example.gov.cn/"}, "https://dj.example.gov.cn"),
        ({"host": "::1", "port": 9000}, "http://[::1]:9000"),
    ],
)
async def test_tb17_an_invitation_has_the_address_that_opens_the_app_with_its_code(
    tmp_path: Path, given: dict[str, str | int], address: str
) -> None:
    async with here(tmp_path, **given) as made:
        told = (await made.as_(ADMIN).post("/api/v1/tablets", json={"account": "li"})).json()
        assert told["link"] == f"{address}/#/enrol?code={told['code']}"
        tablet = told["tablet"]["id"]
        again = (await made.as_(ADMIN).post(f"/api/v1/tablets/{tablet}/code")).json()
        assert again["link"].endswith(again["code"])


def test_tb17_listening_everywhere_is_no_address_to_go_to() -> None:
    assert "0.0.0.0" not in Settings(host="0.0.0.0").public_address


def test_se2_an_address_without_its_scheme_is_refused() -> None:
    with pytest.raises(BadRequest, match="address"):
        read_settings({"FIELDBOOK_ADDRESS": "dj.example.gov.cn"})


def test_tb17_the_command_line_draws_it(tmp_path: Path) -> None:
    add = ("user", "add", "li", "--role", "member", "--branch", "b03", "--password-stdin")
    assert command(*add, data=tmp_path, stdin="correct horse battery\n").returncode == 0
    drawn = command("tablet", "enrol", "li", "--address", "https://dj.example.gov.cn", data=tmp_path).stdout
    assert "https://dj.example.gov.cn/#/enrol?code=t" in drawn
    picture = [line for line in drawn.splitlines() if line and not set(line) - set(f"{BLOCKS} ")]
    assert 15 <= len(picture) <= 40
    assert len({len(line) for line in picture}) == 1
    plain = command("tablet", "enrol", "li", "--no-qr", data=tmp_path).stdout
    assert not set(plain) & set(BLOCKS)
    assert "/#/enrol?code=" in plain


def test_tb17_where_any_free_port_was_asked_for_the_link_names_the_one_that_was_had(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add = ("user", "add", "li", "--role", "member", "--branch", "b03", "--password-stdin")
    assert command(*add, data=data, stdin="correct horse battery\n").returncode == 0
    with served(data) as server:
        told = command("tablet", "enrol", "li", "--no-qr", data=data).stdout
        assert f"{server.url}/#/enrol?code=" in told

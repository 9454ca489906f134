"""DO: documents on the wire, taken apart and put together again."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.documents import ID_BYTES_MAX, check_id, digest_of, new_rev, parse_edit, parse_write, render
from sync.errors import BadRequest, FieldbookError
from sync.stores.contract import Attachment, NewAttachment, Stub

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text().filter(lambda name: not name.startswith("_")), json_values))
def test_do1_content_comes_back_as_it_came(content: dict[str, Any]) -> None:
    write = parse_write({"_id": "a", "_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}, **content})
    again = json.loads(render("a", "2-b", write.body, path=write.path, more={"_conflicts": ["2-a"]}))
    extra = {"_id": "a", "_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}, "_conflicts": ["2-a"]}
    assert again == {**content, **extra}


def test_do1_reading_members_are_dropped_and_unknown_ones_refused() -> None:
    kept = parse_write({"_id": "a", "_rev": "1-a", "_conflicts": [], "_local_seq": 3, "_replication_id": "r"})
    assert kept.content == {"_replication_id": "r"}
    with pytest.raises(BadRequest, match="Bad special document member: _mine"):
        parse_write({"_id": "a", "_rev": "1-a", "_mine": 1})


@given(json_values)
def test_do1_any_json_is_taken_apart_or_refused_in_words(value: Any) -> None:
    for doc in (
        {"_id": value},
        {"_id": "a", "_rev": value},
        {"_id": "a", "_rev": "1-a", "_revisions": value, "_attachments": value},
    ):
        for parse in (parse_write, parse_edit):
            with suppress(FieldbookError):
                parse(dict(doc))


@pytest.mark.parametrize("good", ["a", "sl/ash", "走访 一", "_design/a", "_local/b", "q?x#y", "x" * ID_BYTES_MAX])
def test_do2_ids_of_any_text(good: str) -> None:
    assert check_id(good) == good


@pytest.mark.parametrize(
    "bad", ["", None, 3, "_a", "_design/", "a\u0000b", "bell\u0007", "del\u007f", "half\ud800", "走" * ID_BYTES_MAX]
)
def test_do2_ids_that_are_none(bad: object) -> None:
    with pytest.raises(BadRequest) as refused:
        check_id(bad)
    assert refused.value.code == "illegal_docid"


@pytest.mark.parametrize(
    "revisions",
    [
        {"start": 1, "ids": ["b", "a"]},
        {"start": 0, "ids": ["b"]},
        {"start": "2", "ids": ["b", "a"]},
        {"start": 2, "ids": []},
        {"start": 2, "ids": "ba"},
        {"start": 2, "ids": ["b", 1]},
        {"start": True, "ids": ["b"]},
        {"start": 10**15, "ids": ["b"]},
        {"start": 20_000, "ids": ["b"] * 20_000},
        ["b", "a"],
    ],
)
def test_do3_histories_that_contradict_themselves_are_refused(revisions: object) -> None:
    with pytest.raises(BadRequest):
        parse_write({"_id": "a", "_rev": "2-b", "_revisions": revisions})


def test_do3_revisions_count_where_they_contradict_the_revision() -> None:
    doc = {"_id": "a", "_rev": "2-b", "_revisions": {"start": 2, "ids": ["c", "a"]}}
    assert parse_write(doc).path == ("2-c", "1-a")
    with pytest.raises(BadRequest, match="Invalid rev format"):
        parse_write({"_id": "a", "_rev": "none", "_revisions": {"start": 2, "ids": ["c", "a"]}})


def test_do4_the_same_edit_has_the_same_id_everywhere() -> None:
    one, other = parse_edit({"_id": "a", "x": 1, "y": 2}), parse_edit({"_id": "b", "y": 2, "x": 1})
    assert new_rev(one, None, {}) == new_rev(other, None, {})
    picture = Attachment("image/png", "md5-x", 1)
    ids = {new_rev(one, None, {}), new_rev(one, "1-a", {}), new_rev(one, None, {"p": picture})}
    assert len(ids) == 3
    assert new_rev(one, "1-a", {}).startswith("2-")


def test_do5_attachments_come_inline_or_as_stubs() -> None:
    data = base64.b64encode(b"bytes").decode()
    described = {
        "a.png": {"data": data, "content_type": "image/png", "digest": digest_of(b"bytes")},
        "b.png": {"stub": True, "revpos": 2},
    }
    parsed = parse_write({"_id": "a", "_rev": "1-a", "_attachments": described}).attachments
    inline, stub = parsed["a.png"], parsed["b.png"]
    assert isinstance(inline, NewAttachment)
    assert (inline.data, inline.length, inline.content_type) == (b"bytes", 5, "image/png")
    assert stub == Stub(None, 2)


@pytest.mark.parametrize(
    "attachments",
    [
        {"a": {"data": "no base64!"}},
        {"a": {"data": 1}},
        {"a": {}},
        {"a": 1},
        {"": {"data": ""}},
        {"_a": {"data": ""}},
        {"a": {"follows": True}},
        {"a": {"stub": True, "revpos": "1"}},
        {"a": {"data": "", "content_type": 1}},
        {"a": {"data": "eA==", "content_type": "image/png", "digest": "md5-AAAA"}},
        [1],
    ],
)
def test_do5_attachments_that_are_none_are_refused(attachments: object) -> None:
    with pytest.raises(BadRequest):
        parse_write({"_id": "a", "_rev": "1-a", "_attachments": attachments})


def test_do5_a_text_may_carry_the_digest_of_its_compressed_bytes() -> None:
    described = {"a.txt": {"data": "eA==", "content_type": "text/plain", "digest": "md5-of+the+gzip"}}
    assert parse_write({"_id": "a", "_rev": "1-a", "_attachments": described}).attachments

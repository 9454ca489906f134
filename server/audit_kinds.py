"""Decide in which words each kind of line of the audit is told, and under what it is found: the one table of
all that the server writes (AD9)."""

from collections.abc import Iterator, Mapping
from typing import Any

KINDS: Mapping[str, tuple[str, str]] = {
    "login": ("登录", "Log-in"),
    "login_failed": ("登录失败", "Log-in failed"),
    "password": ("更换密码", "New password"),
    "token_made": ("建立访问令牌", "Token made"),
    "token_ended": ("结束访问令牌", "Token ended"),
    "session_ended": ("结束登录", "Log-in ended"),
    "account_added": ("新建账号", "Account added"),
    "account_changed": ("修改账号", "Account changed"),
    "tablet_invited": ("邀请平板", "Tablet invited"),
    "tablet_enrolled": ("登记平板", "Tablet enrolled"),
    "tablet_lock": ("锁定平板", "Tablet locked"),
    "tablet_unlock": ("解锁平板", "Tablet unlocked"),
    "tablet_wipe": ("擦除平板", "Tablet to be wiped"),
    "tablet_wiped": ("平板已擦除", "Tablet wiped"),
    "tablet_recovered": ("恢复平板数据", "Tablet's data recovered"),
    "tablet_recovery_refused": ("恢复平板数据被拒绝", "Recovery of a tablet's data refused"),
    "rescue": ("导入救援文件", "Rescue file taken in"),
    "delivery": ("同步送达", "Delivered by sync"),
    "read": ("查看", "Read"),
    "decision": ("审核", "Decided"),
    "redact": ("清除历史值", "Value taken out"),
    "admit": ("放行被拒内容", "Refused content let in"),
    "erase": ("永久删除", "Erased"),
    "export": ("导出", "Exported"),
    "import": ("导入", "Imported"),
    "import_withdrawn": ("撤回导入", "Import withdrawn"),
    "directory": ("修改名录", "Directory changed"),
    "office": ("支委任职", "Office in a branch's committee"),
    "assignment": ("交办", "Assigned or ended"),
    "joint_survey": ("联合踏勘", "Joint survey"),
    "form": ("发布表单", "Form published"),
}

ANY = "any:"
"""Every line bears it."""

_WHO = {"account": "account", "member": "member", "tablet": "tablet"}
_PLACES = ("db", "database")
_NOT_SOUGHT = frozenset(
    {
        "type",
        "version",
        "kind",
        "at",
        "from",
        "to",
        "reason",
        "address",
        "digest",
        "key",
        "by",
        "format",
        "role",
        "state",
    }
    | {"decision", "path", "stamp", "fields", "made", "register"}
)
_VALUE_CHARACTERS_MAX = 200


def keys_of(line: Mapping[str, Any]) -> set[str]:
    """Under what a line is found: `kind:…`, `account:…`, `member:…` and `tablet:…` of who did it, `db:…`, and `on:…` for each document,
    account, tablet or branch that it names."""
    found = {ANY, f"kind:{line.get('kind')}"}
    for name, value in line.items():
        if name in _NOT_SOUGHT:
            continue
        for one in _texts(value):
            found.add(f"{_WHO[name]}:{one}" if name in _WHO else f"db:{one}" if name in _PLACES else f"on:{one}")
    return found


def _texts(value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and 0 < len(one) <= _VALUE_CHARACTERS_MAX:
            yield one

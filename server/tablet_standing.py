"""Decide how a tablet stands: whether it is safe to hand over, what about it asks for somebody's attention, and what to do (TB20, TB22).
Pure."""

from datetime import datetime, timedelta

import msgspec

from server.tablet_reports import Report
from server.tablets import Tablet

HEARD_WITHIN = timedelta(days=1)
SILENT_DAYS = 7
CLOCK_SECONDS_MAX = 300
FULL_SHARE = 0.9


class Because(msgspec.Struct, frozen=True):
    """`do_zh`, `do_en`: what to do about it."""

    code: str
    zh: str
    en: str
    do_zh: str = ""
    do_en: str = ""


_SYNC = (
    "在有网络处打开应用，等到显示“全部已同步”",
    "Open the app where there is a network and wait until all is synced",
)


def unsafe(tablet: Tablet, report: Report | None, now: datetime) -> list[Because]:
    """What may be lost with a tablet; one that was never enrolled or has erased all holds nothing."""
    if tablet.state in ("invited", "wiped"):
        return []
    sync = _SYNC if tablet.state == "active" else _UNLOCK if tablet.state == "locked" else _LOST
    if report is None:
        return [Because("never_heard", "从未报告过", "It has never reported", *sync)]
    why = []
    if report.unsent:
        why.append(Because("unsent", f"{report.unsent} 条未上传", f"{report.unsent} records have not arrived", *sync))
    if report.photos:
        why.append(
            Because("photos", f"{report.photos} 张照片未上传", f"{report.photos} photos have not arrived", *sync)
        )
    if not report.current or not all(report.current.values()):
        told = ("上次报告时数据不是最新", "It did not hold all there was when it last reported")
        why.append(Because("behind", *told, *sync))
    if datetime.fromisoformat(report.at) < now - HEARD_WITHIN:
        why.append(Because("silent", "超过一天没有报告", "It has not reported for more than a day", *sync))
    return why


_UNLOCK = (
    "先解锁，再在有网络处同步；或用救援文件取出",
    "Unlock it and let it sync; or take its records out by a rescue file",
)
_LOST = ("正在擦除：未上传的已无法取回", "It is being wiped: what has not arrived cannot be had any more")


def attention(tablet: Tablet, report: Report | None, now: datetime, version: str) -> list[Because]:
    """What somebody should look at. `version`: that of the server's own app."""
    if tablet.state == "wiped":
        return []
    if tablet.state == "wipe":
        return [
            Because("wipe_pending", "等待擦除", "Waiting to be wiped", "让它联网一次", "Let it reach the server once")
        ]
    if tablet.state == "invited":
        return _invitation(tablet, now)
    if report is None:
        return [Because("never_heard", "从未报告过", "It has never reported", *_SYNC)]
    why = []
    days = (now - datetime.fromisoformat(report.at)).days
    if days >= SILENT_DAYS:
        told = (f"{days} 天没有消息", f"Not heard of for {days} days")
        why.append(
            Because(
                "long_silent",
                *told,
                "联系使用人，请其联网同步；找不到就锁定",
                "Ask whoever has it to sync; lock it if it is lost",
            )
        )
    if report.refused:
        told = (f"{report.refused} 条未被接收", f"{report.refused} records were refused")
        why.append(
            Because("refused", *told, "在待办“被隔离”中处理", "See to them in the inbox, under what was refused")
        )
    if abs(report.clock_seconds or 0) > CLOCK_SECONDS_MAX:
        minutes = abs(report.clock_seconds or 0) // 60
        told = (f"时钟相差 {minutes} 分钟", f"Its clock is {minutes} minutes off")
        why.append(Because("clock", *told, "在平板设置中打开自动时间", "Turn on automatic time in its settings"))
    if is_old(report.version, version):
        told = (f"应用版本较旧（{report.version}）", f"Its app is old ({report.version})")
        why.append(
            Because("old_version", *told, "联网后关闭应用再打开", "Close and open the app where there is a network")
        )
    if report.stored is not None and report.room and report.stored > report.room * FULL_SHARE:
        why.append(
            Because(
                "full", "存储快满了", "Its storage is nearly full", "清理平板上的其他内容", "Clear other things off it"
            )
        )
    return why


def is_old(version: str, current: str) -> bool:
    """Versions are numbers between dots; one that is not known is not told to be old."""
    return bool(version) and _numbers(version) < _numbers(current)


def _numbers(version: str) -> list[int]:
    return [int("".join(letter for letter in part if letter.isdigit()) or 0) for part in version.split(".")]


def _invitation(tablet: Tablet, now: datetime) -> list[Because]:
    if not tablet.code_expires or datetime.fromisoformat(tablet.code_expires) > now:
        return []
    return [Because("code_expired", "邀请码已过期", "Its code is past its time", "发新的邀请码", "Make a new code")]

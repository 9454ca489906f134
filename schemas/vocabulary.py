"""Decide the field's words: every closed list of values, with its label in Chinese and English."""

Words = dict[str, tuple[str, str]]

VISIT_KINDS: Words = {
    "assist": ("帮扶走访", "help for a household"),
    "link": ("党员联系群众", "member's link with residents"),
    "enterprise": ("走访企业", "call on an enterprise"),
    "project": ("项目跟踪服务", "following a project"),
    "village": ("驻村联系", "visit to a village"),
    "link_point": ("领导联系点", "leader's link point"),
    "adviser": ("党建指导员走访", "Party-building adviser's visit"),
    "hotline": ("诉接速办", "hotline complaint, on site the same day"),
    "call_back": ("回访", "call-back visit"),
    "other": ("其他走访", "other visit"),
}

SERVICE_KINDS: Words = {
    "on_site": ("上门服务", "on site"),
    "on_behalf": ("代办帮办", "on behalf"),
    "after_hours": ("延时服务", "after hours"),
    "by_appointment": ("预约服务", "by appointment"),
    "urgent": ("急事急办", "urgent"),
    "cross_province": ("跨省通办", "cross-province"),
    "followed_up": ("跟踪服务", "followed up"),
    "certificate_delivered": ("送证上门", "certificate delivered"),
    "guided": ("电话帮办", "guided by telephone"),
    "training": ("现场辅导", "training on site"),
}

MATTER_KINDS: Words = {"instant": ("即办件", "instant"), "committed": ("承诺件", "committed by a date")}

STAGES: Words = {
    "received": ("受理", "received"),
    "examined": ("审查", "examined"),
    "reviewed": ("审核", "reviewed"),
    "decided": ("决定", "decided"),
    "concluded": ("办结", "concluded"),
    "delivered": ("送达", "delivered"),
}

# Event kinds are open: a form may bring a new one. These have labels from the start.
EVENT_KINDS: Words = {
    "bin_duty": ("桶前值守", "bin-side duty"),
    "epidemic_duty": ("防疫值守", "epidemic duty"),
    "leader_duty": ("领导带班", "leader on duty"),
    "volunteer": ("志愿服务", "volunteering"),
    "clean_up": ("周末清洁日", "weekend clean-up"),
    "street_task": ("街道任务", "sub-district task"),
    "members_meeting": ("支部党员大会", "general meeting of members"),
    "committee_meeting": ("支部委员会", "branch committee"),
    "group_meeting": ("党小组会", "Party group meeting"),
    "party_lecture": ("党课", "Party lecture"),
    "organisational_life": ("组织生活会", "organisational-life meeting"),
    "heart_to_heart": ("谈心谈话", "heart-to-heart talk"),
    "study": ("学习", "study"),
    "training": ("业务培训", "training"),
    "test": ("测试", "test"),
    "theme_day": ("主题党日", "theme Party day"),
    "inspection": ("督查", "inspection"),
    "other": ("其他活动", "other event"),
}

SUBJECT_KINDS: Words = {
    "household": ("户", "household"),
    "resident": ("居民", "resident"),
    "enterprise": ("企业", "enterprise"),
    "project": ("项目", "project"),
    "village": ("村（社区）", "village"),
    "duty_point": ("值守点", "duty point"),
    "site": ("场所", "site"),
}

PROBLEM_STATES: Words = {
    "open": ("待解决", "open"),
    "in_hand": ("办理中", "in hand"),
    "solved": ("已解决", "solved"),
    "passed_on": ("已转办", "passed on"),
    "not_solvable": ("无法解决", "cannot be solved"),
}

SEVERITIES: dict[int, tuple[str, str]] = {1: ("一般", "minor"), 2: ("较重", "serious"), 3: ("紧急", "pressing")}

PRIVACY: Words = {"notice": ("已告知", "notice given"), "consent": ("已同意", "consent given")}

SATISFACTION: Words = {"satisfied": ("满意", "satisfied"), "not_satisfied": ("不满意", "not satisfied")}

SCORES: dict[int, tuple[str, str]] = {
    5: ("非常满意", "very satisfied"),
    4: ("满意", "satisfied"),
    3: ("基本满意", "fairly satisfied"),
    2: ("不满意", "dissatisfied"),
    1: ("非常不满意", "very dissatisfied"),
}

RATING_CHANNELS: Words = {
    "hand_over": ("平板当面评价", "on the tablet, handed over"),
    "card": ("评价卡", "card"),
    "code": ("扫码评价", "code scanned"),
}

SIGNATURE_PURPOSES: Words = {
    "received": ("签收", "received"),
    "present": ("在场确认", "was present"),
    "agrees": ("同意", "agrees"),
    "findings": ("确认踏勘意见", "confirms findings"),
}

FINDINGS: Words = {
    "pass": ("符合", "meets"),
    "remedy": ("整改后符合", "meets once put right"),
    "fail": ("不符合", "does not meet"),
    "not_applicable": ("不涉及", "does not apply"),
}

CONCLUSIONS: Words = {
    "pass": ("通过", "passed"),
    "remedy": ("整改后通过", "passed once put right"),
    "fail": ("不通过", "not passed"),
}

DECISIONS: Words = {
    "approve": ("通过", "approve"),
    "return": ("退回", "return"),
    "settle": ("裁定", "settle a dispute"),
    "join": ("合并", "join"),
    "split": ("拆分", "split"),
    "alias": ("归一", "same subject"),
    "reopen": ("重新打开", "reopen"),
}

ASSIGNMENT_KINDS: Words = {
    "link": ("联系对象", "link with a subject"),
    "problem": ("问题督办", "problem to solve"),
    "task": ("任务", "task"),
}

ASSIGNMENT_STATES: Words = {"given": ("已交办", "given"), "done": ("已完成", "done"), "ended": ("已结束", "ended")}

ROLES: Words = {
    "member": ("党员", "member"),
    "deputy": ("副书记", "deputy"),
    "secretary": ("支部书记", "secretary"),
    "committee": ("机关党委", "committee"),
    "administrator": ("管理员", "administrator"),
}

OFFICES: Words = {
    "secretary": ("书记", "secretary"),
    "deputy": ("副书记", "deputy secretary"),
    "organisation": ("组织委员", "member for organisation"),
    "publicity": ("宣传委员", "member for publicity"),
    "discipline": ("纪检委员", "member for discipline"),
    "united_front": ("统战委员", "member for the united front"),
    "masses": ("群众工作委员", "member for mass work"),
    "youth": ("青年委员", "member for youth"),
    "member": ("委员", "member of the committee"),
}

NOTICE_KINDS: Words = {
    "notice": ("通知要求", "notice"),
    "lesson": ("党的理论", "lesson"),
    "style": ("党建风采", "branch life"),
    "integrity": ("廉政提醒", "integrity reminder"),
    "document": ("传阅文件", "circulated document"),
    "board": ("先锋榜", "board of honour"),
}

ACTIVITY_KINDS: Words = {
    "visit": ("走访", "visit"),
    "service": ("服务", "service"),
    "survey": ("踏勘", "survey"),
    "event": ("活动", "event"),
}

LEDGER_STATES: Words = {
    "open": ("记录中", "open"),
    "under_review": ("审核中", "under review"),
    "approved": ("已通过", "approved"),
}

IMPORT_KINDS: Words = {"matters": ("大厅办件", "matters of the hall")}

PHOTO_TYPES: Words = {"image/jpeg": ("JPEG", "JPEG"), "image/webp": ("WebP", "WebP"), "image/png": ("PNG", "PNG")}

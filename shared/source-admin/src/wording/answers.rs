//! The table's second part: what WeCom says.

use super::{Entry, entry, number};

pub(super) const ANSWERS: &[Entry] = &[
    // What WeCom says of the credentials.
    entry(
        "wrong_secret",
        (
            "WeCom refuses the field `secret` ({errcode})",
            "copy the app's Secret from the WeCom admin console again; it was tried once, because \
             several wrong secrets block an address for an hour",
        ),
        (
            "企业微信不接受 Secret（字段 secret）（{errcode}）",
            "请从企业微信管理后台重新复制该应用的 Secret；本次只尝试一次，多次错误会使 IP 被封禁一小时",
        ),
    ),
    entry(
        "unknown_corp",
        (
            "WeCom does not know the field `corp_id` ({errcode})",
            "copy the CorpID from the WeCom admin console again",
        ),
        (
            "企业微信不认识企业 ID（字段 corp_id）（{errcode}）",
            "请从企业微信管理后台“我的企业”重新复制企业 ID",
        ),
    ),
    entry(
        "wrong_agent_id",
        (
            "the fields `agent_id` and `secret` belong to different apps ({errcode})",
            "enter AgentId and Secret of the same app",
        ),
        (
            "AgentId（字段 agent_id）与 Secret（字段 secret）不属于同一个应用（{errcode}）",
            "请填写同一个应用的 AgentId 和 Secret",
        ),
    ),
    entry(
        "app_disabled",
        (
            "the app is disabled in WeCom ({errcode})",
            "enable the app in the WeCom admin console",
        ),
        (
            "该应用在企业微信中已停用（{errcode}）",
            "请在企业微信管理后台启用该应用",
        ),
    ),
    entry(
        "untrusted_ip",
        (
            "WeCom does not trust the address that the call came from: {address} ({errcode})",
            "add {address} to the trusted IPs of the app in the WeCom admin console; it takes \
             effect after about a minute",
        ),
        (
            "来源 IP 不在该应用的企业可信 IP 中：{address}（{errcode}）",
            "请在企业微信管理后台把 {address} 加入该应用的“企业可信IP”，约一分钟后生效",
        ),
    ),
    entry(
        "token_refused",
        (
            "WeCom refuses a token that it has just given out ({errcode})",
            "check again; if it lasts, see whether another program uses the same app",
        ),
        (
            "企业微信不接受刚发放的 access_token（{errcode}）",
            "请再检查一次；若持续出现，请确认是否有其他程序在使用同一应用",
        ),
    ),
    // What WeCom says of rights and limits.
    number(
        48009,
        "no_right",
        (
            "this is the secret of contact sync, which may read ids only (48009)",
            "use AgentId and Secret of a self-built app, not the secret of contact sync",
        ),
        (
            "填写的是“通讯录同步”的 Secret，它只能读取成员 ID（48009）",
            "请改用自建应用的 AgentId 和 Secret，不要使用通讯录同步的 Secret",
        ),
    ),
    entry(
        "no_right",
        (
            "the app has no right to read this ({errcode})",
            "check the app's rights and its visible range in the WeCom admin console",
        ),
        (
            "该应用没有读取此内容的权限（{errcode}）",
            "请在企业微信管理后台检查该应用的权限和可见范围",
        ),
    ),
    entry(
        "wecom_busy",
        ("WeCom is busy ({errcode})", "check again in a minute"),
        ("企业微信系统繁忙（{errcode}）", "请一分钟后再检查"),
    ),
    entry(
        "wecom_unavailable",
        ("WeCom's server fails", "check again in a minute"),
        ("企业微信服务器出错", "请一分钟后再检查"),
    ),
    entry(
        "rate_limited",
        (
            "WeCom's call limits for this corp are used up ({errcode})",
            "check again in a minute; if it lasts, look for other programs that use the same corp",
        ),
        (
            "该企业的接口调用次数已达上限（{errcode}）",
            "请一分钟后再检查；若持续出现，请确认是否有其他程序在调用同一企业的接口",
        ),
    ),
    entry(
        "out_of_budget",
        (
            "WeCom could not be asked in time: the call limit of this corp was hit a moment ago, \
             or the way is too slow",
            "check again in a minute; if it lasts, look for other programs that use this corp, and \
             check how long the way to WeCom takes",
        ),
        (
            "未能及时询问企业微信：该企业刚触发调用频率限制，仍在等待，或网络过慢",
            "请一分钟后再检查；若持续出现，请查看是否有其他程序使用该企业，并检查到企业微信的网络延迟",
        ),
    ),
    entry(
        "tokens_blocked",
        (
            "WeCom gives this address no access token for now ({errcode}): several wrong secrets \
             block an address for an hour, and so does asking too often",
            "look for a wrong secret among all sources and programs behind this agent, correct \
             it, and check again in an hour",
        ),
        (
            "企业微信暂时不向该 IP 发放 access_token（{errcode}）：多次使用错误的 Secret \
             或请求过于频繁，该 IP 会被限制一小时",
            "请检查经由该代理的所有数据源和程序的 Secret 并改正，一小时后再检查",
        ),
    ),
    entry(
        "lookups_blocked",
        (
            "WeCom takes no more look-ups by mobile for now",
            "look the person up by userid; too many unknown mobiles block such look-ups for a day",
        ),
        (
            "企业微信暂时不再接受按手机号查询",
            "请改用 userid 查询；查询过多未知手机号会被限制一天",
        ),
    ),
    entry(
        "refused",
        (
            "WeCom refuses the call ({errcode})",
            "look the number up in WeCom's list of error codes",
        ),
        (
            "企业微信拒绝了调用（{errcode}）",
            "请在企业微信错误码文档中查询该错误码",
        ),
    ),
    entry(
        "empty_range",
        (
            "the app's visible range is empty",
            "choose departments or members as visible range in the WeCom admin console",
        ),
        (
            "该应用的可见范围为空",
            "请在企业微信管理后台为该应用选择可见的部门或成员",
        ),
    ),
    entry(
        "no_departments",
        (
            "the range names departments and WeCom lists none",
            "check the app's visible range in the WeCom admin console",
        ),
        (
            "可见范围包含部门，但企业微信没有返回任何部门",
            "请在企业微信管理后台检查该应用的可见范围",
        ),
    ),
    entry(
        "nobody_found",
        (
            "nobody was found in the places of the visible range that were looked at",
            "check that members stand in the app's visible range",
        ),
        (
            "在查看过的可见范围内没有找到任何成员",
            "请确认该应用的可见范围内有成员",
        ),
    ),
    // What a preview may find.
    entry(
        "mobile_lookup_not_allowed",
        (
            "WeCom does not let the app look this person up by mobile ({errcode}): that needs a \
             right of its own, and the person must be visible to the app",
            "look the person up by userid, which needs no such right",
        ),
        (
            "企业微信不允许该应用按手机号查询此成员（{errcode}）：这需要单独的权限，且成员须在可见范围内",
            "请改用 userid 查询，它不需要这项权限",
        ),
    ),
    entry(
        "not_found",
        (
            "WeCom knows nobody by this, or not within what the app may see",
            "check the spelling, and the app's visible range",
        ),
        (
            "企业微信中没有这个成员，或者不在应用的可见范围内",
            "请检查拼写以及应用的可见范围",
        ),
    ),
    entry(
        "out_of_range",
        (
            "this person is outside the app's visible range",
            "widen the visible range of the app in the WeCom admin console",
        ),
        (
            "该成员不在应用的可见范围内",
            "请在企业微信管理后台扩大该应用的可见范围",
        ),
    ),
    entry(
        "nobody_visible",
        (
            "nobody was found in the first places of the visible range",
            "ask for somebody by userid, or widen the app's visible range",
        ),
        (
            "在可见范围的前几个部门中没有找到成员",
            "请按 userid 指定成员，或扩大应用的可见范围",
        ),
    ),
    entry(
        "not_answered",
        (
            "WeCom gave no answer that can be understood",
            "ask again; if it lasts, check the source step by step",
        ),
        (
            "没有得到可以理解的应答",
            "请重试；若持续出现，请对数据源做逐步检查",
        ),
    ),
];

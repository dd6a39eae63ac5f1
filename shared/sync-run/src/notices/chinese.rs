//! Chinese words for the codes of runs, readings and rows. A code that stands nowhere here is told
//! by its English sentence.

use crate::RunMode;

/// What happened, and what to do.
pub(super) fn error(mode: RunMode, code: &str) -> Option<(&'static str, &'static str)> {
    let (what, todo) = wecom(code).or_else(|| own(code))?;
    // No later run goes on with what a run that gives back left.
    let todo = match code {
        _ if !mode.gives_back() => todo,
        "killed" | "segment_lost" => {
            "重新发起，已恢复的人保持不变；若反复出现，请检查函数的内存、时长和权限"
        }
        "store_unavailable" => "重新发起，已恢复的人保持不变；若反复出现，请检查限流和服务状态",
        "store_conflict" => "重新发起，已恢复的人保持不变",
        _ => todo,
    };
    Some((what, todo))
}

/// What WeCom or the way to it said.
fn wecom(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "untrusted_ip" => (
            "出口代理的 IP 不在应用的可信 IP 中",
            "在企业微信管理后台的“企业可信IP”中加入出口代理的公网 IP",
        ),
        "wrong_secret" => (
            "应用的 Secret 不正确",
            "在数据源的凭证中填写应用当前的 Secret，再提交整个数据源（PUT）；被拒绝的 Secret 不会再次\
             发送，因为多次错误会使该 IP 被限制一小时",
        ),
        "unknown_corp" => ("企业 ID（corp_id）不存在", "核对企业 ID"),
        "wrong_agent_id" => ("应用的 agent_id 不正确", "核对应用的 agent_id"),
        "app_disabled" => ("应用已停用", "在企业微信管理后台启用该应用"),
        "token_refused" => (
            "企业微信不接受访问令牌",
            "稍后会自动重试；若反复出现，请检查凭证",
        ),
        "wecom_busy" => ("企业微信繁忙", "稍后会自动重试"),
        "tokens_blocked" => (
            "企业微信暂时不向该 IP 发放 access_token，多次使用错误的 Secret 会被限制一小时",
            "请检查经由该代理的所有数据源和程序的 Secret 并改正",
        ),
        "rate_limited" => (
            "调用频率超过企业微信的限制",
            "稍后会自动重试；可调大同步间隔",
        ),
        "no_right" => (
            "应用没有读取通讯录的权限",
            "在企业微信管理后台授予应用相应权限",
        ),
        "empty_range" | "no_departments" | "nobody_found" => (
            "应用的可见范围内没有任何人",
            "在企业微信管理后台设置应用的可见范围",
        ),
        "refused" => ("企业微信拒绝了请求", "按系统信息中的错误码处理"),
        "not_wecom" => ("回答的不是企业微信", "检查 base_url 和出口代理"),
        "tls" => ("无法建立安全连接（TLS）", "检查证书、base_url 和出口代理"),
        "bad_base_url" => ("base_url 不可用", "在设置中更正 base_url"),
        "forbidden_address" => (
            "该地址不允许访问（链路本地地址或元数据服务）",
            "更正出口代理的地址；未使用出口代理时更正 base_url",
        ),
        "unreachable" => ("无法连接企业微信", "检查网络和 base_url"),
        "no_agent" => ("没有可用的出口代理", "检查出口代理，或在数据源中配置另一个"),
        "no_answer" => (
            "企业微信没有及时应答",
            "稍后会自动重试；若持续发生，请检查出口代理和网络",
        ),
        "wecom_unavailable" => ("企业微信暂时不可用", "稍后会自动重试"),
        "out_of_budget" => ("本次调用额度已用完", "稍后会自动重试"),
        _ => return None,
    })
}

/// What is wrong with one agent that the run went around.
pub(super) fn agent(code: &str) -> Option<&'static str> {
    Some(match code {
        "no_agent" => "无法连接该出口代理，或它拒绝转发",
        "forbidden_address" => "该出口代理的地址不允许访问（链路本地地址或元数据服务）",
        "tls" => "经由该出口代理无法建立安全连接（TLS）",
        "no_answer" => "经由该出口代理没有得到及时应答",
        "untrusted_ip" => "该出口代理的 IP 不在应用的可信 IP 中",
        "tokens_blocked" => "企业微信暂时不向该出口代理的 IP 发放 access_token",
        "not_wecom" => "经由该出口代理回答的不是企业微信",
        _ => return None,
    })
}

/// What the system itself says.
fn own(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "missing_agent" => (
            "数据源引用的出口代理不存在",
            "添加该出口代理，或从数据源设置中移除",
        ),
        "agent_credentials" => ("无法读取出口代理的凭证", "重新填写出口代理的用户名和密码"),
        "no_secret" => ("数据源没有 Secret", "填写应用的 Secret 并提交数据源（PUT）"),
        "secret_unavailable" => (
            "无法读取 Secret",
            "检查函数的权限，以及 Secret 是否已被删除",
        ),
        "mapping_invalid" => ("字段映射无法使用", "更正字段映射并重新提交"),
        "never_started" => (
            "运行已排队但从未启动",
            "重新发起；若反复出现，请检查函数及其权限",
        ),
        "killed" => (
            "运行中途被终止",
            "无需处理，下一次运行会继续；若反复出现，请检查内存和时长",
        ),
        "segment_lost" => (
            "运行已移交给下一段，但没有被接手",
            "无需处理，下一次运行会继续",
        ),
        "out_of_time" => (
            "运行时间已用完",
            "无需处理，下一次运行会继续；也可以立即发起",
        ),
        "settings_changed" => (
            "运行未完成时设置被修改",
            "无需处理，下一次运行会按新设置继续；也可以立即发起",
        ),
        "back_in_part" => ("撤销未全部完成，已恢复的保持不变", "请再次撤销同一次运行"),
        "lease_lost" => ("另一次运行已接手", "无需处理"),
        "store_unavailable" => (
            "DynamoDB 没有应答",
            "无需处理，下一次运行会重试；若反复出现，请检查限流和服务状态",
        ),
        "store_refused" => ("DynamoDB 拒绝了请求", "检查函数的权限，以及表是否存在"),
        "store_unreadable" => ("存储中有无法读取的条目", "查看系统信息中指出的条目"),
        "store_conflict" => ("写入发生冲突", "无需处理，下一次运行会重试"),
        _ => return None,
    })
}

/// Why a reading proves nobody's absence.
pub(super) fn reason(code: &str) -> Option<&'static str> {
    Some(match code {
        "nothing_read" => "企业微信没有返回任何人",
        "incomplete" => "部分请求没有得到应答",
        "tree_unsound" => "部门树不完整",
        "range_unknown" => "无法读取可见范围",
        "range_changed_while_reading" => "读取过程中可见范围发生变化",
        "range_narrower" => "可见范围比以前小",
        "scope_missing" => "设置的范围中有企业微信没有的部门",
        "agent_changed" => "应用已更换",
        "case_twins" => "两个 userid 仅大小写不同",
        "changed_while_reading" => "读取过程中有人变更部门",
        "department_not_listed" => "有人所在的部门不在部门树中",
        "listings_came_short" => "部门成员列表不完整",
        _ => return None,
    })
}

/// Why a row failed.
pub(super) fn row(code: &str) -> Option<&'static str> {
    Some(match code {
        "changed_meanwhile" => "期间被其他操作修改",
        "store_unavailable" => "DynamoDB 没有应答",
        "in_flight" => "写入时运行中断",
        "not_empty" => "部门不为空",
        "purged" => "已被清除",
        "userid_reused" => "userid 已属于他人",
        "no_parent" => "上级部门不存在",
        _ => return None,
    })
}

//! Refusals: HTTP 200, `errcode` ≠ 0, an `errmsg` with a hint and the caller's IP, empty arrays.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::calls::Call;

/// A refusal by its `errcode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal(pub i64);

pub(crate) const BUSY: Refusal = Refusal(-1);
pub(crate) const WRONG_SECRET: Refusal = Refusal(40001);
pub(crate) const WRONG_CORP: Refusal = Refusal(40013);
pub(crate) const UNKNOWN_TOKEN: Refusal = Refusal(40014);
pub(crate) const BAD_PARAMETER: Refusal = Refusal(40058);
pub(crate) const UNKNOWN_TAG: Refusal = Refusal(40068);
pub(crate) const NO_TOKEN: Refusal = Refusal(41001);
pub(crate) const NO_CORP: Refusal = Refusal(41002);
pub(crate) const NO_SECRET: Refusal = Refusal(41004);
pub(crate) const NO_USERID: Refusal = Refusal(41009);
pub(crate) const NO_AGENT: Refusal = Refusal(41011);
pub(crate) const EXPIRED_TOKEN: Refusal = Refusal(42001);
pub(crate) const NEEDS_GET: Refusal = Refusal(43001);
pub(crate) const NEEDS_POST: Refusal = Refusal(43002);
pub(crate) const TOO_OFTEN: Refusal = Refusal(45009);
pub(crate) const TOO_LARGE: Refusal = Refusal(45029);
pub(crate) const TOO_MANY_AT_ONCE: Refusal = Refusal(45033);
pub(crate) const UNKNOWN_MOBILE: Refusal = Refusal(46004);
pub(crate) const NOT_FOR_APPS: Refusal = Refusal(48002);
pub(crate) const IDS_ONLY: Refusal = Refusal(48009);
pub(crate) const DISABLED: Refusal = Refusal(50003);
pub(crate) const UNKNOWN_DEPARTMENT: Refusal = Refusal(60003);
pub(crate) const OUT_OF_RANGE: Refusal = Refusal(60011);
pub(crate) const UNTRUSTED_IP: Refusal = Refusal(60020);
pub(crate) const UNKNOWN_PERSON: Refusal = Refusal(60111);
pub(crate) const OTHER_AGENT: Refusal = Refusal(301_002);

impl Refusal {
    fn words(self) -> &'static str {
        match self {
            BUSY => "system busy",
            WRONG_SECRET => "invalid credential",
            WRONG_CORP => "invalid corpid",
            UNKNOWN_TOKEN => "invalid access_token",
            BAD_PARAMETER => "invalid request parameter",
            UNKNOWN_TAG => "invalid tagid",
            NO_TOKEN => "access_token missing",
            NO_CORP => "corpid missing",
            NO_SECRET => "corpsecret missing",
            NO_USERID => "userid missing",
            NO_AGENT => "agentid missing",
            EXPIRED_TOKEN => "access_token expired",
            NEEDS_GET => "require GET method",
            NEEDS_POST => "require POST method",
            TOO_OFTEN => "api freq out of limit",
            TOO_LARGE => "result is too large",
            TOO_MANY_AT_ONCE => "api concurrent out of limit",
            UNKNOWN_MOBILE => "user no exist",
            NOT_FOR_APPS | IDS_ONLY => "api forbidden",
            DISABLED => "app is disabled",
            UNKNOWN_DEPARTMENT => "department not found",
            OUT_OF_RANGE => "no privilege to access/modify contact/party/agent",
            UNTRUSTED_IP => "not allow to access from your ip",
            UNKNOWN_PERSON => "userid not found",
            OTHER_AGENT => "not allow operate another agent with this accesstoken",
            _ => "refused",
        }
    }

    /// The text of WECOM.md §4: words, a per-request hint, the caller's address (`None`: left
    /// out, as in old messages), where to read on.
    pub(crate) fn message(self, ip: Option<IpAddr>, hint: u64) -> String {
        let code = self.0;
        let from = ip.map(|ip| format!(", from ip: {ip}")).unwrap_or_default();
        format!(
            "{}, hint: [1704335944{hint:015}]{from}, more info at \
             https://open.work.weixin.qq.com/devtool/query?e={code}",
            self.words(),
        )
    }

    /// The whole body of a refused `call`.
    pub(crate) fn body(self, call: Call, ip: Option<IpAddr>, hint: u64) -> Vec<u8> {
        let mut body = json!({"errcode": self.0, "errmsg": self.message(ip, hint)});
        merge(&mut body, call.empty_lists());
        body.to_string().into_bytes()
    }
}

/// Adds the fields of `more` to `body`; both are objects.
pub(crate) fn merge(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}

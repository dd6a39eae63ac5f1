//! What both test programs need: a configuration, a record, a notice.

#![allow(dead_code, reason = "each test program uses its part")]

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_sns::config::{Credentials, SharedCredentialsProvider};
use serde_json::json;
use sync_run::{Notice, RunRecord};

pub const REGION: &str = "eu-central-1";

/// Speaks to `url` and asks once.
pub fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(url)
        .build()
}

pub fn notice(source: &str) -> Notice {
    let notice = json!({
        "at": "2026-11-22T00:00:00Z", "kind": "held", "source": source, "run": "r-1",
        "subject": "[wecom-sync] 400 deletions are held",
        "text": "400 of 2,000 users\n保护已触发 & <held>", "detail": { "count": 400 },
    });
    serde_json::from_value(notice).unwrap()
}

/// A failed run that carries everything an event must not.
pub fn record() -> RunRecord {
    let record = json!({
        "run": "r-1", "source": "hq", "trigger": "manual", "mode": "apply",
        "requested_by": "arn:aws:iam::123456789012:user/zhang.san",
        "generation": 7, "segments": 1, "status": "failed",
        "queued_at": "2026-11-22T00:00:00Z", "started_at": "2026-11-22T00:00:01Z",
        "finished_at": "2026-11-22T00:00:09.5Z", "sealed": false,
        "unsealed_reasons": [{ "code": "gap", "message": "张三 was not read" }],
        "agent": "dc-1", "plan": null, "expected_plan": null,
        "counts": { "users": { "create": { "done": 3, "failed": 1 } } },
        "wecom_calls": { "user/list": 120 },
        "dynamodb": { "read_units": 1.0, "write_units": 12.0 }, "live_run": null,
        "error": { "code": "untrusted_ip", "message": "张三 cannot", "remedy": "ask 张三" },
    });
    serde_json::from_value(record).unwrap()
}

/// What an event says of [`record`], and nothing else.
pub fn record_in_an_event() -> serde_json::Value {
    json!({
        "run": "r-1", "source": "hq", "trigger": "manual", "mode": "apply", "status": "failed",
        "started_at": "2026-11-22T00:00:01Z", "finished_at": "2026-11-22T00:00:09.5Z",
        "sealed": false, "counts": { "users": { "create": { "done": 3, "failed": 1 } } },
        "error": { "code": "untrusted_ip" },
    })
}

//! The configuration that every AWS client is made from.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// A neighbour in the same region answers a SYN in milliseconds; three seconds allow for one that
/// was lost and sent again.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// One request and its answer.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// One call with all its attempts: two that hang, 2 × 10 s, and 5 s for backoff and a third.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(25);
/// The first and two more, with jittered exponential backoff between them.
const ATTEMPTS_MAX: u32 = 3;

/// Region, credentials and endpoints come from the SDK's own variables; `AWS_ENDPOINT_URL` and
/// `AWS_ENDPOINT_URL_<SERVICE>` are among them.
pub async fn aws_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .load()
        .await
}

//! From the SDK's errors to the one that the ports know.

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use sync_run::ports::SendError;

/// Error codes of AWS are shorter; what is longer is not one.
const CODE_LENGTH_MAX: usize = 64;

/// Keeps the service's error code and drops its sentence, which may repeat what was sent.
pub(crate) fn send_error<E, R>(service: &'static str, error: &SdkError<E, R>) -> SendError
where
    E: ProvideErrorMetadata,
{
    let reason = match error {
        SdkError::ServiceError(refused) => code(refused.err()),
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(failure) if failure.is_timeout() || failure.is_io() => {
            "not reachable"
        }
        SdkError::DispatchFailure(_) => "not sent: credentials, region or endpoint are wrong",
        SdkError::ResponseError(_) => "an unreadable answer",
        _ => "a request that cannot be made",
    };
    SendError {
        service,
        reason: reason.to_owned(),
    }
}

fn code<E: ProvideErrorMetadata>(error: &E) -> &str {
    error
        .code()
        .filter(|code| is_code(code))
        .unwrap_or("refused without a code")
}

/// Whoever answers might put anything where its code should stand.
pub(crate) fn is_code(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=CODE_LENGTH_MAX).contains(&text.len()) && text.chars().all(allowed)
}

/// An answer that was taken, and that says no.
pub(crate) fn refusal(service: &'static str, reason: impl Into<String>) -> SendError {
    SendError {
        service,
        reason: reason.into(),
    }
}

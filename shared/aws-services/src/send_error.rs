//! From the SDK's errors to the one that the ports know.

use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use sync_run::ports::SendError;

/// Error codes of AWS are shorter; what is longer is not one.
const CODE_LENGTH_MAX: usize = 64;

/// Keeps the service's error code and drops its sentence, which may repeat what was sent.
pub(crate) fn send_error<E>(service: &'static str, error: &SdkError<E, HttpResponse>) -> SendError
where
    E: ProvideErrorMetadata,
{
    let reason = match error {
        SdkError::ServiceError(refused) => {
            let code = refused.err().code().filter(|code| is_code(code));
            let status = refused.raw().status().as_u16();
            return refusal(service, code.map_or(nameless(status), str::to_owned));
        }
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(failure) if failure.is_timeout() || failure.is_io() => {
            "not reachable"
        }
        SdkError::DispatchFailure(_) => "not sent: credentials, region or endpoint are wrong",
        SdkError::ResponseError(_) => "an unreadable answer",
        _ => "a request that cannot be made",
    };
    refusal(service, reason)
}

/// Something between us and the service answered, or the service did with something unexpected.
fn nameless(status: u16) -> String {
    format!("an answer with status {status} and no error code")
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

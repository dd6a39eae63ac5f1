//! From the SDK's errors to the port's: the service's code, never its message, which may quote
//! keys and so names.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use sync_run::ports::StoreError;

/// Codes after which asking again later may help. The SDK has tried several times by then.
const PASSING: [&str; 9] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// The code of a request or item that DynamoDB will never take.
pub(crate) const INVALID: &str = "ValidationException";

/// A partition with a local index may hold 10 GB.
pub(crate) const COLLECTION_FULL: &str = "ItemCollectionSizeLimitExceededException";

pub(crate) fn store_error<E, R>(act: &'static str, error: &SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata,
{
    let unavailable = |reason: &str| StoreError::Unavailable {
        act,
        reason: reason.to_owned(),
    };
    match error {
        SdkError::TimeoutError(_) => unavailable("timeout"),
        SdkError::DispatchFailure(_) => unavailable("unreachable"),
        SdkError::ResponseError(_) => unavailable("unreadable_answer"),
        SdkError::ServiceError(service) => match service.err().code() {
            Some(code) if PASSING.contains(&code) => unavailable(code),
            code => refused(act, code.unwrap_or("unknown")),
        },
        _ => refused(act, "request_not_built"),
    }
}

pub(crate) fn refused(act: &'static str, reason: &str) -> StoreError {
    StoreError::Refused {
        act,
        reason: reason.to_owned(),
    }
}

pub(crate) fn unreadable(act: &'static str, reason: impl Into<String>) -> StoreError {
    StoreError::Unreadable {
        act,
        reason: reason.into(),
    }
}

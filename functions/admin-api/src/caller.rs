//! Who is calling: the full ARN of an IAM identity, or the `sub` of a JWT.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;

/// The author of what a call changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(pub String);

impl Caller {
    /// Without API Gateway in front there is nobody to tell callers apart.
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    fn behind_api_gateway(context: &RequestContext) -> Self {
        let authorizer = context.authorizer();
        let arn = authorizer
            .and_then(|found| found.iam.as_ref())
            .and_then(|iam| iam.user_arn.clone());
        let subject = authorizer
            .and_then(|found| found.jwt.as_ref())
            .and_then(|jwt| jwt.claims.get("sub").cloned());
        // A route without authorisation is a decision of whoever changed the template.
        Self(arn.or(subject).unwrap_or_else(|| "unidentified".to_owned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        if let Some(context) = parts.extensions.get::<RequestContext>() {
            return Ok(Self::behind_api_gateway(context));
        }
        let given = parts.extensions.get::<Self>().cloned();
        Ok(given.unwrap_or_else(Self::local))
    }
}

//! Requests signed with AWS Signature Version 4, as an administrator's tool signs them.

use std::time::SystemTime;

use anyhow::Context;
use aws_sdk_dynamodb::config::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::{Method, RequestBuilder};

use crate::REGION;

/// Whose name a request is made in.
#[derive(Clone, Debug)]
pub struct Caller {
    credentials: Credentials,
}

impl Caller {
    /// The stand-in takes this key for the account's root.
    pub fn root() -> Self {
        Self::new("test", "test")
    }

    pub fn new(key_id: &str, key_secret: &str) -> Self {
        Self {
            credentials: Credentials::new(key_id, key_secret, None, None, "rehearsal"),
        }
    }

    /// Somebody who knows the key's id, but not its secret.
    pub fn forged(&self) -> Self {
        Self::new(
            self.credentials.access_key_id(),
            "not the secret of this key",
        )
    }

    pub(crate) fn credentials(&self) -> Credentials {
        self.credentials.clone()
    }

    /// Adds the headers that sign `request`. `signed_url` is the address as the service knows it;
    /// `request` goes to the machine where it really is.
    pub(crate) fn sign(
        &self,
        request: RequestBuilder,
        service: &str,
        method: &Method,
        signed_url: &str,
        body: &str,
    ) -> anyhow::Result<RequestBuilder> {
        let identity = self.credentials().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .context("signing parameters")?
            .into();
        let body = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new(method.as_str(), signed_url, std::iter::empty(), body)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let headers = instructions.headers();
        Ok(headers.fold(request, |request, (name, value)| {
            request.header(name, value)
        }))
    }
}

//! The deployed HTTP API, called as an administrator would.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use crate::Caller;

/// Calls one HTTP API. On AWS its host name leads to it; the stand-in goes by the `Host` header.
#[derive(Clone, Debug)]
pub struct AdminApi {
    http: Client,
    address: String,
    host: String,
    /// The text of every answer so far.
    heard: Arc<Mutex<String>>,
}

/// One call, before it is signed.
struct Call<'a> {
    method: Method,
    path: &'a str,
    body: &'a Value,
    /// The `ETag` of the version that is to be changed.
    if_match: Option<&'a str>,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: &'a str, body: &'a Value, if_match: Option<&'a str>) -> Self {
        Self {
            method,
            path,
            body,
            if_match,
        }
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub etag: Option<String>,
    pub body: Value,
}

impl Answer {
    /// The body, if the status is the one that is expected.
    pub fn expect(self, status: u16) -> anyhow::Result<Value> {
        ensure!(
            self.status == status,
            "{} instead of {status}: {}",
            self.status,
            self.body
        );
        Ok(self.body)
    }
}

/// Pages of a list that one look follows at most.
const PAGES_MAX: usize = 1000;

impl AdminApi {
    pub(crate) fn new(http: Client, port: u16, api_id: &str) -> Self {
        Self {
            http,
            address: format!("http://127.0.0.1:{port}"),
            host: format!("{api_id}.execute-api.localhost:{port}"),
            heard: Arc::default(),
        }
    }

    /// Everything that was answered so far, to whomever.
    pub fn heard(&self) -> String {
        let heard = self.heard.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub async fn get(&self, caller: &Caller, path: &str) -> anyhow::Result<Answer> {
        let call = Call::new(Method::GET, path, &Value::Null, None);
        self.call(Some(caller), call).await
    }

    pub async fn post(&self, caller: &Caller, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let call = Call::new(Method::POST, path, body, None);
        self.call(Some(caller), call).await
    }

    /// A `POST` that changes what has this `ETag`.
    pub async fn post_to(
        &self,
        caller: &Caller,
        path: &str,
        body: &Value,
        if_match: &str,
    ) -> anyhow::Result<Answer> {
        let call = Call::new(Method::POST, path, body, Some(if_match));
        self.call(Some(caller), call).await
    }

    /// `if_match` is the `ETag` of the version that is to be replaced; none to create.
    pub async fn put(
        &self,
        caller: &Caller,
        path: &str,
        body: &Value,
        if_match: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let call = Call::new(Method::PUT, path, body, if_match);
        self.call(Some(caller), call).await
    }

    pub async fn delete(
        &self,
        caller: &Caller,
        path: &str,
        if_match: &str,
    ) -> anyhow::Result<Answer> {
        let call = Call::new(Method::DELETE, path, &Value::Null, Some(if_match));
        self.call(Some(caller), call).await
    }

    /// Without a signature.
    pub async fn anonymous(&self, method: Method, path: &str) -> anyhow::Result<Answer> {
        let call = Call::new(method, path, &Value::Null, None);
        self.call(None, call).await
    }

    /// The `ETag` that a thing has now.
    pub async fn etag(&self, caller: &Caller, path: &str) -> anyhow::Result<String> {
        let answer = self.get(caller, path).await?;
        let etag = answer.etag.clone();
        answer.expect(200)?;
        etag.with_context(|| format!("{path} has no ETag"))
    }

    /// All items of a list, page after page.
    pub async fn list(&self, caller: &Caller, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        for _ in 0..PAGES_MAX {
            let mut page = self.get(caller, &next).await?.expect(200)?;
            let Value::Array(page_items) = page["items"].take() else {
                anyhow::bail!("{next} is no list");
            };
            items.extend(page_items);
            let Some(cursor) = page["next"].as_str() else {
                return Ok(items);
            };
            let join = if path.contains('?') { '&' } else { '?' };
            next = format!("{path}{join}cursor={cursor}");
        }
        anyhow::bail!("{path} has more than {PAGES_MAX} pages")
    }

    async fn call(&self, caller: Option<&Caller>, call: Call<'_>) -> anyhow::Result<Answer> {
        let (method, path) = (call.method, call.path);
        let body = match call.body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let url = format!("{}{path}", self.address);
        let mut request = self.http.request(method.clone(), url);
        request = request.header("host", &self.host);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        if let Some(etag) = call.if_match {
            request = request.header("if-match", etag);
        }
        if let Some(caller) = caller {
            let known_as = format!("http://{}{path}", self.host);
            request = caller.sign(request, "execute-api", &method, &known_as, &body)?;
        }
        let answer = request.body(body).send().await.context(path.to_owned())?;
        let status = answer.status();
        let etag = answer.headers().get("etag");
        let etag = etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let text = answer.text().await?;
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push_str(&text);
        heard.push('\n');
        drop(heard);
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer { status, etag, body })
    }
}

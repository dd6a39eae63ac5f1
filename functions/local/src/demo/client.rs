//! The API as an administrator's script calls it.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

pub struct Api {
    origin: String,
    client: Client,
}

impl Api {
    pub fn at(address: SocketAddr) -> Self {
        Self {
            origin: format!("http://{address}"),
            client: Client::builder().no_proxy().build().unwrap_or_default(),
        }
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Every item of a list, page after page.
    pub async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut page = self.get(&format!("{path}?limit=1000")).await?;
        loop {
            items.extend(
                page["items"]
                    .as_array()
                    .context("a page without items")?
                    .iter()
                    .cloned(),
            );
            let Some(next) = page["next"].as_str() else {
                return Ok(items);
            };
            page = self
                .get(&format!("{path}?limit=1000&cursor={next}"))
                .await?;
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.origin));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status: StatusCode = answer.status();
        let value: Value = answer.json().await.unwrap_or(Value::Null);
        if !status.is_success() {
            bail!("{status}: {}; {}", value["detail"], value["remedy"]);
        }
        Ok(value)
    }
}

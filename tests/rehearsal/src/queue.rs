//! A queue that listens, read over SQS's own protocol.

use anyhow::ensure;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{Caller, wait_for};

/// Keeps what it has received, so that nothing is missed by looking for something else.
#[derive(Debug)]
pub struct Queue {
    http: Client,
    endpoint: String,
    url: String,
    received: Vec<Value>,
}

impl Queue {
    pub(crate) fn new(http: Client, endpoint: &str, url: &str) -> Self {
        Self {
            http,
            endpoint: endpoint.to_owned(),
            url: url.to_owned(),
            received: Vec::new(),
        }
    }

    /// The first message, as JSON, that `wanted` says yes to, whenever it came.
    pub async fn wait_for(
        &mut self,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        wait_for(what, async || {
            self.receive().await?;
            Ok(self.received.iter().find(|it| wanted(it)).cloned())
        })
        .await
    }

    /// Everything that has come so far.
    pub async fn all(&mut self) -> anyhow::Result<&[Value]> {
        self.receive().await?;
        Ok(&self.received)
    }

    /// Takes what is there. A message is hidden for the rest of the rehearsal once it was taken.
    async fn receive(&mut self) -> anyhow::Result<()> {
        loop {
            let answer = self.receive_some().await?;
            let Some(messages) = answer["Messages"].as_array() else {
                return Ok(());
            };
            for message in messages {
                let body = message["Body"].as_str().unwrap_or_default();
                self.received.push(serde_json::from_str(body)?);
            }
            if messages.is_empty() {
                return Ok(());
            }
        }
    }

    async fn receive_some(&self) -> anyhow::Result<Value> {
        let body = json!({
            "QueueUrl": self.url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 3600,
        });
        let body = body.to_string();
        let request = self
            .http
            .post(format!("{}/", self.endpoint))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", "AmazonSQS.ReceiveMessage");
        let known_as = format!("{}/", self.endpoint);
        let request = Caller::root().sign(request, "sqs", &Method::POST, &known_as, &body)?;
        let answer = request.body(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "ReceiveMessage: {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

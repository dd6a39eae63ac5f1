//! What stands in the services beside the product, asked over their own protocols.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::Caller;

/// The stack of the product; its parts are named after it.
pub(crate) const STACK: &str = "rehearsal";

/// Asks as the account's root.
#[derive(Clone, Debug)]
pub struct Services {
    http: Client,
    endpoint: String,
}

impl Services {
    pub(crate) fn new(http: Client, endpoint: &str) -> Self {
        Self {
            http,
            endpoint: endpoint.to_owned(),
        }
    }

    /// Every secret that is not swept: name and value.
    pub async fn secrets(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let listed = self
            .secrets_manager("ListSecrets", &json!({"MaxResults": 100}))
            .await?;
        ensure!(listed["NextToken"].is_null(), "more secrets than expected");
        let mut secrets = BTreeMap::new();
        for secret in listed["SecretList"]
            .as_array()
            .context("a list of secrets")?
        {
            let wanted = json!({"SecretId": secret["ARN"]});
            let value = self.secrets_manager("GetSecretValue", &wanted).await?;
            secrets.insert(text(&secret["Name"])?, text(&value["SecretString"])?);
        }
        Ok(secrets)
    }

    async fn secrets_manager(&self, act: &str, body: &Value) -> anyhow::Result<Value> {
        let act = format!("secretsmanager.{act}");
        self.json("secretsmanager", &act, body).await
    }

    /// The names of the schedules that sources have.
    pub async fn schedules(&self) -> anyhow::Result<BTreeSet<String>> {
        let url = format!("{}/schedules?ScheduleGroup={STACK}-sources", self.endpoint);
        let request = self.http.get(&url);
        let request = Caller::root().sign(request, "scheduler", &Method::GET, &url, "")?;
        let listed = answered(request, "ListSchedules").await?;
        let listed: Value = serde_json::from_str(&listed)?;
        let schedules = listed["Schedules"].as_array().context("schedules")?.iter();
        schedules.map(|schedule| text(&schedule["Name"])).collect()
    }

    /// Who is subscribed to a topic: endpoint and protocol.
    pub async fn subscriptions(&self, topic: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let act = "ListSubscriptionsByTopic";
        let body = format!("Action={act}&Version=2010-03-31&TopicArn={topic}");
        let url = format!("{}/", self.endpoint);
        let request = self.http.post(&url);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = Caller::root().sign(request, "sns", &Method::POST, &url, &body)?;
        let listed = answered(request.body(body), act).await?;
        ensure!(!listed.contains("<NextToken>"), "more than one page");
        let members = listed.split("<member>").skip(1);
        let pair = |member: &str| {
            let part = |name: &str| {
                let (_, rest) = member.split_once(&format!("<{name}>"))?;
                rest.split_once('<').map(|(value, _)| value.to_owned())
            };
            part("Endpoint").zip(part("Protocol"))
        };
        members
            .map(|it| pair(it).context("a subscription"))
            .collect()
    }

    /// Everything that a function has said so far.
    pub async fn said(&self, function: &str) -> anyhow::Result<String> {
        let group = json!({"logGroupName": format!("/aws/lambda/{function}")});
        let act = "Logs_20140328.FilterLogEvents";
        let listed = self.json("logs", act, &group).await?;
        let events = listed["events"].as_array().context("log events")?.iter();
        let messages: anyhow::Result<Vec<_>> =
            events.map(|event| text(&event["message"])).collect();
        Ok(messages?.join("\n"))
    }

    async fn json(&self, service: &str, act: &str, body: &Value) -> anyhow::Result<Value> {
        let body = body.to_string();
        let url = format!("{}/", self.endpoint);
        let request = self.http.post(&url);
        let request = request.header("content-type", "application/x-amz-json-1.1");
        let request = request.header("x-amz-target", act);
        let request = Caller::root().sign(request, service, &Method::POST, &url, &body)?;
        let answer = answered(request.body(body), act).await?;
        serde_json::from_str(&answer).context(act.to_owned())
    }
}

async fn answered(request: reqwest::RequestBuilder, act: &str) -> anyhow::Result<String> {
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "{act}: {status}: {text}");
    Ok(text)
}

fn text(value: &Value) -> anyhow::Result<String> {
    let text = value.as_str().map(str::to_owned);
    text.with_context(|| format!("no text: {value}"))
}

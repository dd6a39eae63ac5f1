//! A bare client over a real socket, and an organisation small enough to be read.

use serde_json::Value;
use wecom_sim::{Command, Control, RunningSim, Sim, SimConfig};

pub struct Reader {
    pub sim: RunningSim,
    pub client: reqwest::Client,
    pub token: String,
}

pub fn small() -> SimConfig {
    SimConfig {
        people: 60,
        departments: 12,
        seed: 7,
        ..SimConfig::default()
    }
}

impl Reader {
    /// Starts a simulator and takes a token.
    pub async fn start(config: SimConfig) -> Self {
        let mut reader = Self::start_without_token(config);
        reader.refresh().await;
        reader
    }

    pub fn start_without_token(config: SimConfig) -> Self {
        let sim = Sim::start(config).expect("starts");
        let mut client = reqwest::Client::builder().no_proxy();
        if let Some(pem) = sim.ca_pem() {
            let ca = reqwest::Certificate::from_pem(pem.as_bytes()).expect("pem");
            client = client.tls_certs_only([ca]);
        }
        Self {
            sim,
            client: client.build().expect("client"),
            token: String::new(),
        }
    }

    pub fn control(&self) -> Control {
        self.sim.control()
    }

    pub fn run(&self, command: Command) -> wecom_sim::Outcome {
        self.control().run(command).expect("the command runs")
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/cgi-bin/{path}", self.sim.base_url())
    }

    pub async fn refresh(&mut self) {
        let body = self.gettoken("wwsim0000000000001", "sim-app-secret").await;
        self.token = body["access_token"].as_str().expect("a token").to_owned();
        self.control().reset_counts().expect("resets");
    }

    pub async fn gettoken(&self, corp: &str, secret: &str) -> Value {
        let url = self.url(&format!("gettoken?corpid={corp}&corpsecret={secret}"));
        json(self.client.get(url).send().await.expect("an answer")).await
    }

    /// GET with the token; whatever happens.
    pub async fn send(&self, call: &str) -> reqwest::Result<reqwest::Response> {
        let joint = if call.contains('?') { '&' } else { '?' };
        let url = self.url(&format!("{call}{joint}access_token={}", self.token));
        self.client.get(url).send().await
    }

    /// GET with the token, as JSON.
    pub async fn get(&self, call: &str) -> Value {
        json(self.send(call).await.expect("an answer")).await
    }

    pub async fn post(&self, call: &str, body: Value) -> Value {
        let url = self.url(&format!("{call}?access_token={}", self.token));
        json(
            self.client
                .post(url)
                .json(&body)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }

    pub async fn errcode(&self, call: &str) -> i64 {
        errcode(&self.get(call).await)
    }

    /// Ids of `department/list`.
    pub async fn department_ids(&self) -> Vec<u64> {
        ids(&self.get("department/list").await["department"])
    }

    /// Userids of `user/list` of one department.
    pub async fn userids(&self, department: u32) -> Vec<String> {
        let body = self
            .get(&format!("user/list?department_id={department}"))
            .await;
        texts(&body["userlist"], "userid")
    }

    /// Somebody who sits directly in this department.
    pub async fn anybody_of(&self, department: u32) -> String {
        self.userids(department)
            .await
            .first()
            .expect("somebody")
            .clone()
    }
}

pub async fn json(response: reqwest::Response) -> Value {
    assert_eq!(response.status(), 200);
    response.json().await.expect("json")
}

pub fn errcode(body: &Value) -> i64 {
    body["errcode"].as_i64().expect("errcode")
}

pub fn ids(rows: &Value) -> Vec<u64> {
    rows.as_array()
        .expect("rows")
        .iter()
        .map(|row| row["id"].as_u64().expect("id"))
        .collect()
}

pub fn texts(rows: &Value, field: &str) -> Vec<String> {
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| row[field].as_str().expect("text").to_owned())
        .collect()
}

//! A service that says what it was told to say.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::support;

pub struct Request {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The act that is asked for: a header in JSON protocols, a form's field in the query protocol.
    pub fn act(&self) -> &str {
        let form = self.body.strip_prefix("Action=");
        let act = form.and_then(|form| form.split('&').next());
        act.unwrap_or_else(|| self.header("x-amz-target"))
    }
}

#[derive(Default)]
struct Script {
    answers: VecDeque<(u16, String)>,
    requests: Vec<Request>,
}

/// Ends with the runtime of the test that opened it.
pub struct Neighbour {
    url: String,
    script: Arc<Mutex<Script>>,
}

impl Neighbour {
    /// Gives these answers in order, each once. A request too many is answered with 418.
    pub async fn answering<B: Into<String>>(answers: impl IntoIterator<Item = (u16, B)>) -> Self {
        let owned = |(status, body): (u16, B)| (status, body.into());
        let script = Arc::new(Mutex::new(Script {
            answers: answers.into_iter().map(owned).collect(),
            requests: Vec::new(),
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, script }
    }

    pub fn config(&self) -> SdkConfig {
        support::config(&self.url)
    }

    /// What it was asked, once every answer was given.
    pub fn requests(&self) -> Vec<Request> {
        let mut script = self.script.lock().unwrap();
        assert!(script.answers.is_empty(), "answers are left over");
        std::mem::take(&mut script.requests)
    }
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut script = script.lock().unwrap();
    script.requests.push(Request {
        path: uri.path().to_owned(),
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let unasked = || (418, "no more answers".to_owned());
    let (status, body) = script.answers.pop_front().unwrap_or_else(unasked);
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

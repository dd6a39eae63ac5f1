//! One moto for this program. It lives as long as the pipe into it, so it ends with the program
//! however that ends.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use aws_config::SdkConfig;
use serde_json::{Value, json};

use crate::support;

pub struct Moto {
    url: String,
    line: Mutex<Line>,
}

/// The pipes of moto's process.
struct Line {
    child: Child,
    answers: BufReader<ChildStdout>,
}

/// Started by whoever asks first.
pub fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(Moto::start)
}

impl Moto {
    fn start() -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let installed = Command::new("python3")
            .arg(top.join("tests/tools/install"))
            .status()
            .expect("python3 is needed for the stand-ins of AWS");
        assert!(installed.success(), "tests/tools/install failed");
        let serve: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/moto/serve.py"]
            .iter()
            .collect();
        let mut child = Command::new(top.join(".venv/stand-ins/bin/python"))
            .arg(serve)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut url = String::new();
        answers.read_line(&mut url).unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "moto did not start");
        Self {
            url: url.trim().to_owned(),
            line: Mutex::new(Line { child, answers }),
        }
    }

    pub fn config(&self) -> SdkConfig {
        support::config(&self.url)
    }

    /// A call of boto3 that must succeed.
    pub fn ask(&self, service: &str, call: &str, with: Value) -> Value {
        let answer = self.try_ask(service, call, with);
        assert!(answer.get("error").is_none(), "{service} {call}: {answer}");
        answer
    }

    pub fn try_ask(&self, service: &str, call: &str, with: Value) -> Value {
        let question = json!({ "service": service, "call": call, "with": with });
        let mut line = self.line.lock().unwrap();
        let questions = line.child.stdin.as_mut().unwrap();
        writeln!(questions, "{question}").unwrap();
        let mut answer = String::new();
        line.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    pub fn topic(&self, name: &str) -> String {
        text(&self.ask("sns", "create_topic", json!({ "Name": name }))["TopicArn"])
    }

    pub fn queue(&self, name: &str) -> Queue {
        let made = self.ask("sqs", "create_queue", json!({ "QueueName": name }));
        let url = text(&made["QueueUrl"]);
        let with = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
        let attributes = self.ask("sqs", "get_queue_attributes", with);
        let arn = text(&attributes["Attributes"]["QueueArn"]);
        Queue { url, arn }
    }

    /// What has arrived, each as JSON.
    pub fn received(&self, queue: &Queue) -> Vec<Value> {
        let with = json!({ "QueueUrl": queue.url, "MaxNumberOfMessages": 10 });
        let answer = self.ask("sqs", "receive_message", with);
        let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
        let body = |message: &Value| serde_json::from_str(&text(&message["Body"])).unwrap();
        messages.iter().map(body).collect()
    }
}

pub struct Queue {
    pub url: String,
    pub arn: String,
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

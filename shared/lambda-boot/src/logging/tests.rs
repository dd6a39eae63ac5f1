use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::{level, subscriber};

/// Collects what is written.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Paper {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn lines(level: LevelFilter, act: impl FnOnce()) -> Vec<Value> {
    let paper = Paper::default();
    tracing::subscriber::with_default(subscriber("sync-org", level, paper.clone()), act);
    let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    let parse = |line: &str| serde_json::from_str(line).unwrap();
    written.lines().map(parse).collect()
}

#[test]
fn every_line_is_json_that_names_its_function_its_spans_and_its_fields() {
    let lines = lines(LevelFilter::INFO, || {
        let run = tracing::info_span!("run", source = "hq", run = "r-1");
        run.in_scope(|| tracing::info!(people = 3, "sealed \"whole\""));
    });
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["function"], "sync-org");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "sealed \"whole\"");
    assert_eq!(line["people"], 3);
    assert_eq!(line["spans"][0]["source"], "hq");
    assert!(line["timestamp"].is_string());
}

#[test]
fn a_line_of_another_thread_names_its_function_too() {
    let paper = Paper::default();
    let subscriber = subscriber("admin-api", LevelFilter::INFO, paper.clone());
    let dispatch = tracing::Dispatch::new(subscriber);
    std::thread::spawn(move || {
        tracing::dispatcher::with_default(&dispatch, || tracing::info!("elsewhere"));
    })
    .join()
    .unwrap();
    let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    assert!(
        written.starts_with("{\"function\":\"admin-api\","),
        "{written}"
    );
}

#[test]
fn a_third_party_is_not_heard_below_warn_however_much_is_asked_for() {
    let lines = lines(LevelFilter::TRACE, || {
        let url = "https://qyapi.weixin.qq.com/cgi-bin/user/get?access_token=t0ken";
        tracing::trace!(target: "hyper::client", url, "sending");
        tracing::debug!(target: "reqwest::connect", url, "starting new connection");
        tracing::info!(target: "aws_smithy_runtime::client", url, "sent");
        tracing::warn!(target: "aws_config::profile", "no region was found");
        tracing::trace!(target: "wecom_client::http", "asked");
    });
    let targets: Vec<_> = lines.iter().map(|line| line["target"].clone()).collect();
    assert_eq!(targets, ["aws_config::profile", "wecom_client::http"]);
}

#[test]
fn asking_for_errors_alone_silences_the_warnings_of_third_parties() {
    let lines = lines(LevelFilter::ERROR, || {
        tracing::warn!(target: "aws_config::profile", "no region was found");
        tracing::warn!("of our own");
        tracing::error!("failed");
    });
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["message"], "failed");
}

#[test]
fn the_level_comes_from_our_own_variable_before_the_common_one() {
    let both = |name: &str| match name {
        "WECOM_SYNC_LOG" => Some("debug".to_owned()),
        "RUST_LOG" => Some("error".to_owned()),
        _ => None,
    };
    assert_eq!(level(both), (LevelFilter::DEBUG, None));
    let common = |name: &str| (name == "RUST_LOG").then(|| "WARN".to_owned());
    assert_eq!(level(common), (LevelFilter::WARN, None));
    assert_eq!(level(|_| None), (LevelFilter::INFO, None));
}

#[test]
fn directives_cannot_open_a_third_party() {
    let directive = |name: &str| (name == "RUST_LOG").then(|| "info,hyper=trace".to_owned());
    assert_eq!(level(directive), (LevelFilter::INFO, Some("RUST_LOG")));
}

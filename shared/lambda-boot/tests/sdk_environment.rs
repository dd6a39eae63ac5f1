//! The SDK's own variables reach every client, and its limits are ours. A process cannot safely
//! change its own environment, so this program runs itself again in one of its making.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, ExitCode, Output};

use lambda_boot::{ATTEMPT_TIMEOUT, CONNECT_TIMEOUT, OPERATION_TIMEOUT, aws_config};

const AS_CHILD: &str = "PUBLISH_FROM_THIS_ENVIRONMENT";
const ANSWER: &str = "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult>\
                      </PublishResponse>";

fn main() -> ExitCode {
    if std::env::var_os(AS_CHILD).is_some() {
        return publish();
    }
    a_service_endpoint_goes_before_the_common_one();
    the_common_endpoint_serves_who_has_none_of_its_own();
    println!("2 passed");
    ExitCode::SUCCESS
}

fn a_service_endpoint_goes_before_the_common_one() {
    takes_one_publish(|sns, nobody| [("AWS_ENDPOINT_URL_SNS", sns), ("AWS_ENDPOINT_URL", nobody)]);
}

fn the_common_endpoint_serves_who_has_none_of_its_own() {
    takes_one_publish(|common, nobody| {
        [
            ("AWS_ENDPOINT_URL", common),
            ("AWS_ENDPOINT_URL_SCHEDULER", nobody),
        ]
    });
}

/// `variables` names what a child is told of a neighbour that answers and of one that does not.
fn takes_one_publish(variables: impl Fn(String, String) -> [(&'static str, String); 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, nobody) = (url_of(&listener), url_of(&closed));
    drop(closed);
    let served = std::thread::spawn(move || serve_once(&listener));
    let output = run_child(&variables(url, nobody));
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    // A child that failed has perhaps never called: `served` is not waited for then.
    assert!(output.status.success(), "{printed}{complaint}");
    assert_eq!(printed.trim(), "m-1");
    let request = served.join().unwrap();
    assert!(request.contains("Action=Publish"), "{request}");
}

fn url_of(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().unwrap())
}

fn serve_once(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&request).contains("Message=hello") {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the request ended early");
        request.extend_from_slice(&buffer[..count]);
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        ANSWER.len()
    );
    stream.write_all((head + ANSWER).as_bytes()).unwrap();
    String::from_utf8(request).unwrap()
}

fn run_child(variables: &[(&str, String)]) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .env_clear()
        .env(AS_CHILD, "yes")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().cloned())
        .output()
        .unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn publish() -> ExitCode {
    let config = aws_config().await;
    let timeouts = config.timeout_config().unwrap();
    assert_eq!(timeouts.connect_timeout(), Some(CONNECT_TIMEOUT));
    assert_eq!(timeouts.operation_attempt_timeout(), Some(ATTEMPT_TIMEOUT));
    assert_eq!(timeouts.operation_timeout(), Some(OPERATION_TIMEOUT));
    assert_eq!(config.retry_config().unwrap().max_attempts(), 3);
    let client = aws_sdk_sns::Client::new(&config);
    let publish = client
        .publish()
        .topic_arn("arn:aws:sns:eu:1:t")
        .message("hello");
    let sent = publish.send().await.unwrap();
    println!("{}", sent.message_id().unwrap());
    ExitCode::SUCCESS
}

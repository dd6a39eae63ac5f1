//! Refuses requests that came here under a foreign name: a web page cannot make a browser on this
//! machine call the API (DNS rebinding).

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

pub async fn only_loopback_names(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if host.is_some_and(is_loopback_name) {
        return next.run(request).await;
    }
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": "Misdirected request",
        "status": StatusCode::MISDIRECTED_REQUEST.as_u16(),
        "code": "foreign_host",
        "detail": "this server answers on loopback names only",
        "remedy": "call it as http://127.0.0.1 or http://localhost",
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (StatusCode::MISDIRECTED_REQUEST, kind, problem.to_string()).into_response()
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::is_loopback_name;

    #[test]
    fn only_names_of_this_machine_pass() {
        for name in [
            "localhost",
            "localhost:9470",
            "127.0.0.1:9470",
            "[::1]:9470",
            "[::1]",
        ] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in [
            "evil.example",
            "127.0.0.1.evil.example:9470",
            "localhost.evil",
            "",
            "10.0.0.1",
        ] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }
}

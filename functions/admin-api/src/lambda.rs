//! The router as a Lambda function behind an HTTP API.
//!
//! `lambda_http` 1.3.2 builds each request's URL from the caller's `Host` header and panics where
//! that is no host, such as one that ends in a number (`a.1`); it also panics on a query that is no
//! URI. The router needs neither host nor scheme, so the host is taken away before the URL is
//! built, and the query is made fit. To go when `lambda_http` answers such requests itself.

use std::convert::Infallible;
use std::fmt::Write;

use axum::Router;
use axum::http::header::HOST;
use axum::response::Response;
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::request::LambdaRequest;
use lambda_http::tower::{Service, ServiceExt};
use lambda_http::{Adapter, Error};

/// Serves API Gateway's events until the runtime ends the process.
pub async fn serve(router: Router) -> Result<(), Error> {
    lambda_runtime::run(service(router)).await
}

/// What API Gateway gets back.
type Answered = <Adapter<'static, Response, Router> as Service<Event>>::Response;
type Event = LambdaEvent<LambdaRequest>;

/// One event in, one answer out.
pub fn service(
    router: Router,
) -> impl Service<Event, Response = Answered, Error = Infallible, Future: Send> {
    Adapter::from(router).map_request(fit)
}

fn fit(mut event: Event) -> Event {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.headers.remove(HOST);
        request.request_context.domain_name = None;
        let path = request.raw_path.get_or_insert_default();
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        request.raw_query_string = request.raw_query_string.take().map(|query| escape(&query));
    }
    event
}

/// Percent-encodes whatever may not stand in a query (RFC 3986 §3.4).
fn escape(query: &str) -> String {
    let mut fit = String::with_capacity(query.len());
    for byte in query.bytes() {
        match byte {
            b'!' | b'$'..=b';' | b'=' | b'?'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => {
                fit.push(char::from(byte));
            }
            _ => {
                let _infallible = write!(fit, "%{byte:02X}");
            }
        }
    }
    fit
}

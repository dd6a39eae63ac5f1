//! In which form a list comes: JSON or a table (RFC 9110 §12.5.1), and where it goes on.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::Problem;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Json,
    Csv,
}

impl Form {
    /// The query's word counts more than the header `Accept`; of equals JSON is taken.
    pub fn asked_for(query: Option<Self>, headers: &HeaderMap) -> Result<Self, Problem> {
        if let Some(form) = query {
            return Ok(form);
        }
        let values: Vec<&str> = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        if values.is_empty() {
            return Ok(Self::Json);
        }
        let accepted = values.join(",");
        let json = weight(&accepted, "application", "json");
        let csv = weight(&accepted, "text", "csv");
        match (json, csv) {
            (0, 0) => Err(not_acceptable()),
            _ if csv > json => Ok(Self::Csv),
            _ => Ok(Self::Json),
        }
    }
}

/// How welcome a type is, in thousandths: what names it most exactly counts.
fn weight(accepted: &str, kind: &str, subtype: &str) -> u32 {
    let mut best = (0, 0);
    for range in accepted.split(',') {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let name = name.trim().to_ascii_lowercase();
        let exactness = match name.split_once('/') {
            _ if name.is_empty() => 1,
            Some(("*", "*")) => 1,
            Some((one, "*")) if one == kind => 2,
            Some((one, other)) if one == kind && other == subtype => 3,
            _ => continue,
        };
        if exactness > best.0 {
            best = (exactness, quality(parameters));
        }
    }
    best.1
}

/// A weight that nobody understands is none.
fn quality(parameters: &str) -> u32 {
    let mut parameters = parameters.split(';').map(str::trim);
    let weight = parameters.find_map(|one| one.strip_prefix("q="));
    weight.map_or(Some(1_000), thousandths).unwrap_or(0)
}

/// `0.5` is 500; more than 1 is no weight.
pub fn thousandths(weight: &str) -> Option<u32> {
    let (whole, rest) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    let digits = format!("{rest:0<3}");
    let good = matches!(whole, "0" | "1") && digits.len() == 3;
    let parts: u32 = digits.parse().ok().filter(|_| good)?;
    let sum = whole.parse::<u32>().ok()? * 1_000 + parts;
    (sum <= 1_000).then_some(sum)
}

fn not_acceptable() -> Problem {
    Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        "not_acceptable",
        "rows come as application/json or text/csv",
        "send the header Accept: application/json, or Accept: text/csv for a table",
    )
}

/// The header `Link` to the page after this one (RFC 8288): the same request with its cursor.
pub fn link_to_next(uri: &Uri, next: &str) -> Option<HeaderValue> {
    let mut query = String::new();
    for pair in uri.query().unwrap_or_default().split('&') {
        if !pair.is_empty() && !pair.starts_with("cursor=") {
            query.push_str(pair);
            query.push('&');
        }
    }
    let link = format!(
        "<{}?{query}cursor={}>; rel=\"next\"",
        uri.path(),
        encoded(next)
    );
    HeaderValue::from_str(&link).ok()
}

/// Percent-encoded but for what RFC 3986 leaves alone everywhere.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => encoded.push(char::from(byte)),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests;

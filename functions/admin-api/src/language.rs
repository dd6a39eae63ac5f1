//! The language of an answer's sentences (RFC 9110 §12.5.4).

use std::convert::Infallible;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use source_admin::wording::Language;

use crate::form::thousandths;

/// What the caller reads best of what there is: Chinese where it is asked for, else English.
#[derive(Clone, Copy, Debug)]
pub struct Speaks(pub Language);

impl<S: Send + Sync> FromRequestParts<S> for Speaks {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(asked_for(&parts.headers)))
    }
}

fn asked_for(headers: &HeaderMap) -> Language {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let ranges = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    let mut best = (0, Language::default());
    for (language, weight) in ranges.filter_map(range) {
        // Of equals the first counts.
        if weight > best.0 {
            best = (weight, language);
        }
    }
    best.1
}

/// A language that there is, and its weight in thousandths.
fn range(text: &str) -> Option<(Language, u32)> {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
    let primary = tag.trim().split('-').next().unwrap_or_default();
    let language = match primary.to_ascii_lowercase().as_str() {
        "zh" => Language::Chinese,
        "en" | "*" => Language::English,
        _ => return None,
    };
    let weight = match parameters.trim().strip_prefix("q=") {
        None => 1_000,
        Some(weight) => thousandths(weight)?,
    };
    Some((language, weight))
}

/// An answer with sentences in it.
pub fn spoken<T: Serialize>(language: Language, shape: T) -> Response {
    let tag = match language {
        Language::English => "en",
        Language::Chinese => "zh-CN",
    };
    let headers = [
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(tag)),
        (header::VARY, HeaderValue::from_static("Accept-Language")),
    ];
    (headers, Json(shape)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken_to(accept: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
        asked_for(&headers)
    }

    #[test]
    fn chinese_is_spoken_to_those_who_ask_for_it_first() {
        for accept in [
            "zh",
            "zh-CN,zh;q=0.9,en;q=0.8",
            "ZH-Hans",
            "fr, zh;q=0.3",
            "en;q=0.4,zh;q=0.5",
        ] {
            assert_eq!(spoken_to(accept), Language::Chinese, "{accept}");
        }
    }

    #[test]
    fn english_is_spoken_to_everybody_else() {
        assert_eq!(asked_for(&HeaderMap::new()), Language::English);
        for accept in [
            "en-US,en;q=0.9,zh;q=0.8",
            "fr",
            "*",
            "zh;q=0",
            "zh;q=7, en;q=0.1",
            "zh;q=x",
            ";;,",
        ] {
            assert_eq!(spoken_to(accept), Language::English, "{accept}");
        }
    }
}

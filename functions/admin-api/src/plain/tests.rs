//! Refusals as a person reads them.

use serde::Deserialize;

use super::*;
use crate::shapes::{ApproveBody, ResolveBody};

fn told<T: for<'de> Deserialize<'de>>(body: &str) -> (String, String) {
    let mut json = serde_json::Deserializer::from_str(body);
    let parsed: Result<T, _> = serde_path_to_error::deserialize(&mut json);
    let found = of_body(&parsed.err().unwrap());
    (found.pointer, found.message)
}

fn says(pointer: &str, message: &str) -> (String, String) {
    (pointer.to_owned(), message.to_owned())
}

#[test]
fn a_body_is_told_where_and_what_without_the_value() {
    let word = "it is not `same` or `new`";
    assert_eq!(told::<ResolveBody>(r#"{"as":"s3cret"}"#), says("/as", word));
    assert_eq!(told::<ResolveBody>("{}"), says("/as", "it is missing"));
    assert_eq!(
        told::<ResolveBody>(r#"{"as":"new","a/s":1}"#),
        says("/a~1s", "nothing of this name is taken here")
    );
    assert_eq!(
        told::<ResolveBody>(r#"{"as":"new","as":"new"}"#),
        says("/as", "it stands there twice")
    );
    assert_eq!(
        told::<ApproveBody>(r#"{"except":[{"kind":"user","id":7}]}"#),
        says("/except/0/id", "it is not a text")
    );
    assert_eq!(
        told::<ApproveBody>(r#"{"except":{}}"#),
        says("/except", "it is not a list")
    );
    assert_eq!(told::<ApproveBody>("7"), says("", "it is not an object"));
}

#[test]
fn a_query_is_told_which_parameter() {
    for (told, pointer, message) in [
        (
            "Failed to deserialize query string: kind: unknown variant `x`, expected `user` or \
             `department`",
            "?kind",
            "it is not `user` or `department`",
        ),
        (
            "Failed to deserialize query string: limit: invalid digit found in string",
            "?limit",
            "it is not a whole number",
        ),
        (
            "Failed to deserialize query string: duplicate field `kind`",
            "?kind",
            "it stands there twice",
        ),
        (
            "Failed to deserialize query string: updated_since: s3cret text of: a parser",
            "?updated_since",
            "it cannot be read",
        ),
    ] {
        let found = of_query(told);
        assert_eq!(
            (found.pointer.as_str(), found.message.as_str()),
            (pointer, message)
        );
    }
}

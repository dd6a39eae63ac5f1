use serde_json::json;

use super::*;
use crate::people::member;

fn extattr(shape: Value) -> Value {
    let record = Record::of(&member(&json!({ "extattr": shape })));
    record.field("extattr").cloned().unwrap_or_default()
}

#[test]
fn custom_fields_are_read_from_every_documented_shape() {
    let shape = json!({ "attrs": [
        { "type": 0, "name": "成本中心", "text": { "value": "CC-7" } },
        { "type": 1, "name": "主页", "web": { "url": "https://example.com", "title": "我" } },
        { "name": "工号", "value": "0042" },
        { "type": 0, "name": "空", "text": { "value": "" } },
        { "type": 0, "name": "缺", "text": {} },
        { "type": 9, "name": "未知" },
    ]});
    let expected = json!({
        "成本中心": "CC-7", "主页": "https://example.com", "工号": "0042", "空": "",
    });
    assert_eq!(extattr(shape), expected);
}

#[test]
fn custom_fields_without_their_wrapping_are_read_too() {
    let bare = json!([{ "name": "工号", "value": 42 }]);
    assert_eq!(extattr(bare), json!({ "工号": 42 }));
}

#[test]
fn no_custom_fields_is_an_empty_map_and_null_is_absent() {
    assert_eq!(extattr(json!({ "attrs": [] })), json!({}));
    assert_eq!(extattr(json!({ "attrs": null })), json!({}));
    assert_eq!(extattr(json!({})), json!({}));
    assert_eq!(extattr(json!("surprise")), json!({}));
    assert_eq!(extattr(json!(null)), json!(null));
}

#[test]
fn a_custom_field_that_stands_twice_keeps_its_filled_value() {
    let twice = |first: &str, second: &str| {
        extattr(json!([{ "name": "a", "value": first }, { "name": "a", "value": second }]))
    };
    assert_eq!(twice("x", ""), json!({ "a": "x" }));
    assert_eq!(twice("", "x"), json!({ "a": "x" }));
}

#[test]
fn a_record_that_is_not_an_object_has_the_userid_only() {
    for text in ["", "[]", "null", "{", "\"x\""] {
        let mut person = member(&json!({}));
        person.fields = text.into();
        let record = Record::of(&person);
        assert_eq!(record.field("userid"), Some(&json!("Zhang.1")), "{text}");
        assert_eq!(record.field("name"), None, "{text}");
    }
}

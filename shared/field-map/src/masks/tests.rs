use serde_json::json;

use super::*;
use crate::people::mapping;

#[test]
fn sensitive_values_are_masked_and_nothing_else() {
    let record = json!({
        "userid": "Zhang.1", "name": "张三", "position": "工程师", "department": [1, 2],
        "mobile": "13800000000", "telephone": "8001", "email": "z@example.com",
        "biz_mail": "z@corp.example", "address": "1 Road", "gender": "1",
        "avatar": "https://x", "thumb_avatar": "https://x", "qr_code": "https://x",
        "external_profile": { "external_corp_name": "Corp", "external_attr": [{ "type": 0 }] },
        "something_new": { "phone": 13800000000_u64 },
    });
    assert_eq!(
        masked_record(&record),
        json!({
            "userid": "Zhang.1", "name": "张三", "position": "工程师", "department": [1, 2],
            "mobile": "***", "telephone": "***", "email": "***", "biz_mail": "***",
            "address": "***", "gender": "***", "avatar": "***", "thumb_avatar": "***",
            "qr_code": "***",
            "external_profile": {
                "external_corp_name": "***", "external_attr": [{ "type": "***" }],
            },
            "something_new": { "phone": "***" },
        })
    );
}

#[test]
fn names_of_custom_fields_stay_whatever_their_shape() {
    let attrs = json!([
        { "type": 0, "name": "成本中心", "text": { "value": "C-1" } },
        { "type": 1, "name": "主页", "web": { "url": "https://x", "title": "t" } },
        { "name": "工号", "value": "42" },
    ]);
    let masked = json!([
        { "type": 0, "name": "成本中心", "text": { "value": "***" } },
        { "type": 1, "name": "主页", "web": { "url": "***", "title": "***" } },
        { "name": "工号", "value": "***" },
    ]);
    let shown = masked_record(&json!({ "extattr": { "attrs": attrs } }));
    assert_eq!(shown, json!({ "extattr": { "attrs": masked } }));
    let shown = masked_record(&json!({ "extattr": attrs }));
    assert_eq!(shown, json!({ "extattr": masked }));
}

#[test]
fn what_is_empty_is_seen_to_be_empty() {
    let record = json!({
        "mobile": "", "email": null, "gender": "0", "extattr": { "attrs": [] }, "avatar": "",
    });
    assert_eq!(masked_record(&record), record);
}

#[test]
fn a_record_that_is_no_object_shows_nothing() {
    assert_eq!(masked_record(&json!("13800000000")), json!("***"));
}

#[test]
fn an_attribute_is_as_sensitive_as_the_fields_it_is_made_of() {
    let mapping = mapping(
        "
        title: position
        upn: userid + '@example.com'
        phone: mobile
        label: position + ' ' + email
        cost_center: extattr['成本中心']
    ",
    );
    for (attribute, sensitive) in [
        ("title", Some(false)),
        ("upn", Some(false)),
        ("phone", Some(true)),
        ("label", Some(true)),
        ("cost_center", Some(true)),
        ("nobody", None),
    ] {
        assert_eq!(mapping.is_sensitive(attribute), sensitive, "{attribute}");
    }
}

#[test]
fn whatever_a_sensitive_field_holds_is_masked() {
    let forms = [
        json!("S3CR3T"),
        json!(["S3CR3T", { "value": "S3CR3T" }]),
        json!({ "attrs": [{ "name": "n", "type": 0, "text": { "value": "S3CR3T" } }] }),
        json!([{ "name": "n", "value": "S3CR3T" }]),
        json!({ "a": { "b": [["S3CR3T"]] } }),
        json!([{ "name": { "x": "S3CR3T" }, "type": ["S3CR3T"] }]),
        json!({ "n": "S3CR3T" }),
    ];
    for field in SENSITIVE_FIELDS {
        for form in &forms {
            let shown = masked_record(&json!({ field: form })).to_string();
            assert!(!shown.contains("S3CR3T"), "{shown}");
        }
    }
}

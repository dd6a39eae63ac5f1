//! What holds for any record whatever.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::people::{mapped_alone, mapping, member};

/// Any JSON, with WeCom's own words among its keys and texts.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~张]{0,8}".prop_map(Value::from),
        Just(json!("")),
        Just(json!("0")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = prop_oneof![
            "[a-z]{1,4}",
            prop::sample::select(vec!["attrs", "name", "value", "text", "web", "url"])
                .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_record() -> impl Strategy<Value = Value> {
    let field = prop::sample::select(crate::fields::KNOWN_FIELDS.to_vec());
    prop::collection::btree_map(field.prop_map(str::to_owned), any_json(), 0..12)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

const LAW_TABLE: &str = "
    a: position
    b: mobile + alias
    c: extattr['name']
    d: has(extattr.name) ? extattr.name : ''
    e: department.filter(d, d > 1)
    f: gender == '1' ? 'm' : ''
    g: external_profile.external_corp_name
    h: alias != '' ? alias : position
    i: extattr[alias] + ''
    j: positions
    k: direct_leader.join(',').upperAscii().substring(1)
";

/// What each rule of [`LAW_TABLE`] reads, as JSON pointers into a flattened record.
const LAW_READS: [(&str, &[&str]); 11] = [
    ("a", &["/position"]),
    ("b", &["/mobile", "/alias"]),
    ("c", &["/extattr/name"]),
    ("d", &["/extattr/name"]),
    ("e", &["/department"]),
    ("f", &["/gender"]),
    ("g", &["/external_profile/external_corp_name"]),
    ("h", &["/alias", "/position"]),
    ("i", &["/extattr/never"]),
    ("j", &["/positions"]),
    ("k", &["/direct_leader"]),
];

/// Every withheld field in every shape of "nothing" (WECOM.md §1).
fn blanks() -> Vec<(&'static str, Value)> {
    let shapes = [json!(null), json!(""), json!(" ")];
    let any_field = WITHHELD_FIELDS.map(|field| shapes.clone().map(|shape| (field, shape)));
    let gender = [("gender", json!("0")), ("gender", json!(0))];
    any_field.into_iter().flatten().chain(gender).collect()
}

proptest! {
    #[test]
    fn no_json_panics_and_nothing_absent_is_cleared(record in any_record(), full in any_record()) {
        let mapping = mapping(LAW_TABLE);
        let person = member(&record);
        for filled in [Mapping::filled_fields([&person]),
                       Mapping::filled_fields([&person, &member(&full)])] {
            let user = mapping.map(&person, &filled);
            let shown = Record::of(&person);
            let flat = Value::Object(
                crate::fields::KNOWN_FIELDS
                    .iter()
                    .filter_map(|f| Some(((*f).to_owned(), shown.field(f)?.clone())))
                    .collect(),
            );
            for (attribute, reads) in LAW_READS {
                let absent = reads.iter().any(|at| flat.pointer(at).is_none_or(Value::is_null));
                let intent = &user.attributes[attribute];
                prop_assert!(!(absent && *intent == Intent::Clear), "{attribute}");
            }
            mapping.explain(&person, &filled);
        }
    }

    #[test]
    fn a_withheld_field_that_nobody_has_changes_nothing(
        (field, blank) in prop::sample::select(blanks()),
        expression in prop::sample::select(vec!["F", "F + 'x'", "F == '' ? 'x' : F", "[F]"]),
    ) {
        let table = format!("a: {}", expression.replace('F', field));
        let mapped = mapped_alone(&table, &json!({ field: blank }));
        prop_assert!(mapped.starts_with("a stays"), "{mapped}");
    }

    #[test]
    fn the_same_record_maps_to_the_same_person(record in any_record()) {
        let mapping = mapping(LAW_TABLE);
        let person = member(&record);
        let filled = Mapping::filled_fields([&person]);
        prop_assert_eq!(mapping.map(&person, &filled), mapping.map(&person, &filled));
    }
}

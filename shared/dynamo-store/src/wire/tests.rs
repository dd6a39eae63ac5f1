//! Whatever stands in the tables, no decoder panics: an error, or a value.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use org_model::ItemKind;
use org_plan::{DecidedRemoval, HeldItem};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use sync_run::OutboxItem;

use super::Attributes;
use super::attributes::{b, from_json, n, s};
use super::packing::{pack, unpack};
use crate::admin::cursor::{BucketCursor, RowCursor};
use crate::admin::history::entry_of;
use crate::clearing::clearance_of;
use crate::held::{bits_where, list_of, released_of, remaining_of};
use crate::kept::{resolution_of, set_of};
use crate::lease::LeaseItem;
use crate::mirror::items::{item_of, key_of, mark_of, size_of, stamp_of};
use crate::range::Header;
use crate::runs::{StoredRemoval, cancellation_of, record_of, rows_of};
use crate::sources::{agent_of, settings_of, unsettled_of};

const ACT: &str = "read something";
const CASES: u32 = 512;

/// JSON of every kind, with the words and times that stored items are made of.
fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "user",
        "department",
        "delete",
        "apply",
        "waiting",
        "2026-03-01T00:00:00Z",
        "",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let object = btree_map("[a-z_]{1,8}", inner.clone(), 0..5);
        prop_oneof![
            vec(inner, 0..5).prop_map(Value::from),
            object.prop_map(|object| object.into_iter().collect()),
        ]
    })
}

/// A page: compressed lines of JSON, or bytes of any kind.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        vec(any_json(), 0..4).prop_map(|lines| pack(ACT, &lines).unwrap_or_default()),
        vec(any::<u8>(), 0..60).prop_map(|tail| {
            let mut page = pack(ACT, &[json!({ "cut": true })]).unwrap_or_default();
            page.truncate(page.len() / 2);
            page.extend(tail);
            page
        }),
    ]
}

fn any_value() -> impl Strategy<Value = AttributeValue> {
    let leaf = prop_oneof![
        any::<String>().prop_map(AttributeValue::S),
        any_json().prop_map(|json| AttributeValue::S(json.to_string())),
        any::<String>().prop_map(AttributeValue::N),
        any::<i128>().prop_map(|number| AttributeValue::N(number.to_string())),
        any_bytes().prop_map(|bytes| AttributeValue::B(Blob::new(bytes))),
        any::<bool>().prop_map(AttributeValue::Bool),
        Just(AttributeValue::Null(true)),
        vec("[a-z]{0,6}:?[^x]{0,4}", 0..4).prop_map(AttributeValue::Ss),
        vec("[0-9]{1,30}", 0..4).prop_map(AttributeValue::Ns),
        vec(vec(any::<u8>(), 0..9).prop_map(Blob::new), 0..3).prop_map(AttributeValue::Bs),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let map = proptest::collection::hash_map("[a-z_]{1,8}", inner.clone(), 0..4);
        prop_oneof![
            vec(inner, 0..4).prop_map(AttributeValue::L),
            map.prop_map(AttributeValue::M),
        ]
    })
}

/// Puts something else at a place somewhere inside.
fn graft(target: &mut Value, path: &[Index], with: Value) {
    let Some((step, rest)) = path.split_first() else {
        *target = with;
        return;
    };
    match target {
        Value::Array(items) if !items.is_empty() => {
            let index = step.index(items.len());
            graft(&mut items[index], rest, with);
        }
        Value::Object(fields) if !fields.is_empty() => {
            let name = fields.keys().nth(step.index(fields.len())).cloned();
            if let Some(field) = name.and_then(|name| fields.get_mut(&name)) {
                graft(field, rest, with);
            }
        }
        _ => *target = with,
    }
}

/// A good item with one attribute gone, another in its place, or its JSON spoilt within.
fn spoilt(good: Attributes) -> impl Strategy<Value = Attributes> {
    let path = vec(any::<Index>(), 0..5);
    let ways = (any::<Index>(), 0..4_u8, any_value(), any_json(), path);
    ways.prop_map(move |(which, way, value, json, path)| {
        let mut item = good.clone();
        let mut names: Vec<String> = item.keys().cloned().collect();
        names.sort();
        let name = names[which.index(names.len())].clone();
        match way {
            0 => drop(item.remove(&name)),
            1 => drop(item.insert(name, value)),
            _ => {
                let text = item[&name].as_s().cloned().unwrap_or_default();
                let parsed = serde_json::from_str(&text);
                let mut inner: Value = parsed.unwrap_or(Value::String(text));
                graft(&mut inner, &path, json);
                item.insert(name, s(inner.to_string()));
            }
        }
        item
    })
}

/// Items of these attributes, each of any type, or none.
fn arbitrary(good: &Attributes) -> impl Strategy<Value = Attributes> + use<> {
    let names: Vec<String> = good.keys().cloned().collect();
    let some = vec(proptest::option::weighted(0.8, any_value()), names.len());
    some.prop_map(move |values| {
        let values = names.iter().cloned().zip(values);
        let values = values.filter_map(|(name, value)| Some((name, value?)));
        values.collect()
    })
}

fn runner() -> TestRunner {
    TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    })
}

/// The good item is read, and of others none is fatal.
fn check<T>(
    good: &Attributes,
    read: impl Fn(&Attributes) -> Result<T, sync_run::ports::StoreError>,
) {
    assert_eq!(read(good).err(), None, "the good one");
    let all = prop_oneof![spoilt(good.clone()), arbitrary(good)];
    let ended = runner().run(&all, |item| {
        // Either is well: it must come back.
        let _read = read(&item);
        Ok(())
    });
    assert!(ended.is_ok(), "{ended:?}");
}

fn item(attributes: &[(&str, AttributeValue)]) -> Attributes {
    let attributes = attributes.iter().cloned();
    attributes
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

const AT: &str = "2026-03-01T00:00:00Z";
const PRINT: &str = "00112233445566778899aabbccddeeff";

fn record() -> Value {
    json!({
        "run": "a", "source": "hq", "trigger": "manual", "mode": "apply", "requested_by": null,
        "generation": 3, "segments": 1, "status": "succeeded", "queued_at": AT,
        "started_at": AT, "finished_at": AT, "sealed": true,
        "unsealed_reasons": [{ "code": "c", "message": "m" }], "agent": null, "plan": PRINT,
        "expected_plan": null, "counts": { "users": { "delete": { "done": 3 } } },
        "wecom_calls": { "user/list": 5 }, "dynamodb": { "read_units": 1.5, "write_units": 2.0 },
        "live_run": null,
        "error": { "code": "c", "message": "m", "remedy": "r" },
    })
}

fn held_item() -> Value {
    json!({
        "kind": "user", "id": "zhang", "internal_id": "i", "name": "n", "action": "delete",
        "departments": [1, 2],
    })
}

fn page(lines: &[Value]) -> AttributeValue {
    b(pack(ACT, lines).unwrap_or_default())
}

#[test]
fn a_lease_is_read_or_refused() {
    let good = item(&[
        ("gen", n(3)),
        ("run", s("a")),
        ("held", AttributeValue::Bool(true)),
        ("until", n(1_772_323_200_000_i64)),
        ("claim", s("mark")),
        ("handed", n(2)),
        ("handed_at", n(1_772_323_200_000_i64)),
    ]);
    check(&good, |item| LeaseItem::read(item, ACT));
}

#[test]
fn a_record_is_read_or_refused() {
    let good = item(&[("record", s(record().to_string()))]);
    check(&good, record_of);
}

#[test]
fn a_page_of_rows_is_read_or_refused() {
    let row = json!({
        "seq": 1, "kind": "user", "id": "zhang", "internal_id": "i", "name": "n",
        "action": "update", "result": "done", "code": null, "message": null, "remedy": null,
        "changes": [{ "attribute": "title", "before": null, "after": "x" }],
    });
    check(&item(&[("body", page(&[row]))]), rows_of);
}

#[test]
fn the_header_of_a_held_list_is_read_or_refused() {
    let list = json!({
        "fingerprint": PRINT, "source": "hq", "run": "a", "held_at": AT, "expires_at": AT,
        "rules": [{
            "kind": "user", "limit": "max_count", "window": "run", "value": 50, "deletions": 60,
            "base": 100,
        }],
        "items": [held_item()],
    });
    let good = item(&[
        ("list", s(list.to_string())),
        ("run", s("a")),
        ("count", n(1)),
        ("state", s("approved")),
        ("released", b(vec![0])),
        ("excepted", b(vec![1])),
        ("decided_by", s("alice")),
        ("decided_at", s(AT)),
    ]);
    check(&good, |item| {
        let list = list_of(item)?.list;
        let bits = bits_where(&list.items, |_| true);
        let all = released_of(&list.items, &bits);
        assert!(all.len() <= list.items.len());
        remaining_of(item)
    });
}

#[test]
fn a_kept_set_is_read_or_refused() {
    let set = json!({
        "id": "x", "why": "excepted", "list": PRINT, "by": "alice", "at": AT, "items": [],
    });
    let good = item(&[
        ("set", s(set.to_string())),
        ("body", page(&[held_item()])),
        ("released", AttributeValue::Ss(vec!["user:i".to_owned()])),
    ]);
    check(&good, |item| {
        let set = set_of(item)?;
        assert!(set.remaining().count() <= set.items.len());
        Ok(set)
    });
}

#[test]
fn a_word_about_a_conflict_is_read_or_refused() {
    let word = json!({
        "userid": "zhang", "choice": "same", "other": "aside", "other_userid": "zhang",
        "other_internal_id": "i", "by": "alice", "at": AT,
    });
    let good = item(&[("resolution", s(word.to_string()))]);
    check(&good, |item| Ok(resolution_of(item)?.userid.key()));
}

#[test]
fn a_word_to_stop_is_read_or_refused() {
    check(&item(&[("by", s("alice")), ("at", s(AT))]), cancellation_of);
}

#[test]
fn the_header_of_a_range_is_read_or_refused() {
    let good = item(&[
        ("fingerprint", s(PRINT)),
        ("seen", s(PRINT)),
        ("gen", n(3)),
        ("pages", n(1)),
        ("count", n(1)),
        ("run", s("a")),
        ("seen_at", s(AT)),
        ("accepted_at", s(AT)),
        ("accepted_people", s("keep")),
        ("accepted_by", s("alice")),
    ]);
    check(&good, Header::read);
}

#[test]
fn a_person_is_read_or_refused() {
    let membership = item(&[
        ("department", n(1)),
        ("order", n(0)),
        ("leader", AttributeValue::Bool(false)),
    ]);
    let good = item(&[
        ("pk", s("hq#u#00")),
        ("sk", s("zhang")),
        ("mk", s("zhang")),
        ("fp", s(PRINT)),
        ("gen", n(1)),
        ("st", s("live")),
        ("iid", s("i")),
        ("at", n(1)),
        ("userid", s("Zhang")),
        ("name", s("n")),
        (
            "memberships",
            AttributeValue::L(vec![AttributeValue::M(membership)]),
        ),
        ("main_department", n(1)),
        ("direct_leaders", AttributeValue::L(vec![])),
        ("status", s("active")),
        ("attributes", AttributeValue::M(item(&[("title", s("x"))]))),
        ("detached", AttributeValue::Bool(false)),
    ]);
    check(&good, |item| {
        // An entry of the index, the stamp and the size are read from the same attributes.
        let _mark = mark_of(ItemKind::User, item, ACT);
        let _stamp = stamp_of(item, ACT);
        assert!(key_of(item, ACT).is_ok() || size_of(item) < 1_000_000);
        item_of(item.clone(), ACT)
    });
}

#[test]
fn a_department_is_read_or_refused() {
    let good = item(&[
        ("pk", s("hq#d#00")),
        ("sk", s("0000000016")),
        ("mk", s("0000000016")),
        ("fp", s(PRINT)),
        ("gen", n(1)),
        ("st", s("live")),
        ("iid", s("i")),
        ("id", n(16)),
        ("name", s("n")),
        ("parent", n(1)),
        ("order", n(0)),
        ("leaders", AttributeValue::L(vec![])),
        ("detached", AttributeValue::Bool(false)),
    ]);
    check(&good, |item| {
        let _mark = mark_of(ItemKind::Department, item, ACT);
        item_of(item.clone(), ACT)
    });
}

#[test]
fn settings_and_what_stands_in_their_place_are_read_or_refused() {
    let settings = json!({
        "name": "Head office", "type": "wecom",
        "credentials": { "corp_id": "ww0123456789abcdef", "agent_id": 1 },
        "mapping": { "title": "position" },
    });
    let good = item(&[
        ("settings", s(settings.to_string())),
        ("secret_arn", s("arn:aws:secretsmanager:::secret:x")),
        ("secret_version", s("v1")),
        ("unsettled", s("{}")),
        ("version", n(1)),
    ]);
    check(&good, settings_of);
    check(&good, |item| {
        let _unsettled = unsettled_of(item, ACT);
        Ok(())
    });
    let clearance = item(&[
        ("clearing_at", s(AT)),
        ("clearing_by", s("alice")),
        ("remove", AttributeValue::Bool(true)),
        ("outside_done", AttributeValue::Bool(true)),
    ]);
    let source = org_model::SourceId::new("hq");
    check(&clearance, |item| clearance_of(&source, item));
}

#[test]
fn an_agent_is_read_or_refused() {
    let settings = json!({ "url": "http://10.0.0.7:3128" });
    let good = item(&[
        ("sk", s("office")),
        ("settings", s(settings.to_string())),
        ("version", n(1)),
        ("updated_at", s(AT)),
        ("updated_by", s("alice")),
    ]);
    check(&good, agent_of);
}

#[test]
fn an_entry_of_the_history_is_read_or_refused() {
    let entry = json!({
        "at": AT, "by": "alice", "action": "changed", "version": 1,
        "changes": [{ "pointer": "/name", "before": "a", "after": "b" }],
    });
    check(&item(&[("body", page(&[entry]))]), entry_of);
}

#[test]
fn what_must_leave_is_read_or_refused() {
    let notice = json!({ "id": "x", "at": AT, "payload": { "notice": {
        "at": AT, "kind": "held", "source": "hq", "run": null, "subject": "s", "text": "t",
    } } });
    let finished = json!({ "id": "x", "at": AT, "payload": { "run_finished": record() } });
    for good in [notice, finished] {
        let good = item(&[("item", s(good.to_string()))]);
        check(&good, |item| from_json::<OutboxItem>(item, "item", ACT));
    }
}

#[test]
fn pages_of_bytes_are_read_or_refused() {
    let ended = runner().run(&any_bytes(), |bytes| {
        let _items = unpack::<HeldItem>(ACT, &bytes);
        let removals = unpack::<StoredRemoval>(ACT, &bytes).unwrap_or_default();
        let decided = removals.into_iter().map(DecidedRemoval::from);
        prop_assert!(decided.count() < 1_000);
        Ok(())
    });
    assert!(ended.is_ok(), "{ended:?}");
}

#[test]
fn a_removal_is_read_as_it_was_written_before_there_was_more_to_say() {
    let old = pack(ACT, &[json!(["user", "i"])]).unwrap_or_default();
    let read = unpack::<StoredRemoval>(ACT, &old).unwrap_or_default();
    let removals: Vec<DecidedRemoval> = read.into_iter().map(Into::into).collect();
    let wanted = json!([
        { "kind": "user", "internal_id": "i", "action": "delete", "approved": false }
    ]);
    assert_eq!(json!(removals), wanted);
    let new = pack(ACT, &removals).unwrap_or_default();
    let read = unpack::<StoredRemoval>(ACT, &new).unwrap_or_default();
    let again: Vec<DecidedRemoval> = read.into_iter().map(Into::into).collect();
    assert_eq!(again, removals);
}

#[test]
fn cursors_are_read_or_refused_and_come_back_as_they_were() {
    let texts = prop_oneof![any::<String>(), "[0-9a-f-]{0,12}\\.[0-9a-z.]{0,6}"];
    let ended = runner().run(&texts, |text| {
        for kind in [ItemKind::User, ItemKind::Department] {
            if let Ok(cursor) = BucketCursor::read(Some(&text), kind) {
                let again = BucketCursor::read(Some(&cursor.write()), kind);
                prop_assert_eq!(again, Ok(cursor));
            }
        }
        if let Ok(cursor) = RowCursor::read(&text) {
            prop_assert_eq!(RowCursor::read(&cursor.write()), Ok(cursor));
        }
        Ok(())
    });
    assert!(ended.is_ok(), "{ended:?}");
}

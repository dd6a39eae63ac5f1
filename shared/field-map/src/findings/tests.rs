use org_model::MappedUser;
use serde_json::json;

use super::*;
use crate::FilledFields;
use crate::people::{mapping, member};

fn mapped(position: serde_json::Value) -> MappedUser {
    let person = member(&json!({ "position": position }));
    mapping("title: position").map(&person, &FilledFields::default())
}

#[test]
fn counting_in_parts_equals_counting_at_once() {
    let people = [json!("a"), json!(""), json!(null), json!({}), json!("b")].map(mapped);
    let mut whole = MappingFindings::default();
    people.iter().for_each(|person| whole.note(person));
    let (mut left, mut right) = (MappingFindings::default(), MappingFindings::default());
    people[..2].iter().for_each(|person| left.note(person));
    people[2..].iter().for_each(|person| right.note(person));
    left.merge(right);
    assert_eq!(left, whole);
    let title = &whole.attributes["title"];
    assert_eq!((whole.people, title.set, title.cleared), (5, 2, 1));
    assert_eq!(title.kept.values().sum::<u64>(), 2);
}

#[test]
fn an_expression_that_works_for_somebody_raises_no_sentence() {
    let mut findings = MappingFindings::default();
    findings.note(&mapped(json!({})));
    assert_eq!(findings.failing_for_everybody(), ["title"]);
    findings.note(&mapped(json!("a")));
    assert!(findings.failing_for_everybody().is_empty());
    assert!(findings.sentences().is_empty());
}

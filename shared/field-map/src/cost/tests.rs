use cel::Program;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::bound::{BYTES_MAX, STEPS_MAX};
use crate::expression::{Expression, Outcome, with_parser_stack};
use crate::limits::admits;
use crate::people::member;
use crate::record::Record;

fn compiled(source: &str) -> Result<Expression, String> {
    let compiled = with_parser_stack(|| Expression::compile(source)).unwrap();
    compiled.map_err(|refusals| refusals.into_iter().map(|one| one.message).collect())
}

fn bound_of(source: &str) -> Bound {
    let parsed: Program = crate::judge::parse(source).unwrap();
    bound(parsed.expression(), None)
}

/// Each of these is short, ends some day, and would fill any machine before that.
#[test]
fn an_expression_that_would_not_end_in_time_is_refused() {
    let doubling = |loops: usize| format!("[alias]{}[0]", ".map(x, x + x + x + x)".repeat(loops));
    let squaring = |times: usize| format!("alias{}", ".replace('', alias)".repeat(times));
    let growing = |times: usize| format!("alias{}", ".replace('', '0123456789')".repeat(times));
    for bomb in [
        doubling(8),
        doubling(9),
        squaring(2),
        squaring(9),
        growing(5),
        growing(15),
        "alias.split('').map(a, alias.split('').map(b, a + b))".to_owned(),
        "'%s%s'.format([alias, alias]).split('').map(a, alias.split('').exists(b, a == b))"
            .to_owned(),
    ] {
        let refusal = compiled(&bomb).unwrap_err();
        assert!(
            refusal.contains("too long") || refusal.contains("too deep"),
            "{bomb}: {refusal}"
        );
    }
}

#[test]
fn what_an_administrator_writes_is_accepted() {
    for sensible in [
        "userid + '@example.com'",
        "name.split(' ').map(part, part.upperAscii()).join('-')",
        "department.map(d, string(d)).join('/')",
        "positions.filter(p, p != '').map(p, p.trim()).join(';')",
        "department.filter(d, d in is_leader_in_dept).map(d, string(d)).join(',')",
        "department.map(a, positions.filter(p, p.startsWith(string(a)))[0])",
        "extattr['a'] + extattr['b'] + extattr['c'] + extattr['d'] + position + alias + name",
        "biz_mail.replace('@a.example', '@b.example').lowerAscii()",
        "'%s <%s>'.format([name, biz_mail])",
        "direct_leader.map(l, l.lowerAscii() + '@example.com').join(',')",
    ] {
        assert_eq!(compiled(sensible).map(|_| ()), Ok(()), "{sensible}");
    }
}

/// The largest record that is computed with at all.
fn largest() -> Record {
    let long = "张".repeat(682);
    let many = |item: Value| Value::from(vec![item; 100]);
    let texts = many(json!("x".repeat(300)));
    Record::of(&member(&json!({
        "name": long, "alias": long, "position": long, "department": many(json!(u32::MAX)),
        "order": many(json!(1)), "is_leader_in_dept": many(json!(1)), "positions": texts,
        "direct_leader": texts,
    })))
}

/// The costliest forms that are accepted, over the largest record: each ends, and its result is no
/// larger than its bound says.
#[test]
fn the_worst_accepted_expressions_end_over_the_largest_record() {
    let record = largest();
    let forms = |n: usize| {
        [
            format!("[alias]{}[0]", ".map(x, x + x + x + x)".repeat(n)),
            format!("alias{}", ".replace('', alias)".repeat(n)),
            format!("alias{}", ".replace('', '0123456789')".repeat(n)),
            format!(
                "positions.map(a, positions.map(b, a + b{}))",
                " + a".repeat(n)
            ),
            format!(
                "department.map(a, positions.filter(b, b != alias{}))",
                " + b".repeat(n)
            ),
            format!(
                "alias.split('').map(a, a + alias{}).join('')",
                " + a".repeat(n)
            ),
            format!("'%s{}'.format([alias, positions])", "%s".repeat(n.min(2))),
        ]
    };
    let mut ran = 0;
    for source in (1..=20).flat_map(forms) {
        let Ok(expression) = compiled(&source) else {
            continue;
        };
        let worst = bound_of(&source);
        assert!(worst.steps <= STEPS_MAX && worst.bytes <= BYTES_MAX);
        if let Ok(value) = expression.execute(&record) {
            assert!(bytes(&value) <= worst.bytes, "{source}");
        }
        ran += 1;
    }
    assert!(ran >= 10, "{ran}");
}

/// As a bound counts them.
fn bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(bytes).sum(),
        _ => 8,
    }
}

#[test]
fn beyond_its_limits_a_value_is_not_computed_with() {
    let ok = |value: Value| admits(&value);
    assert!(ok(json!("x".repeat(2_048))) && !ok(json!("x".repeat(2_049))));
    assert!(ok(json!(vec![1; 100])) && !ok(json!(vec![1; 101])));
    assert!(
        !ok(json!([["x".repeat(2_048), "x"]])),
        "one item is larger than any text"
    );
    assert!(
        !ok(json!(vec!["x".repeat(1_000); 40])),
        "the whole is larger than any field"
    );
    assert!(ok(json!({ "a": ["x"] })) && !ok(json!({ "a": { "b": vec![0; 101] } })));
    let long = json!({ "position": "x".repeat(2_049), "alias": "a" });
    let record = Record::of(&member(&long));
    let outcome = |source| compiled(source).unwrap().evaluate(&record);
    assert_eq!(outcome("position + ''"), Outcome::Failed);
    assert_eq!(outcome("alias + ''"), Outcome::Value(json!("a")));
    assert!(matches!(outcome("position"), Outcome::Value(_)));
}

/// Expressions over a few fields, of which many make their values larger.
fn any_expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "alias",
        "position",
        "'abc'",
        "positions[0]",
        "string(status)",
        "extattr['a']",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} + {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.replace('', {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.replace('a', {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.split('').join({b})")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("[{a}, {b}].map(x, x + x)[1]")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("(status == 1 ? {a} : {b}).lowerAscii()")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("'%s/%s'.format([{a}, {b}])")),
            inner
                .clone()
                .prop_map(|a| format!("positions.map(p, p + {a}).join('-')")),
            inner.prop_map(|a| format!("'%s'.format([[{a}, {a}]])")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_result_is_larger_than_its_bound(
        source in any_expression(),
        (alias, position) in ("[a张]{0,40}", "[a-c]{0,20}"),
        positions in prop::collection::vec("[a张]{0,9}", 1..8),
    ) {
        if let Ok(expression) = compiled(&source) {
            let record = Record::of(&member(&json!({
                "alias": alias, "position": position, "positions": positions, "status": 1,
                "extattr": [{ "name": "a", "value": "v" }],
            })));
            let worst = bound_of(&source);
            if let Ok(value) = expression.execute(&record) {
                prop_assert!(bytes(&value) <= worst.bytes, "{source}");
            }
        }
    }
}

#[test]
fn the_sums_behind_the_limits_are_right() {
    let joined = bound_of("department.map(a, positions.map(b, alias + b))");
    assert!((6_000_000..7_000_000).contains(&joined.steps), "{joined:?}");
    assert!(
        (40_000_000..42_000_000).contains(&joined.bytes),
        "{joined:?}"
    );
}

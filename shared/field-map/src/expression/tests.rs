use serde_json::json;

use super::*;
use crate::people::member;

fn compiled(source: &str) -> Result<Expression, Vec<Refusal>> {
    with_parser_stack(|| Expression::compile(source)).unwrap()
}

/// A piece repeated, between a beginning and an end.
fn repeated(begin: &str, piece: &str, times: usize, end: &str) -> String {
    format!("{begin}{}{end}", piece.repeat(times))
}

/// Every way to make an expression deep, as deep as asked.
fn deep(levels: usize) -> Vec<String> {
    vec![
        repeated("order[0]", "+1", levels, ""),
        repeated("", "- ", levels, "1"),
        repeated("", "!", levels, "true"),
        repeated("", "status==1?status:", levels, "1"),
        repeated("", "status==1&&", levels, "true"),
        repeated("", "1<", levels, "1"),
        repeated("order", "[0]", levels, ""),
        repeated("alias", ".trim()", levels, ""),
        repeated("", "(", levels, &repeated("1", ")", levels, "")),
        repeated("", "[", levels, &repeated("1", "]", levels, "")),
        repeated("", "{'a':", levels, &repeated("1", "}", levels, "")),
        repeated("", "[1].map(x,", levels, &repeated("1", ")", levels, "")),
        repeated("", "[true?1:-1<", levels, &repeated("1", "]", levels, "")),
        repeated("extattr", ".a", levels, ""),
    ]
}

#[test]
fn no_expression_is_too_deep_for_the_stack_it_runs_on() {
    let fields = json!({ "order": [1], "alias": "a", "status": 1, "extattr": {} });
    let record = Record::of(&member(&fields));
    // Half of a thread's usual stack: the other half belongs to whoever calls.
    let small = thread::Builder::new().stack_size(1 << 20);
    let ran = small
        .spawn(move || {
            let accepted = (1..=32)
                .chain([64, 100, 200, 400, 999])
                .flat_map(deep)
                .filter_map(|source| compiled(&source).ok());
            let mut ran = 0;
            for expression in accepted {
                expression.evaluate(&record);
                ran += 1;
            }
            ran
        })
        .unwrap()
        .join()
        .unwrap();
    assert!(ran > 100, "{ran}");
}

#[test]
fn an_expression_beyond_the_limits_is_refused_with_its_reason() {
    let message = |source: &str| compiled(source).unwrap_err().remove(0).message;
    assert_eq!(message("  "), "the expression is empty");
    assert_eq!(
        message(&"a".repeat(1_001)),
        "the expression is longer than 1000 characters"
    );
    assert_eq!(
        message(&repeated("", "(", 17, "")),
        "brackets stand more than 16 deep in each other"
    );
    assert_eq!(
        message(&repeated("1", "+1", 30, "")),
        "the expression is too deep: at most 2 loops in each other and 24 steps"
    );
}

#[test]
fn a_bare_field_or_key_is_read_without_the_language() {
    for source in [
        "position",
        "extattr['成本中心']",
        "extattr.a",
        "external_profile.a['b']",
    ] {
        assert!(compiled(source).unwrap().whole.is_some(), "{source}");
    }
    for source in ["has(extattr.a)", "position + ''", "department[0]", "'a'"] {
        assert!(compiled(source).unwrap().whole.is_none(), "{source}");
    }
}

#[test]
fn the_two_ways_to_read_a_field_agree() {
    let fields = json!({
        "position": "p", "order": [4_294_967_295_u32], "telephone": "", "alias": null,
        "enable": 1.5, "external_profile": { "a": { "b": true } },
        "main_department": u64::MAX, "extattr": [{ "name": "a", "value": -1 }],
    });
    let record = Record::of(&member(&fields));
    let paths = [
        "position",
        "order",
        "telephone",
        "alias",
        "enable",
        "external_profile.a.b",
        "external_profile.b",
        "external_profile",
        "main_department",
        "extattr.a",
        "extattr['b']",
    ];
    for path in paths {
        let quick = compiled(path).unwrap();
        let thorough = compiled(&format!("true ? {path} : {path}")).unwrap();
        assert!(thorough.whole.is_none());
        assert_eq!(
            quick.evaluate(&record),
            thorough.evaluate(&record),
            "{path}"
        );
    }
}

#[test]
fn the_standard_functions_are_known() {
    let sources = [
        "positions.all(p, p != '') && positions.exists(p, p == '')",
        "positions.exists_one(p, p == 'a') || 'a' in positions",
        "size(name) + name.size() + int('1') - -1",
        "name.startsWith('a') ? string(order[0]) : name.replace('a', 'b', 1).trim()",
        "name.contains('a') && name.endsWith('b') && !(name == alias)",
        "name.split(' ').map(part, part.upperAscii()).join('-')",
        "name.charAt(0) + name.substring(0, 1) + name.lowerAscii()",
        "[1, 2].filter(n, n % 2 == 0 && n >= 1 && n <= 2 && n < 3 && n > 0)[0] * 2 / 1",
        "type(position) == string ? position : '%s'.format([position])",
        "[alias.indexOf('a'), alias.lastIndexOf('a'), int(double('1.5')), int(uint(1))]",
    ];
    for source in sources {
        assert_eq!(compiled(source).map(|_| ()), Ok(()), "{source}");
    }
}

#[test]
fn variables_of_loops_are_not_fields() {
    let expression = compiled("positions.filter(p, p != alias).map(p, p + 'x').exists(q, q != '')");
    assert_eq!(expression.unwrap().fields(), ["alias", "positions"]);
}

#[test]
fn a_result_that_is_no_value_fails_and_never_panics() {
    let record = Record::of(&member(&json!({ "alias": "张", "status": 0 })));
    let failing = [
        "1 / status",
        "1 % status",
        "9223372036854775807 + status + 1",
        "-9223372036854775808 - 1",
        "1.0 / 0.0",
        "alias + 1",
        "b'bytes'",
        "[[1]]",
        "int(alias)",
        "alias.substring(5)",
        "'%s %s'.format([1])",
    ];
    for source in failing {
        let outcome = compiled(source).unwrap().evaluate(&record);
        assert_eq!(outcome, Outcome::Failed, "{source}");
    }
}

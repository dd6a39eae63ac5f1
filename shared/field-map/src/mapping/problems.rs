//! What is refused, and how it is said.

use insta::assert_snapshot;

use super::*;
use crate::people::rules;

pub(super) fn problems(table: &str) -> String {
    let problems = Mapping::compile(&rules(table)).unwrap_err();
    problems
        .iter()
        .map(|problem| format!("{}: {}\n", problem.attribute, problem.message))
        .collect()
}

#[test]
fn all_problems_of_all_rules_come_back_together() {
    let table = r#"
        9lives: position
        Title: position
        login: userid
        name: name
        broken: position +
        typo: positon
        strange: position.frobnicate()
        missing: frobnicate(position)
        listed: extattr.map(k, k)
        deep: [1].map(a, [1].map(b, [1].map(c, c)))
        two: positon + moble
        worse: position ?? {"a": 1}
        vain: position ?? ""
        nested: position ?? [[1]]
    "#;
    assert_snapshot!(problems(table), @"
    9lives: this is not the name of an attribute
    Title: this is not the name of an attribute
    broken: the expression cannot be read at line 1, column 11
    deep: the expression is too deep: at most 2 loops in each other and 24 steps
    listed: a map may only be asked for a key: its keys have no order at line 1, column 1
    login: this name belongs to a fixed part of every person and cannot be mapped
    missing: there is no function `frobnicate` at line 1, column 1
    name: this name belongs to a fixed part of every person and cannot be mapped
    nested: this cannot be a value of the directory
    strange: there is no function `frobnicate` at line 1, column 10
    two: `moble` is not a field of a WeCom member at line 1, column 11
    two: `positon` is not a field of a WeCom member at line 1, column 1
    typo: `positon` is not a field of a WeCom member at line 1, column 1
    vain: an empty default is no value
    worse: this cannot be a value of the directory
    ");
}

#[test]
fn every_problem_says_what_to_do_and_repeats_no_text_of_the_expression() {
    let table = "a: 'zhang@example.com\nb: zhang@example.com\nc: 'zhang@example.com'.nope()";
    for problem in Mapping::compile(&rules(table)).unwrap_err() {
        assert!(!problem.remedy.is_empty());
        assert!(!problem.message.contains("zhang"), "{}", problem.message);
    }
}

#[test]
fn too_many_rules_are_one_problem_without_an_attribute() {
    let many: BTreeMap<String, MappingRule> = (0..=RULES_MAX)
        .map(|n| (format!("a{n}"), MappingRule::from("position")))
        .collect();
    let problems = Mapping::compile(&many).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].attribute, "");
}

#[test]
fn a_problem_says_its_line_and_its_column_in_signs() {
    let message = |source: &str| {
        let rules = BTreeMap::from([("a".to_owned(), MappingRule::from(source))]);
        Mapping::compile(&rules).unwrap_err().remove(0).message
    };
    let lines = "position +\n  '成本中心' +\n  extattr['成本中心'] + WRONG";
    let at = |wrong: &str| message(&lines.replace("WRONG", wrong));
    let mut shown = String::new();
    for wrong in [
        "positon",
        "name.frob()",
        "extattr.map(k, k)",
        "'b' in extatr",
        "has(extatr.a)",
        "* 7",
        "name)",
        "'open",
        "",
    ] {
        let message = at(wrong);
        let (_, place) = message.rsplit_once(" at ").unwrap();
        shown += &format!("{wrong} at {place}\n");
    }
    assert_snapshot!(shown, @"
    positon at line 3, column 21
    name.frob() at line 3, column 26
    extattr.map(k, k) at line 3, column 21
    'b' in extatr at line 3, column 28
    has(extatr.a) at line 3, column 25
    * 7 at line 3, column 21
    name) at line 3, column 25
    'open at line 3, column 21
     at line 3, column 21
    ");
}

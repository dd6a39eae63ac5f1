use super::Filter;

#[test]
fn a_policy_of_ours_is_read_back_whatever_the_order() {
    let filter = Filter::parse(r#"{"source": ["hq", "cn"]}"#).unwrap();
    assert_eq!(filter.policy(), r#"{"source":["cn","hq"]}"#);
    assert_eq!(Filter::parse(&filter.policy()), Some(filter));
}

#[test]
fn a_policy_of_somebody_else_is_not_ours() {
    for policy in [
        "{}",
        r#"{"kind":["held"]}"#,
        r#"{"source":["hq"],"kind":["held"]}"#,
        r#"{"source":[{"prefix":"h"}]}"#,
        "",
    ] {
        assert_eq!(Filter::parse(policy), None, "{policy}");
    }
}

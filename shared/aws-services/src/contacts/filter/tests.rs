use org_model::SourceId;

use super::{Filter, Found};

fn filter(sources: &[&str]) -> Filter {
    let mut filter = Filter::default();
    for source in sources {
        filter.add(&SourceId::new(*source));
    }
    filter
}

#[test]
fn a_policy_of_ours_is_read_back_whatever_the_order() {
    let policy = filter(&["hq", "cn"]).policy();
    assert_eq!(policy, r#"{"source":["(kept by wecom-sync)","cn","hq"]}"#);
    let turned = r#"{"source": ["hq", "cn", "(kept by wecom-sync)"]}"#;
    for policy in [policy.as_str(), turned] {
        assert_eq!(
            Found::read(Some(policy)),
            Found::Ours(filter(&["cn", "hq"]))
        );
    }
}

#[test]
fn a_policy_of_somebody_else_is_not_ours() {
    for policy in [
        r#"{"kind":["held"]}"#,
        r#"{"source":["(kept by wecom-sync)","hq"],"kind":["held"]}"#,
        r#"{"source":[{"prefix":"h"}]}"#,
        "no JSON",
    ] {
        assert_eq!(Found::read(Some(policy)), Found::ByHand(None), "{policy}");
    }
    let Found::ByHand(Some(sources)) = Found::read(Some(r#"{"source":["hq","cn"]}"#)) else {
        panic!("an operator's filter on sources");
    };
    assert!(filter(&["hq"]).is_within(&sources));
    assert!(!filter(&["hq", "labs"]).is_within(&sources));
}

#[test]
fn no_filter_lets_everything_through() {
    for policy in [None, Some(""), Some("{}")] {
        assert_eq!(Found::read(policy), Found::Everything);
    }
}

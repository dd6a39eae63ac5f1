use super::*;

#[test]
fn a_round_that_was_in_trouble_is_a_failed_invocation_and_no_heartbeat() {
    let mut tidied = Tidied {
        sources: 3,
        started_segments: 1,
        ..Tidied::default()
    };
    let answer = serde_json::to_value(tidied_up(&tidied).unwrap()).unwrap();
    assert_eq!(answer["outcome"], "housekeeping");
    assert_eq!(answer["started_segments"], 1);
    tidied.troubled.push(SourceId::new("hq"));
    let error = tidied_up(&tidied).unwrap_err();
    assert_eq!(error.to_string(), "housekeeping failed for 1 of 3 sources");
}

use super::{SUBJECT_LENGTH_MAX, sendable_subject};

#[test]
fn a_good_subject_stays_as_it_is() {
    let subject = "[wecom-sync] hq: 400 deletions are held";
    assert_eq!(sendable_subject(subject), subject);
}

#[test]
fn a_subject_that_sns_would_refuse_is_made_fit() {
    assert_eq!(sendable_subject("总部: 3\r\nheld\u{7}"), "??: 3  held?");
    assert_eq!(sendable_subject("\n"), "wecom-sync");
    let long = sendable_subject(&"s".repeat(500));
    assert_eq!(long.len(), SUBJECT_LENGTH_MAX);
}

use super::{SUBJECT_LENGTH_MAX, TEXT_BYTES_MAX, sendable_subject, sendable_text};

#[test]
fn a_good_subject_and_a_good_text_stay_as_they_are() {
    let subject = "[wecom-sync] hq: 400 deletions are held";
    assert_eq!(sendable_subject(subject), subject);
    assert_eq!(sendable_text("400 人\nheld"), "400 人\nheld");
}

#[test]
fn a_subject_that_sns_would_refuse_is_made_fit() {
    assert_eq!(sendable_subject("总部: 3\r\nheld\u{7}"), "??: 3  held?");
    assert_eq!(sendable_subject("\n"), "wecom-sync");
    let long = sendable_subject(&"s".repeat(500));
    assert_eq!(long.len(), SUBJECT_LENGTH_MAX);
}

#[test]
fn a_text_that_is_too_long_is_cut_between_two_characters_and_says_so() {
    for lead in ["", "a", "ab"] {
        let long = format!("{lead}{}", "人".repeat(TEXT_BYTES_MAX));
        let sent = sendable_text(&long);
        assert!(sent.len() <= TEXT_BYTES_MAX, "{}", sent.len());
        assert!(sent.len() > TEXT_BYTES_MAX - 8, "{}", sent.len());
        assert!(sent.ends_with("人\n[…]"));
    }
    assert_eq!(sendable_text(""), "-");
}

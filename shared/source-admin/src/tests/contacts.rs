//! A notice to try the contacts.

use super::*;

#[tokio::test]
async fn a_test_notice_says_who_asked_and_that_nothing_happened_in_two_languages() {
    let world = with_source().await;
    let tested = world
        .admin()
        .test_contacts("hq", "arn:carol")
        .await
        .unwrap();
    assert_eq!(tested.sent_at, world.state().now);
    assert_eq!(tested.contacts.len(), 1);
    assert_eq!(tested.warnings[0].code, "no_confirmed_contact");
    let state = world.state();
    let [notice] = state.notices.as_slice() else {
        panic!("{:?}", state.notices);
    };
    assert_eq!(notice.kind, sync_run::NoticeKind::Test);
    assert!(notice.run.is_none());
    for words in [
        "hq",
        "arn:carol",
        "Nothing happened to the directory",
        "目录没有任何变化",
    ] {
        assert!(notice.text.contains(words), "{words}");
    }
    assert!(!notice.text.contains("Head office"));
}

#[tokio::test]
async fn the_subject_is_short_and_ascii_for_the_longest_name() {
    let world = world();
    let admin = world.admin();
    let name = "a".repeat(40);
    let unstated = Precondition::Unstated;
    admin
        .put_source(&name, &body(), &unstated, "carol")
        .await
        .unwrap();
    admin.test_contacts(&name, "carol").await.unwrap();
    let subject = world.state().notices[0].subject.clone();
    assert!(subject.is_ascii() && subject.len() < 100, "{subject}");
    assert!(subject.contains(&name) && !subject.contains('\n'));
}

#[tokio::test]
async fn a_notice_that_does_not_leave_is_no_success() {
    let world = with_source().await;
    world.break_part(Part::Notifier);
    let refused = world
        .admin()
        .test_contacts("hq", "carol")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "notices_unavailable");
    assert!(world.state().notices.is_empty());
}

#[tokio::test]
async fn a_source_without_contacts_has_nobody_to_try() {
    let world = with_source().await;
    world
        .state()
        .sources
        .get_mut(&hq())
        .unwrap()
        .settings
        .contacts
        .clear();
    let refused = world.admin().test_contacts("hq", "carol").await;
    assert_eq!(refused.unwrap_err(), AdminError::NoContacts);
    assert!(world.state().notices.is_empty());
}

//! The words of the document against the values that are really written.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;

/// What serde says to a word that nobody knows: it names every word of the type, in order.
fn all_words<T: DeserializeOwned>() -> String {
    match serde_json::from_str::<T>("\"?\"") {
        Ok(_) => "anything".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_document_lists_exactly_the_words_that_are_written() {
    assert!(all_words::<KindWord>().contains("expected `user` or `department`"));
    assert_eq!(all_words::<TriggerWord>(), all_words::<sync_run::Trigger>());
    assert_eq!(all_words::<ModeWord>(), all_words::<sync_run::RunMode>());
    assert_eq!(
        all_words::<RunStatusWord>(),
        all_words::<sync_run::RunStatus>()
    );
    assert_eq!(
        all_words::<ResultWord>(),
        all_words::<sync_run::RowResult>()
    );
    assert_eq!(
        all_words::<HeldStateWord>(),
        all_words::<sync_run::HeldState>()
    );
    assert_eq!(all_words::<KindWord>(), all_words::<org_model::ItemKind>());
    assert_eq!(
        all_words::<UserStatusWord>(),
        all_words::<org_model::UserStatus>()
    );
    assert_eq!(
        all_words::<HistoryActionWord>(),
        all_words::<source_admin::ports::HistoryAction>()
    );
    assert_eq!(
        all_words::<ResolutionWord>(),
        all_words::<org_plan::Resolution>()
    );
    assert_eq!(
        all_words::<OtherRecordWord>(),
        all_words::<sync_run::OtherRecord>()
    );
    assert_eq!(
        all_words::<PeopleWord>(),
        all_words::<sync_run::AffectedPeople>()
    );
    assert_eq!(all_words::<ActionWord>(), all_words::<org_plan::Action>());
    assert_eq!(
        all_words::<RuleLimitWord>(),
        all_words::<org_plan::RuleLimit>()
    );
    assert_eq!(
        all_words::<RuleWindowWord>(),
        all_words::<org_plan::RuleWindow>()
    );
}

#[test]
fn a_source_says_whether_deletions_are_protected_in_the_document_s_words() {
    use source_settings::Deletions;
    let text = |value: &dyn Fn() -> serde_json::Result<String>| value().unwrap_or_default();
    let written = |deletions: Deletions| text(&|| serde_json::to_string(&deletions));
    let documented = |word: DeletionsWord| text(&|| serde_json::to_string(&word));
    assert_eq!(
        written(Deletions::Protected),
        documented(DeletionsWord::Protected)
    );
    assert_eq!(
        written(Deletions::Paused),
        documented(DeletionsWord::Paused)
    );
}

#[test]
fn a_list_is_items_and_next() {
    #[derive(Serialize)]
    struct One(u8);
    let list = List {
        items: vec![One(1)],
        next: None,
    };
    let json = serde_json::to_string(&list).unwrap();
    assert_eq!(json, r#"{"items":[1],"next":null}"#);
}

//! A PUT: one commit, what follows it, and what a look shows of the rest.

use secrecy::ExposeSecret;
use serde_json::Value;
use source_settings::Contact;

use super::*;
use crate::ports::HistoryAction;
use sync_run::{RunRecord, RunStatus, Trigger};

fn changed() -> Value {
    json!({
        "name": "Head office",
        "credentials": { "corp_id": "ww0123456789abcdef", "agent_id": 1000002 },
        "schedule": { "every": "4h" },
        "contacts": [{ "email": "night@example.com" }]
    })
}

fn with_secret(mut body: Value, secret: &str) -> Value {
    body["credentials"]["secret"] = json!(secret);
    body
}

async fn put_body(
    world: &Arc<World>,
    body: &Value,
    said: Precondition,
) -> Result<Put<SourceView>, AdminError> {
    let admin = world.admin();
    let body = body.to_string();
    admin.put_source("hq", &body, &said, "carol").await
}

fn codes(view: &SourceView) -> Vec<&'static str> {
    view.warnings.iter().map(|one| one.code).collect()
}

/// Whatever is not as the settings say stands beside them.
fn assert_honest(world: &World) {
    let state = world.state();
    let Some(stored) = state.sources.get(&hq()) else {
        return;
    };
    let unsettled = state.unsettled.get(&hq()).cloned().unwrap_or_default();
    let schedule = state.schedules.get(&hq()) == Some(&stored.settings.schedule);
    assert!(schedule || unsettled.schedule);
    let wanted = stored.settings.contacts.iter();
    let wanted = wanted.map(|one| (one.clone(), hq())).collect();
    assert!(state.subscriptions == wanted || unsettled.contacts);
    let named = stored.settings.credentials.secret.as_ref().unwrap();
    assert!(state.secrets.contains_key(&named.arn));
    assert!(unsettled.secrets.iter().all(|one| one.arn != named.arn));
}

/// Nothing is left to do, and the history tells of each version once.
fn assert_settled(world: &World) {
    assert_honest(world);
    let state = world.state();
    assert!(state.unsettled[&hq()].is_empty());
    let versions: Vec<_> = state.history[&hq()].iter().map(|one| one.version).collect();
    let newest = state.sources[&hq()].version;
    assert_eq!(versions, (1..=newest).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_secret_is_stored_before_the_settings_that_name_it_and_all_else_follows() {
    let world = with_source().await;
    put(&world, Precondition::Exists).await.unwrap();
    assert_eq!(
        changes(&world),
        [
            "store a secret",
            "put a source",
            "set a schedule",
            "reconcile the contacts",
            "sweep a secret",
            "settle a source",
        ]
    );
}

#[tokio::test]
async fn a_change_that_is_cut_off_anywhere_is_old_or_new_and_completed_by_repeating_it() {
    for body in [changed(), with_secret(changed(), "another-secret")] {
        let mut completed = false;
        for acts in 0..ACTS_MAX {
            let world = with_source().await;
            world.state().acts_max = Some(acts);
            let cut = put_body(&world, &body, Precondition::Exists).await;
            let committed = world.state().sources[&hq()].version == 2;
            assert_eq!(cut.is_ok(), committed, "the answer is true after {acts}");
            assert_honest(&world);

            world.mend();
            let again = put_body(&world, &body, Precondition::Exists).await.unwrap();
            assert_eq!(codes(&again.view), ["no_confirmed_contact"]);
            assert_eq!(again.view.stored.settings.name, "Head office");
            assert_settled(&world);
            let orphans = world.state().secrets.len() - 1;
            assert!(orphans <= 1, "{orphans} secrets that nobody names");
            completed |= cut.is_ok_and(|put| codes(&put.view) == ["no_confirmed_contact"]);
        }
        assert!(completed, "the last ones were not cut off at all");
    }
}

#[tokio::test]
async fn a_source_whose_making_is_cut_off_anywhere_is_there_or_not_and_completed_by_repeating_it() {
    for acts in 0..ACTS_MAX {
        let world = world();
        world.state().acts_max = Some(acts);
        let cut = put(&world, Precondition::Unstated).await;
        let made = world.state().sources.contains_key(&hq());
        assert_eq!(cut.is_ok(), made, "the answer is true after {acts}");
        assert_honest(&world);

        world.mend();
        let said = match made {
            true => Precondition::OneOf(vec![1]),
            false => Precondition::Unstated,
        };
        let again = put(&world, said).await.unwrap();
        assert_eq!(codes(&again.view), ["no_confirmed_contact"]);
        assert_settled(&world);
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_shown_and_completed() {
    let world = with_source().await;
    world.break_part(Part::SettingsAnswer);
    let body = with_secret(changed(), "another-secret");
    let lost = put_body(&world, &body, Precondition::Exists).await;
    assert!(matches!(lost, Err(AdminError::Store(_))));
    world.mend();
    let shown = world.admin().source("hq").await.unwrap();
    assert_eq!(shown.stored.version, 2);
    assert_eq!(
        codes(&shown),
        [
            "no_confirmed_contact",
            "schedule_not_set",
            "contacts_not_reconciled",
            "secret_not_swept"
        ]
    );
    let again = put_body(&world, &changed(), Precondition::OneOf(vec![2])).await;
    let again = again.unwrap();
    assert_eq!(codes(&again.view), ["no_confirmed_contact"]);
    assert_eq!(again.view.stored.version, 2, "nothing else changed");
    assert_settled(&world);
    let state = world.state();
    let secrets: Vec<_> = state
        .secrets
        .values()
        .map(|one| one.expose_secret())
        .collect();
    assert_eq!(secrets, ["another-secret"]);
}

#[tokio::test]
async fn a_put_that_changes_nothing_makes_no_version_and_touches_nothing() {
    let world = with_source().await;
    put_body(&world, &changed(), Precondition::Exists)
        .await
        .unwrap();
    world.mend();
    let same = put_body(&world, &changed(), Precondition::Exists)
        .await
        .unwrap();
    assert!(!same.created);
    assert_eq!(same.view.stored.version, 2);
    assert_eq!(changes(&world), Vec::<&str>::new());
    assert_eq!(world.state().history[&hq()].len(), 2);
}

#[tokio::test]
async fn a_secret_that_could_not_be_swept_is_swept_by_the_next_put() {
    let world = with_source().await;
    world.break_part(Part::VaultRemove);
    let body = with_secret(changed(), "another-secret");
    put_body(&world, &body, Precondition::Exists).await.unwrap();
    let body = with_secret(changed(), "a-third-secret");
    let third = put_body(&world, &body, Precondition::Exists).await.unwrap();
    let unswept = [
        "no_confirmed_contact",
        "secret_not_swept",
        "secret_not_swept",
    ];
    assert_eq!(codes(&third.view), unswept);
    assert_eq!(codes(&world.admin().source("hq").await.unwrap()), unswept);
    assert_eq!(world.state().secrets.len(), 3);

    world.mend();
    let again = put_body(&world, &changed(), Precondition::Exists)
        .await
        .unwrap();
    assert_eq!(codes(&again.view), ["no_confirmed_contact"]);
    assert_settled(&world);
    assert_eq!(world.state().secrets.len(), 1);
}

#[tokio::test]
async fn what_follows_is_done_as_far_as_it_can_be_and_the_rest_stays_noted() {
    let world = with_source().await;
    world.break_part(Part::Contacts);
    let put = put_body(&world, &changed(), Precondition::Exists)
        .await
        .unwrap();
    let found = codes(&put.view);
    assert_eq!(found, ["contacts_unknown", "contacts_not_reconciled"]);
    let unsettled = world.state().unsettled[&hq()].clone();
    assert!(unsettled.contacts && !unsettled.schedule);
    assert_honest(&world);
}

#[tokio::test]
async fn what_is_done_and_could_not_be_noted_is_told() {
    let world = with_source().await;
    put_body(&world, &changed(), Precondition::Exists)
        .await
        .unwrap();
    world.state().unsettled.get_mut(&hq()).unwrap().schedule = true;
    world.break_part(Part::SettingsWrite);
    let put = put_body(&world, &changed(), Precondition::Exists)
        .await
        .unwrap();
    assert_eq!(codes(&put.view), ["no_confirmed_contact", "not_noted"]);
    let shown = world.admin().source("hq").await.unwrap();
    assert_eq!(codes(&shown), ["no_confirmed_contact", "schedule_not_set"]);
}

#[tokio::test]
async fn two_sources_of_one_corp_know_of_each_other() {
    let world = with_source().await;
    let admin = world.admin();
    let unstated = Precondition::Unstated;
    let branch = admin
        .put_source("branch", &body(), &unstated, "carol")
        .await;
    let expected = ["no_confirmed_contact", "same_corp"];
    assert_eq!(codes(&branch.unwrap().view), expected);
    let hq = admin.source("hq").await.unwrap();
    assert_eq!(codes(&hq), expected);
    assert!(hq.warnings[1].message.contains("branch"));
    for one in admin.sources().await.unwrap() {
        assert_eq!(codes(&one), expected);
    }
}

#[tokio::test]
async fn the_next_five_starts_are_shown_and_none_while_the_schedule_is_off() {
    let world = with_source().await;
    let mut body = changed();
    let put = put_body(&world, &body, Precondition::Exists).await.unwrap();
    let next = put.view.next_runs_at;
    assert_eq!(next.len(), 5);
    for pair in next.windows(2) {
        assert_eq!(
            pair[1].duration_since(pair[0]),
            SignedDuration::from_hours(4)
        );
    }
    assert!(next[0] > world.state().now);
    body["schedule"]["enabled"] = json!(false);
    let off = put_body(&world, &body, Precondition::Exists).await.unwrap();
    assert!(off.view.next_runs_at.is_empty());
}

#[tokio::test]
async fn a_shared_endpoint_stays_subscribed_for_the_other_source() {
    let world = with_source().await;
    let admin = world.admin();
    let unstated = Precondition::Unstated;
    let made = admin
        .put_source("branch", &body(), &unstated, "carol")
        .await;
    assert!(made.unwrap().created);
    put_body(&world, &changed(), Precondition::Exists)
        .await
        .unwrap();
    let email = |address: &str| Contact::Email(address.to_owned());
    let state = world.state();
    let wanted = [
        (email("it@example.com"), SourceId::new("branch")),
        (email("night@example.com"), hq()),
    ];
    assert_eq!(state.subscriptions, wanted.into());
}

#[tokio::test]
async fn the_history_tells_who_changed_what_and_when_and_no_secret() {
    let world = with_source().await;
    let admin = world.admin();
    let body = with_secret(changed(), "another-secret").to_string();
    let said = Precondition::Exists;
    admin.put_source("hq", &body, &said, "dave").await.unwrap();
    let page = crate::ports::PageRequest {
        cursor: None,
        limit: 10,
    };
    let history = admin.history("hq", &page).await.unwrap().items;
    let [last, first] = history.as_slice() else {
        panic!("{history:?}");
    };
    assert_eq!(
        (first.action, last.action),
        (HistoryAction::Created, HistoryAction::Changed)
    );
    assert_eq!((first.by.as_str(), last.by.as_str()), ("carol", "dave"));
    assert_eq!(last.version, Some(2));
    let pointers: Vec<_> = last
        .changes
        .iter()
        .map(|one| one.pointer.as_str())
        .collect();
    for pointer in ["/credentials/secret", "/schedule/every"] {
        assert!(pointers.contains(&pointer), "{pointers:?}");
    }
    let text = serde_json::to_string(&history).unwrap();
    assert!(
        !text.contains("another-secret") && !text.contains(SECRET),
        "{text}"
    );
    assert!(!text.contains("secretsmanager"), "{text}");
}

#[tokio::test]
async fn a_rule_that_would_never_trip_in_this_mirror_is_refused_with_the_reason() {
    let world = with_source().await;
    let size = sync_run::MirrorSize {
        users: 20,
        departments: 3,
    };
    {
        let mut state = world.state();
        state.sources.get_mut(&hq()).unwrap().state.mirror_size = Some(size);
    }
    let mut body = changed();
    body["protection"] = json!({ "users": { "floor": 30, "max_count": 900, "max_percent": 10 } });
    let refused = put_body(&world, &body, Precondition::Exists).await;
    let Err(AdminError::Invalid(problems)) = refused else {
        panic!("{refused:?}");
    };
    let users = "/protection/users";
    assert!(
        problems.iter().all(|one| one.pointer.starts_with(users)),
        "{problems:?}"
    );
    assert!(!problems.is_empty());
    assert_eq!(world.state().sources[&hq()].version, 1);
}

/// A run that reads company A must not write its people under the settings of B.
#[tokio::test]
async fn another_organisation_waits_until_no_run_reads_the_old_one() {
    let world = with_source().await;
    let (run, now) = (RunId::new("run-1"), world.state().now);
    let mut record = RunRecord::new(hq(), run.clone(), Trigger::Manual, RunMode::Apply, now);
    record.status = RunStatus::Running;
    world.state().runs.push(record);
    let mut other = with_secret(changed(), "another");
    other["credentials"]["corp_id"] = json!("ww_another");
    let secrets = world.state().secrets.len();
    let refused = put_body(&world, &other, Precondition::Exists).await;
    assert_eq!(refused.unwrap_err(), AdminError::RunLive { run });
    assert_eq!(world.state().secrets.len(), secrets, "nothing is left over");
    // What does not move the source may change at any time.
    put_body(&world, &changed(), Precondition::Exists)
        .await
        .unwrap();
    world.state().runs[0].status = RunStatus::Failed;
    put_body(&world, &other, Precondition::Exists)
        .await
        .unwrap();
    let stored = world.state().sources[&hq()]
        .settings
        .credentials
        .corp_id
        .clone();
    assert_eq!(stored, "ww_another");
}

//! A source is replaced or deleted; its people stay.

use org_model::SourceId;
use org_plan::Action;
use scenarios::{Directory, TABLES, World, live_people, raw_items};
use source_admin::{AdminError, Precondition};
use sync_run::{Cleared, RunOutcome, RunStatus};
use testkit::Faults;
use testkit::crash::CrashMoment;
use wecom_sim::Command;

async fn replace(world: &World) {
    let admin = world.admin();
    let exists = &Precondition::Exists;
    admin
        .replace_source("hq", "hq", exists, "alice")
        .await
        .unwrap();
}

fn assert_all_detached(now: &Directory, before: &Directory) {
    for person in before.people().filter(|person| person.deleted_at.is_none()) {
        let found = now.person(person.userid.as_str()).unwrap();
        assert!(found.detached && found.deleted_at.is_none());
        assert_eq!(found.internal_id, person.internal_id);
        assert_eq!(found.attributes, person.attributes);
    }
    assert_eq!(live_people(now), live_people(before));
    assert!(
        now.departments()
            .all(|it| it.detached || it.deleted_at.is_some())
    );
}

/// Keys of what is left of the source in the sync table.
async fn left_of(world: &World, source: &str) -> Vec<String> {
    let items = raw_items(
        &world.dynamo.client(),
        TABLES[1],
        &format!("SOURCE#{source}"),
    )
    .await;
    items.into_keys().map(|key| format!("{key:?}")).collect()
}

#[tokio::test]
async fn a_replaced_source_keeps_its_people_and_nothing_else() {
    let world = World::synced(60, 8).await;
    world.tell(Command::DismissRandom { count: 30, seed: 1 });
    world.run().await;
    assert_eq!(world.waiting().await.len(), 1);
    let before = world.directory().await;
    replace(&world).await;
    let (schedules, contacts, secrets) = world.standins.outside();
    assert!(schedules.is_empty() && contacts.is_empty());
    assert_eq!(secrets, 0, "its secret is gone");

    // A schedule that fires once more finds nothing to do.
    let outcome = world.run_with(&Faults::default()).await.unwrap();
    assert_eq!(outcome, RunOutcome::SourceCleared);
    let refused = world.put_source("hq").await;
    assert!(
        matches!(refused, Err(AdminError::BeingCleared(..))),
        "{refused:?}"
    );

    assert_eq!(world.clear_started().await, Cleared::Finished);
    assert_all_detached(&world.directory().await, &before);
    let left = left_of(&world, "hq").await;
    let kept = |key: &String| {
        ["SETTINGS", "HISTORY", "LEASE"]
            .iter()
            .any(|part| key.contains(part))
    };
    let logs: Vec<_> = left.iter().filter(|key| !kept(key)).collect();
    assert_eq!(logs, Vec::<&String>::new(), "logs are left");

    // Set up anew, the same people are adopted, each with a row.
    world.put_source("hq").await.unwrap();
    let record = world.run().await;
    assert_eq!(record.sealed, Some(true), "{record:?}");
    let rows = world.rows(&record).await;
    let adopted = rows
        .iter()
        .filter(|row| row.action == Action::Adopt)
        .count();
    let truly = world.active().len();
    assert!(adopted >= truly, "{adopted} of {truly}");
    let after = world.directory().await;
    for userid in world.active() {
        let (was, is) = (
            before.person(&userid).unwrap(),
            after.person(&userid).unwrap(),
        );
        assert_eq!(was.internal_id, is.internal_id);
        assert!(!is.detached);
    }
    // Who is gone from WeCom since is nobody's, and stays.
    assert_eq!(live_people(&after), live_people(&before));
}

/// A userid that came to mean somebody else meanwhile is for a person to decide.
#[tokio::test]
async fn a_detached_person_with_another_name_is_a_conflict_row() {
    let world = World::synced(30, 5).await;
    let userid = world.active()[3].clone();
    replace(&world).await;
    world.clear_started().await;
    let before = world.directory().await;
    world.tell(Command::Rename {
        userid: userid.clone(),
        name: "另一个人".to_owned(),
    });
    world.put_source("hq").await.unwrap();
    let record = world.run().await;
    let rows = world.rows(&record).await;
    let conflict = rows.iter().find(|row| row.id == userid).unwrap();
    assert_eq!(conflict.code.as_deref(), Some("name_conflict"));
    assert_eq!(
        world.directory().await.person(&userid),
        before.person(&userid)
    );
}

#[tokio::test]
async fn a_live_run_keeps_the_source_as_it_is() {
    let world = World::synced(30, 5).await;
    // A run dies in the middle: its lease is held until it expires.
    let faults = Faults::crash_at(40, CrashMoment::BeforeSent);
    world.tell(Command::Churn {
        percent: 30.0,
        seed: 2,
        leavers_max: Some(0),
    });
    let crashed = world.run_with(&faults).await;
    assert!(crashed.is_err(), "{crashed:?}");
    let admin = world.admin();
    let exists = &Precondition::Exists;
    let refused = admin.replace_source("hq", "hq", exists, "alice").await;
    assert!(
        matches!(refused, Err(AdminError::RunLive { .. })),
        "{refused:?}"
    );
    assert!(world.standins.take_clearings().is_empty());
    world.pass_hours(1);
    world.run().await;
    world.assert_equal().await;
}

/// Deleted: nothing is left but the people, and another source is not touched.
#[tokio::test]
async fn a_deleted_source_is_gone_and_its_neighbour_is_not() {
    let world = World::synced(40, 5).await;
    world.put_source("branch").await.unwrap();
    world.run_of("branch").await;
    let client = world.dynamo.client();
    let neighbour = raw_items(&client, TABLES[1], "SOURCE#branch").await;
    let people = world.directory_of("branch").await;
    let before = world.directory().await;
    let admin = world.admin();
    admin
        .delete_source("hq", &Precondition::Exists, "alice")
        .await
        .unwrap();
    assert_eq!(world.clear_started().await, Cleared::Finished);
    assert_eq!(left_of(&world, "hq").await, Vec::<String>::new());
    assert_all_detached(&world.directory().await, &before);
    let gone = admin.source("hq").await;
    assert!(matches!(gone, Err(AdminError::NotFound { .. })), "{gone:?}");
    assert_eq!(admin.sources().await.unwrap().len(), 1);
    assert!(raw_items(&client, TABLES[1], "SOURCE#branch").await == neighbour);
    let now = world.directory_of("branch").await;
    assert!(now.people().eq(people.people()));
    assert_eq!(world.run_of("branch").await.status, RunStatus::Succeeded);
}

/// Killed here and there (the simulation does it at every request), before a request is sent or
/// after it was applied: it ends as if it had run once.
#[tokio::test]
async fn a_clearing_that_is_killed_anywhere_goes_on() {
    let hq = SourceId::new("hq");
    for moment in [CrashMoment::BeforeSent, CrashMoment::AfterApplied] {
        let world = World::synced(20, 4).await;
        let before = world.directory().await;
        replace(&world).await;
        world.standins.take_clearings();
        // One invocation after the other dies at its n-th request and leaves the rest to the next.
        let mut finished = false;
        for at in (1..400).step_by(7) {
            let faults = Faults::crash_at(at, moment);
            let outcome = world.clear(&hq, &faults).await;
            let now = world.directory().await;
            assert_eq!(live_people(&now), live_people(&before), "request {at}");
            if matches!(outcome, Ok(Cleared::Finished | Cleared::NothingToDo)) {
                finished = true;
                break;
            }
            world.pass_hours(1);
        }
        assert!(finished, "{moment:?}");
        assert_all_detached(&world.directory().await, &before);
        world.put_source("hq").await.unwrap();
        assert_eq!(world.run().await.status, RunStatus::Succeeded);
        world.assert_equal().await;
    }
}

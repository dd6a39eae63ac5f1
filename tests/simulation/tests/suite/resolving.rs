//! Two records that may be one person: what an administrator says is carried out by the next run.

use org_model::{ItemKey, UserId};
use org_plan::{Action, HeldItem, Item, Resolution};
use simulation::{Faults, World};
use sync_run::{OtherRecord, Row, RowResult, RunRecord, RunStatus};

fn key(userid: &str) -> ItemKey {
    ItemKey::User(UserId::new(userid).key())
}

fn rows(world: &World, record: &RunRecord) -> Vec<Row> {
    let shelf = world.shelf();
    let pages = shelf
        .pages
        .iter()
        .filter(|((of, _, _), _)| *of == record.run);
    pages.flat_map(|(_, page)| page.rows.clone()).collect()
}

fn internal_id(world: &World, userid: &str) -> String {
    let shelf = world.shelf();
    shelf.items[&key(userid)].internal_id().to_string()
}

fn item(world: &World, userid: &str) -> HeldItem {
    let shelf = world.shelf();
    HeldItem::of(&shelf.items[&key(userid)], Action::Delete)
}

/// Person 7 gets another userid in WeCom: one leaves, one arrives, with one name in one department.
async fn renamed() -> (World, HeldItem) {
    let mut world = World::new(60, 5);
    for person in world.corp().people.values_mut() {
        person.main_department = person.departments.first().copied();
    }
    world.run().await;
    let old = item(&world, "person.0007");
    {
        let mut corp = world.corp();
        let mut person = corp.people.remove("person.0007").unwrap();
        person.userid = "Seven".to_owned();
        corp.people.insert("seven".to_owned(), person);
    }
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    let held: Vec<Row> = rows(&world, &record)
        .into_iter()
        .filter(|row| row.result == RowResult::Held)
        .collect();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].code.as_deref(), Some("suspected_rename"));
    assert!(held[0].message.as_ref().unwrap().contains("Seven"));
    (world, old)
}

/// They come in an incomplete reading, which proves nobody's absence, and more are missing in the
/// next one than may be asked about by name.
#[tokio::test]
async fn of_many_who_came_in_an_earlier_run_each_is_suspected() {
    let mut world = World::new(400, 5);
    let mobile = ("mobile".to_owned(), "mobile".into());
    world.shelf().settings.mapping.extend([mobile]);
    for (key, person) in &mut world.corp().people {
        person.mobile = format!("mobile of {key}");
    }
    world.run().await;
    let moved: Vec<String> = {
        let mut corp = world.corp();
        let keys = corp
            .people
            .iter()
            .filter(|(_, p)| !p.departments.contains(&5));
        let keys: Vec<String> = keys.map(|(key, _)| key.clone()).take(200).collect();
        for key in &keys {
            let mut person = corp.people.remove(key).unwrap();
            person.userid = format!("new-{key}");
            corp.people.insert(person.userid.clone(), person);
        }
        corp.deaf.insert(5);
        keys
    };
    assert_eq!(world.run().await.sealed, Some(false));
    world.corp().behave();
    assert_eq!(world.run().await.status, RunStatus::Held);
    let lists = world.waiting_lists();
    let held = lists.iter().flat_map(|list| list.list.items.iter());
    let held: Vec<(String, Option<UserId>)> = held
        .map(|item| (item.id.to_lowercase(), item.suspected_rename.clone()))
        .collect();
    let suspected = |key: &String| (key.clone(), Some(UserId::new(format!("new-{key}"))));
    assert_eq!(held, moved.iter().map(suspected).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_suspected_rename_keeps_its_code_in_every_later_run() {
    let (mut world, _) = renamed().await;
    for _ in 0..2 {
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Held);
        let row = rows(&world, &record).pop().unwrap();
        assert_eq!(row.code.as_deref(), Some("suspected_rename"));
    }
    world.assert_mirrors(&["person.0007".to_owned()].into());
}

#[tokio::test]
async fn the_same_person_takes_the_old_internal_id_over_and_nothing_waits_any_more() {
    let (mut world, old) = renamed().await;
    world.resolve("Seven", Resolution::Same, OtherRecord::Renamed, &old);
    let record = world.run().await;
    assert_eq!(
        record.status,
        RunStatus::Succeeded,
        "{:?}",
        rows(&world, &record)
    );
    assert_eq!(internal_id(&world, "seven"), old.internal_id.to_string());
    assert!(!world.shelf().items.contains_key(&key("person.0007")));
    let row = rows(&world, &record).pop().unwrap();
    assert_eq!(row.code.as_deref(), Some("resolved_same"));
    assert!(world.shelf().resolutions.is_empty(), "the word is spent");
    assert!(world.waiting_lists().is_empty());
    world.assert_honest(&record);
    let size = world.shelf().state.mirror_size.unwrap();
    assert_eq!(size.users, 60, "two records became one");
    let next = world.run().await;
    assert!(next.counts.is_empty(), "{:?}", next.counts);
    world.assert_mirrors(&Default::default());
}

#[tokio::test]
async fn another_person_leaves_everything_as_it_is_and_the_list_waits_on() {
    let (mut world, old) = renamed().await;
    world.resolve("Seven", Resolution::New, OtherRecord::Renamed, &old);
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held);
    assert!(
        world.shelf().resolutions.is_empty(),
        "nothing is left to do for it"
    );
    world.approve_all();
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_mirrors(&Default::default());
}

/// Both are shown: they are two people, whatever was said.
#[tokio::test]
async fn a_word_that_was_overtaken_changes_nothing_and_is_told() {
    let (mut world, old) = renamed().await;
    world.resolve("Seven", Resolution::Same, OtherRecord::Renamed, &old);
    world.corp().hire(7, [3].into());
    let record = world.run().await;
    let told: Vec<Row> = rows(&world, &record);
    let stale = |row: &Row| row.code.as_deref() == Some("resolution_stale");
    assert!(told.iter().any(stale), "{told:?}");
    assert!(world.shelf().resolutions.is_empty());
    assert_eq!(
        internal_id(&world, "person.0007"),
        old.internal_id.to_string()
    );
    world.assert_mirrors(&Default::default());
}

#[tokio::test]
async fn a_word_on_somebody_who_left_is_told_and_spent() {
    let (mut world, old) = renamed().await;
    world.resolve("Seven", Resolution::Same, OtherRecord::Renamed, &old);
    world.corp().people.remove("seven");
    let record = world.run().await;
    let told: Vec<Row> = rows(&world, &record);
    let stale = |row: &&Row| row.code.as_deref() == Some("resolution_stale");
    let row = told
        .iter()
        .find(stale)
        .unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(row.id, "Seven");
    assert!(world.shelf().resolutions.is_empty());
}

/// An unsealed reading proves nobody's absence: the word waits.
#[tokio::test]
async fn a_word_that_needs_a_complete_reading_waits_for_one() {
    let (mut world, old) = renamed().await;
    world.resolve("Seven", Resolution::Same, OtherRecord::Renamed, &old);
    world.corp().deaf.insert(4);
    assert_eq!(world.run().await.status, RunStatus::Partial);
    assert_eq!(world.shelf().resolutions.len(), 1);
    world.corp().behave();
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert_eq!(internal_id(&world, "seven"), old.internal_id.to_string());
}

/// The userid of a deleted person is given to somebody else; it is the same person after all.
#[tokio::test]
async fn a_reused_userid_is_joined_with_the_record_that_was_moved_aside() {
    let mut world = World::new(60, 5);
    world.run().await;
    let old = item(&world, "person.0007");
    world.corp().dismiss(7);
    world.run().await;
    world.corp().hire(7, [2].into());
    world.corp().people.get_mut("person.0007").unwrap().name = "Married".to_owned();
    world.run().await;
    assert_ne!(
        internal_id(&world, "person.0007"),
        old.internal_id.to_string()
    );
    world.resolve("Person.0007", Resolution::Same, OtherRecord::Aside, &old);
    let record = world.run().await;
    assert_eq!(
        record.status,
        RunStatus::Succeeded,
        "{:?}",
        rows(&world, &record)
    );
    assert_eq!(
        internal_id(&world, "person.0007"),
        old.internal_id.to_string()
    );
    assert!(world.shelf().displaced.is_empty());
    assert!(world.shelf().resolutions.is_empty());
    let stands = world.shelf().items[&key("person.0007")].clone();
    assert!(matches!(stands, Item::User(user) if user.name == "Married"));
}

/// Wherever a run dies, the word is carried out once and then spent.
#[tokio::test]
async fn a_word_outlives_every_crash_until_it_is_carried_out() {
    for n in 0.. {
        let (mut world, old) = renamed().await;
        world.resolve("Seven", Resolution::Same, OtherRecord::Renamed, &old);
        let faults = Faults {
            die_after: Some(n),
            ..Faults::default()
        };
        let (_, requests) = world.try_run(faults).await;
        let record = world.run().await;
        assert_eq!(
            record.status,
            RunStatus::Succeeded,
            "killed at {n}: {record:?}"
        );
        assert_eq!(internal_id(&world, "seven"), old.internal_id.to_string());
        assert!(world.shelf().resolutions.is_empty(), "killed at {n}");
        world.assert_mirrors(&Default::default());
        if n >= requests {
            return;
        }
    }
}

//! People who change their ids and names, leave and return, and sit in many places.

use org_model::InternalId;
use scenarios::World;
use sync_run::{RowResult, RunStatus};
use wecom_sim::{Command, View};

async fn id_of(world: &World, userid: &str) -> Option<InternalId> {
    let directory = world.directory().await;
    Some(directory.person(userid)?.internal_id.clone())
}

/// Story 6: unique ignoring case, so this is the same person under a new spelling.
#[tokio::test]
async fn a_case_only_change_of_a_userid_is_an_update() {
    let world = World::synced(20, 4).await;
    let userid = world.active()[4].clone();
    let before = id_of(&world, &userid).await;
    world.tell(Command::ChangeUseridCase {
        userid: userid.clone(),
    });
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let rows = world.rows(&record).await;
    let told = rows.iter().find(|row| row.id.eq_ignore_ascii_case(&userid));
    assert_eq!(told.unwrap().action, org_plan::Action::Update);
    assert_ne!(told.unwrap().id, userid, "as WeCom spells it now");
    assert_eq!(id_of(&world, &userid).await, before);
    world.assert_equal().await;
}

/// Story 6.
#[tokio::test]
async fn two_who_swap_their_names_are_two_updates() {
    let world = World::synced(20, 4).await;
    let people = world.active();
    let (a, b) = (people[3].clone(), people[9].clone());
    let before = (id_of(&world, &a).await, id_of(&world, &b).await);
    world.tell(Command::SwapNames {
        a: a.clone(),
        b: b.clone(),
    });
    let record = world.run().await;
    let rows = world.rows(&record).await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(
        rows.iter()
            .all(|row| row.action == org_plan::Action::Update)
    );
    assert_eq!((id_of(&world, &a).await, id_of(&world, &b).await), before);
    world.assert_equal().await;
}

/// Story 6: another userid altogether is another person, as far as anybody can prove.
#[tokio::test]
async fn a_new_userid_is_a_new_person_and_the_old_one_leaves() {
    let world = World::synced(20, 4).await;
    let userid = world.active()[4].clone();
    world.tell(Command::ChangeUserid {
        userid: userid.clone(),
        to: "Quite.Another".to_owned(),
    });
    // Equal name, equal department: perhaps one person after all. A person says that it is not.
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    assert!(id_of(&world, "Quite.Another").await.is_some());
    world.assert_equal_but(&[&userid]).await;
    let list = world.waiting().await.remove(0);
    assert_eq!(world.approve(&list).await.status, RunStatus::Succeeded);
    world.assert_equal().await;
    let deleted = world.directory().await.deleted_people();
    assert_eq!(deleted, [userid].into());
}

/// Story 7: within retention the internal id is the same, after it a new one.
#[tokio::test]
async fn who_returns_after_a_day_is_restored_and_after_forty_is_new() {
    let world = World::synced(20, 4).await;
    let userid = world.active()[4].clone();
    let gone = std::slice::from_ref(&userid);
    let before = id_of(&world, &userid).await;
    world.dismiss(gone);
    world.run().await;
    assert_eq!(id_of(&world, &userid).await, None);
    world.pass_hours(24);
    world.tidy().await;
    world.rehire(gone);
    let record = world.run().await;
    let rows = world.rows(&record).await;
    assert_eq!(rows[0].action, org_plan::Action::Restore, "{rows:?}");
    assert_eq!(id_of(&world, &userid).await, before);
    world.assert_equal().await;
    world.dismiss(gone);
    world.run().await;
    world.pass_hours(24 * 40);
    world.rehire(gone);
    world.run().await;
    assert_ne!(
        id_of(&world, &userid).await,
        before,
        "also before the purge"
    );
    world.assert_equal().await;
}

/// Story 7, story 13: the purge leaves rows as every other deletion does.
#[tokio::test]
async fn a_purge_takes_what_is_old_and_writes_it_down() {
    let world = World::synced(20, 4).await;
    let people = world.active();
    let (first, second) = (people[3].clone(), people[4].clone());
    let before = id_of(&world, &first).await.unwrap();
    world.dismiss(std::slice::from_ref(&first));
    world.run().await;
    world.pass_hours(24 * 20);
    world.run().await;
    world.dismiss(std::slice::from_ref(&second));
    world.run().await;
    world.pass_hours(24 * 15);
    assert_eq!(world.tidy().await.purged, 1);
    let directory = world.directory().await;
    assert!(!directory.0.contains_key(&before));
    assert_eq!(directory.deleted_people(), [second].into());
    let page = source_admin::ports::PageRequest {
        cursor: None,
        limit: 100,
    };
    let mut runs = world.admin().runs("hq", &page).await.unwrap().items;
    runs.retain(|run| run.requested_by.as_deref() == Some("housekeeping"));
    let [purge] = runs.as_slice() else {
        panic!("one run of housekeeping: {runs:?}");
    };
    let rows = world.rows(purge).await;
    let [row] = rows.as_slice() else {
        panic!("one row: {rows:?}");
    };
    assert_eq!((&row.internal_id, row.result), (&before, RowResult::Done));
    assert_eq!(row.code.as_deref(), Some("purged"));
    assert_eq!(world.tidy().await.purged, 0, "once a day");
}

/// Story 15.
#[tokio::test]
async fn somebody_listed_in_twenty_departments_is_one_person_and_one_row() {
    let world = World::synced(30, 24).await;
    let userid = world.hire();
    world.tell(Command::Move {
        userid: userid.clone(),
        departments: (3..23).collect(),
        main_department: Some(9),
    });
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let rows = world.rows(&record).await;
    assert_eq!(rows.iter().filter(|row| row.id == userid).count(), 1);
    let directory = world.directory().await;
    assert_eq!(directory.person(&userid).unwrap().memberships.len(), 20);
    world.assert_equal().await;
    world.tell(Command::SetLeader {
        userid: userid.clone(),
        department: 12,
        leader: true,
    });
    let led = world.run().await;
    let rows = world.rows(&led).await;
    assert!(rows.iter().any(|row| row.id == userid), "{rows:?}");
    world.assert_equal().await;
}

/// The pages of the directory that an administrator sees are what is stored.
#[tokio::test]
async fn the_directory_is_shown_as_it_is_stored() {
    let world = World::synced(30, 6).await;
    let admin = world.admin();
    let directory = world.directory().await;
    let mut shown = 0;
    let mut cursor = None;
    loop {
        let page = source_admin::ports::PageRequest { cursor, limit: 7 };
        let filter = source_admin::ports::UserFilter::default();
        let page = admin.users("hq", &filter, &page).await.unwrap();
        for user in &page.items {
            assert_eq!(directory.person(user.userid.as_str()), Some(user));
        }
        shown += page.items.len();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(shown, world.control().members(View::Everything).count());
}

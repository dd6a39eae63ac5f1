//! Two records of one person: those moved aside, one that takes the other's place, and what was
//! said about it.

use std::collections::BTreeSet;

use crate::common::{
    CRASHES, World, change, hq, is_conflict, nothing_decided, permitted, renamed, stalled_run,
    stamp, user, world,
};
use jiff::SignedDuration;
use org_model::{
    DepartmentId, DirectoryUser, InternalId, ItemKey, Membership, RunId, UserId, UserKey,
    UserStatus,
};
use org_plan::{Action, Change, Item, Reclaimed, Resolution};
use source_admin::ports::{
    Clearings, DirectoryReader, KeptMarks, PageRequest, Unsettled, UserFilter,
};
use sync_run::ports::{Decisions, Leases, Mirror, RunLog, StoreError, WriteOutcome};
use sync_run::{Decision, OtherRecord, RunLease, RunStatus, StoredResolution};
use testkit::Faults;

fn with_id(item: &Item, id: &str, content: &str, lease: &RunLease) -> Item {
    let mut item = renamed(item, &format!("Name {content}"), stamp(lease, content));
    if let Item::User(user) = &mut item {
        user.internal_id = InternalId::new(id);
    }
    item
}

fn zhang() -> UserKey {
    UserId::new("zhang").key()
}

/// Gives the userid to somebody else: the record that stood there moves aside.
async fn displace(world: &World, lease: &RunLease, old: &Item, new: &Item) {
    let mut one = change(Action::Create, Some(old.clone()), new.clone());
    one.displaces = true;
    assert_eq!(write(world, lease, one).await, Ok(WriteOutcome::Done));
}

async fn write(world: &World, lease: &RunLease, one: Change) -> Result<WriteOutcome, StoreError> {
    let plan = permitted(vec![one], vec![]);
    let change = plan.changes().next().unwrap();
    world.store.write(lease, change).await
}

async fn live(world: &World) -> BTreeSet<(String, String)> {
    let marks = world.store.marks(&hq()).await.unwrap();
    let names = marks.values().map(|mark| {
        let ItemKey::User(key) = &mark.key else {
            panic!("a department")
        };
        (key.as_str().to_owned(), mark.internal_id.to_string())
    });
    names.collect()
}

fn named(people: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let people = people.iter();
    people
        .map(|(key, id)| ((*key).to_owned(), (*id).to_owned()))
        .collect()
}

#[tokio::test]
async fn records_aside_come_latest_first_and_of_this_userid_alone() {
    let world = world().await;
    let lease = world.lease("a").await;
    let first = user("Zhang", stamp(&lease, "1"));
    let namesake = user("zhang1", stamp(&lease, "1"));
    world
        .create(&lease, &[first.clone(), namesake.clone()])
        .await;
    assert_eq!(
        Mirror::aside(&world.store, &hq(), &zhang()).await,
        Ok(vec![])
    );
    let second = with_id(&first, "second", "2", &lease);
    displace(&world, &lease, &first, &second).await;
    world.clock.advance(SignedDuration::from_secs(1));
    let third = with_id(&first, "a third", "3", &lease);
    displace(&world, &lease, &second, &third).await;
    let other = with_id(&namesake, "another", "4", &lease);
    displace(&world, &lease, &namesake, &other).await;
    let found = Mirror::aside(&world.store, &hq(), &zhang()).await.unwrap();
    assert_eq!(found, [second.clone(), first.clone()]);
    let shown = DirectoryReader::aside(&world.store, &hq(), &zhang()).await;
    let shown: Vec<Item> = shown.unwrap().into_iter().map(Item::User).collect();
    assert_eq!(shown, found);
    assert_eq!(
        live(&world).await,
        named(&[("zhang", "a third"), ("zhang1", "another")])
    );
}

/// A record and another one of the same person: aside under the same userid, or under another.
async fn two_records(world: &World, lease: &RunLease, aside: bool) -> Change {
    let old = user("zhang", stamp(lease, "1"));
    world.create(lease, std::slice::from_ref(&old)).await;
    let stands = match aside {
        true => {
            let new = with_id(&old, "new", "2", lease);
            displace(world, lease, &old, &new).await;
            new
        }
        false => {
            let new = with_id(&user("zhang.wei", stamp(lease, "2")), "new", "2", lease);
            world.create(lease, std::slice::from_ref(&new)).await;
            new
        }
    };
    let after = with_id(&stands, old.internal_id().as_str(), "3", lease);
    let mut joined = change(Action::Update, Some(stands), after);
    joined.reclaims = Some(Box::new(Reclaimed { item: old, aside }));
    joined
}

#[tokio::test]
async fn a_record_takes_the_others_internal_id_over_and_the_other_goes() {
    for aside in [true, false] {
        let world = world().await;
        let lease = world.lease("a").await;
        let joined = two_records(&world, &lease, aside).await;
        let twice = world.store_with(&Faults::repeating_writes());
        let plan = permitted(vec![joined.clone()], vec![]);
        let one = plan.changes().next().unwrap();
        assert_eq!(twice.write(&lease, one).await, Ok(WriteOutcome::Done));
        assert_eq!(
            write(&world, &lease, joined.clone()).await,
            Ok(WriteOutcome::Done)
        );
        let userid = if aside { "zhang" } else { "zhang.wei" };
        assert_eq!(live(&world).await, named(&[(userid, "id-of-zhang")]));
        let found = Mirror::aside(&world.store, &hq(), &zhang()).await.unwrap();
        assert_eq!(found, []);
        let images = world
            .store
            .before_images(&hq(), &[joined.after.key()])
            .await;
        assert_eq!(
            images.unwrap().into_values().collect::<Vec<_>>(),
            [joined.after]
        );
    }
}

#[tokio::test]
async fn either_record_changed_meanwhile_and_nothing_is_written() {
    for aside in [true, false] {
        let world = world().await;
        let lease = world.lease("a").await;
        let joined = two_records(&world, &lease, aside).await;
        let before = live(&world).await;
        let mut stale = joined.clone();
        let other = stale.reclaims.as_mut().unwrap();
        other.item = renamed(&other.item, "Other", stamp(&lease, "never written"));
        assert_eq!(
            write(&world, &lease, stale).await,
            Ok(WriteOutcome::ChangedMeanwhile)
        );
        let mut stale = joined.clone();
        let stands = stale.before.take().unwrap();
        stale.before = Some(renamed(&stands, "Other", stamp(&lease, "never written")));
        assert_eq!(
            write(&world, &lease, stale).await,
            Ok(WriteOutcome::ChangedMeanwhile)
        );
        assert_eq!(live(&world).await, before);
        // Another run's zombie joins nobody.
        world.takeover("b").await;
        let lost = write(&world, &lease, joined).await;
        assert!(matches!(lost, Err(StoreError::LeaseLost { .. })));
        assert_eq!(live(&world).await, before);
    }
}

#[tokio::test]
async fn a_record_that_does_not_fit_takes_nobodys_place() {
    let world = world().await;
    let lease = world.lease("a").await;
    let mut joined = two_records(&world, &lease, true).await;
    if let Item::User(user) = &mut joined.after {
        let text = "x".repeat(500_000);
        user.attributes.insert("title".to_owned(), text.into());
    }
    let rejected = write(&world, &lease, joined).await;
    let code = "item_too_large".to_owned();
    assert_eq!(rejected, Ok(WriteOutcome::Rejected(code)));
    let found = Mirror::aside(&world.store, &hq(), &zhang()).await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn a_joining_killed_at_its_request_leaves_two_records_or_one() {
    for (moment, joined) in CRASHES.into_iter().zip([false, true]) {
        let world = world().await;
        let lease = world.lease("a").await;
        let plan = permitted(vec![two_records(&world, &lease, true).await], vec![]);
        let one = plan.changes().next().unwrap();
        let dying = world.store_with(&Faults::crash_at(1, moment));
        assert!(dying.write(&lease, one).await.is_err());
        let found = Mirror::aside(&world.store, &hq(), &zhang()).await.unwrap();
        assert_eq!(found.is_empty(), joined);
        let again = world.store.write(&lease, one).await;
        assert_eq!(again, Ok(WriteOutcome::Done));
        assert_eq!(live(&world).await, named(&[("zhang", "id-of-zhang")]));
    }
}

fn word(world: &World, userid: &str, by: &str) -> StoredResolution {
    StoredResolution {
        userid: UserId::new(userid),
        choice: Resolution::Same,
        other: OtherRecord::Aside,
        other_userid: UserId::new(userid),
        other_internal_id: InternalId::new("other"),
        by: by.to_owned(),
        at: world.clock.now(),
    }
}

async fn words(world: &World) -> Vec<StoredResolution> {
    world.store.resolutions(&hq()).await.unwrap()
}

fn resolving(world: &World, lease: &RunLease, userids: &[&str]) -> Decision {
    let mut record = world.record(lease.run().as_str());
    record.status = RunStatus::Running;
    let resolved = userids.iter().map(|userid| UserId::new(*userid).key());
    Decision {
        resolved: resolved.collect(),
        ..nothing_decided(&record)
    }
}

#[tokio::test]
async fn a_word_stands_until_a_run_has_carried_it_out_and_a_later_one_replaces_it() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    assert_eq!(words(&world).await, []);
    let store = world.store_with(&Faults::repeating_writes());
    let (first, second) = (word(&world, "Zhang", "alice"), word(&world, "li", "alice"));
    for one in [&first, &second] {
        store.put_resolution(&hq(), one).await.unwrap();
    }
    world.clock.advance(SignedDuration::from_secs(1));
    let later = word(&world, "zhang", "bob");
    store.put_resolution(&hq(), &later).await.unwrap();
    assert_eq!(words(&world).await, [second.clone(), later.clone()]);
    let one = world.store.resolution(&hq(), &zhang()).await.unwrap();
    assert_eq!(one, Some(later));
    let nobody = UserId::new("nobody").key();
    assert_eq!(world.store.resolution(&hq(), &nobody).await, Ok(None));
    let decision = resolving(&world, &lease, &["zhang", "nobody"]);
    for _twice in 0..2 {
        world.store.decide(&lease, &decision).await.unwrap();
    }
    assert_eq!(words(&world).await, [second]);
}

#[tokio::test]
async fn that_they_are_two_people_is_known_after_the_run_until_somebody_says_otherwise() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let store = world.store_with(&Faults::repeating_writes());
    let said = |choice| StoredResolution {
        choice,
        ..word(&world, "zhang", "alice")
    };
    let (two, one) = (said(Resolution::New), said(Resolution::Same));
    store.put_resolution(&hq(), &two).await.unwrap();
    assert_eq!(words(&world).await, std::slice::from_ref(&two));
    let decision = resolving(&world, &lease, &["zhang"]);
    world.store.decide(&lease, &decision).await.unwrap();
    assert_eq!(words(&world).await, []);
    let settled = async || world.store.settled(&hq(), &zhang()).await.unwrap();
    assert_eq!(settled().await, Some(two));
    store.put_resolution(&hq(), &one).await.unwrap();
    assert_eq!(settled().await, None);
    assert_eq!(words(&world).await, [one]);
}

#[tokio::test]
async fn a_later_word_that_comes_while_a_run_carries_out_the_earlier_one_stays() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let first = word(&world, "zhang", "alice");
    world.store.put_resolution(&hq(), &first).await.unwrap();
    let decision = resolving(&world, &lease, &["zhang"]);
    // The words, the retention; then the transaction.
    let (faults, run) = stalled_run(&world, 3, |store| async move {
        store.resolutions(&hq()).await?;
        store.decide(&lease, &decision).await
    });
    faults.stalled().await;
    world.clock.advance(SignedDuration::from_secs(1));
    let later = word(&world, "zhang", "bob");
    world.store.put_resolution(&hq(), &later).await.unwrap();
    faults.wake();
    run.await.unwrap().unwrap();
    assert_eq!(words(&world).await, [later]);
}

#[tokio::test]
async fn a_zombie_takes_no_word_away_and_a_cleared_source_takes_none() {
    let world = world().await;
    world.add_source().await;
    let zombie = world.lease("a").await;
    let first = word(&world, "zhang", "alice");
    world.store.put_resolution(&hq(), &first).await.unwrap();
    assert_eq!(words(&world).await.len(), 1);
    let lease = world.takeover("b").await;
    let late = resolving(&world, &zombie, &["zhang"]);
    let lost = world.store.decide(&zombie, &late).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost { .. })));
    assert_eq!(words(&world).await, std::slice::from_ref(&first));
    world.store.release(&lease).await.unwrap();
    let (nothing, bob) = (Unsettled::default(), world.author("bob"));
    let store = &world.store;
    let begun = store.begin_clearing(&hq(), 1, false, &nothing, &bob).await;
    begun.unwrap();
    assert!(is_conflict(store.put_resolution(&hq(), &first).await));
}

#[tokio::test]
async fn more_words_than_a_transaction_takes_are_all_removed() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let userids: Vec<String> = (0..120).map(|i| format!("user{i}")).collect();
    for userid in &userids {
        let one = word(&world, userid, "alice");
        world.store.put_resolution(&hq(), &one).await.unwrap();
    }
    assert_eq!(words(&world).await.len(), 120);
    let userids: Vec<&str> = userids.iter().map(String::as_str).collect();
    let decision = resolving(&world, &lease, &userids);
    world.store.decide(&lease, &decision).await.unwrap();
    assert_eq!(words(&world).await, []);
}

fn member(userid: String, departments: &[u32], lease: &RunLease) -> Item {
    let memberships = departments.iter().map(|id| Membership {
        department: DepartmentId(*id),
        order: 0,
        leader: false,
    });
    match user(&userid, stamp(lease, "1")) {
        Item::User(one) => Item::User(DirectoryUser {
            memberships: memberships.collect(),
            status: match userid.ends_with('7') {
                true => UserStatus::Disabled,
                false => UserStatus::Active,
            },
            ..one
        }),
        department => department,
    }
}

/// Every page of a department's people, and how many pages and requests it took.
async fn people_of(world: &World, filter: &UserFilter, limit: u32) -> (Vec<String>, usize, u64) {
    let faults = Faults::default();
    let store = world.store_with(&faults);
    let (mut names, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let before = faults.requests();
        let page = PageRequest { cursor, limit };
        let page = store.users(&hq(), filter, &page).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        assert!(faults.requests() - before <= 64, "bounded");
        names.extend(page.items.iter().map(|one| one.userid.to_string()));
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            assert!(faults.operations().iter().all(|one| one == "Query"));
            return (names, pages, faults.requests());
        }
    }
}

#[tokio::test]
async fn the_people_of_a_department_are_found_bucket_by_bucket_and_each_once() {
    let world = world().await;
    let lease = world.lease("a").await;
    let people: Vec<Item> = (0..300)
        .map(|i| match i % 10 {
            0 => member(format!("u{i}"), &[7, 9], &lease),
            1 => member(format!("u{i}"), &[70], &lease),
            _ => member(format!("u{i}"), &[9], &lease),
        })
        .collect();
    world.create(&lease, &people).await;
    let in_seven = UserFilter {
        department: Some(DepartmentId(7)),
        ..UserFilter::default()
    };
    for limit in [1, 7, 30, 1_000] {
        let (mut names, _, requests) = people_of(&world, &in_seven, limit).await;
        names.sort();
        let mut wanted: Vec<String> = (0..300).step_by(10).map(|i| format!("u{i}")).collect();
        wanted.sort();
        assert_eq!(names, wanted, "{limit}");
        assert!(
            requests <= 64 + 30,
            "{requests}: a bucket, and on where a page was full"
        );
    }
    let disabled = UserFilter {
        status: Some(UserStatus::Disabled),
        department: Some(DepartmentId(70)),
        ..UserFilter::default()
    };
    assert_eq!(
        people_of(&world, &disabled, 9).await.0,
        Vec::<String>::new()
    );
    let disabled = UserFilter {
        department: Some(DepartmentId(9)),
        ..disabled
    };
    assert_eq!(people_of(&world, &disabled, 9).await.0.len(), 30);
}

#[tokio::test]
async fn a_word_about_one_source_is_none_about_another() {
    let world = world().await;
    let one = word(&world, "zhang", "alice");
    world.store.put_resolution(&hq(), &one).await.unwrap();
    let other = org_model::SourceId::new("hq2");
    assert_eq!(world.store.resolutions(&other).await, Ok(vec![]));
    assert_eq!(world.store.resolution(&other, &zhang()).await, Ok(None));
    let run = RunId::new("a");
    assert_eq!(world.store.cancellation(&other, &run).await, Ok(None));
}

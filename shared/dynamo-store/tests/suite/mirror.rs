//! The mirror: marks, images, conditional writes, removals under the lease.

use crate::common::*;
use jiff::SignedDuration;
use org_model::{Absence, AbsenceAnswer, InternalId, ItemKey, ItemState, RunId, SourceId, UserKey};
use org_plan::{Action, Item, KeptItem, Note};
use sync_run::ports::{
    Mirror, MirrorUpkeep, PurgePage, REMOVALS_MAX, RunLog, StoreError, WriteOutcome,
};
use testkit::Faults;

fn key(item: &Item) -> ItemKey {
    item.key()
}

async fn image(world: &World, item: &Item) -> Option<Item> {
    let images = world
        .store
        .before_images(&hq(), &[key(item)])
        .await
        .unwrap();
    images.get(&key(item)).cloned()
}

#[tokio::test]
async fn what_is_written_is_read_back_exactly() {
    let world = world().await;
    let lease = world.lease("a").await;
    let items = [
        user("Zhang.1", stamp(&lease, "z")),
        department(16, stamp(&lease, "d")),
    ];
    world.create(&lease, &items).await;
    let wanted: Vec<_> = items.iter().map(key).collect();
    let mut asked = wanted.clone();
    asked.extend(wanted.clone());
    asked.push(ItemKey::User(UserKey::new("nobody")));
    let images = world.store.before_images(&hq(), &asked).await.unwrap();
    assert_eq!(images.into_values().collect::<Vec<_>>(), items);
    let marks = world.store.marks(&hq()).await.unwrap();
    assert_eq!(marks.len(), 2);
    for item in &items {
        let mark = &marks[&key(item)];
        assert_eq!(mark.key, key(item));
        assert_eq!(&mark.internal_id, item.internal_id());
        assert_eq!((mark.state, mark.stamp), (ItemState::Live, item.stamp()));
    }
    let other = world.store.marks(&SourceId::new("other")).await.unwrap();
    assert!(other.is_empty());
}

#[tokio::test]
async fn five_hundred_people_are_read_with_five_requests_for_images() {
    let world = world().await;
    let lease = world.lease("a").await;
    let people: Vec<Item> = (0..500)
        .map(|i| user(&format!("user{i}"), stamp(&lease, "x")))
        .collect();
    world.create(&lease, &people).await;
    let faults = Faults::default();
    let store = world.store_with(&faults);
    let keys: Vec<_> = people.iter().map(key).collect();
    let images = store.before_images(&hq(), &keys).await.unwrap();
    assert_eq!(images.len(), 500);
    assert_eq!(faults.operations(), vec!["BatchGetItem"; 5]);
    assert_eq!(store.marks(&hq()).await.unwrap().len(), 500);
    // One query a bucket (64 + 16), and none of them reads a person.
    assert_eq!(faults.requests(), 5 + 80);
}

#[tokio::test]
async fn a_creation_twice_is_one_and_another_run_s_item_is_not_overwritten() {
    let world = world().await;
    let lease = world.lease("a").await;
    let mine = user("zhang", stamp(&lease, "mine"));
    world.create(&lease, std::slice::from_ref(&mine)).await;
    world.create(&lease, std::slice::from_ref(&mine)).await;
    let other = user("zhang", stamp(&lease, "other"));
    let plan = permitted(vec![creation(other)], vec![]);
    let change = plan.changes().next().unwrap();
    let outcome = world.store.write(&lease, change).await.unwrap();
    assert_eq!(outcome, WriteOutcome::ChangedMeanwhile);
    assert_eq!(image(&world, &mine).await, Some(mine));
}

#[tokio::test]
async fn an_update_needs_the_item_as_it_was_read() {
    let world = world().await;
    let lease = world.lease("a").await;
    let before = user("zhang", stamp(&lease, "1"));
    world.create(&lease, std::slice::from_ref(&before)).await;
    let after = renamed(&before, "New", stamp(&lease, "2"));
    let update = change(Action::Update, Some(before.clone()), after.clone());
    let plan = permitted(vec![update], vec![]);
    for _twice in 0..2 {
        let change = plan.changes().next().unwrap();
        assert_eq!(
            world.store.write(&lease, change).await.unwrap(),
            WriteOutcome::Done
        );
    }
    let late = change(
        Action::Update,
        Some(before),
        renamed(&after, "Late", stamp(&lease, "3")),
    );
    let plan = permitted(vec![late], vec![]);
    let outcome = world
        .store
        .write(&lease, plan.changes().next().unwrap())
        .await
        .unwrap();
    assert_eq!(outcome, WriteOutcome::ChangedMeanwhile);
    assert_eq!(image(&world, &after).await, Some(after));
}

#[tokio::test]
async fn a_case_change_is_an_update_of_the_same_item() {
    let world = world().await;
    let lease = world.lease("a").await;
    let before = user("zhang", stamp(&lease, "1"));
    world.create(&lease, std::slice::from_ref(&before)).await;
    let mut after = renamed(
        &user("Zhang", stamp(&lease, "2")),
        "Zhang",
        stamp(&lease, "2"),
    );
    if let Item::User(user) = &mut after {
        user.internal_id = before.internal_id().clone();
    }
    let update = change(Action::Update, Some(before), after.clone());
    let plan = permitted(vec![update], vec![]);
    let outcome = world
        .store
        .write(&lease, plan.changes().next().unwrap())
        .await
        .unwrap();
    assert_eq!(outcome, WriteOutcome::Done);
    assert_eq!(world.store.marks(&hq()).await.unwrap().len(), 1);
    assert_eq!(image(&world, &after).await, Some(after));
}

#[tokio::test]
async fn one_oversized_person_is_rejected_before_anything_is_sent() {
    let world = world().await;
    let lease = world.lease("a").await;
    let mut fat = user("fat", stamp(&lease, "1"));
    if let Item::User(user) = &mut fat {
        user.attributes
            .insert("note".to_owned(), "x".repeat(420_000).into());
    }
    let faults = Faults::default();
    let store = world.store_with(&faults);
    let plan = permitted(vec![creation(fat)], vec![]);
    let outcome = store
        .write(&lease, plan.changes().next().unwrap())
        .await
        .unwrap();
    assert_eq!(outcome, WriteOutcome::Rejected("item_too_large".to_owned()));
    assert_eq!(faults.requests(), 0);
}

#[tokio::test]
async fn what_dynamodb_refuses_is_one_rejected_row() {
    let world = world().await;
    let lease = world.lease("a").await;
    let poison = user(&"u".repeat(1_100), stamp(&lease, "1"));
    let plan = permitted(vec![creation(poison)], vec![]);
    let outcome = world
        .store
        .write(&lease, plan.changes().next().unwrap())
        .await
        .unwrap();
    assert_eq!(
        outcome,
        WriteOutcome::Rejected("refused_by_store".to_owned())
    );
}

#[tokio::test]
async fn a_displaced_record_moves_aside_and_is_no_mark() {
    let world = world().await;
    let first = world.lease("a").await;
    let old = user("zhang", stamp(&first, "1"));
    world.create(&first, std::slice::from_ref(&old)).await;
    let gone = deletion(&old, world.clock.now(), stamp(&first, "gone"));
    let plan = permitted(vec![], vec![gone.clone()]);
    let removals: Vec<_> = plan.removals().collect();
    assert_eq!(
        world.store.remove(&first, &removals).await,
        [Ok(WriteOutcome::Done)]
    );
    let second = world.takeover("b").await;
    let mut new = user("zhang", stamp(&second, "new"));
    if let Item::User(user) = &mut new {
        user.internal_id = InternalId::new("somebody-else");
    }
    let mut displacing = change(Action::Create, Some(gone.after.clone()), new.clone());
    displacing.displaces = true;
    let plan = permitted(vec![displacing], vec![]);
    for _twice in 0..2 {
        let change = plan.changes().next().unwrap();
        assert_eq!(
            world.store.write(&second, change).await.unwrap(),
            WriteOutcome::Done
        );
    }
    let marks = world.store.marks(&hq()).await.unwrap();
    let marks: Vec<_> = marks
        .values()
        .map(|mark| mark.internal_id.as_str())
        .collect();
    assert_eq!(marks, ["somebody-else"]);
    // The old record is still there: it is purged when its time comes.
    let later = world.clock.advance(SignedDuration::from_hours(24 * 40));
    let old = world.store.deleted_before(&hq(), later, 0).await.unwrap();
    let [aside] = old.items.as_slice() else {
        panic!("one record: {old:?}");
    };
    assert_eq!((&aside.item, aside.aside), (&gone.after, true));
    assert_eq!(world.store.purge(&hq(), &old.items).await, [Ok(true)]);
    let old = world.store.deleted_before(&hq(), later, 0).await.unwrap();
    assert_eq!(old, PurgePage::default());
    assert_eq!(image(&world, &new).await, Some(new));
}

#[tokio::test]
async fn a_mark_of_absence_is_written_once_and_unsettles_the_item() {
    let world = world().await;
    let lease = world.lease("a").await;
    let before = user("zhang", stamp(&lease, "1"));
    world.create(&lease, std::slice::from_ref(&before)).await;
    let now = world.clock.now();
    let kept = KeptItem {
        before: before.clone(),
        absence: Some(Absence {
            first_missed_at: now,
            asked_at: now,
            answer: AbsenceAnswer::OutOfRange,
            accepted: false,
        }),
        note: Note {
            code: "out_of_range".to_owned(),
            message: String::new(),
            remedy: None,
        },
    };
    let plan = permitted_with(vec![], vec![], vec![kept.clone()]);
    for _twice in 0..2 {
        let mark = plan.kept().next().unwrap();
        assert_eq!(
            world.store.mark_absence(&lease, mark).await.unwrap(),
            WriteOutcome::Done
        );
    }
    let found = image(&world, &before).await.unwrap();
    assert_eq!(found.absence(), kept.absence.as_ref());
    assert_ne!(found.stamp().fingerprint, before.stamp().fingerprint);
}

#[tokio::test]
async fn a_transaction_removes_all_but_the_guilty() {
    let world = world().await;
    let lease = world.lease("a").await;
    let people: Vec<Item> = (0..REMOVALS_MAX)
        .map(|i| user(&format!("user{i}"), stamp(&lease, "1")))
        .collect();
    world.create(&lease, &people).await;
    let now = world.clock.now();
    let mut removals: Vec<_> = people
        .iter()
        .map(|person| deletion(person, now, stamp(&lease, "gone")))
        .collect();
    // Two of them were changed by somebody else since they were read.
    for index in [3, 98] {
        let other = renamed(&people[index], "Other", stamp(&lease, "other"));
        removals[index].before = Some(other);
    }
    let plan = permitted(vec![], removals);
    let removals: Vec<_> = plan.removals().collect();
    for _twice in 0..2 {
        let outcomes = world.store.remove(&lease, &removals).await;
        for (index, outcome) in outcomes.iter().enumerate() {
            let guilty = [3, 98].contains(&index);
            let expected = if guilty {
                WriteOutcome::ChangedMeanwhile
            } else {
                WriteOutcome::Done
            };
            assert_eq!(*outcome, Ok(expected), "removal {index}");
        }
    }
    let marks = world.store.marks(&hq()).await.unwrap();
    let live = marks
        .values()
        .filter(|mark| mark.state == ItemState::Live)
        .count();
    assert_eq!((live, marks.len()), (2, REMOVALS_MAX));
}

#[tokio::test]
async fn a_late_zombie_removes_nobody_and_writes_over_nobody() {
    let world = world().await;
    let zombie = world.lease("zombie").await;
    let people = [
        user("a", stamp(&zombie, "1")),
        user("b", stamp(&zombie, "1")),
    ];
    world.create(&zombie, &people).await;
    let live = world.takeover("live").await;
    let changed = renamed(&people[0], "New", stamp(&live, "2"));
    let update = change(Action::Update, Some(people[0].clone()), changed.clone());
    let plan = permitted(vec![update], vec![]);
    let outcome = world
        .store
        .write(&live, plan.changes().next().unwrap())
        .await
        .unwrap();
    assert_eq!(outcome, WriteOutcome::Done);

    let now = world.clock.now();
    let removals = people
        .iter()
        .map(|item| deletion(item, now, stamp(&zombie, "gone")));
    let late = change(
        Action::Update,
        Some(people[0].clone()),
        renamed(&people[0], "Late", stamp(&zombie, "3")),
    );
    let plan = permitted(vec![late], removals.collect());
    let removals: Vec<_> = plan.removals().collect();
    let refused = world.store.remove(&zombie, &removals).await;
    assert_eq!(refused.len(), removals.len());
    let lost = |one: &Result<_, _>| matches!(one, Err(StoreError::LeaseLost { .. }));
    assert!(refused.iter().all(lost), "{refused:?}");
    let outcome = world
        .store
        .write(&zombie, plan.changes().next().unwrap())
        .await
        .unwrap();
    assert_eq!(outcome, WriteOutcome::ChangedMeanwhile);
    assert_eq!(image(&world, &changed).await, Some(changed));
    assert_eq!(image(&world, &people[1]).await, Some(people[1].clone()));
}

#[tokio::test]
async fn a_run_past_its_expiry_removes_nobody_even_if_nobody_took_over() {
    let world = world().await;
    let lease = world.lease("a").await;
    let person = user("a", stamp(&lease, "1"));
    world.create(&lease, std::slice::from_ref(&person)).await;
    let plan = permitted(
        vec![],
        vec![deletion(&person, world.clock.now(), stamp(&lease, "2"))],
    );
    let removals: Vec<_> = plan.removals().collect();
    world.clock.advance(SignedDuration::from_mins(17));
    let refused = world.store.remove(&lease, &removals).await;
    assert_eq!(refused.len(), removals.len());
    let lost = |one: &Result<_, _>| matches!(one, Err(StoreError::LeaseLost { .. }));
    assert!(refused.iter().all(lost), "{refused:?}");
    assert_eq!(image(&world, &person).await, Some(person));
}

#[tokio::test]
async fn removals_never_go_through_the_door_of_updates() {
    let world = world().await;
    let lease = world.lease("a").await;
    let person = user("a", stamp(&lease, "1"));
    world.create(&lease, std::slice::from_ref(&person)).await;
    let plan = permitted(
        vec![],
        vec![deletion(&person, world.clock.now(), stamp(&lease, "2"))],
    );
    let removal = plan.removals().next().unwrap();
    let outcome = world.store.write(&lease, removal).await.unwrap();
    assert_eq!(
        outcome,
        WriteOutcome::Rejected("removal_outside_lease".to_owned())
    );
    assert_eq!(image(&world, &person).await, Some(person));
}

#[tokio::test]
async fn writes_that_arrive_twice_and_throttled_ones_land_once() {
    let world = world().await;
    let lease = world.lease("a").await;
    for (name, faults) in [
        ("twice", Faults::repeating_writes()),
        ("slow", Faults::throttling(3)),
    ] {
        let store = world.store_with(&faults);
        let person = user(name, stamp(&lease, "1"));
        let gone = deletion(&person, world.clock.now(), stamp(&lease, "gone"));
        let plan = permitted(vec![creation(person)], vec![gone.clone()]);
        let outcome = store
            .write(&lease, plan.changes().next().unwrap())
            .await
            .unwrap();
        assert_eq!(outcome, WriteOutcome::Done, "{name}");
        let removals: Vec<_> = plan.removals().collect();
        assert_eq!(
            store.remove(&lease, &removals).await,
            [Ok(WriteOutcome::Done)],
            "{name}"
        );
        assert_eq!(image(&world, &gone.after).await, Some(gone.after), "{name}");
    }
}

#[tokio::test]
async fn every_call_is_counted_by_the_handle_that_made_it() {
    let world = world().await;
    let lease = world.lease("a").await;
    let store = world.store.metered();
    let plan = permitted(vec![creation(user("a", stamp(&lease, "1")))], vec![]);
    store
        .write(&lease, plan.changes().next().unwrap())
        .await
        .unwrap();
    let units = store.units();
    // One unit for the item and one for its index entry.
    assert_eq!((units.read_units, units.write_units), (0.0, 2.0));
    store.run(&hq(), &RunId::new("none")).await.unwrap();
    assert!(store.units().read_units > 0.0);
}

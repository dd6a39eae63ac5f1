//! Two records that may be one person, and a word on them that is cut off anywhere.

use super::*;
use crate::{Conflict, ResolvedConflict};
use org_plan::{Resolution, RuleLimit, RuleWindow};
use sync_run::{OtherRecord, Row, RowResult, RunRecord, RunStatus, Trigger};

const USERID: &str = "Zhang.1";

fn put_person(world: &World, user: DirectoryUser) {
    world.state().users.insert(hq(), vec![user]);
}

/// The userid was given to somebody else.
fn move_aside(world: &World) {
    put_person(world, person(USERID, UserStatus::Active));
    let mut old = person(USERID, UserStatus::Deleted);
    old.internal_id = InternalId::new("internal-old");
    world.state().aside.insert(hq(), vec![old]);
}

fn detach(world: &World) {
    let mut user = person(USERID, UserStatus::Active);
    user.detached = true;
    put_person(world, user);
}

/// Somebody is gone, and whoever came may be the same.
fn suspect(world: &World) -> Fingerprint {
    put_person(world, person(USERID, UserStatus::Active));
    let gone = HeldItem {
        suspected_rename: Some(UserId::new("zhang.1")),
        ..held_person("Zhang.Old")
    };
    let rule = TrippedRule {
        kind: ItemKind::User,
        limit: RuleLimit::SuspectedRename,
        window: RuleWindow::Run,
        value: 0,
        deletions: 1,
        base: 10,
        attribute: None,
    };
    hold_all(world, vec![held_person("Li.2"), gone], vec![rule])
}

async fn shown(world: &Arc<World>) -> Option<Conflict> {
    world.admin().user("hq", USERID).await.unwrap().conflict
}

async fn resolve(world: &Arc<World>, by: &str) -> Result<ResolvedConflict, AdminError> {
    let same = Resolution::Same;
    let admin = world.admin();
    admin.resolve("hq", "zhang.1", same, None, by).await
}

#[tokio::test]
async fn a_conflict_is_shown_with_the_other_record() {
    let world = with_source().await;
    put_person(&world, person(USERID, UserStatus::Active));
    assert_eq!(shown(&world).await, None);
    move_aside(&world);
    let conflict = shown(&world).await.unwrap();
    assert_eq!(conflict.other, OtherRecord::Aside);
    assert_eq!(conflict.internal_id.as_str(), "internal-old");
    suspect(&world);
    let conflict = shown(&world).await.unwrap();
    assert_eq!(conflict.other, OtherRecord::Renamed);
    assert_eq!(conflict.userid.as_str(), "Zhang.Old");
    world.state().held[0].state = HeldState::Rejected;
    let conflict = shown(&world).await.unwrap();
    assert_eq!(
        conflict.other,
        OtherRecord::Aside,
        "nothing is held any more"
    );
}

#[tokio::test]
async fn a_detached_person_is_in_conflict_once_a_run_met_another_name() {
    let world = with_source().await;
    detach(&world);
    assert_eq!(
        shown(&world).await,
        None,
        "most of them are simply detached"
    );
    let now = world.state().now;
    let run = RunId::new("run-1");
    let mut record = RunRecord::new(hq(), run.clone(), Trigger::Manual, RunMode::Apply, now);
    record.status = RunStatus::Partial;
    let row = Row {
        seq: 1,
        kind: ItemKind::User,
        id: USERID.to_owned(),
        internal_id: InternalId::new("internal-Zhang.1"),
        name: "李四".to_owned(),
        action: Action::Adopt,
        result: RowResult::Failed,
        code: Some("name_conflict".to_owned()),
        message: None,
        remedy: None,
        changes: Vec::new(),
    };
    world.state().runs.push(record);
    world.state().rows.insert(run, vec![row]);
    let conflict = shown(&world).await.unwrap();
    assert_eq!(conflict.other, OtherRecord::Detached);
    assert_eq!(conflict.internal_id.as_str(), "internal-Zhang.1");
    // Said, and a run could do nothing about it yet: it stands as before.
    let new = Resolution::New;
    let said = world.admin().resolve("hq", USERID, new, None, "dave").await;
    said.unwrap();
    world.state().resolutions.clear();
    assert_eq!(shown(&world).await, Some(conflict));
}

#[tokio::test]
async fn a_word_is_durable_before_a_run_is_asked_for_and_shown_until_it_is_carried_out() {
    type Scene = (fn(&World), OtherRecord, &'static str);
    let scenes: [Scene; 3] = [
        (move_aside, OtherRecord::Aside, "internal-old"),
        (detach, OtherRecord::Detached, "internal-Zhang.1"),
        (
            |world| {
                suspect(world);
            },
            OtherRecord::Renamed,
            "internal-Zhang.Old",
        ),
    ];
    for (scene, other, other_id) in scenes {
        let world = with_source().await;
        scene(&world);
        let resolved = resolve(&world, "carol").await.unwrap();
        assert_eq!(resolved.resolution.other, other);
        assert_eq!(resolved.resolution.other_internal_id.as_str(), other_id);
        assert_eq!(resolved.resolution.by, "carol");
        let run = resolved.run.unwrap();
        assert_eq!((run.mode, run.trigger), (RunMode::Apply, Trigger::Approval));
        let acts = ["keep a word on a conflict", "queue a run", "start a run"];
        assert_eq!(changes(&world), acts);
        if other != OtherRecord::Detached {
            let said = shown(&world).await.unwrap().said.unwrap();
            assert_eq!((said.choice, said.by.as_str()), (Resolution::Same, "carol"));
        }
    }
}

#[tokio::test]
async fn a_word_that_is_cut_off_anywhere_stands_once_and_runs_once() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        suspect(&world);
        world.state().acts_max = Some(acts);
        let cut = resolve(&world, "carol").await;
        let standing = world.admin().ports.kept;
        world.mend();
        let standing = standing.resolution(&hq(), &UserId::new(USERID).key()).await;
        let standing = standing.unwrap().map(|word| word.by);
        assert_eq!(cut.is_ok(), standing.is_some(), "the answer is true");
        let again = resolve(&world, "dave").await.unwrap();
        assert!(again.warnings.is_empty());
        let author = standing.unwrap_or_else(|| "dave".to_owned());
        assert_eq!(again.resolution.by, author, "after {acts} acts");
        let state = world.state();
        assert_eq!(state.runs.len(), 1, "after {acts} acts");
        assert!(!state.started.is_empty());
    }
}

#[tokio::test]
async fn a_later_word_replaces_an_earlier_one() {
    let world = with_source().await;
    move_aside(&world);
    resolve(&world, "carol").await.unwrap();
    world.state().runs[0].status = RunStatus::Succeeded;
    let admin = world.admin();
    let new = Resolution::New;
    let later = admin
        .resolve("hq", USERID, new, None, "dave")
        .await
        .unwrap();
    assert_eq!(later.resolution.by, "dave");
    let said = shown(&world).await.unwrap().said.unwrap();
    assert_eq!((said.choice, said.by.as_str()), (new, "dave"));
}

#[tokio::test]
async fn two_people_are_no_conflict_once_a_run_has_heard_that_they_are_two() {
    let scenes: [fn(&World); 2] = [move_aside, |world| {
        suspect(world);
    }];
    for scene in scenes {
        let world = with_source().await;
        scene(&world);
        let admin = world.admin();
        let (new, same) = (Resolution::New, Resolution::Same);
        let said = admin.resolve("hq", USERID, new, None, "dave").await;
        said.unwrap();
        let waiting = shown(&world).await.unwrap().said.unwrap();
        assert_eq!(waiting.choice, new, "shown until it is heard");
        world.state().resolutions.clear();
        assert_eq!(shown(&world).await, None);
        let again = admin.resolve("hq", USERID, new, None, "erin").await;
        assert_eq!(again.unwrap().resolution.by, "dave", "said already");
        assert!(world.state().resolutions.is_empty(), "and heard");
        // Another record than the one that was spoken of is another conflict.
        let mut third = person(USERID, UserStatus::Deleted);
        third.internal_id = InternalId::new("internal-third");
        let known = std::mem::take(&mut world.state().held);
        world.state().aside.entry(hq()).or_default().push(third);
        let latest = shown(&world).await.unwrap();
        assert_eq!(latest.internal_id.as_str(), "internal-third");
        world.state().aside.get_mut(&hq()).unwrap().pop();
        world.state().held = known;
        // Whoever changes their mind is heard, and it shows again.
        let other = admin.resolve("hq", USERID, same, None, "erin").await;
        assert_eq!(other.unwrap().resolution.choice, same);
        world.state().resolutions.clear();
        assert!(shown(&world).await.is_some());
    }
}

#[tokio::test]
async fn nobody_speaks_of_another_conflict_than_was_shown() {
    let world = with_source().await;
    suspect(&world);
    let admin = world.admin();
    let (same, id) = (Resolution::Same, "internal-Zhang.Old");
    let other = admin.resolve("hq", USERID, same, Some("internal-old"), "carol");
    assert_eq!(other.await.unwrap_err().code(), "other_conflict");
    assert!(world.state().resolutions.is_empty() && world.state().runs.is_empty());
    let exact = admin.resolve("hq", USERID, same, Some(id), "carol").await;
    assert!(exact.is_ok());
}

#[tokio::test]
async fn where_no_conflict_stands_there_is_nothing_to_resolve() {
    let world = with_source().await;
    let missing = resolve(&world, "carol").await.unwrap_err();
    assert_eq!(missing.code(), "not_found");
    put_person(&world, person(USERID, UserStatus::Active));
    let none = resolve(&world, "carol").await.unwrap_err();
    assert_eq!(none.code(), "no_conflict");
    move_aside(&world);
    put_person(&world, person(USERID, UserStatus::Deleted));
    let gone = resolve(&world, "carol").await.unwrap_err();
    assert_eq!(gone.code(), "no_conflict", "nobody has the userid");
    assert!(world.state().runs.is_empty());
}

#[tokio::test]
async fn a_word_stands_while_a_run_is_live() {
    let world = with_source().await;
    move_aside(&world);
    let now = world.state().now;
    let run = RunId::new("run-live");
    let mut live = RunRecord::new(hq(), run.clone(), Trigger::Schedule, RunMode::Apply, now);
    live.status = RunStatus::Running;
    world.state().runs.push(live);
    let resolved = resolve(&world, "carol").await.unwrap();
    assert_eq!((resolved.run, resolved.live_run), (None, Some(run)));
    assert_eq!(resolved.warnings[0].code, "run_is_live");
    assert_eq!(shown(&world).await.unwrap().said.unwrap().by, "carol");
}

//! A person's decision about a held list, cut off anywhere; and whom it keeps.

use super::*;
use crate::Exception;
use crate::ports::{HistoryAction, KeptItem};
use sync_run::{KeptWhy, RunStatus};

const PEOPLE: [&str; 3] = ["Li.2", "Wang.3", "Zhang.1"];

fn hold_people(world: &World) -> Fingerprint {
    let items = PEOPLE.iter().map(|userid| held_person(userid));
    hold_all(world, items.collect(), Vec::new())
}

fn except(userids: &[&str]) -> Vec<Exception> {
    let one = |userid: &&str| Exception {
        kind: ItemKind::User,
        id: (*userid).to_owned(),
    };
    userids.iter().map(one).collect()
}

async fn kept(world: &Arc<World>) -> Vec<KeptItem> {
    world.admin().kept("hq", &page()).await.unwrap().items
}

fn ids(marks: &[KeptItem]) -> Vec<&str> {
    marks.iter().map(|mark| mark.item.id.as_str()).collect()
}

#[tokio::test]
async fn whoever_is_excepted_leaves_the_list_and_is_kept() {
    let world = with_source().await;
    let list = hold_people(&world);
    let admin = world.admin();
    let some = except(&["Wang.3"]);
    let approved = admin.approve("hq", &list.to_string(), &some, "carol").await;
    let approved = approved.unwrap();
    assert_eq!(approved.list.state, HeldState::Approved);
    assert_eq!(approved.list.count, 2);
    assert!(approved.run.is_some());
    let marks = kept(&world).await;
    assert_eq!(ids(&marks), ["Wang.3"]);
    assert_eq!(marks[0].why, KeptWhy::Excepted { list });
    assert_eq!(
        (marks[0].by.as_str(), marks[0].at),
        ("carol", world.state().now)
    );
}

#[tokio::test]
async fn an_approval_with_exceptions_that_is_cut_off_anywhere_stands_once_and_runs_once() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        let list = hold_people(&world).to_string();
        let admin = world.admin();
        let some = except(&["Wang.3"]);
        world.state().acts_max = Some(acts);
        let cut = admin.approve("hq", &list, &some, "carol").await;
        let standing = world.state().held[0].decided_by.clone();
        assert!(cut.is_err() || standing.is_some(), "the answer is true");
        world.mend();
        let again = admin.approve("hq", &list, &some, "dave").await.unwrap();
        assert!(again.warnings.is_empty());
        assert_eq!(again.list.count, 2, "after {acts} acts");
        let marks = kept(&world).await;
        let author = standing.unwrap_or_else(|| "dave".to_owned());
        assert_eq!(ids(&marks), ["Wang.3"], "after {acts} acts");
        assert_eq!(marks[0].by, author);
        let state = world.state();
        assert_eq!(state.runs.len(), 1, "after {acts} acts");
        assert!(!state.started.is_empty());
    }
}

#[tokio::test]
async fn an_approval_stands_with_the_exceptions_it_was_given() {
    let world = with_source().await;
    let list = hold_people(&world).to_string();
    let admin = world.admin();
    let some = except(&["Wang.3"]);
    admin.approve("hq", &list, &some, "carol").await.unwrap();
    for other in [except(&[]), except(&["Li.2"]), except(&["Li.2", "Wang.3"])] {
        let refused = admin.approve("hq", &list, &other, "carol").await;
        assert_eq!(refused.unwrap_err().code(), "not_waiting");
    }
    assert_eq!(ids(&kept(&world).await), ["Wang.3"]);
}

#[tokio::test]
async fn nobody_is_kept_or_approved_for_an_entry_that_the_list_does_not_have() {
    let world = with_source().await;
    let list = hold_people(&world).to_string();
    let admin = world.admin();
    for unknown in ["Nobody.9", "wang.3"] {
        let entries = except(&["Li.2", unknown]);
        let refused = admin.approve("hq", &list, &entries, "carol").await;
        let AdminError::Invalid(problems) = refused.unwrap_err() else {
            panic!("{unknown} is taken");
        };
        assert_eq!(problems[0].pointer, "/except/1");
    }
    assert!(kept(&world).await.is_empty());
    assert_eq!(world.state().held[0].state, HeldState::Waiting);
}

#[tokio::test]
async fn excepting_everybody_rejects_the_list() {
    let world = with_source().await;
    let list = hold_people(&world);
    let admin = world.admin();
    let all = except(&PEOPLE);
    for _ in 0..2 {
        let decided = admin.approve("hq", &list.to_string(), &all, "carol").await;
        let decided = decided.unwrap();
        assert_eq!(decided.list.state, HeldState::Rejected);
        assert_eq!((decided.run, decided.live_run), (None, None));
    }
    let marks = kept(&world).await;
    assert_eq!(ids(&marks), PEOPLE);
    assert_eq!(marks[0].why, KeptWhy::Rejected { list });
    assert!(world.state().runs.is_empty());
}

#[tokio::test]
async fn a_rejection_that_is_cut_off_anywhere_stands_once_and_asks_for_no_run() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        let list = hold_people(&world).to_string();
        let admin = world.admin();
        world.state().acts_max = Some(acts);
        let cut = admin.reject("hq", &list, "carol").await;
        let standing = world.state().held[0].decided_by.clone();
        assert_eq!(cut.is_ok(), standing.is_some(), "the answer is true");
        world.mend();
        let again = admin.reject("hq", &list, "dave").await.unwrap();
        let author = standing.unwrap_or_else(|| "dave".to_owned());
        assert_eq!(again.stored.decided_by, Some(author.clone()));
        assert_eq!((again.state, again.count), (HeldState::Rejected, 3));
        let marks = kept(&world).await;
        assert_eq!(ids(&marks), PEOPLE, "after {acts} acts");
        assert!(marks.iter().all(|mark| mark.by == author));
        assert!(world.state().runs.is_empty());
    }
}

#[tokio::test]
async fn a_list_that_was_rejected_is_not_approved() {
    let world = with_source().await;
    let list = hold_people(&world).to_string();
    let admin = world.admin();
    admin.reject("hq", &list, "carol").await.unwrap();
    let refused = admin.approve("hq", &list, &[], "dave").await;
    assert_eq!(refused.unwrap_err().code(), "not_waiting");
    assert_eq!(world.state().held[0].decided_by.as_deref(), Some("carol"));
    assert_eq!(ids(&kept(&world).await), PEOPLE);
}

#[tokio::test]
async fn a_rejection_takes_an_approval_back_and_keeps_who_is_left_of_it() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        let list = hold_people(&world).to_string();
        let admin = world.admin();
        let some = except(&["Wang.3"]);
        admin.approve("hq", &list, &some, "carol").await.unwrap();
        world.mend();
        world.state().acts_max = Some(acts);
        let cut = admin.reject("hq", &list, "dave").await;
        let rejected = world.state().held[0].state == HeldState::Rejected;
        assert_eq!(cut.is_ok(), rejected, "the answer is true");
        world.mend();
        // Its run waits to be claimed; it will read the list then.
        let again = admin.reject("hq", &list, "dave").await.unwrap();
        assert_eq!((again.state, again.count), (HeldState::Rejected, 2));
        assert_eq!(again.stored.decided_by.as_deref(), Some("dave"));
        let mut marks = kept(&world).await;
        marks.sort_by(|one, other| one.item.id.cmp(&other.item.id));
        assert_eq!(ids(&marks), PEOPLE, "after {acts} acts");
        for earlier in [&some[..], &[]] {
            let refused = admin.approve("hq", &list, earlier, "carol").await;
            assert_eq!(refused.unwrap_err().code(), "not_waiting");
        }
        assert_eq!(world.state().runs.len(), 1);
    }
}

#[tokio::test]
async fn an_approval_that_a_live_run_may_go_by_is_rejected_once_that_is_over() {
    let world = with_source().await;
    let list = hold_people(&world).to_string();
    let admin = world.admin();
    admin.approve("hq", &list, &[], "carol").await.unwrap();
    world.state().runs[0].status = RunStatus::Running;
    let run = world.state().runs[0].run.clone();
    let refused = admin.reject("hq", &list, "dave").await.unwrap_err();
    assert_eq!(refused, AdminError::ApprovalInUse { run });
    assert_eq!(refused.code(), "run_live");
    assert!(refused.remedy_text().ends_with("then reject again"));
    assert_eq!(world.state().held[0].state, HeldState::Approved);
    assert!(kept(&world).await.is_empty());
    world.state().runs[0].status = RunStatus::Cancelled;
    admin.reject("hq", &list, "dave").await.unwrap();
    assert_eq!(ids(&kept(&world).await), PEOPLE);
}

#[tokio::test]
async fn an_approval_that_is_used_or_too_old_is_not_taken_back() {
    for is_used in [false, true] {
        let world = with_source().await;
        let list = hold_people(&world).to_string();
        let admin = world.admin();
        admin.approve("hq", &list, &[], "carol").await.unwrap();
        match is_used {
            true => world.state().held[0].consumed_by = Some(RunId::new("run-2")),
            false => world.state().now += SignedDuration::from_hours(25),
        }
        let refused = admin.reject("hq", &list, "dave").await.unwrap_err();
        assert_eq!(refused.code(), "not_waiting");
        assert!(kept(&world).await.is_empty());
    }
}

#[tokio::test]
async fn whoever_came_back_before_the_rejection_is_not_kept() {
    let world = with_source().await;
    let list = hold_people(&world).to_string();
    let back = (ItemKind::User, InternalId::new("internal-Li.2"));
    world.state().held[0].released.insert(back);
    world.admin().reject("hq", &list, "carol").await.unwrap();
    assert_eq!(ids(&kept(&world).await), ["Wang.3", "Zhang.1"]);
}

#[tokio::test]
async fn a_mark_that_is_taken_back_stands_in_the_history_and_is_gone() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        let list = hold_people(&world).to_string();
        let admin = world.admin();
        admin.reject("hq", &list, "carol").await.unwrap();
        world.mend();
        world.state().acts_max = Some(acts);
        let clear = async || {
            admin
                .clear_kept("hq", ItemKind::User, "wang.3", "dave")
                .await
        };
        let cut = clear().await;
        world.mend();
        let again = clear().await;
        let answers = [cut, again].map(|answer| answer.map_err(|error| error.code()));
        let once = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(once, 1, "after {acts} acts");
        assert_eq!(ids(&kept(&world).await), ["Li.2", "Zhang.1"]);
        let state = world.state();
        let entries = state.history[&hq()].iter();
        let cleared: Vec<_> = entries
            .filter(|entry| entry.action == HistoryAction::KeptCleared)
            .collect();
        assert_eq!(cleared.len(), 1, "after {acts} acts");
        assert_eq!(cleared[0].by, "dave");
        assert_eq!(cleared[0].changes[0].pointer, "/kept/user/Wang.3");
        let before = cleared[0].changes[0].before.clone().unwrap();
        assert_eq!(
            (&before["why"], &before["by"]),
            (&json!("rejected"), &json!("carol"))
        );
    }
}

#[tokio::test]
async fn a_mark_that_is_not_there_cannot_be_taken_back() {
    let world = with_source().await;
    let admin = world.admin();
    for (kind, id) in [
        (ItemKind::User, "nobody"),
        (ItemKind::Department, "7"),
        (ItemKind::Department, "seven"),
    ] {
        let refused = admin.clear_kept("hq", kind, id, "carol").await;
        assert_eq!(refused.unwrap_err().code(), "not_found");
    }
    assert_eq!(world.state().history[&hq()].len(), 1);
}

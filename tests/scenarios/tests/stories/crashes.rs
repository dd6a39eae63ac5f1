//! Killed at every request to the database, before it is sent or after it was applied (story 5).

use std::collections::BTreeSet;

use scenarios::{World, live_people};
use sync_run::ports::RunLog;
use sync_run::{NoticeKind, RowResult, RunStatus};
use testkit::Faults;
use testkit::crash::CrashMoment;
use wecom_sim::{Command, DepartmentPeople};

/// Day after day, something of everything happens, always to somebody else.
struct Days {
    people: Vec<String>,
    day: usize,
}

impl Days {
    fn begin(world: &World) -> Self {
        let people = world.active();
        Self { people, day: 0 }
    }

    fn person(&self, ahead: usize) -> &String {
        &self.people[(self.day + ahead) % self.people.len()]
    }

    /// Two leave, the two of yesterday return, somebody arrives, somebody moves, is renamed, is
    /// disabled or enabled, leads; a department comes or goes, another is renamed.
    fn pass(&mut self, world: &World) {
        let returned = [self.person(0).clone(), self.person(1).clone()];
        if self.day > 0 {
            world.rehire(&returned);
        }
        self.day += 2;
        world.dismiss(&[self.person(0).clone(), self.person(1).clone()]);
        let day = u32::try_from(self.day).unwrap();
        world.tell(Command::Move {
            userid: self.person(3).clone(),
            departments: vec![2 + day % 3, 5],
            main_department: None,
        });
        world.tell(Command::Rename {
            userid: self.person(4).clone(),
            name: format!("改名{day}"),
        });
        world.tell(Command::SetStatus {
            userids: vec![self.person(5).clone()],
            status: if day % 4 == 0 { 2 } else { 1 },
        });
        world.tell(Command::RenameDepartment {
            id: 3,
            name: format!("第{day}部"),
        });
        if day % 4 == 2 {
            world.tell(Command::CreateDepartment {
                id: Some(700),
                name: "短命部".to_owned(),
                parent: 2,
            });
        } else {
            let people = DepartmentPeople::MoveUp;
            world.tell(Command::DeleteDepartment { id: 700, people });
        }
    }
}

/// Nobody who is in the organisation left the directory.
async fn assert_nobody_lost(world: &World, before: &BTreeSet<String>, case: &str) {
    let live = live_people(&world.directory().await);
    let truly: BTreeSet<String> = world
        .control()
        .members(wecom_sim::View::Everything)
        .map(|member| member.userid)
        .collect();
    let expected: BTreeSet<&String> = before.intersection(&truly).collect();
    let lost: Vec<_> = expected.iter().filter(|id| !live.contains(**id)).collect();
    assert!(lost.is_empty(), "{lost:?} after {case}");
}

/// No record is open, everything left, and each run told the bus that it finished.
async fn assert_all_told(world: &World, case: &str) {
    world.assert_outbox_empty().await;
    let store = world.store(&Faults::default());
    let open = store.unfinished(&org_model::SourceId::new("hq")).await;
    assert_eq!(open.unwrap(), Vec::new(), "{case}");
    let page = source_admin::ports::PageRequest {
        cursor: None,
        limit: 4,
    };
    let told = world.standins.events();
    for record in world.admin().runs("hq", &page).await.unwrap().items {
        let mut events = told.iter().filter(|event| event.run == record.run);
        assert!(
            events.any(|event| event.status == record.status),
            "{case}: {record:?}"
        );
    }
}

/// The requests of a run that read the directory's partitions, one like the other: nothing happens
/// between the first and the last of them. A takeover makes a few requests more before them.
async fn amid_the_partitions(world: &World) -> std::ops::Range<u64> {
    let watched = Faults::default();
    world.run_with(&watched).await.unwrap();
    let operations = watched.operations();
    let queries = operations.iter().enumerate();
    let queries = queries.filter(|(_, operation)| *operation == "Query");
    let places: Vec<u64> = queries
        .map(|(place, _)| u64::try_from(place).unwrap())
        .collect();
    let longest = places
        .chunk_by(|a, b| a + 1 == *b)
        .max_by_key(|run| run.len());
    let longest = longest.unwrap();
    assert!(longest.len() >= 80, "{operations:?}");
    longest[10]..longest[longest.len() - 10]
}

/// Kills run after run; a run killed amid the partitions is followed by the next that is killed,
/// any other by a clean one that has to mend everything.
async fn crash_everywhere(moment: CrashMoment) {
    let world = World::synced(30, 6).await;
    let mut days = Days::begin(&world);
    days.pass(&world);
    let alike = amid_the_partitions(&world).await;
    days.pass(&world);
    for request in 1.. {
        // A read that was applied is a read that was never sent.
        if moment == CrashMoment::AfterApplied && alike.contains(&request) {
            continue;
        }
        let before = live_people(&world.directory().await);
        let faults = Faults::crash_at(request, moment);
        let outcome = world.run_with(&faults).await;
        let case = format!("a crash at request {request}, {moment:?}");
        assert_nobody_lost(&world, &before, &case).await;
        if !faults.crashed() {
            assert!(outcome.is_ok(), "no crash, no error");
            assert!(request > alike.end, "crashed at {request} places only");
            return;
        }
        if alike.contains(&request) {
            continue;
        }
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{case}: {record:?}");
        assert_eq!(record.rows_with(RowResult::Held), 0, "{case}");
        world.assert_equal().await;
        assert_all_told(&world, &case).await;
        days.pass(&world);
    }
}

/// Ring 4.
#[tokio::test]
async fn a_run_killed_before_any_request_is_finished_by_the_next() {
    crash_everywhere(CrashMoment::BeforeSent).await;
}

/// Ring 4.
#[tokio::test]
async fn a_run_killed_after_any_request_is_finished_by_the_next() {
    crash_everywhere(CrashMoment::AfterApplied).await;
}

/// Story 5: an interruption never makes the set of deletions larger, and the notice leaves.
#[tokio::test]
async fn a_crash_while_many_would_go_deletes_nobody_and_the_notice_leaves() {
    let world = World::synced(32, 3).await;
    let people = world.active();
    let alike = amid_the_partitions(&world).await;
    let (one_half, other_half) = people[..24].split_at(12);
    let mut halves = [one_half, other_half];
    for request in (1..).filter(|request| !alike.contains(request)) {
        // One half returns and the other leaves: a new list each time.
        let [leavers, returned] = halves;
        if request > 1 {
            world.rehire(returned);
        }
        world.dismiss(leavers);
        halves.swap(0, 1);
        let noticed = world.standins.notices_of(NoticeKind::Held).len();
        let faults = Faults::crash_at(request, CrashMoment::AfterApplied);
        let outcome = world.run_with(&faults).await;
        let record = world.run().await;
        let case = format!("a crash at request {request}");
        assert_eq!(record.status, RunStatus::Held, "{case}");
        assert_eq!(record.rows_with(RowResult::Held), 12, "{case}");
        let left: Vec<&str> = leavers.iter().map(String::as_str).collect();
        world.assert_equal_but(&left).await;
        let told = world.standins.notices_of(NoticeKind::Held).len();
        assert!(told > noticed, "{case}: nobody was told");
        assert_all_told(&world, &case).await;
        let lists = world.waiting().await;
        assert_eq!(lists.len(), 1, "{case}");
        assert_eq!(lists[0].count, 12, "{case}");
        if !faults.crashed() {
            assert!(outcome.is_ok());
            return;
        }
    }
}

/// Story 5: killed while an approval is being carried out, what goes is what was approved.
#[tokio::test]
async fn a_crash_while_an_approval_is_carried_out_removes_no_more_than_was_approved() {
    for request in [3, 40].into_iter().chain((88..).step_by(3)) {
        let world = World::synced(24, 3).await;
        let leavers = world.active()[..12].to_vec();
        world.dismiss(&leavers);
        world.run().await;
        let list = world.waiting().await.remove(0);
        world.decide(&list).await;
        let faults = Faults::crash_at(request, CrashMoment::AfterApplied);
        let outcome = world.run_with(&faults).await;
        let approved: BTreeSet<String> = leavers.iter().cloned().collect();
        let deleted = world.directory().await.deleted_people();
        assert!(deleted.is_subset(&approved), "at {request}");
        let record = world.run().await;
        let after = world.directory().await.deleted_people();
        assert!(after.is_subset(&approved), "at {request}");
        if record.status == RunStatus::Succeeded {
            world.assert_equal().await;
        } else {
            // The approval was used up by the run that died: the rest waits for a new one.
            assert_eq!(record.status, RunStatus::Held, "at {request}: {record:?}");
        }
        if !faults.crashed() {
            assert!(outcome.is_ok());
            return;
        }
    }
}

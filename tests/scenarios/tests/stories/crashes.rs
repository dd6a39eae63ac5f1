//! A churn run killed at every request to the database, before it is sent or after it was applied
//! (story 5). The other kinds of runs: `crash_points.rs`.

use std::collections::BTreeSet;

use scenarios::{World, live_people};
use sync_run::{RowResult, RunStatus};
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
        // Another day: what left before is no leak of this one.
        world.pass_hours(25);
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
        world.assert_all_told(&case).await;
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

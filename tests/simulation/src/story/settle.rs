//! Faults stop: the mirror becomes the organisation but for what is held or kept and told so, and
//! after people's last word the two are equal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use org_model::{DepartmentId, ItemKey, ItemState, UserStatus};
use org_plan::{Action, Item};
use source_settings::SecretRef;
use sync_run::{OutboxPayload, RunMode, RunRecord, RunStatus, Trigger};

use super::Story;
use crate::{Faults, Person};

/// Enough for whoever must be asked twice, a day apart, and for what expires.
const QUIET_DAYS: u32 = 5;

/// A department in which somebody waited to be disabled is empty once they were moved: its deletion
/// may be held only then, and whatever stood above it after that.
const FURTHER_WORDS_MAX: u32 = 3;

const A_DAY: SignedDuration = SignedDuration::from_hours(25);
const AN_HOUR: SignedDuration = SignedDuration::from_hours(1);

impl Story {
    pub(super) async fn settle(&mut self) {
        self.trace.say(|| "faults stop".to_owned());
        self.let_all_arrive().await;
        self.calm();
        for _ in 0..QUIET_DAYS {
            self.quiet_run(A_DAY).await;
        }
        let last = self.quiet_run(A_DAY).await;
        self.assert_mirrors_but_for_what_waits(&last);
        self.last_words();
        self.quiet_run(AN_HOUR).await;
        self.apply_clearings().await;
        self.last_words();
        let mut last = self.quiet_run(AN_HOUR).await;
        for _ in 0..FURTHER_WORDS_MAX {
            if last.status == RunStatus::Succeeded {
                break;
            }
            self.last_words();
            last = self.quiet_run(AN_HOUR).await;
        }
        assert_eq!(last.status, RunStatus::Succeeded, "{last:?}");
        self.assert_mirrors_but_for_what_waits(&last);
        self.world.assert_mirrors(&BTreeSet::new());
        self.assert_everything_left();
    }

    /// Everything is answered honestly, with the right secret, to an app that sees everything.
    fn calm(&mut self) {
        self.world.corp().behave();
        self.world.corp().secret = None;
        let mut shelf = self.world.shelf();
        shelf.settings.scope = Default::default();
        shelf.settings.credentials.secret = Some(SecretRef {
            arn: "arn".to_owned(),
            version: "the right one".to_owned(),
        });
        drop(shelf);
        self.turn();
    }

    async fn quiet_run(&mut self, later: SignedDuration) -> RunRecord {
        self.resolve_detached();
        self.world.pass(later);
        for _ in 0..2 {
            self.world.tidy().await;
            self.let_all_arrive().await;
        }
        let request = self.scheduled();
        let record = self.deliver(request, Faults::default()).await;
        self.let_all_arrive().await;
        self.judge();
        record.expect("a quiet run ends by itself")
    }

    /// Whatever waits is approved, whoever is kept may go.
    fn last_words(&mut self) {
        let now = self.world.now();
        for list in self.world.waiting_lists() {
            self.world.approve(list.list.fingerprint, &BTreeSet::new());
            self.truth.hear_approval(list.remaining(), now);
        }
        for key in self.world.kept_keys() {
            self.world.clear_kept(&key);
        }
        self.truth.kept.clear();
    }

    /// Values that would go for too many at once are shown by a plan and go by its fingerprint.
    async fn apply_clearings(&mut self) {
        let planned = self.world.queue(Trigger::Manual, RunMode::Plan, |_| {});
        let plan = self.deliver(planned, Faults::default()).await;
        let plan = plan.expect("a quiet plan ends by itself");
        let apply = self.world.queue(Trigger::Manual, RunMode::Apply, |queued| {
            queued.expected_plan = plan.plan;
            queued.expected_plan_run = Some(plan.run);
        });
        self.deliver(apply, Faults::default()).await;
        self.judge();
    }

    /// Every person of the organisation is here as they are, and every difference was told.
    fn assert_mirrors_but_for_what_waits(&self, last: &RunRecord) {
        let (corp, shelf) = (self.world.corp(), self.world.shelf());
        let waits = self.what_waits(&shelf);
        for (key, person) in &corp.people {
            let found = shelf
                .items
                .values()
                .find(|item| item.key().to_string() == *key);
            let Some(Item::User(user)) = found else {
                panic!("{key} is not in the directory");
            };
            assert_eq!(user.state(), ItemState::Live, "{key}");
            assert_eq!(user.name, person.name, "{key}");
            assert_eq!(user.userid.as_str(), person.userid);
            let places = user.memberships.iter().map(|one| one.department.0);
            assert_eq!(places.collect::<BTreeSet<_>>(), person.departments, "{key}");
            let held = waits.contains(&(user.key().to_string(), Action::Disable));
            let status = UserStatus::from(person.status);
            assert!(
                user.status == status || held,
                "{key} is {:?}, told by nobody",
                user.status
            );
            assert_titles(user, person, &last.kept_back);
        }
        for (&id, &parent) in &corp.departments {
            let found = shelf.items.get(&ItemKey::Department(DepartmentId(id)));
            let Some(Item::Department(one)) = found else {
                panic!("department {id} is not in the directory");
            };
            assert_eq!(one.state(), ItemState::Live, "department {id}");
            assert_eq!(one.parent.map(|parent| parent.0), parent, "department {id}");
        }
        for item in shelf
            .items
            .values()
            .filter(|item| item.state() == ItemState::Live)
        {
            let is_there = match item.key() {
                ItemKey::User(user) => corp.people.contains_key(user.as_str()),
                ItemKey::Department(id) => corp.departments.contains_key(&id.0),
            };
            let any = |action| waits.contains(&(item.key().to_string(), action));
            let told = any(Action::Delete) || any(Action::Disable) || occupied(&shelf, item);
            assert!(
                is_there || told,
                "{} stays, told by nobody; {last:?}",
                item.key()
            );
        }
    }

    /// Keys and removals of all lists that wait and of all sets that keep somebody.
    fn what_waits(&self, shelf: &crate::Shelf) -> BTreeSet<(String, Action)> {
        let held = shelf
            .lists
            .values()
            .filter(|list| list.state == sync_run::HeldState::Waiting);
        let held: Vec<_> = held.flat_map(|list| list.remaining().cloned()).collect();
        let sets = shelf.kept_sets();
        let kept = sets.iter().flat_map(|set| set.remaining());
        let all = held.iter().chain(kept);
        all.filter_map(|item| Some((item.key()?.to_string(), item.action)))
            .collect()
    }

    /// Whatever was to leave has left, notices to the last one.
    fn assert_everything_left(&self) {
        let shelf = self.world.shelf();
        assert!(shelf.outbox.is_empty(), "{:?}", shelf.outbox.keys());
        let sent: BTreeSet<&String> = shelf.sent.iter().map(|item| &item.id).collect();
        let due: BTreeSet<&String> = shelf.ledger.outbox.iter().collect();
        let lost: Vec<_> = due.difference(&sent).collect();
        assert!(lost.is_empty(), "never sent: {lost:?}");
        for item in &shelf.sent {
            match &item.payload {
                OutboxPayload::Notice(notice) => assert!(shelf.notices.contains(notice)),
                OutboxPayload::RunFinished(record) => {
                    assert!(shelf.events.iter().any(|event| event.run == record.run));
                }
            }
        }
        let open: Vec<_> = shelf
            .records
            .values()
            .filter(|r| !r.status.is_final())
            .collect();
        assert!(open.is_empty(), "never closed: {open:?}");
    }
}

/// A department that is gone stays while somebody who stays stands in it.
fn occupied(shelf: &crate::Shelf, item: &Item) -> bool {
    let Item::Department(department) = item else {
        return false;
    };
    let mut live = shelf
        .items
        .values()
        .filter(|item| item.state() == ItemState::Live);
    live.any(|item| item.departments().contains(&department.id))
}

fn assert_titles(
    user: &org_model::DirectoryUser,
    person: &Person,
    kept_back: &BTreeMap<String, u64>,
) {
    let title = user
        .attributes
        .get("title")
        .and_then(|title| title.as_str());
    let is_same = title.unwrap_or_default() == person.title;
    let told = person.title.is_empty() && kept_back.contains_key("title");
    assert!(
        is_same || told,
        "the title of {} is {title:?}",
        person.userid
    );
}

//! What goes wrong: readings that tell less than there is, processes that die, sleep or are slow.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::DepartmentId;
use sync_run::RunRequest;

use super::Story;
use crate::Faults;

/// A clock that is set right by more than this would outrun the grace of a lease.
pub const SET_BACK_MAX_SECONDS: u32 = 45;

impl Story {
    /// WeCom, the app's range and the settings' scope, for this step.
    pub(super) fn misbehave(&mut self) {
        let mut corp = self.world.corp.lock().unwrap();
        let places: Vec<u32> = corp.departments.keys().copied().collect();
        let one = |dice: &mut super::Dice| dice.pick(&places).unwrap_or(1);
        corp.deaf.clear();
        corp.short.clear();
        if self.dice.one_in(3) {
            corp.range = None;
        }
        corp.down = self.dice.one_in(18);
        corp.silent = self.dice.one_in(12);
        match self.dice.below(12) {
            0 => drop(corp.deaf.insert(one(&mut self.dice))),
            1 => drop(corp.short.insert(one(&mut self.dice))),
            2 => corp.range = Some([one(&mut self.dice)].into()),
            _ => {}
        }
        let (deaf, short) = (corp.deaf.clone(), corp.short.clone());
        let (range, down, silent) = (corp.range.clone(), corp.down, corp.silent);
        drop(corp);
        self.trace.say(|| {
            format!("deaf {deaf:?} short {short:?} range {range:?} down {down} silent {silent}")
        });
        self.reconfigure();
        self.turn();
    }

    /// Another app, another scope, another secret: now and then, and back again.
    fn reconfigure(&mut self) {
        self.rotate_secrets();
        let mut shelf = self.world.shelf.lock().unwrap();
        let settings = &mut shelf.settings;
        if self.dice.one_in(20) {
            settings.credentials.agent_id = 1 + self.dice.below(2);
        }
        if self.dice.one_in(10) {
            let excluded = 2 + self.dice.below(6);
            settings.scope.exclude_departments = match self.dice.one_in(3) {
                true => [DepartmentId(excluded)].into(),
                false => BTreeSet::new(),
            };
        }
    }

    pub(super) fn scheduled(&mut self) -> RunRequest {
        self.world.request()
    }

    pub(super) fn scheduled_with_trouble(&mut self) -> (RunRequest, Faults) {
        let mut request = self.scheduled();
        let faults = self.trouble(&mut request);
        (request, faults)
    }

    /// What goes wrong with one delivery, or nothing.
    pub(super) fn trouble(&mut self, request: &mut RunRequest) -> Faults {
        let at = Some(self.dice.below(60) as usize);
        let mut faults = Faults::default();
        let what = self.dice.below(24);
        match what {
            0 | 1 => faults.die_before = at,
            2 | 3 => faults.die_after = at,
            4 => faults.fail_once = at,
            5 => faults.fail_after = at,
            6 | 7 => faults.sleep_before = at,
            8 => faults.jump = at.map(|at| (at, self.jump())),
            9 => faults.mute = true,
            10 => faults.poison = Some(format!("person.{:04}", self.dice.below(self.people))),
            11..14 => {
                // Little time: the run hands over, perhaps more than once.
                faults.slow = SignedDuration::from_secs(i64::from(1 + self.dice.below(3)));
                let seconds = 40 + self.dice.below(60);
                request.deadline = self.world.now() + SignedDuration::from_secs(seconds.into());
            }
            _ => {}
        }
        self.trace.say(|| format!("{} {faults:?}", request.run));
        faults
    }

    fn jump(&mut self) -> SignedDuration {
        match self.dice.one_in(2) {
            true => -SignedDuration::from_secs(self.dice.below(SET_BACK_MAX_SECONDS).into()),
            false => SignedDuration::from_mins(self.dice.below(90).into()),
        }
    }
}

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
        if self.dice.one_in(4) {
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
        match self.dice.below(28) {
            0 | 1 => faults.die_before = at,
            2 | 3 => faults.die_after = at,
            4 => faults.fail_once = at,
            5 => faults.fail_after = at,
            6..11 => faults.sleep_before = at,
            11 => faults.jump = at.map(|at| (at, self.jump())),
            12 => faults.mute = true,
            13 => faults.poison = Some(format!("person.{:04}", self.dice.below(self.people))),
            14 => faults.poison = Some(self.dice.below(9).to_string()),
            15..20 => self.be_slow(request, &mut faults),
            _ => {}
        }
        self.trace.say(|| format!("{} {faults:?}", request.run));
        faults
    }

    /// Little time for many requests: the run hands over, perhaps more than once.
    pub(super) fn be_slow(&mut self, request: &mut RunRequest, faults: &mut Faults) {
        let slow = i64::from(1 + self.dice.below(4));
        let requests = i64::from(14 + self.dice.below(24));
        faults.slow = SignedDuration::from_secs(slow);
        let time = SignedDuration::from_secs(10 + slow * requests);
        request.deadline = self.world.now() + time;
    }

    fn jump(&mut self) -> SignedDuration {
        match self.dice.one_in(2) {
            true => -SignedDuration::from_secs(self.dice.below(SET_BACK_MAX_SECONDS).into()),
            false => SignedDuration::from_mins(self.dice.below(90).into()),
        }
    }
}

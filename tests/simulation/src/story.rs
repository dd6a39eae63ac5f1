//! The life of one source, told by a seed: an organisation that drifts, people who decide, and
//! everything between that goes wrong. Judged after every step by [`truth`], which knows what was
//! so and who said what, and asks none of the code under test.
//!
//! Assumed, and not played: a clock that is set back by more than [`trouble::SET_BACK_MAX_SECONDS`]
//! (a run trusts its lease for a minute longer than its invocation lives); WeCom saying of
//! somebody by name that they do not exist while they do; two administrators in one instant.

mod conflicts;
mod day;
mod deliveries;
mod dice;
mod evidence;
mod life;
mod rows;
mod secrets;
mod settle;
mod sound;
mod trace;
mod trouble;
mod truth;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::SignedDuration;
use sync_run::RunRequest;
use sync_run::ports::WecomScope;

use crate::{Faults, World};
use deliveries::Sleeper;
use dice::Dice;
use secrets::Refused;
use trace::Trace;
use truth::Truth;

/// How many things happen before faults stop.
const STEPS: u32 = 24;

/// One life under way.
struct Story {
    world: World,
    dice: Dice,
    truth: Truth,
    trace: Trace,
    /// Processes that stopped in the middle and may wake too late.
    asleep: Vec<Sleeper>,
    /// What was delivered last, and may be delivered again.
    last: Option<RunRequest>,
    /// Credentials that a run was refused with.
    refused: Option<Refused>,
    /// Userids are `person.0000` to one less than this.
    people: u32,
}

/// Tells the life that a seed stands for, and gives its trace. `aloud`: line by line as it happens.
///
/// # Panics
/// When something happened that must not happen.
pub fn tell(seed: u64, aloud: bool) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        let mut story = Story::new(seed, aloud);
        story.begin().await;
        for step in 0..STEPS {
            story.step(step).await;
        }
        story.settle().await;
        story.trace.into_text()
    })
}

/// Tells one life after the other; what goes wrong is told with its seed and how to see it again.
///
/// # Errors
/// The first seed that fails, with the reason.
pub fn try_seeds(seeds: impl IntoIterator<Item = u64>, told: impl Fn(u64)) -> Result<(), String> {
    for seed in seeds {
        let ended = catch_unwind(AssertUnwindSafe(|| tell(seed, false)));
        if let Err(reason) = ended {
            let words = reason.downcast_ref::<String>().cloned();
            let words = words.or_else(|| reason.downcast_ref::<&str>().map(ToString::to_string));
            let words = words.unwrap_or_default();
            return Err(format!(
                "seed {seed}: {words}\nsee it again with: cargo sim --seed {seed}"
            ));
        }
        told(seed);
    }
    Ok(())
}

impl Story {
    fn new(seed: u64, aloud: bool) -> Self {
        let mut dice = Dice::new(seed);
        let people = 24 + dice.below(56);
        let world = World::new(people, 4 + dice.below(5));
        let mut story = Self {
            world,
            dice,
            truth: Truth::default(),
            trace: Trace::new(aloud),
            asleep: Vec::new(),
            last: None,
            refused: None,
            people: people + 15,
        };
        story.map_mobiles();
        story.turn();
        story
    }

    /// The first mirror, in one go or in segments.
    async fn begin(&mut self) {
        let mut request = self.scheduled();
        let mut faults = Faults::default();
        if self.dice.one_in(3) {
            self.be_slow(&mut request, &mut faults);
        }
        self.deliver(request, faults).await;
        self.deliver_what_waits().await;
        self.judge();
    }

    async fn step(&mut self, step: u32) {
        self.pass_time();
        self.trace.say(|| format!("step {step}"));
        self.drift();
        self.misbehave();
        if self.dice.one_in(2) {
            self.decide().await;
        }
        self.something_runs().await;
        if self.dice.one_in(3) {
            self.wake_one().await;
        }
        self.deliver_what_waits().await;
        self.judge();
    }

    async fn something_runs(&mut self) {
        match self.dice.below(20) {
            0 => self.plan_then_apply().await,
            1..4 => self.tidy().await,
            4 => self.replace().await,
            5 => self.deliver_again().await,
            _ => {
                let (request, faults) = self.scheduled_with_trouble();
                self.deliver(request, faults).await;
            }
        }
    }

    fn pass_time(&mut self) {
        let minutes = match self.dice.below(24) {
            0..6 => 20,
            6..14 => 60,
            14..20 => 5 * 60,
            20..22 => 26 * 60,
            22 => 74 * 60,
            _ if self.dice.one_in(4) => 40 * 24 * 60,
            _ => 10,
        };
        self.world.pass(SignedDuration::from_mins(minutes));
    }

    /// Safety, after every step.
    fn judge(&mut self) {
        let shelf = self.world.shelf.lock().unwrap();
        let corp = self.world.corp.lock().unwrap();
        self.truth.hear_undone(&shelf);
        self.truth.judge_decisions(&shelf);
        self.truth.judge_writes(&shelf, &corp);
        self.truth.judge_day(&shelf);
        self.truth.judge_records(&shelf);
        sound::judge(&shelf);
        self.truth.seen(&shelf);
    }

    /// What the organisation looks like from now on.
    fn turn(&mut self) {
        let scope = self.world.shelf().settings.scope.clone();
        let scope = WecomScope {
            include: scope.include_departments,
            exclude: scope.exclude_departments,
        };
        let mut corp = self.world.corp.lock().unwrap();
        let epoch = self.truth.turn(&corp, &scope);
        corp.epoch = epoch;
        drop(corp);
        self.world.shelf().ledger.epoch = epoch;
    }
}

//! What a check said, and what it cost.

use std::collections::BTreeMap;

use source_admin::ports::{CheckFailure, SourceCheck, StepName, StepOutcome, WecomDesk};
use wecom_sim::{At, Command, Times, What};

use super::Stage;

pub async fn check(stage: &Stage) -> SourceCheck {
    stage.client().check(stage.access()).await
}

/// Where it failed, and that everything before it passed and nothing after it was reached.
pub fn stopped(check: &SourceCheck) -> (StepName, CheckFailure) {
    let names: Vec<StepName> = check.steps.iter().map(|step| step.name).collect();
    assert_eq!(names, StepName::ALL);
    let at = check
        .steps
        .iter()
        .position(|it| matches!(it.outcome, StepOutcome::Failed(_)))
        .unwrap();
    let passed = |step| matches!(step, &StepOutcome::Passed);
    assert!(check.steps[..at].iter().all(|step| passed(&step.outcome)));
    let after = &check.steps[at + 1..];
    assert!(
        after
            .iter()
            .all(|step| step.outcome == StepOutcome::NotReached)
    );
    let StepOutcome::Failed(failure) = check.steps[at].outcome.clone() else {
        unreachable!("it failed");
    };
    assert!(!failure.message.is_empty() && !failure.remedy_text.is_empty());
    (check.steps[at].name, failure)
}

pub fn stop_of(check: &SourceCheck) -> (StepName, &'static str) {
    let (step, failure) = stopped(check);
    (step, failure.code)
}

pub fn assert_passed(check: &SourceCheck) {
    let outcomes = check.steps.iter().map(|step| &step.outcome);
    assert!(
        outcomes.clone().all(|it| *it == StepOutcome::Passed),
        "{check:?}"
    );
    assert_eq!(check.steps.len(), StepName::ALL.len());
}

pub fn counted(calls: &[(&str, u64)]) -> BTreeMap<String, u64> {
    let owned = calls
        .iter()
        .map(|(call, count)| ((*call).to_owned(), *count));
    owned.collect()
}

/// What the check counted is what WeCom has seen.
pub fn assert_calls(stage: &Stage, check: &SourceCheck, calls: &[(&str, u64)]) {
    assert_eq!(stage.sim.calls(), counted(calls));
    assert_eq!(check.calls, counted(calls));
}

pub fn fault(stage: &Stage, call: &str, what: What) {
    stage.run(Command::ClearFaults);
    stage.run(Command::ResetCounts);
    let at = At::Kind(call.to_owned(), 0);
    stage.sim.control().fault(at, Times::Forever, what).unwrap();
}

pub const SOUND: &[(&str, u64)] = &[
    ("agent/get", 1),
    ("department/list", 1),
    ("gettoken", 1),
    ("user/list", 1),
];

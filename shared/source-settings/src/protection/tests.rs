use insta::assert_snapshot;
use org_plan::notation::{Reading, World};
use org_plan::{ProtectionRules, RuleLimit};
use serde_json::json;

use super::*;
use crate::parse::tests::{accepted, documented, with};

fn settings(kind: &str, limits: Limits) -> SourceSettings {
    let limits = json!({
        "floor": limits.floor, "max_count": limits.max_count, "max_percent": limits.max_percent,
    });
    accepted(&with(documented(), &format!("/protection/{kind}"), limits))
}

fn limits(floor: u32, max_count: u32, max_percent: u32) -> Limits {
    Limits {
        floor,
        max_count,
        max_percent,
    }
}

fn lines(problems: &[SettingsProblem]) -> String {
    let line =
        |one: &SettingsProblem| format!("{}\n{}\n{}\n", one.pointer, one.message, one.remedy);
    problems.iter().map(line).collect()
}

/// A company of this many people, or of this many departments, the root among them.
fn company(kind: &str, rows: u64) -> String {
    let mut text = "1 Acme\n  - keeper Keeper\n".to_owned();
    match kind {
        "users" => (1..rows).for_each(|n| text += &format!("  - u{n:03} Person {n}\n")),
        _ => (1..rows).for_each(|n| text += &format!("  {} Team {n}\n", n + 1)),
    }
    text
}

/// Does the protection of a run trip over this many deletions, by a rule that settings can change?
fn trips(world: &World, kind: &str, rows: u64, deletions: u64) -> bool {
    let reading = Reading::sealed(&company(kind, rows - deletions));
    let verdict = world.judge(world.plan(&reading), &reading);
    let of_settings = |limit| matches!(limit, RuleLimit::MaxCount | RuleLimit::MaxPercent);
    let trips = verdict.tripped.iter().any(|rule| of_settings(rule.limit));
    assert_eq!(trips, !verdict.held.is_empty() && trips);
    trips
}

#[test]
fn what_is_refused_never_trips_and_what_is_accepted_can() {
    let (mut refused, mut accepted) = (0, 0);
    for kind in ["users", "departments"] {
        for rows in [3_u64, 4, 5, 8, 14] {
            let mut world = World::holding(&company(kind, rows));
            let root = u64::from(kind == "departments");
            let most = rows.saturating_sub(root + ROWS_LEFT_MIN);
            for (floor, max_count, max_percent) in grid() {
                let chosen = limits(floor, max_count, max_percent);
                let settings = settings(kind, chosen);
                world.rules = ProtectionRules {
                    paused: false,
                    ..settings.protection_rules()
                };
                let (users, departments) = match kind {
                    "users" => (rows, 1),
                    _ => (1, rows),
                };
                let problems = protection_problems(&settings, None, users, departments);
                let can_trip = (1..=most).any(|deletions| trips(&world, kind, rows, deletions));
                let says = problems.is_empty();
                assert_eq!(says, can_trip || most == 0, "{kind} {rows} {chosen:?}");
                *(if says { &mut accepted } else { &mut refused }) += 1;
            }
        }
    }
    assert!(refused > 50 && accepted > 50, "{refused} {accepted}");
}

/// Thresholds, none of them the defaults.
fn grid() -> impl Iterator<Item = (u32, u32, u32)> {
    let floors = [0, 1, 2, 3, 6, 11, 12, 50].into_iter();
    floors.flat_map(|floor| {
        [0, 3, 1_000]
            .into_iter()
            .flat_map(move |count| [0, 30, 50].map(|percent| (floor, count, percent)))
    })
}

#[test]
fn a_refusal_says_why_with_its_numbers() {
    let problems = |kind, chosen, rows| {
        let settings = settings(kind, chosen);
        lines(&protection_problems(&settings, None, rows, rows))
    };
    assert_snapshot!(problems("users", limits(50, 60, 10), 40), @"
    /protection/users/floor
    a floor of 50 can never trip: the directory holds 40 people, and 38 of them could go unseen
    write a floor below 38, or leave it out
    ");
    assert_snapshot!(problems("departments", limits(0, 1_000, 50), 4), @"
    /protection/departments/max_percent
    neither 1000 deletions nor 50 % of 4 departments can be exceeded while 2 remain
    write a max_count below 1, or a smaller max_percent
    ");
    assert_snapshot!(problems("users", limits(0, 1_000, 50), 4), @"
    /protection/users/max_percent
    neither 1000 deletions nor 50 % of 4 people can be exceeded while 2 remain
    write a max_count below 2, or a smaller max_percent
    ");
    assert_snapshot!(problems("users", limits(37, 1_000, 50), 40), @"");
}

#[test]
fn a_small_company_keeps_the_defaults_and_what_it_had() {
    let defaults = accepted(&documented());
    for rows in 0..10 {
        assert!(protection_problems(&defaults, None, rows, rows).is_empty());
    }
    let old = settings("users", limits(20, 50, 10));
    let renamed = SourceSettings {
        name: "Branch".to_owned(),
        ..old.clone()
    };
    assert!(protection_problems(&renamed, Some(&old), 8, 8).is_empty());
    assert_eq!(protection_problems(&renamed, None, 8, 8).len(), 1);
    assert_eq!(protection_problems(&old, Some(&defaults), 8, 8).len(), 1);
    assert!(protection_problems(&defaults, Some(&old), 8, 8).is_empty());
}

#[test]
fn an_empty_mirror_refuses_nothing() {
    let settings = settings("users", limits(50, 1_000, 50));
    assert!(protection_problems(&settings, None, 0, 0).is_empty());
    assert!(protection_problems(&settings, None, 2, 3).is_empty());
}

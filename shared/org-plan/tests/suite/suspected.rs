//! Suspected renames before the thresholds: that one deletion waits, whatever they say.

use crate::companies::{held, numbers, people_in, user, with_limits};
use org_model::{ItemKind, UserId};
use org_plan::notation::{Reading, World};
use org_plan::{Action, HeldItem, Limits, RuleLimit};

const HEAD: &str = "1 Acme\n  2 Sales\n    - an An; mobile=123\n";

fn before(people: usize) -> String {
    people_in(HEAD, 0..people)
}

/// An is Wang An now, and only `people` of the others are left.
fn renamed(people: std::ops::Range<usize>) -> Reading {
    let text = people_in(HEAD, people);
    Reading::sealed(&text.replace("- an An", "- wang.an An"))
}

#[test]
fn a_suspected_rename_is_held_below_every_threshold_and_everything_else_goes_on() {
    let mut world = World::holding(&before(40));
    insta::assert_snapshot!(world.run(&renamed(2..40)), @r#"
    create user wang.an "An", departments [2], status "active", mobile "123"
    delete user u000 "Person 0"
    delete user u001 "Person 1"
    held: delete user an "An" (now wang.an?)
    tripped: users suspected_rename 0: 1 of 41
    "#);
    // The new one is no newcomer any more: the hold is sticky.
    for _ in 0..3 {
        world.pass_hours(25);
        insta::allow_duplicates! {
            insta::assert_snapshot!(world.run(&renamed(2..40)),
                @r#"still held: delete user an "An" (now wang.an?)"#);
        }
    }
}

#[test]
fn a_suspected_rename_counts_for_the_thresholds() {
    // Five others are not more than the floor; six are, and 14 % of 41.
    let mut world = World::holding(&before(40));
    insta::assert_snapshot!(numbers(&world.judge_reading(&renamed(4..40))),
        @"1 changes, 4 removals, 1 held, users suspected_rename 0: 1 of 41");
    let verdict = world.run(&renamed(5..40));
    insta::assert_snapshot!(numbers(&verdict),
        @"1 changes, 6 held, users max_percent 10: 6 of 41, users suspected_rename 0: 1 of 41");
    let an = verdict.held.iter().find(|item| item.id == "an").unwrap();
    assert_eq!(an.suspected_rename, Some(UserId::new("wang.an")));
    let suspected = verdict
        .held
        .iter()
        .filter(|item| item.suspected_rename.is_some());
    assert_eq!(suspected.count(), 1);
}

#[test]
fn a_suspected_rename_counts_over_the_day() {
    let mut world = World::holding(&before(40));
    let without_an = |people| Reading::sealed(&people_in(HEAD, people));
    world.run(&without_an(4..40));
    // 4 and one more are 5; with the suspected one it is 6.
    insta::assert_snapshot!(numbers(&world.judge_reading(&without_an(5..40))), @"1 removals");
    let verdict = world.judge_reading(&renamed(5..40));
    insta::assert_snapshot!(numbers(&verdict).replace(", users", ",\nusers"), @r"
    1 changes, 2 held,
    users max_percent 10: 6 of 41 in a day,
    users suspected_rename 0: 1 of 37
    ");
    // A hold is no removal: it is none of the next day's.
    let mut world = World::holding(&before(40));
    world.run(&renamed(4..40));
    insta::assert_snapshot!(numbers(&world.run(&renamed(5..40))), @"1 removals, 1 still held");
}

#[test]
fn an_approval_deletes_a_suspected_rename_and_a_rejection_keeps_it() {
    let mut world = World::holding(&before(40));
    world.run(&renamed(0..40));
    let mut rejected = world.clone();
    world.approve();
    insta::assert_snapshot!(world.run(&renamed(0..40)), @r#"
    delete user an "An"
    consumed: delete user an "An" (now wang.an?)
    "#);
    rejected.reject();
    insta::assert_snapshot!(rejected.run(&renamed(0..40)), @"");
    assert_eq!(rejected.count(ItemKind::User), 42);
}

#[test]
fn what_stands_already_is_not_suspected_anew() {
    let world = World::holding(&before(40));
    let reading = renamed(0..40);
    let an = held(&world, &user("an"), Action::Delete);
    let judge = |stand: &dyn Fn(&mut World)| {
        // The plan knows nothing of what stands: only the judgement does.
        let mut standing = world.clone();
        stand(&mut standing);
        let verdict = standing.judge(world.plan(&reading), &reading);
        let rules = verdict.tripped.iter();
        assert!(
            rules
                .clone()
                .all(|rule| rule.limit != RuleLimit::SuspectedRename)
        );
        numbers(&verdict)
    };
    let approved = judge(&|world| world.standing.approved.push(an.clone()));
    let waiting = judge(&|world| world.standing.waiting.push(an.clone()));
    let kept = judge(&|world| world.standing.kept.push(an.clone()));
    insta::assert_snapshot!([approved, waiting, kept].join("\n"), @r"
    1 changes, 1 removals, 1 consumed
    1 changes, 1 still held
    1 changes
    ");
}

#[test]
fn the_department_of_a_suspected_rename_is_not_empty() {
    let text = "1 Acme\n  2 Law\n    - an An; mobile=123\n  3 Tax\n  4 Hr\n  - bo Bo\n  - cy Cy";
    let mut world = World::holding(text);
    let after = "1 Acme\n  3 Tax\n  4 Hr\n  - bo Bo\n  - cy Cy\n  - wang.an An; mobile=123";
    insta::assert_snapshot!(world.run(&Reading::sealed(after)), @r#"
    create user wang.an "An", departments [1], status "active", mobile "123"
    keep department 2 "Law" [not_empty], marked
    held: delete user an "An" (now wang.an?)
    tripped: users suspected_rename 0: 1 of 3
    "#);
}

#[test]
fn a_suspicion_leaves_the_disables_of_the_run_alone() {
    let mut world = World::holding(&before(40));
    let text = people_in(HEAD, 0..40).replace("- an An", "- wang.an An");
    let text = crate::companies::disabled(&text, [3]);
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&text))),
        @"1 changes, 1 removals, 1 held, users suspected_rename 0: 1 of 41");
}

#[test]
fn whom_nobody_asked_about_can_be_suspected_as_well() {
    let limits = Limits {
        floor: 50,
        max_count: 0,
        max_percent: 50,
    };
    let world = with_limits(&before(40), limits);
    let reading = Reading::sealed(&people_in("1 Acme\n  2 Sales\n", 1..40));
    let mut plan = world.plan(&reading);
    let unasked = plan.unasked[0].key();
    assert_eq!((plan.removals.len(), plan.unasked.len()), (1, 1));
    plan.renames.insert(unasked, UserId::new("new"));
    let verdict = world.judge(plan, &reading);
    insta::assert_snapshot!(verdict, @r#"
    delete user an "An"
    held: delete user u000 "Person 0" (now new?)
    tripped: users suspected_rename 0: 1 of 41
    "#);
}

#[test]
fn a_held_item_of_an_older_store_has_no_suspicion_and_a_new_one_keeps_it() {
    let world = World::holding(&before(2));
    let mut an = held(&world, &user("an"), Action::Delete);
    let plain = serde_json::to_value(&an).unwrap();
    assert_eq!(plain.get("suspected_rename"), None);
    assert_eq!(serde_json::from_value::<HeldItem>(plain).unwrap(), an);
    an.suspected_rename = Some(UserId::new("wang.an"));
    let stored = serde_json::to_value(&an).unwrap();
    assert_eq!(stored["suspected_rename"], "wang.an");
    assert_eq!(serde_json::from_value::<HeldItem>(stored).unwrap(), an);
}

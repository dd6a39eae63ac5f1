//! Runs that hand over, in text: a continuation removes what was decided, and nothing else.

use crate::companies::{company, held, numbers, people_in, user, with_limits};
use org_model::{AbsenceAnswer, ItemKind};
use org_plan::notation::{Reading, World};
use org_plan::{Action, Item, Limits};

/// A run of which eight people go, and that hands over after this many writes.
fn handed_over(writes: usize) -> World {
    let mut world = World::holding(&company(0..100));
    let verdict = world.run_part(&Reading::sealed(&company(8..100)), writes);
    assert_eq!(numbers(&verdict), "8 removals");
    assert_eq!(world.count(ItemKind::User), 100 - writes);
    world
}

#[test]
fn a_continuation_removes_the_rest_and_leaves_the_newly_missing_to_the_next_run() {
    let mut world = handed_over(3);
    let ten = Reading::sealed(&company(10..100));
    insta::assert_snapshot!(numbers(&world.run(&ten)), @"5 removals");
    assert_eq!(world.count(ItemKind::User), 92);
    insta::assert_snapshot!(numbers(&world.run(&ten)), @"2 removals");
    // What was decided counts once, however many segments it took: 8 + 2 + 1 of 100.
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(11..100)))),
        @"1 held, users max_percent 10: 11 of 100 in a day");
}

#[test]
fn a_flood_between_two_segments_is_neither_removed_nor_held_until_the_next_run() {
    let mut world = handed_over(3);
    let flood = Reading::sealed(&company(70..100));
    insta::assert_snapshot!(numbers(&world.run(&flood)), @"5 removals");
    let verdict = world.run(&flood);
    assert_eq!((verdict.held.len(), verdict.tripped.len()), (62, 4));
    assert_eq!(world.count(ItemKind::User), 92);
}

#[test]
fn however_many_segments_there_are_the_first_decided_for_all() {
    let mut world = handed_over(1);
    for n in 9..16 {
        let verdict = world.run_part(&Reading::sealed(&company(n..100)), 1);
        assert_eq!(verdict.permitted.removals().len(), 16 - n, "{verdict}");
        assert!(verdict.held.is_empty() && verdict.tripped.is_empty());
    }
    assert_eq!(world.count(ItemKind::User), 92);
    assert_eq!(
        world.standing.decided, None,
        "the last one had nothing left"
    );
}

#[test]
fn what_was_judged_is_not_judged_again() {
    let mut world = handed_over(3);
    world.rules.paused = true;
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(8..100)))), @"5 removals");
}

#[test]
fn a_continuation_wants_the_evidence_of_its_own_reading() {
    let eight = Reading::sealed(&company(8..100));
    let mut unsure = handed_over(3);
    let verdict = unsure.run(&eight.clone().answering(AbsenceAnswer::Unknown));
    assert_eq!(
        (numbers(&verdict).as_str(), unsure.count(ItemKind::User)),
        ("", 97)
    );
    let mut back = handed_over(3);
    insta::assert_snapshot!(numbers(&back.run(&Reading::sealed(&company(4..100)))), @"1 removals");
    let mut unsealed = handed_over(3);
    let verdict = unsealed.run(&Reading::unsealed(&company(8..100)));
    assert_eq!(numbers(&verdict), "");
    assert_eq!(unsealed.standing.decided, None, "the run is over, partial");
}

#[test]
fn those_who_were_decided_are_asked_about_whatever_the_budget_says() {
    let limits = Limits {
        floor: 50,
        max_count: 3,
        max_percent: 50,
    };
    let mut world = with_limits(&company(0..40), limits);
    // Four of these eight are asked about, and go; the others are beyond the budget.
    let verdict = world.run_part(&Reading::sealed(&company(32..40)), 1);
    assert_eq!(
        (verdict.permitted.removals().len(), verdict.held.len()),
        (4, 0)
    );
    let reading = Reading::sealed(&company(32..40));
    let plan = world.plan(&reading);
    assert_eq!((plan.removals.len(), plan.unasked.len()), (4 + 3, 24));
    insta::assert_snapshot!(numbers(&world.run(&reading)), @"3 removals");
}

#[test]
fn an_approval_between_two_segments_is_the_next_runs() {
    let mut world = World::holding(&company(0..100));
    let twenty = Reading::sealed(&company(20..100));
    world.run(&twenty);
    let three = Reading::sealed(&company((20..97).chain(98..100)));
    insta::assert_snapshot!(numbers(&world.run_part(&three, 0)), @"1 removals, 20 still held");
    world.approve();
    insta::assert_snapshot!(numbers(&world.run(&three)), @"1 removals");
    assert_eq!(world.standing.approved.len(), 20);
    insta::assert_snapshot!(numbers(&world.run(&three)), @"20 removals, 20 consumed");
}

#[test]
fn what_an_approval_decided_is_removed_by_the_continuation_as_approved() {
    let mut world = World::holding(&company(0..100));
    let twenty = Reading::sealed(&company(20..100));
    world.run(&twenty);
    world.approve();
    insta::assert_snapshot!(numbers(&world.run_part(&twenty, 12)), @"20 removals, 20 consumed");
    let mut expired = world.clone();
    insta::assert_snapshot!(numbers(&world.run(&twenty)), @"8 removals, 8 consumed");
    // The approval was good when it was decided: that it expires between two segments holds nobody.
    expired
        .standing
        .waiting
        .append(&mut expired.standing.approved);
    let verdict = expired.run(&twenty);
    insta::assert_snapshot!(numbers(&verdict), @"8 removals");
}

#[test]
fn who_is_kept_between_two_segments_stays() {
    let mut world = handed_over(3);
    let kept = held(&world, &user("u005"), Action::Delete);
    world.standing.kept.push(kept);
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(8..100)))), @"4 removals");
    assert_eq!(world.count(ItemKind::User), 93);
}

#[test]
fn a_department_of_the_newly_missing_stays_whatever_was_decided_about_it() {
    let staff = people_in("1 Acme\n  8 Tax\n  9 Hr\n  2 Sales\n", 0..40);
    let before = staff.clone() + "    - bo Bo\n  7 Law\n    - an An\n    - bo\n";
    let mut world = World::holding(&before);
    // An goes, Bo leaves the department, which goes as well; nothing of it is done.
    let first = Reading::sealed(&(staff.clone() + "    - bo Bo\n"));
    insta::assert_snapshot!(world.run_part(&first, 0), @r#"
    move user bo "Bo", departments [2,7] -> [2]
    delete user an "An"
    delete department 7 "Law"
    "#);
    // Then Bo goes too, and stands in it still.
    let second = Reading::sealed(&staff);
    insta::assert_snapshot!(world.run(&second), @r#"
    delete user an "An"
    keep department 7 "Law" [not_empty], marked
    "#);
    insta::assert_snapshot!(world.run(&second), @r#"
    delete user bo "Bo"
    delete department 7 "Law"
    "#);
}

#[test]
fn a_range_that_is_accepted_between_two_segments_detaches_in_the_next_run() {
    let mut world = handed_over(3);
    let mut reading = Reading::sealed(&company(9..100));
    reading.accepted.detach = [user("u008")].into();
    insta::assert_snapshot!(numbers(&world.run(&reading)), @"5 removals");
    insta::assert_snapshot!(world.run(&reading),
        @r#"detach user u008 "Person 8" [range_accepted]"#);
}

#[test]
fn a_detachment_that_was_decided_is_done_by_the_continuation() {
    let mut world = World::holding(&company(0..100));
    let mut reading = Reading::sealed(&company(9..100));
    reading.accepted.detach = (0..9).map(|n| user(&format!("u{n:03}"))).collect();
    insta::assert_snapshot!(numbers(&world.run_part(&reading, 4)), @"9 removals");
    insta::assert_snapshot!(numbers(&world.run(&reading)), @"5 removals");
    assert!(world.removing[0].decided.iter().all(|one| one.approved));
}

#[test]
fn a_suspicion_that_comes_up_between_two_segments_holds_nobody_anew() {
    let before = people_in("1 Acme\n  2 Sales\n    - an An; mobile=123\n", 0..40);
    let mut world = World::holding(&before);
    let gone = people_in("1 Acme\n  2 Sales\n", 0..40);
    insta::assert_snapshot!(world.run_part(&Reading::sealed(&gone), 0), @r#"delete user an "An""#);
    let renamed = before.replace("- an An", "- wang.an An");
    let verdict = world.run(&Reading::sealed(&renamed));
    assert!(
        verdict.held.is_empty() && verdict.tripped.is_empty(),
        "{verdict}"
    );
    assert_eq!(verdict.permitted.removals().count(), 1);
}

#[test]
fn clearings_that_were_kept_back_stay_so_although_the_base_has_grown() {
    // Six of twenty are 30 %; when eighty have joined, they are 6 %.
    let joined = |people: std::ops::Range<usize>| {
        let text = company(people);
        (0..6).fold(text, |text, n| {
            text.replace(&format!("mobile={n}\n"), "mobile=\n")
        })
    };
    let mut world = World::holding(&company(0..20));
    let reading = Reading::sealed(&joined(0..100));
    let before = world.run_part(&reading, 70);
    insta::assert_snapshot!(numbers(&before), @"80 changes, users clearing 10: 6 of 20 (mobile)");
    let after = world.run(&reading);
    insta::assert_snapshot!(numbers(&after), @"10 changes, users clearing 10: 6 of 90 (mobile)");
    assert_eq!((before.guarded.len(), after.guarded.len()), (6, 6));
    // The next run judges anew.
    assert_eq!(numbers(&world.run(&reading)), "6 changes");
}

#[test]
fn an_applied_plan_goes_on_with_the_clearings_it_was_shown_with_and_no_others() {
    let people = |line: &dyn Fn(usize) -> String| {
        let lines: String = (0..20).map(line).collect();
        format!("1 Acme\n  2 Sales\n{lines}")
    };
    let before = people(&|n| format!("    - u{n} U{n}; mobile={n}; title=T\n"));
    let shown = people(&|n| format!("    - u{n} U{n}; mobile=; title=T\n"));
    let later = people(&|n| format!("    - u{n} U{n}; mobile=; title=\n"));
    let mut world = World::holding(&before);
    let reading = Reading::sealed(&shown);
    world.standing.applied_plan = Some(world.plan(&reading).fingerprint());
    insta::assert_snapshot!(numbers(&world.run_part(&reading, 5)), @"20 changes");
    let after = world.run(&Reading::sealed(&later));
    insta::assert_snapshot!(numbers(&after), @"15 changes, users clearing 10: 20 of 20 (title)");
    let emptied = |name: &str| {
        let people = world.mirror.live(ItemKind::User);
        let empty = people.filter(|item| match item {
            Item::User(user) => !user.attributes.contains_key(name),
            Item::Department(_) => false,
        });
        empty.count()
    };
    assert_eq!((emptied("mobile"), emptied("title")), (20, 0));
}

//! Kept marks in text: who an administrator keeps stays, until they are seen again.

use crate::companies::{
    company, department, disabled, held, numbers, people_in, runs, user, with_limits,
};
use org_model::{AbsenceAnswer, InternalId, ItemKind, UserId};
use org_plan::notation::{Reading, World};
use org_plan::{Action, HeldItem, Item, Limits, Plan, protect};

const LAW: &str = "1 Acme\n  2 Law\n    - an An; active\n  - bo Bo\n  - cy Cy";

/// An is kept from being deleted.
fn keeping_an() -> World {
    let mut world = World::holding(LAW);
    let an = held(&world, &user("an"), Action::Delete);
    world.standing.kept.push(an);
    world
}

fn mentions(plan: &Plan, id: &str) -> bool {
    let all = plan.removals.iter().map(|change| change.after.id());
    let kept = plan.kept.iter().map(|kept| kept.before.id());
    let unasked = plan.unasked.iter().map(|item| item.id());
    all.chain(kept).chain(unasked).any(|one| one == id)
}

#[test]
fn whom_an_administrator_keeps_is_no_candidate_and_makes_no_row() {
    let mut world = keeping_an();
    let reading = Reading::sealed("1 Acme\n  - bo Bo\n  - cy Cy");
    assert!(!mentions(&world.plan(&reading), "an"), "nobody asks");
    insta::assert_snapshot!(world.run(&reading),
        @r#"keep department 2 "Law" [not_empty], marked"#);
    for hours in [1, 24, 800] {
        world.pass_hours(hours);
        insta::allow_duplicates! {
            insta::assert_snapshot!(world.run(&reading),
                @r#"keep department 2 "Law" [not_empty]"#);
        }
    }
    assert_eq!(world.count(ItemKind::User), 3);
}

#[test]
fn whom_an_administrator_keeps_gets_no_mark_either() {
    let mut world = keeping_an();
    let reading = Reading::sealed("1 Acme\n  2 Law\n  - bo Bo\n  - cy Cy");
    let verdict = world.run(&reading.answering(AbsenceAnswer::OutOfRange));
    insta::assert_snapshot!(verdict, @"");
    assert_eq!(world.mirror.items[&user("an")].absence(), None);
}

#[test]
fn a_kept_department_stays_and_so_does_the_one_above() {
    let mut world = World::holding("1 Acme\n  2 Law\n    3 Tax\n  4 Hr\n  5 It\n  - an An");
    let tax = held(&world, &department(3), Action::Delete);
    world.standing.kept.push(tax);
    insta::assert_snapshot!(world.run(&Reading::sealed("1 Acme\n  4 Hr\n  5 It\n  - an An")),
        @r#"keep department 2 "Law" [not_empty], marked"#);
}

#[test]
fn the_kept_occupy_the_departments_that_their_list_names_and_no_others() {
    let staff = "  4 Hr\n  5 It\n  - bo Bo\n  - cy Cy";
    let before = format!("1 Acme\n  2 Law\n    - an An\n  3 Tax\n{staff}");
    let mut world = World::holding(&before);
    let an = held(&world, &user("an"), Action::Delete);
    world.standing.kept.push(an);
    insta::assert_snapshot!(world.run(&Reading::sealed(&format!("1 Acme\n{staff}"))), @r#"
    delete department 3 "Tax"
    keep department 2 "Law" [not_empty], marked
    "#);
}

#[test]
fn somebody_unknown_beside_the_kept_keeps_every_department() {
    let world = keeping_an();
    let reading = Reading::sealed("1 Acme\n  - bo Bo\n  - cy Cy");
    let plan = world.plan(&reading);
    assert_eq!(plan.unaccounted, [user("an")]);
    // Kept from a disable nobody knows where they stand by now: the list is no evidence.
    let mut open = world.clone();
    open.standing.kept[0].action = Action::Disable;
    open.standing.kept[0].departments.clear();
    let verdict = open.judge(plan, &reading);
    insta::assert_snapshot!(verdict, @r#"keep department 2 "Law" [not_empty], marked"#);
}

#[test]
fn the_kept_count_nowhere() {
    // Six of twenty would be 30 % and more than the floor; five are not.
    let mut world = World::holding(&company(0..20));
    let kept = held(&world, &user("u003"), Action::Delete);
    world.standing.kept.push(kept);
    let verdict = world.run(&Reading::sealed(&company(6..20)));
    insta::assert_snapshot!(numbers(&verdict), @"5 removals");
    // Nor when nobody could be asked, even if a caller did not know of the mark.
    let limits = Limits {
        floor: 2,
        max_count: 3,
        max_percent: 50,
    };
    let mut world = with_limits(&company(0..40), limits);
    let reading = Reading::sealed(&company(9..40));
    let plan = world.plan(&reading);
    let unasked: Vec<_> = plan.unasked.iter().map(|item| item.key()).collect();
    assert_eq!((unasked.len(), plan.removals.len()), (5, 4));
    let kept = unasked.iter().map(|key| held(&world, key, Action::Delete));
    world.standing.kept = kept.collect();
    insta::assert_snapshot!(numbers(&world.judge(plan, &reading)),
        @"4 held, users max_count 3: 4 of 40");
}

#[test]
fn story_22_the_excepted_stay_for_good_and_the_others_go() {
    let mut world = World::holding(&company(0..20));
    world.run(&Reading::sealed(&company(6..20)));
    world.approve_except(&["u001", "u003", "u005"]);
    let texts = [6, 6, 6].map(|n| company(n..20));
    insta::assert_snapshot!(runs(&mut world, 30, texts), @r"
    1: 3 removals, 3 consumed
    2: 
    3: 
    ");
    assert_eq!(world.count(ItemKind::User), 17);
    assert_eq!(world.standing.kept.len(), 3);
}

#[test]
fn story_22_a_rejected_list_is_kept_for_good() {
    let mut world = World::holding(&company(0..20));
    world.run(&Reading::sealed(&company(6..20)));
    world.reject();
    let texts = [6, 6, 9].map(|n| company(n..20));
    insta::assert_snapshot!(runs(&mut world, 30, texts), @r"
    1: 
    2: 
    3: 3 removals
    ");
    // A call that clears the marks makes them candidates like all others.
    world.standing.kept.clear();
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(9..20)))),
        @"6 held, users max_percent 10: 6 of 17, users max_percent 10: 9 of 20 in a day");
}

#[test]
fn kept_wins_over_approved_and_over_waiting() {
    let mut world = World::holding(&company(0..20));
    world.run(&Reading::sealed(&company(6..20)));
    let waiting = world.standing.waiting.clone();
    world.standing.kept.clone_from(&waiting[..2].to_vec());
    insta::assert_snapshot!(numbers(&world.judge_reading(&Reading::sealed(&company(6..20)))),
        @"4 still held, 2 released");
    world.approve();
    // Even if a caller did not know of the mark and asked about them.
    let mut unaware = world.clone();
    unaware.standing.kept.clear();
    let reading = Reading::sealed(&company(6..20));
    let plan = unaware.plan(&reading);
    assert_eq!(plan.removals.len(), 6);
    insta::assert_snapshot!(numbers(&world.judge(plan, &reading)),
        @"4 removals, 2 released, 4 consumed");
    let verdict = world.run(&reading);
    insta::assert_snapshot!(numbers(&verdict), @"4 removals, 2 released, 4 consumed");
    assert_eq!(verdict.released, waiting[..2]);
    assert!(world.standing.approved.is_empty());
    assert_eq!(world.count(ItemKind::User), 16);
}

#[test]
fn who_is_seen_again_is_kept_no_more_and_may_leave_like_anybody() {
    let mut world = keeping_an();
    let gone = Reading::sealed("1 Acme\n  2 Law\n  - bo Bo\n  - cy Cy");
    world.run(&gone);
    // Being seen is evidence in an unsealed reading too.
    insta::assert_snapshot!(world.run(&Reading::unsealed(LAW)),
        @r#"seen again: delete user an "An""#);
    assert!(world.standing.kept.is_empty());
    insta::assert_snapshot!(world.run(&gone), @r#"delete user an "An""#);
}

#[test]
fn who_comes_back_disabled_is_judged_from_the_next_run_on() {
    let mut world = keeping_an();
    let reading = Reading::sealed(&LAW.replace("An; active", "An; disabled"));
    insta::assert_snapshot!(world.run(&reading), @r#"seen again: delete user an "An""#);
    insta::assert_snapshot!(world.run(&reading),
        @r#"disable user an "An", status "active" -> "disabled""#);
}

#[test]
fn who_is_kept_from_a_disable_stays_open_until_a_sealed_reading_shows_them_open() {
    let all = company(0..20);
    let mut world = World::holding(&all);
    let kept = held(&world, &user("u004"), Action::Disable);
    world.standing.kept.push(kept);
    let closed = disabled(&all, [4]);
    for _ in 0..2 {
        assert_eq!(numbers(&world.run(&Reading::sealed(&closed))), "");
    }
    // An unsealed reading disables nobody: that it plans nothing says nothing.
    assert_eq!(numbers(&world.run(&Reading::unsealed(&closed))), "");
    assert_eq!(numbers(&world.run(&Reading::unsealed(&all))), "");
    insta::assert_snapshot!(world.run(&Reading::sealed(&all)),
        @r#"seen again: disable user u004 "Person 4""#);
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&closed))), @"1 removals");
}

#[test]
fn who_is_kept_from_a_disable_and_leaves_is_kept_all_the_same() {
    let all = company(0..20);
    let mut world = World::holding(&all);
    let kept = held(&world, &user("u004"), Action::Disable);
    world.standing.kept.push(kept);
    let gone = company((0..20).filter(|n| *n != 4));
    for _ in 0..3 {
        let verdict = world.run(&Reading::sealed(&gone));
        assert_eq!(numbers(&verdict), "");
    }
    assert_eq!(world.count(ItemKind::User), 20);
    assert_eq!(world.standing.kept.len(), 1, "not seen");
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&all))), @"1 seen again");
}

#[test]
fn an_accepted_range_detaches_whom_somebody_keeps_and_nobody_deletes_them() {
    let mut world = keeping_an();
    let mut reading = Reading::sealed("1 Acme\n  2 Law\n  - bo Bo\n  - cy Cy");
    reading.accepted.detach = [user("an")].into();
    let verdict = world.judge_reading(&reading);
    insta::assert_snapshot!(verdict, @r#"detach user an "An" [range_accepted]"#);
    // Whose going was accepted is kept, and marked by nobody.
    reading.accepted.delete = std::mem::take(&mut reading.accepted.detach);
    insta::assert_snapshot!(world.run(&reading), @"");
    assert_eq!(world.mirror.items[&user("an")].absence(), None);
}

#[test]
fn a_hold_outlasts_the_state_it_was_held_for() {
    // Eleven are to be disabled and wait; then they leave, three at a time.
    let all = company(0..40);
    let mut world = World::holding(&all);
    let texts = [
        disabled(&all, 0..11),
        disabled(&company(3..40), 3..11),
        disabled(&company(6..40), 6..11),
    ];
    insta::assert_snapshot!(runs(&mut world, 25, texts), @r"
    1: 11 held, users max_percent 10: 11 of 40
    2: 11 still held
    3: 11 still held
    ");
    assert_eq!(world.count(ItemKind::User), 40);
    // Seen again, open or closed, they are anybody's equals.
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&all))), @"11 released");
}

#[test]
fn an_approved_disable_of_somebody_who_left_is_over_and_the_thresholds_judge_the_rest() {
    let all = people_in("1 Acme\n  2 Sales\n", 0..40);
    let mut world = World::holding(&all);
    world.run(&Reading::sealed(&disabled(&all, 0..11)));
    world.approve();
    let text = disabled(&company(3..40), 3..11);
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&text))),
        @"11 removals, 3 released, 8 consumed");
}

/// Each of these looked for among all the others would be 2 · 10^10 comparisons.
#[test]
fn a_hundred_thousand_who_are_kept_and_as_many_who_wait_are_looked_up() {
    const MANY: usize = 100_000;
    let mut world = World::holding(&company(0..20));
    let reading = Reading::sealed(&company(1..20));
    let mut plan = world.plan(&reading);
    let one = plan.removals.remove(0);
    plan.removals = (0..2 * MANY)
        .map(|n| {
            let mut change = one.clone();
            if let Item::User(user) = &mut change.after {
                user.userid = UserId::new(format!("v{n:06}"));
                user.internal_id = InternalId::new(format!("id-{n:06}"));
            }
            change
        })
        .collect();
    plan.base.users = 1_000_000;
    let items = plan.removals.iter();
    let mut all = items.map(|change| HeldItem::of(&change.after, Action::Delete));
    world.standing.kept = all.by_ref().take(MANY).collect();
    world.standing.waiting = all.collect();
    let rules = &world.rules;
    let verdict = protect(plan, rules, &world.standing, &|key| reading.shows(key));
    insta::assert_snapshot!(numbers(&verdict), @"100000 still held");
}

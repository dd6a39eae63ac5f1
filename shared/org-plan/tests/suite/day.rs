//! The rolling 24 hours in text: a slow leak trips like a flood (STORIES.md 16).

use crate::companies::{company, disabled, numbers, people_in, runs, user, with_limits};
use jiff::SignedDuration;
use org_model::ItemKind;
use org_plan::notation::{Reading, World};
use org_plan::{Base, Limits, RuleLimit, RuleWindow};

/// What every run says while `each` more people leave with every one.
fn leak(of: usize, each: usize, times: usize, hours: i64) -> String {
    let mut world = World::holding(&company(0..of));
    let texts = (1..=times).map(|n| company(each * n..of));
    runs(&mut world, hours, texts.collect::<Vec<_>>())
}

#[test]
fn story_16_four_at_a_time_trip_when_the_day_has_more_than_floor_and_percent() {
    // 4 is not more than the floor of 5; 8 is, and more than 10 % of 40.
    insta::assert_snapshot!(leak(40, 4, 3, 2), @r"
    1: 4 removals
    2: 4 held, users max_percent 10: 8 of 40 in a day
    3: 4 held, 4 still held, users max_percent 10: 8 of 40 in a day
    ");
    // 8 of 100 is within 10 %, 12 is not.
    insta::assert_snapshot!(leak(100, 4, 3, 2), @r"
    1: 4 removals
    2: 4 removals
    3: 4 held, users max_percent 10: 12 of 100 in a day
    ");
}

#[test]
fn story_16_four_at_a_time_of_a_thousand_trip_with_the_fifty_first() {
    // 12 times 4 are 48; 52 is more than max_count, and 5 % of 1000.
    let lines = leak(1_000, 4, 13, 1);
    let lines: Vec<&str> = lines.lines().collect();
    for (n, line) in lines[..12].iter().enumerate() {
        assert_eq!(*line, format!("{}: 4 removals", n + 1));
    }
    assert_eq!(
        lines[12],
        "13: 4 held, users max_count 50: 52 of 1000 in a day"
    );
}

#[test]
fn exactly_the_floor_the_percentage_and_the_count_of_a_day_pass() {
    // 2 + 3 = 5 of 20 is 25 %, and not more than the floor.
    let mut world = World::holding(&company(0..20));
    let texts = [2, 5, 6].map(|n| company(n..20));
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 2 removals
    2: 3 removals
    3: 1 held, users max_percent 10: 6 of 20 in a day
    ");
    // 5 + 5 = 10 % of 100.
    let mut world = World::holding(&company(0..100));
    let texts = [5, 10, 11].map(|n| company(n..100));
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 5 removals
    2: 5 removals
    3: 1 held, users max_percent 10: 11 of 100 in a day
    ");
    // 25 + 25 = 50 of 600.
    let mut world = World::holding(&company(0..600));
    let texts = [25, 50, 51].map(|n| company(n..600));
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 25 removals
    2: 25 removals
    3: 1 held, users max_count 50: 51 of 600 in a day
    ");
}

#[test]
fn the_percentage_of_a_day_is_of_its_largest_base() {
    // 3 + 3 = 10 % of the 60 there were; of the 57 that are left it would be more.
    let mut world = World::holding(&company(0..60));
    let texts = [3, 6, 7].map(|n| company(n..60));
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 3 removals
    2: 3 removals
    3: 1 held, users max_percent 10: 7 of 60 in a day
    ");
    // Whoever joins in between counts too: 3 + 4 of the 80 that there are now.
    let mut world = World::holding(&company(0..60));
    let texts = [company(3..60), company(3..83), company(7..83)];
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 3 removals
    2: 23 changes
    3: 4 removals
    ");
}

#[test]
fn a_day_is_over_after_its_last_second() {
    for (seconds, passes) in [(0, false), (1, true)] {
        let mut world = World::holding(&company(0..40));
        world.run(&Reading::sealed(&company(4..40)));
        world.pass_hours(24);
        world.now += SignedDuration::from_secs(seconds);
        let verdict = world.run(&Reading::sealed(&company(8..40)));
        assert_eq!(verdict.held.is_empty(), passes, "{verdict}");
    }
}

#[test]
fn a_clock_that_is_set_back_forgets_nothing() {
    let mut world = World::holding(&company(0..40));
    world.run(&Reading::sealed(&company(4..40)));
    world.pass_hours(-50);
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(8..40)))),
        @"4 held, users max_percent 10: 8 of 40 in a day");
}

#[test]
fn a_run_that_removes_nothing_new_trips_nothing_whatever_the_day_was() {
    let mut world = World::holding(&company(0..40));
    let texts = [
        company(4..40),
        company(8..40),
        company(8..40),
        company(8..41),
    ];
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 4 removals
    2: 4 held, users max_percent 10: 8 of 40 in a day
    3: 4 still held
    4: 1 changes, 4 still held
    ");
    // Ten have gone, and from now on six would be too many.
    let mut world = World::holding(&company(0..100));
    world.run(&Reading::sealed(&company(10..100)));
    world.rules.users.max_percent = 5;
    let texts = [company(10..100), company(10..101), company(11..101)];
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 
    2: 1 changes
    3: 1 held, users max_percent 5: 11 of 100 in a day
    ");
}

#[test]
fn what_the_run_alone_breaks_is_said_for_the_run_and_a_day_without_more_says_nothing() {
    let mut world = World::holding(&company(0..100));
    let verdict = world.judge_reading(&Reading::sealed(&company(11..100)));
    let windows: Vec<RuleWindow> = verdict.tripped.iter().map(|rule| rule.window).collect();
    assert_eq!(windows, [RuleWindow::Run]);
    world.run(&Reading::sealed(&company(2..100)));
    let verdict = world.judge_reading(&Reading::sealed(&company(13..100)));
    insta::assert_snapshot!(numbers(&verdict),
        @"11 held, users max_percent 10: 11 of 98, users max_percent 10: 13 of 100 in a day");
}

#[test]
fn story_26_disables_leak_as_well_and_whoever_is_disabled_and_then_goes_counts_once() {
    let all = company(0..100);
    let mut world = World::holding(&all);
    let ten = disabled(&all, 0..10);
    // The ten who were disabled are gone, and then one more.
    let texts = [ten, company(10..100), company(11..100)];
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 10 removals
    2: 10 removals
    3: 1 held, users max_percent 10: 11 of 100 in a day
    ");
    let mut world = World::holding(&all);
    let texts = [disabled(&all, 0..6), disabled(&all, 0..12)];
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 6 removals
    2: 6 held, users max_percent 10: 12 of 100 in a day
    ");
}

#[test]
fn whoever_comes_back_and_leaves_again_counts_once() {
    let mut world = World::holding(&company(0..40));
    let texts = [
        company(4..40),
        company(0..40),
        company(4..40),
        company(5..40),
    ];
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 4 removals
    2: 4 changes
    3: 4 removals
    4: 1 removals
    ");
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(6..40)))),
        @"1 held, users max_percent 10: 6 of 40 in a day");
}

#[test]
fn what_a_killed_run_decided_counts_and_the_same_people_count_once() {
    let mut world = World::holding(&company(0..40));
    let before = world.mirror.clone();
    world.run(&Reading::sealed(&company(4..40)));
    // It died before it removed anybody.
    world.mirror = before;
    let again = Reading::sealed(&company(4..40));
    assert_eq!(numbers(&world.judge_reading(&again)), "4 removals");
    let others = company(0..36);
    insta::assert_snapshot!(numbers(&world.judge_reading(&Reading::sealed(&others))),
        @"4 held, users max_percent 10: 8 of 40 in a day");
}

#[test]
fn what_was_approved_counts_towards_no_day() {
    let mut world = World::holding(&company(0..40));
    world.run(&Reading::sealed(&company(20..40)));
    world.approve();
    let texts = [company(20..40), company(25..40)];
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 20 removals, 20 consumed
    2: 5 removals
    ");
    assert!(world.removing[0].decided.iter().all(|one| one.approved));
}

#[test]
fn story_21_those_who_wait_count_towards_no_day() {
    let mut world = World::holding(&company(0..2_000));
    let texts = [400, 20, 20].map(|n| company(n..2_000));
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 400 held, users max_count 50: 400 of 2000, users max_percent 10: 400 of 2000
    2: 20 still held, 380 released
    3: 20 still held
    ");
    // The 20 and these 50 would be more than max_count.
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(70..2_000)))),
        @"50 removals, 20 still held");
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(71..2_000)))),
        @"1 held, 20 still held, users max_count 50: 51 of 2000 in a day");
}

#[test]
fn story_20_the_last_ones_do_not_leave_one_by_one_either() {
    let mut world = World::holding(&company(0..5));
    let texts = (1..5).map(|n| company(n..5)).collect::<Vec<_>>();
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 1 removals
    2: 1 removals
    3: 1 removals
    4: 1 held, users last_ones 1: 4 of 5 in a day
    ");
    // Of two people one may go, if there were never more.
    let mut world = World::holding(&company(0..2));
    insta::assert_snapshot!(runs(&mut world, 1, [company(1..2)]), @"1: 1 removals");
    // And with another day.
    let mut world = World::holding(&company(0..3));
    let texts = [company(1..3), company(2..3)];
    insta::assert_snapshot!(runs(&mut world, 25, texts), @r"
    1: 1 removals
    2: 1 removals
    ");
}

#[test]
fn story_20_the_last_ones_beside_those_who_were_approved_are_held_too() {
    let limits = Limits {
        floor: 50,
        max_count: 1_000,
        max_percent: 50,
    };
    let mut world = with_limits(&company(0..4), limits);
    world.rules.paused = true;
    world.run(&Reading::sealed(&company(2..4)));
    world.rules.paused = false;
    world.approve();
    // Two of four are approved; with one more a single one would be left.
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(3..4)))),
        @"2 removals, 1 held, 2 consumed, users last_ones 1: 1 of 4");
    // They are gone: of the four of this day one would be left.
    let mut after = with_limits(&company(2..4), limits);
    after.standing.day.base.users = 4;
    insta::assert_snapshot!(numbers(&after.run(&Reading::sealed(&company(3..4)))),
        @"1 held, users last_ones 1: 1 of 4 in a day");
}

#[test]
fn departments_leak_as_well_and_each_kind_has_its_own_day() {
    let teams = |from: usize| {
        let teams = (from..60).map(|n| format!("  {} Team {n}\n", n + 2));
        let people = (0..60).map(|n| format!("  - u{n:03} Person {n}\n"));
        "1 Acme\n".to_owned() + &teams.chain(people).collect::<String>()
    };
    // 61 departments: 6 are within 10 %, 8 are not.
    let mut world = World::holding(&teams(0));
    let texts = [2, 4, 6, 8].map(teams);
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 2 removals
    2: 2 removals
    3: 2 removals
    4: 2 held, departments max_percent 10: 8 of 61 in a day
    ");
    // Six departments are none of the people who go.
    let mut world = World::holding(&teams(0));
    world.run(&Reading::sealed(&teams(6)));
    let fewer = teams(6)
        .lines()
        .filter(|line| !["u000", "u001", "u002"].iter().any(|id| line.contains(id)))
        .map(|line| line.to_owned() + "\n")
        .collect::<String>();
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&fewer))), @"3 removals");
}

#[test]
fn a_day_of_people_holds_the_departments_of_the_same_run() {
    let head = "1 Acme\n  7 Law\n  8 Tax\n  9 Hr\n  2 Sales\n";
    let mut world = World::holding(&people_in(head, 0..40));
    world.run(&Reading::sealed(&people_in(head, 4..40)));
    let after = people_in("1 Acme\n  8 Tax\n  9 Hr\n  2 Sales\n", 8..40);
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&after))),
        @"5 held, users max_percent 10: 8 of 40 in a day");
}

#[test]
fn paused_deletions_are_said_to_be_paused_and_nothing_else() {
    let mut world = World::holding(&company(0..40));
    world.run(&Reading::sealed(&company(4..40)));
    world.rules.paused = true;
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&company(8..40)))),
        @"4 held, users paused 0: 4 of 36");
}

#[test]
fn story_1_the_same_numbers_with_what_the_day_had_already() {
    // 40 people, 3 vanish: passes, and so do 2 more; with a sixth it is 15 %.
    let mut world = World::holding(&company(0..40));
    let texts = [3, 5, 6].map(|n| company(n..40));
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 3 removals
    2: 2 removals
    3: 1 held, users max_percent 10: 6 of 40 in a day
    ");
    // 46 people, 44 vanish, two of them in an earlier run.
    let mut world = World::holding(&company(0..46));
    let texts = [company(0..44), company(0..2)];
    insta::assert_snapshot!(runs(&mut world, 1, texts), @r"
    1: 2 removals
    2: 42 held, users max_percent 10: 42 of 44, users max_percent 10: 44 of 46 in a day
    ");
}

#[test]
fn story_1_of_120_000_people_5_900_vanish_fifty_at_a_time() {
    // Only what vanishes is looked at; the others are a number.
    let mut world = World::holding(&company(0..102));
    let large = |world: &World, text: &str| {
        let reading = Reading::sealed(text);
        let mut plan = world.plan(&reading);
        plan.base.users = 120_000;
        world.judge(plan, &reading)
    };
    let first = large(&world, &company(50..102));
    assert_eq!(numbers(&first), "50 removals");
    assert_eq!(first.base.users, 120_000);
    let day = &mut world.standing.day;
    day.count_in(first.base, first.decided());
    for n in 0..50 {
        world.mirror.items.remove(&user(&format!("u{n:03}")));
    }
    let second = large(&world, &company(100..102));
    insta::assert_snapshot!(numbers(&second),
        @"50 held, users max_count 50: 100 of 120000 in a day");
}

#[test]
fn a_verdict_says_what_its_thresholds_measured_by() {
    let world = World::holding(&company(0..40));
    let verdict = world.judge_reading(&Reading::sealed(&company(4..45)));
    let base = Base {
        users: 40,
        departments: 2,
    };
    assert_eq!(verdict.base, base);
    assert_eq!(world.count(ItemKind::User), 40);
}

#[test]
fn a_rule_of_the_day_reads_like_this_in_the_store() {
    let mut world = World::holding(&company(0..40));
    world.run(&Reading::sealed(&company(4..40)));
    let verdict = world.run(&Reading::sealed(&company(8..40)));
    let rule = &verdict.tripped[0];
    assert_eq!(rule.limit, RuleLimit::MaxPercent);
    let text = serde_json::to_string(rule).unwrap();
    insta::assert_snapshot!(text.replace(r#","value""#, ",\n\"value\""), @r#"
    {"kind":"user","limit":"max_percent","window":"day",
    "value":10,"deletions":8,"base":40}
    "#);
}

//! An attribute that would be emptied for too many people stays (STORIES.md 25).

use org_model::ItemKind;
use org_plan::notation::{Reading, World};
use org_plan::{Item, Plan, Verdict, protect};

/// Twenty people, each with what stands behind these semicolons.
fn company(particulars: impl Fn(usize) -> String) -> String {
    let people = (0..20).map(|n| format!("  - u{n:03} Person {n}; {}\n", particulars(n)));
    "1 Acme\n".to_owned() + &people.collect::<String>()
}

fn people(world: &World, is: impl Fn(&org_model::DirectoryUser) -> bool) -> usize {
    let live = world.mirror.live(ItemKind::User);
    live.filter(|item| matches!(item, Item::User(user) if is(user)))
        .count()
}

fn tripped(verdict: &Verdict) -> Vec<String> {
    verdict.tripped.iter().map(ToString::to_string).collect()
}

/// The verdict without its guarded lines: those are one for everybody here.
fn but_for_the_guarded(verdict: &Verdict) -> String {
    assert_eq!(verdict.guarded.len(), 20, "{verdict}");
    let text = verdict.to_string();
    let lines = text.lines().filter(|line| !line.starts_with("guarded: "));
    lines.collect::<Vec<_>>().join("\n")
}

fn guarded(verdict: &Verdict) -> Vec<String> {
    let text = verdict.to_string();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("guarded: "));
    lines.map(str::to_owned).collect()
}

fn clearings(plan: &Plan) -> usize {
    let rows = plan.changes.iter().flat_map(|change| &change.changes);
    rows.filter(|row| row.after.is_none()).count()
}

#[test]
fn an_attribute_emptied_for_too_many_stays_and_the_rest_goes_on() {
    let mut world = World::holding(&company(|n| format!("mobile={n}")));
    let source = company(|n| {
        if n < 11 {
            "mobile=; title=x"
        } else {
            "mobile="
        }
        .to_owned()
    });
    let reading = Reading::sealed(&source);
    let verdict = world.run(&reading);
    assert_eq!(tripped(&verdict), ["users clearing 10: 20 of 20 (mobile)"]);
    assert_eq!(verdict.permitted.changes().len(), 11);
    assert_eq!(
        people(&world, |user| user.attributes.contains_key("mobile")),
        20
    );
    assert_eq!(
        people(&world, |user| user.attributes.contains_key("title")),
        11
    );
}

#[test]
fn what_was_withheld_is_planned_again_until_a_person_applies_that_plan() {
    let mut world = World::holding(&company(|n| format!("mobile={n}")));
    let reading = Reading::sealed(&company(|_| "mobile=".to_owned()));
    for _ in 0..2 {
        assert_eq!(clearings(&world.plan(&reading)), 20);
        assert_eq!(world.run(&reading).permitted.changes().len(), 0);
    }
    world.standing.applied_plan = Some(world.plan(&reading).fingerprint());
    let verdict = world.run(&reading);
    assert!(tripped(&verdict).is_empty());
    assert_eq!(
        people(&world, |user| user.attributes.contains_key("mobile")),
        0
    );
    assert_eq!(clearings(&world.plan(&reading)), 0);
}

#[test]
fn the_fingerprint_of_another_plan_lifts_nothing() {
    let mut world = World::holding(&company(|n| format!("mobile={n}")));
    let reading = Reading::sealed(&company(|_| "mobile=".to_owned()));
    let other = Reading::sealed(&company(|_| "mobile=; title=x".to_owned()));
    world.standing.applied_plan = Some(world.plan(&other).fingerprint());
    world.run(&reading);
    assert_eq!(
        people(&world, |user| user.attributes.contains_key("mobile")),
        20
    );
}

#[test]
fn up_to_the_floor_an_attribute_may_be_emptied() {
    let mut world = World::holding(&company(|n| format!("mobile={n}")));
    let mobile = |n: usize| {
        if n < 5 {
            "mobile=".to_owned()
        } else {
            format!("mobile={n}")
        }
    };
    let verdict = world.run(&Reading::sealed(&company(mobile)));
    assert!(tripped(&verdict).is_empty());
    assert_eq!(
        people(&world, |user| user.attributes.contains_key("mobile")),
        15
    );
}

#[test]
fn a_disable_keeps_the_values_that_its_companion_was_not_allowed_to_clear() {
    let mut world = World::holding(&company(|n| format!("active; mobile={n}")));
    let leaves = |n: usize| {
        if n == 3 {
            "disabled; mobile=; title=x"
        } else {
            "mobile="
        }
    };
    let reading = Reading::sealed(&company(|n| leaves(n).to_owned()));
    insta::assert_snapshot!(but_for_the_guarded(&world.run(&reading)), @r#"
    update user u003 "Person 3", title "x"
    disable user u003 "Person 3", status "active" -> "disabled"
    tripped: users clearing 10: 20 of 20 (mobile)
    "#);
    insta::assert_snapshot!(but_for_the_guarded(&world.run(&reading)),
        @"tripped: users clearing 10: 20 of 20 (mobile)");
    assert_eq!(
        people(&world, |user| user.attributes.contains_key("mobile")),
        20
    );
}

#[test]
fn a_disable_stands_alone_when_nothing_is_left_of_its_companion() {
    let mut world = World::holding(&company(|n| format!("active; mobile={n}")));
    let leaves = |n: usize| {
        if n == 3 {
            "disabled; mobile="
        } else {
            "mobile="
        }
    };
    let reading = Reading::sealed(&company(|n| leaves(n).to_owned()));
    insta::assert_snapshot!(but_for_the_guarded(&world.run(&reading)), @r#"
    disable user u003 "Person 3", status "active" -> "disabled"
    tripped: users clearing 10: 20 of 20 (mobile)
    "#);
    assert_eq!(
        people(&world, |user| user.attributes.contains_key("mobile")),
        20
    );
}

#[test]
fn an_expression_that_breaks_for_everybody_wipes_nothing_and_says_so() {
    let mut world = World::holding(&company(|n| format!("mobile={n}")));
    let verdict = world.run(&Reading::sealed(&company(|_| {
        "mobile=?expression_failed".to_owned()
    })));
    let rows = verdict
        .permitted
        .changes()
        .filter(|change| !change.is_refresh());
    assert!(
        rows.map(|row| row.note.clone().map(|note| note.code))
            .all(|code| { code.as_deref() == Some("values_kept") })
    );
    assert_eq!(
        people(&world, |user| user.attributes.contains_key("mobile")),
        20
    );
}

#[test]
fn references_to_people_are_no_attributes() {
    let mut world = World::holding(&company(|_| "reports=boss".to_owned()));
    let verdict = world.run(&Reading::sealed(&company(|_| "reports=".to_owned())));
    assert!(tripped(&verdict).is_empty());
    assert_eq!(people(&world, |user| user.direct_leaders.is_empty()), 20);
}

#[test]
fn whoever_keeps_a_value_is_told_of_person_by_person_in_every_run() {
    let mut world = World::holding(&company(|n| format!("mobile={n}; title=t{n}")));
    // Three titles go as well: they are few, and no part of what the guard keeps.
    let source = company(|n| {
        let title = if n < 3 { "title=" } else { "title=new" };
        if n < 6 {
            format!("mobile=; {title}")
        } else {
            format!("mobile={n}; title=t{n}")
        }
    });
    let reading = Reading::sealed(&source);
    let verdict = world.run(&reading);
    assert_eq!(tripped(&verdict), ["users clearing 10: 6 of 20 (mobile)"]);
    assert_eq!(verdict.permitted.changes().len(), 6);
    let first = guarded(&verdict);
    assert_eq!(first.len(), 6);
    assert_eq!(first[0], r#"user u000 "Person 0", mobile "0" -> -"#);
    assert_eq!(verdict.guarded[5].item.id(), "u005");
    let rows: Vec<_> = verdict
        .guarded
        .iter()
        .map(|one| one.changes.len())
        .collect();
    assert_eq!(rows, [1; 6]);
    // Every run says so while it lasts, and none once it is over.
    assert_eq!(guarded(&world.run(&reading)), first);
    let back = Reading::sealed(&company(|n| format!("mobile={n}")));
    assert_eq!(guarded(&world.run(&back)), Vec::<String>::new());
}

#[test]
fn an_applied_plan_keeps_nobody_and_few_clearings_neither() {
    let world = World::holding(&company(|n| format!("mobile={n}")));
    let few = |n: usize| format!("mobile={}", if n < 5 { "" } else { "7" });
    let verdict = world.judge_reading(&Reading::sealed(&company(few)));
    assert_eq!(guarded(&verdict), Vec::<String>::new());
    let reading = Reading::sealed(&company(|_| "mobile=".to_owned()));
    let plan = world.plan(&reading);
    let mut standing = world.standing.clone();
    standing.applied_plan = Some(plan.fingerprint());
    let verdict = protect(plan, &world.rules, &standing, &|key| reading.shows(key));
    assert_eq!(guarded(&verdict), Vec::<String>::new());
    assert_eq!(verdict.permitted.changes().len(), 20);
}

#[test]
fn what_would_give_way_to_a_default_is_told_of_with_the_default() {
    let mut world = World::holding(&company(|n| format!("title=t{n}")));
    let reading = Reading::sealed(&company(|_| "title=; or_title=staff".to_owned()));
    let verdict = world.run(&reading);
    assert_eq!(tripped(&verdict), ["users clearing 10: 20 of 20 (title)"]);
    assert_eq!(
        guarded(&verdict)[7],
        r#"user u007 "Person 7", title "t7" -> "staff""#
    );
    assert_eq!(
        people(&world, |user| user.attributes["title"] != "staff"),
        20
    );
}

//! An attribute that would be emptied for too many people stays (STORIES.md 25).

use org_model::ItemKind;
use org_plan::notation::{Reading, World};
use org_plan::{Item, Plan, Verdict};

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
    insta::assert_snapshot!(world.run(&reading), @r#"
    update user u003 "Person 3", title "x"
    disable user u003 "Person 3", status "active" -> "disabled"
    tripped: users clearing 10: 20 of 20 (mobile)
    "#);
    insta::assert_snapshot!(world.run(&reading), @"tripped: users clearing 10: 20 of 20 (mobile)");
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
    insta::assert_snapshot!(world.run(&reading), @r#"
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

//! What a change of the mapping does to the people it maps: rules that go, that come back, and
//! the values that stand in where there is none.

use org_model::ItemKind;
use org_plan::notation::{Reading, World};
use org_plan::{Item, Verdict};

/// Twenty people, each with what stands behind these semicolons.
fn company(particulars: impl Fn(usize) -> String) -> String {
    let people = (0..20).map(|n| format!("  - u{n:03} Person {n}; {}\n", particulars(n)));
    "1 Acme\n".to_owned() + &people.collect::<String>()
}

fn people_with(world: &World, attribute: &str) -> usize {
    let live = world.mirror.live(ItemKind::User);
    live.filter(|item| matches!(item, Item::User(u) if u.attributes.contains_key(attribute)))
        .count()
}

fn attribute_rows(verdict: &Verdict) -> usize {
    let changes = verdict.permitted.changes();
    changes.map(|change| change.changes.len()).sum()
}

#[test]
fn a_rule_that_is_taken_out_goes_from_everybody_once_its_plan_is_applied() {
    let with = Reading::sealed(&company(|n| format!("title=x; shoe={n}")));
    let without = Reading::sealed(&company(|_| "title=x".to_owned()));
    let mut world = World::default();
    world.run(&with);
    // Settings that were put without their mapping would empty everybody: a person says so.
    let verdict = world.run(&without);
    assert_eq!(verdict.tripped.len(), 1);
    assert_eq!(attribute_rows(&verdict), 0);
    assert_eq!(people_with(&world, "shoe"), 20);
    world.standing.applied_plan = Some(world.plan(&without).fingerprint());
    let verdict = world.run(&without);
    world.standing.applied_plan = None;
    assert!(verdict.tripped.is_empty());
    assert_eq!(attribute_rows(&verdict), 20);
    assert_eq!(people_with(&world, "shoe"), 0);
    assert_eq!(people_with(&world, "title"), 20);
    insta::assert_snapshot!(world.plan(&without), @"sealed, 21 unchanged");
    world.run(&with);
    assert_eq!(people_with(&world, "shoe"), 20);
}

#[test]
fn a_rule_that_is_taken_out_goes_in_an_unsealed_run_too() {
    let mut world = World::holding("1 Acme\n  - an An; title=Boss; shoe=43");
    let mut reading = Reading::sealed("1 Acme\n  - an An; title=");
    reading.sealed = false;
    insta::assert_snapshot!(world.run(&reading), @r#"update user an "An", shoe "43" -> -"#);
    insta::assert_snapshot!(world.mirror, @r#"
    user an "An" active in [1] {"title":"Boss"}
    department 1 "Acme" live in []
    "#);
}

#[test]
fn whoever_is_not_in_the_reading_keeps_what_they_have() {
    let mut world = World::holding("1 Acme\n  - an An; shoe=43\n  - bo Bo; shoe=44");
    let mut reading = Reading::sealed("1 Acme\n  - an An");
    reading.sealed = false;
    world.run(&reading);
    insta::assert_snapshot!(world.mirror, @r#"
    user an "An" active in [1]
    user bo "Bo" active in [1] {"shoe":"44"}
    department 1 "Acme" live in []
    "#);
}

#[test]
fn the_guard_holds_for_the_rules_that_stand_and_for_those_that_went() {
    let mut world = World::default();
    world.run(&Reading::sealed(&company(|n| {
        format!("mobile={n}; shoe={n}")
    })));
    let verdict = world.run(&Reading::sealed(&company(|_| "mobile=".to_owned())));
    assert_eq!(verdict.tripped.len(), 2);
    assert_eq!(people_with(&world, "mobile"), 20);
    assert_eq!(people_with(&world, "shoe"), 20);
}

/// What becomes of a person with this title when the reading says that.
fn drawn(held: &str, says: &str, sealed: bool) -> String {
    let mut world = World::holding(&format!("1 Acme\n  - an An; title={held}"));
    let mut reading = Reading::sealed(&format!("1 Acme\n  - an An; title={says}; or_title=Staff"));
    reading.sealed = sealed;
    world.run(&reading);
    let quiet = world.plan(&reading).changes.is_empty();
    let title = world
        .mirror
        .live(ItemKind::User)
        .find_map(|item| match item {
            Item::User(user) => user.attributes.get("title"),
            Item::Department(_) => None,
        });
    format!(
        "{}{}",
        title.map(ToString::to_string).unwrap_or_default(),
        if quiet { "" } else { ", again" }
    )
}

#[test]
fn a_default_stands_in_for_what_is_empty_and_never_over_what_was_not_read() {
    assert_eq!(drawn("Boss", "Chief", true), r#""Chief""#);
    assert_eq!(drawn("Boss", "", true), r#""Staff""#, "proved empty");
    assert_eq!(drawn("", "", true), r#""Staff""#);
    for code in ["?absent", "?withheld", "?expression_failed"] {
        assert_eq!(drawn("Boss", code, true), r#""Boss""#, "{code}");
        assert_eq!(drawn("", code, true), r#""Staff""#, "{code}");
        assert_eq!(drawn("Boss", code, false), r#""Boss""#, "{code}");
        assert_eq!(drawn("", code, false), r#""Staff""#, "{code}");
    }
}

#[test]
fn a_default_takes_no_value_away_in_an_unsealed_run() {
    assert_eq!(drawn("Boss", "", false), r#""Boss""#);
    assert_eq!(drawn("", "", false), r#""Staff""#);
    assert_eq!(drawn("Staff", "", false), r#""Staff""#);
}

#[test]
fn a_new_person_without_a_value_starts_with_the_default() {
    let mut world = World::default();
    let verdict = world.run(&Reading::sealed(
        "1 Acme\n  - an An; title=?withheld; or_title=Staff\n  - bo Bo; title=; or_title=Staff",
    ));
    insta::assert_snapshot!(verdict, @r#"
    create department 1 "Acme", order 0
    create user an "An", departments [1], status "active", title "Staff"
    create user bo "Bo", departments [1], status "active", title "Staff"
    "#);
}

#[test]
fn a_default_that_changes_reaches_those_who_have_it_by_an_empty_value() {
    let text = |default: &'static str| {
        company(move |n| match n {
            0 => format!("title=; or_title={default}"),
            _ => format!("title=Boss; or_title={default}"),
        })
    };
    let mut world = World::default();
    world.run(&Reading::sealed(&text("Staff")));
    insta::assert_snapshot!(
        world.run(&Reading::sealed(&text("Crew"))),
        @r#"update user u000 "Person 0", title "Staff" -> "Crew""#
    );
}

#[test]
fn values_of_their_own_that_give_way_to_a_default_are_guarded_like_clearings() {
    let mut world = World::holding(&company(|n| format!("title=T{n}")));
    let reading = Reading::sealed(&company(|_| "title=; or_title=Staff".to_owned()));
    let verdict = world.run(&reading);
    let tripped: Vec<String> = verdict.tripped.iter().map(ToString::to_string).collect();
    assert_eq!(tripped, ["users clearing 10: 20 of 20 (title)"]);
    assert_eq!(verdict.permitted.changes().len(), 0);
    world.standing.applied_plan = Some(world.plan(&reading).fingerprint());
    assert!(world.run(&reading).tripped.is_empty());
    assert!(world.plan(&reading).changes.is_empty());
}

/// Nobody can tell an older default from a value that many people share: a person says so.
#[test]
fn another_default_for_many_waits_until_its_plan_is_applied() {
    let mut world = World::default();
    let staff = Reading::sealed(&company(|_| "title=; or_title=Staff".to_owned()));
    world.run(&staff);
    let crew = Reading::sealed(&company(|_| "title=; or_title=Crew".to_owned()));
    let verdict = world.run(&crew);
    assert_eq!(verdict.tripped.len(), 1);
    assert_eq!(attribute_rows(&verdict), 0);
    world.standing.applied_plan = Some(world.plan(&crew).fingerprint());
    let verdict = world.run(&crew);
    assert!(verdict.tripped.is_empty());
    assert_eq!(attribute_rows(&verdict), 20);
}

/// A field that everybody had filled alike is emptied: the default does not take its place.
#[test]
fn a_value_that_everybody_shares_does_not_give_way_to_a_default_either() {
    let mut world = World::holding(&company(|_| "title=Clerk".to_owned()));
    let reading = Reading::sealed(&company(|_| "title=; or_title=Staff".to_owned()));
    assert_eq!(world.run(&reading).tripped.len(), 1);
    assert_eq!(people_with(&world, "title"), 20);
    assert!(
        world.plan(&reading).changes.len() >= 19,
        "it is looked at again"
    );
}

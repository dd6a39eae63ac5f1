//! Conflicts that an administrator resolved: what the next run makes of the word (ADR 0021).

use org_model::{AbsenceAnswer, InternalId, ItemKey, ItemState, UserId, UserKey};
use org_plan::notation::{Other, Reading, World};
use org_plan::{Action, Heard, Item, Resolution, Verdict};

const OTHERS: &str = "  - k0 Keep\n  - k1 Keep\n  - k2 Keep\n";

fn company(people: &str) -> String {
    let people = people.lines().map(|line| format!("  {}\n", line.trim()));
    format!("1 Acme\n{OTHERS}{}", people.collect::<String>())
}

fn sealed(people: &str) -> Reading {
    Reading::sealed(&company(people))
}

fn unsealed(people: &str) -> Reading {
    Reading::unsealed(&company(people))
}

fn user(userid: &str) -> UserKey {
    UserId::new(userid).key()
}

fn item<'a>(world: &'a World, userid: &str) -> &'a Item {
    &world.mirror.items[&ItemKey::User(user(userid))]
}

fn id(world: &World, userid: &str) -> InternalId {
    item(world, userid).internal_id().clone()
}

fn is_there(world: &World, userid: &str) -> bool {
    world
        .mirror
        .items
        .contains_key(&ItemKey::User(user(userid)))
}

/// An's userid was given to somebody of another name, and An's record moved aside.
fn reused() -> (World, InternalId) {
    let mut world = World::holding(&company("- an An; title=Boss; mobile=1"));
    let an = id(&world, "an");
    world.run(&sealed(""));
    world.pass_hours(24);
    let verdict = world.run(&sealed("- an Anna; title=Chief"));
    assert_eq!(codes(&verdict), ["userid_reused"]);
    assert_eq!(world.mirror.aside.len(), 1);
    (world, an)
}

/// Everybody was detached, and An comes back under another name.
fn detached() -> (World, InternalId) {
    let mut world = World::holding(&company("- an An; title=Boss"));
    let an = id(&world, "an");
    if let Some(Item::User(user)) = world.mirror.items.get_mut(&ItemKey::User(user("an"))) {
        user.detached = true;
    }
    let verdict = world.run(&sealed("- an Anna; title=Boss"));
    let refused = verdict.permitted.refused().iter();
    let refused: Vec<&str> = refused.map(|kept| kept.note.code.as_str()).collect();
    assert_eq!(refused, ["name_conflict"]);
    (world, an)
}

/// An's userid became Wang.An; the old record waits as a suspected rename.
fn renamed() -> (World, InternalId) {
    let mut world = World::holding(&company("- an An; mobile=1; title=Boss"));
    let an = id(&world, "an");
    let verdict = world.run(&sealed("- wang.an An; mobile=1"));
    assert_eq!(verdict.held.len(), 1, "{verdict}");
    assert!(is_there(&world, "an") && is_there(&world, "wang.an"));
    (world, an)
}

fn codes(verdict: &Verdict) -> Vec<String> {
    let changes = verdict.permitted.changes();
    changes
        .filter_map(|change| Some(change.note.as_ref()?.code.clone()))
        .collect()
}

/// A verdict with each note on a line of its own.
fn told(verdict: &Verdict) -> String {
    verdict
        .to_string()
        .replace(" [", "\n  [")
        .replace("s\n  [1]", "s [1]")
}

/// What the last run did about the only thing that was said.
fn heard(world: &World) -> &'static str {
    assert_eq!(world.heard.len(), 1);
    match world.heard.values().next() {
        Some(Heard::Planned) => "planned",
        Some(Heard::Done) => "done",
        Some(Heard::Later) => "later",
        Some(Heard::Stale(note)) => {
            assert_eq!(note.code, "resolution_stale");
            "stale"
        }
        None => "nothing",
    }
}

/// Runs that find nothing to do any more: what was said is forgotten.
fn assert_quiet(world: &mut World, reading: &Reading) {
    assert!(world.said.is_empty());
    world.pass_hours(1);
    let plan = world.plan(reading);
    let nothing = plan.changes.is_empty() && plan.removals.is_empty() && plan.refused.is_empty();
    assert!(nothing, "{plan}");
    assert!(world.run(reading).still_held.is_empty());
}

#[test]
fn same_gives_a_reused_userid_the_internal_id_of_the_record_aside() {
    let (mut world, an) = reused();
    let anna = id(&world, "an");
    let reading = sealed("- an Anna; title=Chief");
    world.say("an", Resolution::Same, Other::Aside);
    let verdict = world.run(&reading);
    let text = told(&verdict).replace(an.as_str(), "<an>");
    let text = text.replace(anna.as_str(), "<anna>");
    insta::assert_snapshot!(text, @r#"
    update user an "Anna", internal_id "<anna>" -> "<an>", mobile "1"
      [resolved_same]
    "#);
    assert_eq!(id(&world, "an"), an);
    assert!(world.mirror.aside.is_empty());
    assert_eq!(heard(&world), "planned");
    assert_quiet(&mut world, &reading);
}

#[test]
fn whatever_the_reading_does_not_tell_comes_from_the_earlier_record() {
    let (mut world, _) = reused();
    world.say("an", Resolution::Same, Other::Aside);
    world.run(&sealed("- an Anna; title=Chief; mobile=?withheld"));
    let Item::User(an) = item(&world, "an") else {
        panic!("a person")
    };
    assert_eq!(
        an.attributes["mobile"], "1",
        "withheld: the earlier value stays"
    );
    assert_eq!(
        an.attributes["title"], "Chief",
        "told: the reading's value counts"
    );
}

#[test]
fn a_value_that_is_proven_empty_does_not_come_back_with_the_earlier_record() {
    let (mut world, _) = reused();
    world.say("an", Resolution::Same, Other::Aside);
    world.run(&sealed("- an Anna; title=Chief; mobile="));
    let Item::User(an) = item(&world, "an") else {
        panic!("a person")
    };
    assert!(!an.attributes.contains_key("mobile"));
}

#[test]
fn same_adopts_a_detached_person_whatever_the_name() {
    let (mut world, an) = detached();
    let reading = sealed("- an Anna; title=Boss");
    world.say("an", Resolution::Same, Other::Detached);
    insta::assert_snapshot!(told(&world.run(&reading)), @r#"
    adopt user an "Anna", name "An" -> "Anna", detached true -> -
      [resolved_same]
    "#);
    assert_eq!((id(&world, "an"), heard(&world)), (an, "planned"));
    assert_quiet(&mut world, &reading);
}

#[test]
fn new_moves_the_detached_record_aside_and_makes_one_of_their_own() {
    let (mut world, an) = detached();
    let reading = sealed("- an Anna; title=Boss");
    world.say("an", Resolution::New, Other::Detached);
    insta::assert_snapshot!(told(&world.run(&reading)), @r#"
    create user an "Anna" (displaces), departments [1], status "active", title "Boss"
      [resolved_new]
    "#);
    assert_ne!(id(&world, "an"), an);
    assert_eq!(world.mirror.aside[0].internal_id(), &an);
    assert_eq!(world.mirror.aside[0].name(), "An");
    assert_eq!(heard(&world), "planned");
    assert_quiet(&mut world, &reading);
}

#[test]
fn who_was_said_to_be_new_can_still_be_said_to_be_the_same() {
    let (mut world, an) = detached();
    let reading = sealed("- an Anna; title=Boss");
    world.say("an", Resolution::New, Other::Detached);
    world.run(&reading);
    world.say("an", Resolution::Same, Other::Aside);
    world.run(&reading);
    assert_eq!(id(&world, "an"), an);
    assert!(world.mirror.aside.is_empty());
    assert_quiet(&mut world, &reading);
}

#[test]
fn same_joins_a_suspected_rename_under_the_new_userid_and_the_old_internal_id() {
    let (mut world, an) = renamed();
    let new = id(&world, "wang.an");
    let reading = sealed("- wang.an An; mobile=1");
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    let verdict = world.run(&reading);
    let text = told(&verdict).replace(an.as_str(), "<an>");
    let text = text.replace(new.as_str(), "<new>");
    insta::assert_snapshot!(text, @r#"
    update user wang.an "An", internal_id "<new>" -> "<an>", title "Boss"
      [resolved_same]
    detaching: delete user an "An" (now wang.an?)
    "#);
    assert_eq!((id(&world, "wang.an"), heard(&world)), (an, "planned"));
    assert!(!is_there(&world, "an"));
    assert_quiet(&mut world, &reading);
}

#[test]
fn new_leaves_two_people_as_they_are() {
    let (mut world, an) = renamed();
    let reading = sealed("- wang.an An; mobile=1");
    world.say("wang.an", Resolution::New, Other::Renamed(user("an")));
    let verdict = world.run(&reading);
    assert_eq!(
        (verdict.permitted.changes().len(), heard(&world)),
        (0, "done")
    );
    assert_eq!((id(&world, "an"), verdict.still_held.len()), (an, 1));
    let (mut world, _) = reused();
    world.say("an", Resolution::New, Other::Aside);
    let verdict = world.run(&sealed("- an Anna; title=Chief"));
    assert_eq!(
        (verdict.permitted.changes().len(), heard(&world)),
        (0, "done")
    );
    assert_eq!(world.mirror.aside.len(), 1);
}

/// The run died after it had written and before it could say so.
#[test]
fn a_word_that_is_heard_twice_is_done() {
    for (case, other) in [
        (reused(), Other::Aside),
        (detached(), Other::Detached),
        (renamed(), Other::Renamed(user("an"))),
    ] {
        let (mut world, an) = case;
        let userid = if is_there(&world, "wang.an") {
            "wang.an"
        } else {
            "an"
        };
        let reading = sealed(&format!("- {userid} Anna; mobile=1"));
        world.say(userid, Resolution::Same, other);
        let said = world.said.clone();
        world.run(&reading);
        assert_eq!((heard(&world), id(&world, userid)), ("planned", an.clone()));
        world.said = said;
        let verdict = world.run(&reading);
        assert_eq!((heard(&world), id(&world, userid)), ("done", an));
        assert_eq!(verdict.permitted.changes().len(), 0);
    }
}

#[test]
fn the_word_goes_with_the_changes_of_the_same_reading() {
    let (mut world, an) = renamed();
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    let verdict = world.run(&sealed("- wang.an An; mobile=2; disabled"));
    let actions: Vec<Action> = permitted(&verdict).map(|(action, _)| action).collect();
    assert_eq!(actions, [Action::Update, Action::Disable]);
    assert!(permitted(&verdict).all(|(_, id)| id == an));
    assert_quiet(&mut world, &sealed("- wang.an An; mobile=2; disabled"));
}

fn permitted(verdict: &Verdict) -> impl Iterator<Item = (Action, InternalId)> {
    let permitted = &verdict.permitted;
    let all = permitted.changes().chain(permitted.removals());
    all.map(|change| (change.action, change.after.internal_id().clone()))
}

/// Nothing but what an ordinary run would have done.
fn assert_changes_nothing(world: &mut World, reading: &Reading, expected: &str) {
    let mut silent = world.clone();
    silent.said.clear();
    let ordinary = silent.run(reading).to_string();
    assert_eq!(world.run(reading).to_string(), ordinary);
    assert_eq!(heard(world), expected);
    assert_eq!(world.said.is_empty(), expected != "later");
    assert_eq!(world.mirror, silent.mirror);
}

#[test]
fn a_word_about_a_record_that_is_gone_is_stale() {
    let (mut world, _) = reused();
    world.say("an", Resolution::Same, Other::Aside);
    world.mirror.aside.clear();
    assert_changes_nothing(&mut world, &sealed("- an Anna; title=Chief"), "stale");
    let (mut world, _) = renamed();
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    world.mirror.items.remove(&ItemKey::User(user("an")));
    assert_changes_nothing(&mut world, &sealed("- wang.an An; mobile=1"), "stale");
}

#[test]
fn a_word_about_another_internal_id_is_stale() {
    for (case, other) in [
        (detached(), Other::Detached),
        (renamed(), Other::Renamed(user("an"))),
    ] {
        let (mut world, _) = case;
        let userid = if is_there(&world, "wang.an") {
            "wang.an"
        } else {
            "an"
        };
        world.say(userid, Resolution::Same, other);
        world
            .said
            .values_mut()
            .for_each(|said| said.internal_id = InternalId::new("another"));
        let reading = sealed(&format!("- {userid} Anna; mobile=1"));
        assert_changes_nothing(&mut world, &reading, "stale");
    }
}

#[test]
fn a_word_about_a_userid_that_is_not_shown_is_stale_once_that_is_certain() {
    for choice in [Resolution::Same, Resolution::New] {
        let (mut world, _) = detached();
        world.say("an", choice, Other::Detached);
        assert_changes_nothing(&mut world, &unsealed(""), "later");
        assert_changes_nothing(&mut world, &sealed(""), "stale");
    }
    let (mut world, _) = reused();
    world.say("an", Resolution::Same, Other::Aside);
    assert_changes_nothing(&mut world, &sealed(""), "stale");
}

#[test]
fn a_detached_person_who_was_adopted_by_name_meanwhile_needs_no_word() {
    for (choice, expected) in [(Resolution::Same, "done"), (Resolution::New, "stale")] {
        let (mut world, _) = detached();
        world.say("an", choice, Other::Detached);
        let said = std::mem::take(&mut world.said);
        world.run(&sealed("- an An; title=Boss"));
        world.said = said;
        assert_changes_nothing(&mut world, &sealed("- an Anna; title=Boss"), expected);
    }
}

#[test]
fn a_person_whose_old_userid_is_shown_again_is_two_people() {
    let (mut world, _) = renamed();
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    let both = "- an An; mobile=1; title=Boss\n- wang.an An; mobile=1";
    assert_changes_nothing(&mut world, &sealed(both), "stale");
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    let both = "- an An; mobile=1; title=Chief\n- wang.an An; mobile=1";
    assert_changes_nothing(&mut world, &sealed(both), "stale");
    assert_eq!(item(&world, "an").state(), ItemState::Live);
}

#[test]
fn an_unsealed_reading_joins_nobody_who_may_still_be_there() {
    let (mut world, _) = renamed();
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    let reading = "- wang.an An; mobile=1";
    assert_changes_nothing(&mut world, &unsealed(reading), "later");
    world.run(&sealed(reading));
    assert_eq!(heard(&world), "planned");
}

#[test]
fn an_old_userid_that_may_be_in_use_out_of_sight_is_not_joined() {
    for (answer, expected) in [
        (AbsenceAnswer::OutOfRange, "stale"),
        (AbsenceAnswer::Unknown, "later"),
        (AbsenceAnswer::Absent, "planned"),
    ] {
        let (mut world, _) = renamed();
        // It waits no more, so it is asked about by name.
        world.standing.waiting.clear();
        world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
        let reading = sealed("- wang.an An; mobile=1").answering(answer);
        if expected == "planned" {
            world.run(&reading);
            assert_eq!((heard(&world), is_there(&world, "an")), (expected, false));
        } else {
            assert_changes_nothing(&mut world, &reading, expected);
        }
    }
}

#[test]
fn a_record_that_is_joined_is_nobodys_removal_and_leaves_its_department_for_this_run() {
    let text = |people: &str| format!("1 Acme\n  4 Hr\n  5 Law\n    - k5 Keep\n{OTHERS}{people}");
    let mut world = World::holding(&format!(
        "1 Acme\n  4 Hr\n  5 Law\n    - k5 Keep\n  6 Tax\n    - an An; mobile=1\n{OTHERS}"
    ));
    let reading = Reading::sealed(&text("  - wang.an An; mobile=1\n"));
    world.run(&reading);
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    let verdict = world.run(&reading);
    // Should the write of the join fail, An would stand in a department that is gone.
    assert_eq!(verdict.permitted.removals().len(), 0, "{verdict}");
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
    let verdict = world.run(&reading);
    let removed: Vec<String> = verdict
        .permitted
        .removals()
        .map(|c| c.to_string())
        .collect();
    assert_eq!(removed, [r#"delete department 6 "Tax""#]);
    assert_quiet(&mut world, &reading);
}

#[test]
fn two_userids_are_not_both_the_same_person() {
    let mut world = World::holding(&company("- an An; mobile=1"));
    let an = id(&world, "an");
    let reading = sealed("- n1 An; mobile=1\n- n2 An; mobile=1");
    world.run(&reading);
    for new in ["n1", "n2"] {
        world.say(new, Resolution::Same, Other::Renamed(user("an")));
    }
    world.run(&reading);
    assert_eq!(world.heard[&user("n1")], Heard::Planned);
    assert!(matches!(&world.heard[&user("n2")], Heard::Stale(_)));
    assert_eq!(id(&world, "n1"), an);
    assert_ne!(id(&world, "n2"), an);
    assert_quiet(&mut world, &reading);
}

#[test]
fn whoever_is_not_created_yet_is_joined_by_the_next_run() {
    let (mut world, an) = renamed();
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    world.mirror.items.remove(&ItemKey::User(user("wang.an")));
    let reading = sealed("- wang.an An; mobile=1");
    world.run(&reading);
    assert_eq!(
        (heard(&world), is_there(&world, "wang.an")),
        ("later", true)
    );
    world.run(&reading);
    assert_eq!((heard(&world), id(&world, "wang.an")), ("planned", an));
}

#[test]
fn an_approved_deletion_that_is_joined_is_not_deleted() {
    let (mut world, an) = renamed();
    world.approve();
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    let reading = sealed("- wang.an An; mobile=1");
    let verdict = world.run(&reading);
    assert_eq!(verdict.permitted.removals().len(), 0);
    assert_eq!((id(&world, "wang.an"), verdict.consumed.len()), (an, 0));
    assert!(world.standing.approved.is_empty());
}

#[test]
fn who_was_deleted_by_approval_can_still_be_joined() {
    let (mut world, an) = renamed();
    world.approve();
    let reading = sealed("- wang.an An; mobile=1");
    world.run(&reading);
    assert_eq!(item(&world, "an").state(), ItemState::Deleted);
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    world.run(&reading);
    assert_eq!((id(&world, "wang.an"), is_there(&world, "an")), (an, false));
    assert_quiet(&mut world, &reading);
}

#[test]
fn who_was_deleted_by_approval_and_returns_is_two_people() {
    let (mut world, an) = renamed();
    world.approve();
    world.run(&sealed("- wang.an An; mobile=1"));
    world.say("wang.an", Resolution::Same, Other::Renamed(user("an")));
    let both = sealed("- an An; mobile=1\n- wang.an An; mobile=1");
    assert_changes_nothing(&mut world, &both, "stale");
    assert_eq!(id(&world, "an"), an, "restored as ever");
}

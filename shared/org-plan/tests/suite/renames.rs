//! Suspected renames: somebody goes, somebody of the same name comes (DESIGN.md §5).

use org_model::{AbsenceAnswer, Intent, ItemKey, UserId};
use org_plan::notation::{Reading, World};
use org_plan::{Item, Plan};
use serde_json::{Value, json};

/// People beside the two that stay; the company has a department 2.
fn company(people: &str) -> String {
    let people = people.lines().map(|line| format!("  {}\n", line.trim()));
    let people: String = people.collect();
    format!("1 Acme\n  2 Law\n    - k0 Keep\n    - k1 Keep\n  3 Tax\n    - k2 Keep\n{people}")
}

fn key(userid: &str) -> ItemKey {
    ItemKey::User(UserId::new(userid).key())
}

fn told(plan: &Plan) -> String {
    let renames = plan.renames.iter();
    let renames: Vec<String> = renames.map(|(old, new)| format!("{old} {new}")).collect();
    renames.join(", ")
}

/// Who would be deleted, and who may be the same person.
fn suspected(before: &str, after: &str) -> String {
    let world = World::holding(&company(before));
    told(&world.plan(&Reading::sealed(&company(after))))
}

#[test]
fn an_equal_name_with_an_equal_mobile_mail_or_main_department_is_suspected() {
    let suspected = |particulars: &str| {
        suspected(
            &format!("- an An Wang; {particulars}"),
            &format!("- wang.an An Wang; {particulars}"),
        )
    };
    assert_eq!(suspected("mobile=1"), "an wang.an");
    assert_eq!(suspected("mail=an@example.com"), "an wang.an");
    assert_eq!(suspected("main"), "an wang.an");
    assert_eq!(suspected("active"), "", "a name alone is not enough");
    assert_eq!(suspected("title=Boss"), "", "a title is no contact");
}

#[test]
fn another_name_is_another_person_whatever_else_is_equal() {
    let after = |name: &str| format!("- new {name}; mobile=1; main");
    let before = "- an An Wang; mobile=1; main";
    assert_eq!(suspected(before, &after("An Wang")), "an new");
    assert_eq!(suspected(before, &after("An Li")), "");
    assert_eq!(suspected(before, &after("an wang")), "", "case counts");
    assert_eq!(suspected(before, &after("AnWang")), "");
}

#[test]
fn white_space_around_a_name_or_a_value_does_not_count() {
    let mut world = World::holding(&company("- an An Wang; mobile=1"));
    if let Some(Item::User(an)) = world.mirror.items.get_mut(&key("an")) {
        an.name = "  An Wang\t".to_owned();
        an.attributes.insert("mobile".to_owned(), json!(" 1 "));
    }
    let reading = Reading::sealed(&company("- new An Wang; mobile=1"));
    assert_eq!(told(&world.plan(&reading)), "an new");
}

/// What is suspected when both have this value.
fn suspected_by(value: &Value) -> String {
    let mut world = World::holding(&company("- an An"));
    if let Some(Item::User(an)) = world.mirror.items.get_mut(&key("an")) {
        an.attributes.insert("mobile".to_owned(), value.clone());
    }
    let reading = Reading::sealed(&company("- new An"));
    let plan = world.plan_from(&reading, |input| {
        let new = input.people.get_mut(&UserId::new("new").key()).unwrap();
        let read = Intent::Set(value.clone());
        new.attributes.insert("mobile".to_owned(), read);
    });
    told(&plan)
}

#[test]
fn an_empty_value_is_nobodys() {
    assert_eq!(suspected("- an An; mobile=", "- new An; mobile="), "");
    for value in [json!(null), json!(""), json!("  "), json!([]), json!({})] {
        assert_eq!(suspected_by(&value), "", "{value}");
    }
    for value in [json!("1"), json!(1), json!(["1", "2"])] {
        assert_eq!(suspected_by(&value), "an new", "{value}");
    }
}

#[test]
fn values_are_compared_within_one_attribute() {
    assert_eq!(suspected("- an An; mobile=1", "- new An; mail=1"), "");
}

#[test]
fn which_attributes_hold_a_contact_is_the_mappings_word() {
    let mut world = World::holding(&company("- an An; mobile=1; title=x"));
    let reading = Reading::sealed(&company("- new An; mobile=1; title=x"));
    for (named, told_of) in [("title", "an new"), ("shoe", ""), ("mobile", "an new")] {
        world.contact_attributes = [named.to_owned()].into();
        assert_eq!(told(&world.plan(&reading)), told_of, "{named}");
    }
}

#[test]
fn a_default_that_both_have_for_want_of_a_value_is_no_contact() {
    let nothing = "mobile=; or_mobile=none";
    assert_eq!(
        suspected(
            &format!("- an An; {nothing}"),
            &format!("- new An; {nothing}")
        ),
        ""
    );
}

#[test]
fn an_unknown_main_department_is_equal_to_none() {
    assert_eq!(suspected("- an An", "- new An"), "");
    assert_eq!(suspected("- an An; main", "- new An"), "");
    assert_eq!(suspected("- an An", "- new An; main"), "");
    assert_eq!(
        suspected("- an An; main", "- new An; in=2; main"),
        "",
        "another one"
    );
}

#[test]
fn of_two_newcomers_the_one_with_the_contact_is_meant_and_then_the_first() {
    let before = "- an An; mobile=1; main";
    let contact = "- aa An; main\n- zz An; mobile=1";
    assert_eq!(suspected(before, contact), "an zz");
    let alike = "- cc An; mobile=1\n- bb An; mobile=1";
    assert_eq!(suspected(before, alike), "an bb");
}

#[test]
fn two_who_vanish_are_both_suspected() {
    let before = "- an An; mobile=1\n- bo An; mobile=1";
    assert_eq!(suspected(before, "- new An; mobile=1"), "an new, bo new");
    let two = "- n1 An; mobile=1\n- n2 An; mobile=1";
    assert_eq!(
        suspected(before, two),
        "an n1, bo n2",
        "each their own where possible"
    );
}

#[test]
fn only_who_is_proven_gone_is_suspected() {
    let world = World::holding(&company("- an An; mobile=1"));
    let reading = Reading::sealed(&company("- new An; mobile=1"));
    let plan = |reading: &Reading| told(&world.plan(reading));
    assert_eq!(plan(&reading), "an new");
    for answer in [AbsenceAnswer::OutOfRange, AbsenceAnswer::Unknown] {
        assert_eq!(plan(&reading.clone().answering(answer)), "", "{answer:?}");
    }
    let narrower = Reading {
        whole_company: false,
        ..reading.clone()
    };
    assert_eq!(plan(&narrower), "", "absent once");
    let unsealed = Reading {
        sealed: false,
        ..reading
    };
    assert_eq!(plan(&unsealed), "");
}

#[test]
fn whom_nobody_asked_about_is_suspected_as_well() {
    let mut world = World::holding(&company("- an An; mobile=1\n- bo Bo; mobile=2"));
    world.rules.users.max_count = 0;
    let reading = Reading::sealed(&company("- n1 An; mobile=1\n- n2 Bo; mobile=2"));
    let plan = world.plan(&reading);
    assert_eq!(
        (plan.unasked.len(), told(&plan).as_str()),
        (1, "an n1, bo n2")
    );
    let verdict = world.judge(plan, &reading);
    let held = verdict.held.iter();
    let held: Vec<_> = held
        .map(|item| (item.id.as_str(), item.suspected_rename.clone()))
        .collect();
    let (n1, n2) = (UserId::new("n1"), UserId::new("n2"));
    assert_eq!(held, [("an", Some(n1)), ("bo", Some(n2))]);
}

/// More vanish at once than may be asked about: whoever approves sees of each who they may be.
#[test]
fn of_many_who_vanish_at_once_each_is_held_with_their_suspicion() {
    let many = |prefix: &str| -> String {
        let line = |n| format!("- {prefix}{n:02} Person {n}; mobile={n}\n");
        (0..60).map(line).collect()
    };
    let world = World::holding(&company(&many("a")));
    let reading = Reading::sealed(&company(&many("b")));
    let plan = world.plan(&reading);
    assert!(!plan.unasked.is_empty());
    let verdict = world.judge(plan, &reading);
    assert_eq!(verdict.held.len(), 60);
    for item in &verdict.held {
        let new = UserId::new(item.id.replace('a', "b"));
        assert_eq!(item.suspected_rename, Some(new), "{}", item.id);
    }
}

#[test]
fn who_returns_is_no_newcomer_and_who_displaces_is_one() {
    let with = company("- an An; mobile=1\n- bo An; mobile=1");
    let mut world = World::holding(&with);
    world.contact_attributes.clear();
    world.run(&Reading::sealed(&company("- an An; mobile=1")));
    world.contact_attributes = World::default().contact_attributes;
    let back = Reading::sealed(&company("- bo An; mobile=1"));
    let plan = world.plan(&back);
    insta::assert_snapshot!(plan, @r#"
    sealed, 6 unchanged
    restore user bo "An", status "deleted" -> "active"
    delete user an "An"
    "#);
    world.pass_hours(31 * 24);
    insta::assert_snapshot!(world.plan(&back), @r#"
    sealed, 6 unchanged
    create user bo "An" (displaces), departments [1], status "active", mobile "1"
    delete user an "An"
    renamed? an -> bo
    "#);
}

#[test]
fn departments_are_never_suspected() {
    let world = World::holding("1 Acme\n  2 Law\n  3 Tax\n    - an An");
    let plan = world.plan(&Reading::sealed("1 Acme\n  4 Law\n  3 Tax\n    - an An"));
    assert_eq!(told(&plan), "");
}

/// The newcomer came in a run that could delete nobody: an unsealed one, or the first of the two
/// that a narrower range takes.
#[test]
fn who_came_in_an_earlier_run_is_suspected_by_contact() {
    let before = company("- an An; mobile=1\n- bo Bo; main");
    let after = company("- wang.an An; mobile=1\n- wang.bo Bo; main");
    let mut world = World::holding(&before);
    world.run(&Reading::unsealed(&after));
    let plan = world.plan(&Reading::sealed(&after));
    assert_eq!(
        told(&plan),
        "an wang.an",
        "a main department has many of one name"
    );

    let narrower = || Reading {
        whole_company: false,
        ..Reading::sealed(&after)
    };
    let mut world = World::holding(&before);
    assert!(world.run(&narrower()).held.is_empty(), "absent once");
    world.pass_hours(25);
    let verdict = world.run(&narrower());
    let held: Vec<&str> = verdict.held.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(held, ["an"], "held whatever the thresholds say");
}

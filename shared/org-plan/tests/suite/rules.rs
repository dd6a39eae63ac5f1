//! Rules in text: an organisation, what the mirror holds, and the plan between them.

use jiff::Timestamp;
use org_model::{Absence, AbsenceAnswer, ItemKey, UserId};
use org_plan::Item;
use org_plan::notation::{Reading, World};

/// The plan of a sealed reading over a mirror that holds another text.
fn plan_of(source: &str, mirror: &str) -> String {
    World::holding(mirror)
        .plan(&Reading::sealed(source))
        .to_string()
}

/// The same for a reading that is not complete.
fn unsealed_plan_of(source: &str, mirror: &str) -> String {
    World::holding(mirror)
        .plan(&Reading::unsealed(source))
        .to_string()
}

fn user(userid: &str) -> ItemKey {
    ItemKey::User(UserId::new(userid).key())
}

const ACME: &str = "
1 Acme
  2 Sales
    - an An Wang; leader; title=Boss; mobile=1
    - bo Bo Li; reports=an
  3 Engineering
    - an
    - cy Cy Zhou
";

#[test]
fn a_first_reading_creates_departments_parents_first_and_then_people() {
    let world = World::default();
    let reading = Reading::sealed(
        "
        1 Acme
          5 Sales
            - an An Wang; leader; title=Boss
          2 Engineering
            7 Kernel
              - an
              - bo; pending
        ",
    );
    insta::assert_snapshot!(world.plan(&reading), @r#"
    sealed, 0 unchanged
    create department 1 "Acme", order 0
    create department 2 "Engineering", parent 1, order 0
    create department 5 "Sales", parent 1, order 0
    create department 7 "Kernel", parent 2, order 0
    create user an "An Wang", departments [5,7], leads [5], status "active", title "Boss"
    create user bo "bo", departments [7], status "pending"
    "#);
}

#[test]
fn the_same_organisation_again_is_no_plan() {
    insta::assert_snapshot!(plan_of(ACME, ACME), @"sealed, 6 unchanged");
}

#[test]
fn a_new_title_is_one_row() {
    let source = ACME.replace("Boss", "Chief");
    insta::assert_snapshot!(plan_of(&source, ACME), @r#"
    sealed, 5 unchanged
    update user an "An Wang", title "Boss" -> "Chief"
    "#);
}

#[test]
fn another_department_is_a_move_and_another_order_is_an_update() {
    let source = "
    1 Acme
      2 Sales
        - an An Wang; leader; title=Boss; mobile=1; order=9
      3 Engineering
        - an
        - cy Cy Zhou
        - bo Bo Li; reports=an
    ";
    insta::assert_snapshot!(plan_of(source, ACME), @r#"
    sealed, 4 unchanged
    update user an "An Wang", order_in_departments {"2":0,"3":0} -> {"2":9,"3":0}
    move user bo "Bo Li", departments [2] -> [3]
    "#);
}

#[test]
fn departments_that_swap_places_move_the_new_parent_first() {
    let before = "
    1 Acme
      2 Sales
        3 Asia
          - an
    ";
    let source = "
    1 Acme
      3 Asia
        - an
        2 Sales
    ";
    insta::assert_snapshot!(plan_of(source, before), @r#"
    sealed, 2 unchanged
    move department 3 "Asia", parent 2 -> 1
    move department 2 "Sales", parent 1 -> 3
    "#);
}

#[test]
fn two_people_who_swap_names_are_two_updates() {
    let before = "1 Acme\n  - an An\n  - bo Bo";
    let source = "1 Acme\n  - an Bo\n  - bo An";
    insta::assert_snapshot!(plan_of(source, before), @r#"
    sealed, 1 unchanged
    update user an "Bo", name "An" -> "Bo"
    update user bo "An", name "Bo" -> "An"
    "#);
}

#[test]
fn another_spelling_of_a_userid_is_an_update() {
    insta::assert_snapshot!(plan_of("1 Acme\n  - AN An", "1 Acme\n  - an An"), @r#"
    sealed, 1 unchanged
    update user AN "An", userid "an" -> "AN"
    "#);
}

#[test]
fn a_disable_is_a_change_of_its_own_after_the_update() {
    let before = "1 Acme\n  - an An; active; title=Boss\n  - bo Bo; active";
    let source = "1 Acme\n  - an An; disabled; title=Chief\n  - bo Bo; left";
    insta::assert_snapshot!(plan_of(source, before), @r#"
    sealed, 1 unchanged
    update user an "An", title "Boss" -> "Chief"
    disable user an "An", status "active" -> "disabled"
    disable user bo "Bo", status "active" -> "left"
    "#);
}

#[test]
fn enabling_is_an_update_and_a_disabled_newcomer_is_a_create() {
    let before = "1 Acme\n  - an An; disabled";
    let source = "1 Acme\n  - an An; active\n  - bo Bo; disabled";
    insta::assert_snapshot!(plan_of(source, before), @r#"
    sealed, 1 unchanged
    update user an "An", status "disabled" -> "active"
    create user bo "Bo", departments [1], status "disabled"
    "#);
}

#[test]
fn whom_a_sealed_whole_company_lacks_is_deleted_and_departments_go_leaf_first() {
    let before = "
    1 Acme
      2 Sales
        3 Asia
          4 Japan
            - an An
      5 Law
        - bo Bo
    ";
    insta::assert_snapshot!(plan_of("1 Acme\n  5 Law\n    - bo Bo", before), @r#"
    sealed, 3 unchanged
    delete user an "An"
    delete department 4 "Japan"
    delete department 3 "Asia"
    delete department 2 "Sales"
    "#);
}

#[test]
fn an_unsealed_reading_creates_and_updates_and_takes_nothing_away() {
    let source = "
    1 Acme
      3 Engineering; leaders=cy
        2 Trade
          - an An Wang; title=Chief; mobile=; disabled
          - di Di Wu
    ";
    insta::assert_snapshot!(unsealed_plan_of(source, ACME), @r#"
    unsealed, 1 unchanged
    update department 3 "Engineering", leaders ["cy"]
    update department 2 "Trade", name "Sales" -> "Trade"
    update user an "An Wang", title "Boss" -> "Chief"
    create user di "Di Wu", departments [2], status "active"
    "#);
}

#[test]
fn leaders_only_grow_when_unsealed() {
    let before = "1 Acme; leaders=an,bo\n  - an An; reports=bo\n  - bo Bo";
    let source = "1 Acme; leaders=cy,AN\n  - an An; reports=cy\n  - bo Bo";
    insta::assert_snapshot!(unsealed_plan_of(source, before), @r#"
    unsealed, 1 unchanged
    update department 1 "Acme", leaders ["an","bo"] -> ["an","bo","cy"]
    update user an "An", direct_leaders ["bo"] -> ["bo","cy"]
    "#);
}

#[test]
fn what_an_unsealed_reading_withheld_the_next_sealed_one_applies() {
    let mut world = World::holding("1 Acme\n  2 Sales\n    - an An; mobile=1\n  3 Law\n    - an");
    let source = "1 Acme\n  2 Sales\n    - an An; mobile=\n  3 Law";
    let first = world.run(&Reading::unsealed(source));
    let again = world.plan(&Reading::unsealed(source));
    let sealed = world.run(&Reading::sealed(source));
    let quiet = world.plan(&Reading::sealed(source));
    insta::assert_snapshot!(format!("{first}--\n{again}--\n{sealed}--\n{quiet}"), @r#"
    --
    unsealed, 3 unchanged
    --
    move user an "An", departments [2,3] -> [2], mobile "1" -> -
    --
    sealed, 4 unchanged
    "#);
}

#[test]
fn a_kept_value_stays_and_its_row_says_so_once() {
    let mut world = World::holding("1 Acme\n  - an An; title=Boss; mobile=1");
    let source = "1 Acme\n  - an An; title=?expression_failed; mobile=?withheld";
    let first = world.run(&Reading::sealed(source));
    let again = world.plan(&Reading::sealed(source));
    insta::assert_snapshot!(format!("{first}--\n{again}--\n{}", world.mirror), @r#"
    update user an "An" [values_kept]
    --
    sealed, 2 unchanged
    --
    user an "An" active in [1] {"mobile":"1","title":"Boss"}
    department 1 "Acme" live in []
    "#);
}

#[test]
fn a_value_that_was_never_there_is_kept_without_a_word() {
    let mut world = World::holding("1 Acme\n  - an An; title=Boss");
    let source = "1 Acme\n  - an An; title=Boss; shoe=?absent";
    insta::assert_snapshot!(world.run(&Reading::sealed(source)), @r#"refresh user an "An""#);
    insta::assert_snapshot!(world.plan(&Reading::sealed(source)), @"sealed, 2 unchanged");
}

#[test]
fn who_is_out_of_range_is_kept_and_asked_again_the_next_day() {
    let mut world = World::holding("1 Acme\n  2 Sales\n    - an An\n    - bo Bo");
    let reading = Reading::sealed("1 Acme\n  - bo Bo").answering(AbsenceAnswer::OutOfRange);
    let mut days = String::new();
    for hours in [0, 1, 22, 1] {
        world.pass_hours(hours);
        days += &format!("after {hours} h\n{}", world.run(&reading));
    }
    insta::assert_snapshot!(days, @r#"
    after 0 h
    move user bo "Bo", departments [2] -> [1]
    keep user an "An" [out_of_range], marked
    keep department 2 "Sales" [out_of_range], marked
    after 1 h
    keep user an "An" [out_of_range]
    keep department 2 "Sales" [out_of_range]
    after 22 h
    keep user an "An" [out_of_range]
    keep department 2 "Sales" [out_of_range]
    after 1 h
    keep user an "An" [out_of_range], marked
    keep department 2 "Sales" [out_of_range], marked
    "#);
}

#[test]
fn being_seen_again_clears_the_mark_without_a_row() {
    let text = "1 Acme\n  - an An\n  - bo Bo";
    let mut world = World::holding(text);
    world.run(&Reading::sealed("1 Acme\n  - bo Bo").answering(AbsenceAnswer::Unknown));
    let marked = world.mirror.items[&user("an")].absence().cloned();
    let back = world.plan(&Reading::sealed(text));
    world.run(&Reading::sealed(text));
    assert_eq!(marked.map(|mark| mark.answer), Some(AbsenceAnswer::Unknown));
    insta::assert_snapshot!(back, @r#"
    sealed, 2 unchanged
    refresh user an "An"
    "#);
    assert_eq!(world.mirror.items[&user("an")].absence(), None);
    insta::assert_snapshot!(world.plan(&Reading::sealed(text)), @"sealed, 3 unchanged");
}

#[test]
fn a_mark_goes_even_when_an_unsealed_reading_has_to_withhold_something() {
    let mut world = World::holding("1 Acme\n  2 Law\n    - an An\n  3 Tax\n    - an");
    mark_absent(&mut world, "an");
    let source = "1 Acme\n  2 Law\n    - an An\n  3 Tax";
    insta::assert_snapshot!(world.run(&Reading::unsealed(source)), @r#"refresh user an "An""#);
    assert_eq!(world.mirror.items[&user("an")].absence(), None);
    insta::assert_snapshot!(world.run(&Reading::unsealed(source)), @"");
}

#[test]
fn a_mark_that_goes_says_nothing_of_kept_values() {
    let mut world = World::holding("1 Acme\n  2 Law\n    - an An; title=Boss\n  3 Tax\n    - an");
    mark_absent(&mut world, "an");
    let source = "1 Acme\n  2 Law\n    - an An; title=?absent\n  3 Tax";
    insta::assert_snapshot!(world.run(&Reading::unsealed(source)), @r#"refresh user an "An""#);
}

#[test]
fn a_mark_goes_even_when_a_disable_is_held() {
    let mut world = World::holding("1 Acme\n  - an An; active\n  - bo Bo");
    mark_absent(&mut world, "an");
    world.rules.paused = true;
    let source = "1 Acme\n  - an An; disabled\n  - bo Bo";
    insta::assert_snapshot!(world.run(&Reading::sealed(source)), @r#"
    refresh user an "An"
    held: disable user an "An"
    tripped: users paused 0: 1 of 2
    "#);
    assert_eq!(world.mirror.items[&user("an")].absence(), None);
    insta::assert_snapshot!(world.run(&Reading::sealed(source)),
        @r#"still held: disable user an "An""#);
}

fn mark_absent(world: &mut World, userid: &str) {
    let at: Timestamp = world.now;
    if let Some(Item::User(user)) = world.mirror.items.get_mut(&user(userid)) {
        user.absence = Some(Absence {
            first_missed_at: at,
            asked_at: at,
            answer: AbsenceAnswer::Absent,
            accepted: false,
        });
    }
}

#[test]
fn in_a_narrower_range_absent_means_gone_after_a_day_of_absence() {
    let mut world = World::holding("1 Acme\n  - an An\n  - bo Bo\n  - cy Cy");
    let mut reading = Reading::sealed("1 Acme\n  - bo Bo\n  - cy Cy");
    reading.whole_company = false;
    let mut days = String::new();
    for hours in [0, 23, 1] {
        world.pass_hours(hours);
        days += &format!("after {hours} h\n{}", world.run(&reading));
    }
    insta::assert_snapshot!(days, @r#"
    after 0 h
    keep user an "An" [absent_once], marked
    after 23 h
    keep user an "An" [absent_once]
    after 1 h
    delete user an "An"
    "#);
}

#[test]
fn a_day_out_of_range_is_no_day_of_absence() {
    let mut world = World::holding("1 Acme\n  - an An\n  - bo Bo\n  - cy Cy");
    let mut reading = Reading::sealed("1 Acme\n  - bo Bo\n  - cy Cy");
    reading.whole_company = false;
    world.run(&reading.clone().answering(AbsenceAnswer::OutOfRange));
    world.pass_hours(30);
    insta::assert_snapshot!(world.run(&reading), @r#"keep user an "An" [absent_once], marked"#);
    world.pass_hours(1);
    insta::assert_snapshot!(world.run(&reading), @r#"keep user an "An" [absent_once]"#);
}

#[test]
fn a_detached_person_is_adopted_by_userid_and_name_and_refused_by_userid_alone() {
    let mut world = World::holding("1 Acme\n  2 Law\n    - an An\n    - bo Bo");
    for item in world.mirror.items.values_mut() {
        match item {
            Item::User(user) => user.detached = true,
            Item::Department(department) => department.detached = true,
        }
    }
    let source = "1 Acme\n  2 Law\n    - an An\n    - bo Somebody Else";
    insta::assert_snapshot!(world.run(&Reading::sealed(source)), @r#"
    adopt department 1 "Acme", detached true -> -
    adopt department 2 "Law", detached true -> -
    adopt user an "An", detached true -> -
    refuse user bo "Bo" [name_conflict]
    "#);
    insta::assert_snapshot!(world.run(&Reading::sealed(source)),
        @r#"refuse user bo "Bo" [name_conflict]"#);
}

#[test]
fn an_empty_text_is_no_value() {
    let before = "1 Acme\n  - an An; title=Boss\n  - bo Bo";
    let source = "1 Acme\n  - an An; title=\n  - bo Bo; title=";
    insta::assert_snapshot!(plan_of(source, before), @r#"
    sealed, 1 unchanged
    update user an "An", title "Boss" -> -
    refresh user bo "Bo"
    "#);
}

#[test]
fn a_main_department_that_is_not_named_stays_while_the_person_stands_in_it() {
    let before = "1 Acme\n  2 Law\n    - an An; main\n  3 Tax\n    - an";
    let stays = plan_of("1 Acme\n  2 Law\n    - an An\n  3 Tax\n    - an", before);
    let leaves = plan_of("1 Acme\n  2 Law\n  3 Tax\n    - an An", before);
    insta::assert_snapshot!(format!("{stays}--\n{leaves}"), @r#"
    sealed, 3 unchanged
    refresh user an "An"
    --
    sealed, 3 unchanged
    move user an "An", departments [2,3] -> [3], main_department 2 -> -
    "#);
}

#[test]
fn a_department_stays_while_somebody_of_whom_no_departments_are_told_stands_in_it() {
    let before = "1 Acme\n  2 Law\n    - an An\n    - bo Bo; title=a\n  3 Tax\n    - bo";
    let mut world = World::holding(before);
    let untold = Reading::sealed("1 Acme\n  2 Law\n    - an An\n- bo Bo; title=b; in=?");
    let first = world.run(&untold).permitted.changes().count();
    let second = world.run(&untold);
    assert_eq!((first, second.permitted.changes().count()), (1, 0));
    let tax = &world.mirror.items[&ItemKey::Department(org_model::DepartmentId(3))];
    assert_eq!(tax.state(), org_model::ItemState::Live);
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
    let told = "1 Acme\n  2 Law\n    - an An\n    - bo Bo; title=b";
    insta::assert_snapshot!(world.plan(&Reading::sealed(told)), @r#"
    sealed, 3 unchanged
    move user bo "Bo", departments [2,3] -> [2]
    delete department 3 "Tax"
    "#);
}

#[test]
fn a_row_says_that_departments_that_are_not_told_stay() {
    let before = "1 Acme\n  - an An\n  - bo Bo; title=a";
    let source = "1 Acme\n  - an An\n- bo Bo; title=b; in=?\n- cy Cy; in=?";
    insta::assert_snapshot!(plan_of(source, before), @r#"
    sealed, 2 unchanged
    update user bo "Bo", title "a" -> "b" [values_kept]
    create user cy "Cy", status "active"
    "#);
}

#[test]
fn who_returns_without_a_word_of_departments_is_in_the_old_ones_that_are_left() {
    let before = "1 Acme\n  2 Law\n    - an An\n  3 Tax\n    - bo Bo\n  4 IT\n    - bo";
    let mut world = World::holding(before);
    world.run(&Reading::sealed("1 Acme\n  2 Law\n    - an An\n  4 IT"));
    let back = Reading::sealed("1 Acme\n  2 Law\n    - an An\n  4 IT\n- bo Bo; in=?");
    insta::assert_snapshot!(world.plan(&back), @r#"
    sealed, 4 unchanged
    restore user bo "Bo", departments [3,4] -> [4], status "deleted" -> "active" [values_kept]
    "#);
    world.run(&back);
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
}

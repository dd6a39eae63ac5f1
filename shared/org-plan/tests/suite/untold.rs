//! What a complete reading does not tell of a person or a department stays.

use org_plan::notation::{Reading, World};

/// The plan of a sealed reading over a mirror that holds another text.
fn plan_of(source: &str, mirror: &str) -> String {
    World::holding(mirror)
        .plan(&Reading::sealed(source))
        .to_string()
}

#[test]
fn who_leads_and_in_which_place_stays_while_the_record_does_not_tell() {
    let before = "1 Acme\n  2 Law\n    - an An; leader; order=7\n  3 Tax\n    - bo Bo";
    let told = "1 Acme\n  2 Law\n    - an An\n  3 Tax\n    - an\n    - bo Bo";
    let reading = Reading::sealed(&told.replace("An\n", "An; untold=leads,orders\n"));
    let mut world = World::holding(before);
    insta::assert_snapshot!(world.plan(&reading), @r#"
    sealed, 4 unchanged
    move user an "An", departments [2] -> [2,3] [values_kept]
    "#);
    world.run(&reading);
    insta::assert_snapshot!(world.plan(&reading), @"sealed, 4 unchanged");
    insta::assert_snapshot!(world.plan(&Reading::sealed(told)), @r#"
    sealed, 4 unchanged
    update user an "An", leads [2] -> -, order_in_departments {"2":7,"3":0} -> {"2":0,"3":0}
    "#);
}

#[test]
fn leaders_of_a_department_stay_while_its_record_does_not_tell() {
    let before = "1 Acme; leaders=an\n  2 Law; leaders=an\n    - an An";
    let untold = before.replace("leaders=an", "leaders=?");
    let mut world = World::holding(before);
    let reading = Reading::sealed(&untold);
    assert!(world.plan(&reading).changes.iter().all(|c| c.is_refresh()));
    world.run(&reading);
    insta::assert_snapshot!(world.plan(&reading), @"sealed, 3 unchanged");
    insta::assert_snapshot!(plan_of(&untold, "1 Acme; leaders=an\n  - an An"), @r#"
    sealed, 0 unchanged
    refresh department 1 "Acme"
    create department 2 "Law", parent 1, order 0
    move user an "An", departments [1] -> [2]
    "#);
    let told = Reading::sealed(&untold.replace("leaders=?", "leaders="));
    assert_eq!(
        world.plan(&told).changes.len(),
        2,
        "told to be none, they go"
    );
}

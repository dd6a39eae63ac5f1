//! Rules in text: an organisation, what the mirror holds, and the plan between them.

use org_plan::notation::{Reading, World};

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

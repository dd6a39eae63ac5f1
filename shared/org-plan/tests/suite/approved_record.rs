//! An approval is of a record, not of whoever has its userid now (story 24).

use crate::companies::{company, numbers};
use org_model::InternalId;
use org_plan::notation::{Reading, World};
use org_plan::protect;

#[test]
fn an_approval_does_not_cover_another_record_under_the_same_userid() {
    let mut world = World::holding(&company(0..20));
    let gone = Reading::sealed(&company(11..20));
    world.run(&gone);
    world.approve();
    // What was approved was somebody else's record; this userid is another one's now.
    for item in &mut world.standing.approved {
        item.internal_id = InternalId::new(format!("earlier-{}", item.internal_id));
    }
    let plan = world.plan(&gone);
    let verdict = protect(plan, &world.rules, &world.standing, &|key| gone.shows(key));
    assert_eq!(verdict.consumed, []);
    assert_eq!(
        verdict.permitted.removals().len(),
        0,
        "{}",
        numbers(&verdict)
    );
    assert_eq!(verdict.held.len(), 11, "{}", numbers(&verdict));
}

//! Somebody whom two decisions keep, from two removals: one mark goes without the other.

use org_model::{MemberStatus, UserStatus};
use org_plan::Item;
use simulation::World;
use sync_run::RunStatus;

fn status_of(world: &World, key: &str) -> UserStatus {
    let shelf = world.shelf();
    let mut items = shelf.items.values();
    let found = items.find(|item| item.key().to_string() == key).unwrap();
    match found {
        Item::User(user) => user.status,
        Item::Department(_) => panic!("a person"),
    }
}

#[tokio::test]
async fn whoever_is_seen_again_is_still_kept_from_what_was_rejected() {
    let mut world = World::new(40, 4);
    world.run().await;
    world.corp().dismiss(7);
    let removing = world.run().await.run;
    world.corp().hire(7, [2].into());
    world.run().await;
    for person in world.corp().people.values_mut().take(20) {
        person.status = MemberStatus::Disabled;
    }
    assert_eq!(world.run().await.status, RunStatus::Held);
    for list in world.waiting_lists() {
        assert!(world.reject(list.list.fingerprint));
    }
    // They are back already, and kept from being deleted as well: until they are seen.
    world.undo(&removing).await;
    for _ in 0..3 {
        world.run().await;
        assert_eq!(status_of(&world, "person.0007"), UserStatus::Active);
    }
    assert_eq!(world.kept_keys().len(), 20, "the rejection holds for all");
}

//! Story 11: tree surgery. Story 7: a department that comes again.

use scenarios::World;
use sync_run::RunStatus;
use wecom_sim::{Command, DepartmentPeople, Listing, SettingsPatch, SimConfig, View};

fn create(id: u32, name: &str, parent: u32) -> Command {
    Command::CreateDepartment {
        id: Some(id),
        name: name.to_owned(),
        parent,
    }
}

fn move_to(id: u32, parent: u32) -> Command {
    Command::MoveDepartment { id, parent }
}

/// Story 11.
#[tokio::test]
async fn a_parent_and_its_child_that_swap_places_are_moved() {
    let world = World::synced(30, 8).await;
    world.tell(create(700, "上级", 2));
    world.tell(create(701, "下级", 700));
    world.tell(create(702, "末级", 701));
    world.run().await;
    world.assert_equal().await;
    world.tell(move_to(701, 2));
    world.tell(move_to(700, 701));
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    world.assert_equal().await;
    let directory = world.directory().await;
    assert_eq!(directory.department(700).unwrap().parent.unwrap().0, 701);
}

/// Story 11.
#[tokio::test]
async fn the_order_of_a_listing_does_not_matter() {
    for listing in [Listing::Reversed, Listing::Shuffled(3)] {
        let config = SimConfig {
            listing,
            ..scenarios::small(40, 14)
        };
        let world = World::with(config).await;
        assert_eq!(world.run().await.status, RunStatus::Succeeded);
        world.assert_equal().await;
        let listing = Some(Listing::Natural);
        world
            .control()
            .configure(SettingsPatch {
                listing,
                ..SettingsPatch::default()
            })
            .unwrap();
        let quiet = world.run().await;
        assert!(quiet.counts.is_empty(), "{:?}", quiet.counts);
    }
}

/// Story 11: a tree that is none removes nobody, and whoever can be placed is.
#[tokio::test]
async fn a_cycle_or_a_department_under_itself_removes_nobody() {
    for (id, parent) in [(3, 3), (2, 700)] {
        let world = World::synced(30, 8).await;
        world.tell(create(700, "下级", 2));
        world.run().await;
        let old = world.control().departments(View::Everything);
        let home = old.iter().find(|it| it.id == id).unwrap().parent;
        world.tell(move_to(id, parent));
        let gone = world.active()[3].clone();
        world.dismiss(std::slice::from_ref(&gone));
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Partial, "{record:?}");
        assert_eq!(record.unsealed_reasons[0].code, "tree_unsound");
        let directory = world.directory().await;
        assert!(directory.deleted_people().is_empty());
        assert!(directory.departments().all(|it| it.deleted_at.is_none()));
        world.tell(move_to(id, home));
        assert_eq!(world.run().await.status, RunStatus::Succeeded);
        world.assert_equal().await;
    }
}

/// Story 11.
#[tokio::test]
async fn two_departments_of_one_name_under_two_parents_are_two() {
    let world = World::synced(20, 6).await;
    world.tell(create(700, "人事部", 2));
    world.tell(create(701, "人事部", 3));
    world.run().await;
    world.assert_equal().await;
    world.tell(Command::RenameDepartment {
        id: 701,
        name: "财务部".to_owned(),
    });
    world.run().await;
    world.assert_equal().await;
}

/// Story 11: the department of 30,000, in small: too large for one list, read person by person.
#[tokio::test]
async fn a_department_too_large_for_one_list_is_read_all_the_same() {
    let config = SimConfig {
        user_list_max: 40,
        ..scenarios::small(150, 3)
    };
    let world = World::with(config).await;
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert!(record.wecom_calls["user/simplelist"] > 0, "{record:?}");
    world.assert_equal().await;
    assert!(world.run().await.counts.is_empty());
}

/// Story 7: the department comes again under its id, and its people are its people.
#[tokio::test]
async fn a_department_that_comes_again_keeps_its_record_and_its_people() {
    let world = World::synced(30, 6).await;
    let sitters = world.active()[3..6].to_vec();
    let seat_all = |department: u32| {
        for userid in &sitters {
            world.tell(Command::Move {
                userid: userid.clone(),
                departments: vec![department],
                main_department: None,
            });
        }
    };
    world.tell(create(700, "新部门", 2));
    seat_all(700);
    world.run().await;
    world.assert_equal().await;
    let before = world.directory().await.department(700).unwrap().clone();
    let people = DepartmentPeople::MoveUp;
    world.tell(Command::DeleteDepartment { id: 700, people });
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
    assert_eq!(world.directory().await.department(700), None);
    world.pass_hours(24);
    world.tell(create(700, "新部门", 3));
    seat_all(700);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
    let after = world.directory().await.department(700).unwrap().clone();
    assert_eq!(after.internal_id, before.internal_id);
}

/// A department that is gone and still holds held people stays until they are decided.
#[tokio::test]
async fn a_department_goes_only_when_it_is_empty() {
    let world = World::synced(40, 5).await;
    world.tell(create(700, "大部门", 2));
    for userid in &world.active()[..12] {
        world.tell(Command::Move {
            userid: userid.clone(),
            departments: vec![700],
            main_department: None,
        });
    }
    world.run().await;
    world.assert_equal().await;
    let people = DepartmentPeople::Dismiss;
    world.tell(Command::DeleteDepartment { id: 700, people });
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    assert!(world.directory().await.department(700).is_some());
    let list = world.waiting().await.remove(0);
    world.approve(&list).await;
    world.run().await;
    world.assert_equal().await;
    assert_eq!(world.directory().await.department(700), None);
}

//! Story 12: what is not ours is not touched.

use aws_sdk_dynamodb::types::AttributeValue;
use scenarios::{TABLES, World, raw_items};
use sync_run::RunStatus;
use testkit::dynamo::DIRECTORY_TABLE;
use wecom_sim::{Command, DepartmentPeople};

/// Two sources read one WeCom into one table; one of them has a wild day.
#[tokio::test]
async fn another_sources_rows_are_never_touched() {
    let world = World::synced(40, 5).await;
    world.put_source("branch").await.unwrap();
    assert_eq!(world.run_of("branch").await.status, RunStatus::Succeeded);
    let client = world.dynamo.client();
    let directory = raw_items(&client, DIRECTORY_TABLE, "branch#").await;
    assert!(directory.len() > 40);
    let own = raw_items(&client, TABLES[1], "SOURCE#branch").await;
    for seed in 0..3 {
        let leavers_max = Some(3);
        world.tell(Command::Churn {
            percent: 30.0,
            seed,
            leavers_max,
        });
        // A day each, so that they are no leak.
        world.pass_hours(24);
        world.run().await;
    }
    world.pass_hours(24);
    let people = DepartmentPeople::Dismiss;
    world.tell(Command::DeleteDepartment { id: 5, people });
    world.tell(Command::DismissRandom { count: 20, seed: 1 });
    world.run().await;
    let list = world.waiting().await.remove(0);
    world.approve(&list).await;
    world.run().await;
    world.assert_equal().await;
    world.pass_hours(24 * 40);
    world.run().await;
    let now = raw_items(&client, DIRECTORY_TABLE, "branch#").await;
    assert!(now == directory, "the other source's directory changed");
    let now = raw_items(&client, TABLES[1], "SOURCE#branch").await;
    assert!(now == own, "the other source's log or state changed");
}

/// People without a source: kept when they were left behind by a replaced one.
async fn detach(world: &World, userid: &str) {
    let client = world.dynamo.client();
    let everybody = raw_items(&client, DIRECTORY_TABLE, "hq#u#").await;
    let found = everybody
        .into_values()
        .find(|item| item["userid"].as_s().unwrap() == userid);
    let mut item = found.unwrap();
    item.insert("detached".to_owned(), AttributeValue::Bool(true));
    let state = AttributeValue::S("detached".to_owned());
    item.insert("st".to_owned(), state);
    let put = client.put_item().table_name(DIRECTORY_TABLE);
    put.set_item(Some(item)).send().await.unwrap();
}

#[tokio::test]
async fn detached_people_are_never_candidates() {
    let world = World::synced(40, 5).await;
    let people = world.active();
    let (absent, renamed) = (&people[4], &people[5]);
    for userid in [absent, renamed] {
        detach(&world, userid).await;
    }
    world.dismiss(std::slice::from_ref(absent));
    world.tell(Command::Rename {
        userid: renamed.clone(),
        name: "另一个人".to_owned(),
    });
    let before = world.directory().await;
    for _ in 0..2 {
        let record = world.run().await;
        assert_ne!(record.status, RunStatus::Failed);
        let after = world.directory().await;
        assert_eq!(after.person(absent), before.person(absent));
        assert_eq!(after.person(renamed), before.person(renamed));
        let rows = world.rows(&record).await;
        let told = rows.iter().find(|row| &row.id == renamed);
        assert_eq!(
            told.and_then(|row| row.code.as_deref()),
            Some("name_conflict"),
            "another name under the same userid is for a person to decide"
        );
        assert!(!rows.iter().any(|row| &row.id == absent), "{rows:?}");
        world.pass_hours(24 * 40);
        world.tidy().await;
    }
}

/// Who matches by userid and name is taken back with the same internal id.
#[tokio::test]
async fn a_detached_person_who_is_read_again_is_adopted() {
    let world = World::synced(20, 4).await;
    let userid = world.active()[6].clone();
    detach(&world, &userid).await;
    let before = world.directory().await;
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let rows = world.rows(&record).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].action, org_plan::Action::Adopt);
    let id = |directory: &scenarios::Directory| {
        let person = directory.person(&userid);
        person.map(|person| person.internal_id.clone())
    };
    assert_eq!(id(&world.directory().await), id(&before));
    world.assert_equal().await;
}

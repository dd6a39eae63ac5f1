//! Sources whose items cannot be read any more: they take no other with them.

use crate::common::{World, hq, settings, world};
use org_model::SourceId;
use source_admin::ports::{Expected, SettingsStore};
use sync_run::ports::{Sources, StoreError};

/// Sets attributes of a stored item behind the store's back.
async fn spoil(world: &World, sk: &str, attribute: &str, value: &str) {
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let spoilt = world
        .dynamo
        .client()
        .update_item()
        .table_name(testkit::dynamo::SYNC_TABLE)
        .key("pk", text("SOURCE#hq"))
        .key("sk", text(sk))
        .update_expression("SET #name = :value")
        .expression_attribute_names("#name", attribute)
        .expression_attribute_values(":value", text(value));
    spoilt.send().await.unwrap();
}

#[tokio::test]
async fn a_source_that_cannot_be_read_is_listed_beside_the_others_and_can_be_replaced() {
    let server = "https://other.example";
    let stored = format!(
        r#"{{"base_url":"{server}","credentials":{{"corp_id":"ww9"}},"schedule":{{"every":7}}}}"#
    );
    for (sk, attribute, value, corp, server) in [
        ("SETTINGS", "settings", stored.as_str(), "ww9", server),
        ("SETTINGS", "settings", "no JSON", "", ""),
        (
            "STATE",
            "state",
            "no JSON",
            "ww0123456789abcdef",
            "https://qyapi.weixin.qq.com",
        ),
    ] {
        let world = world().await;
        world.add_source().await;
        let branch = SourceId::new("branch");
        let put = async |source: &SourceId, expected| {
            let put = world.put(source, &settings(), expected, "admin").await;
            put.unwrap().version
        };
        put(&branch, Expected::Absent).await;
        spoil(&world, sk, attribute, value).await;

        let run = Sources::source(&world.store, &hq()).await;
        assert!(matches!(run, Err(StoreError::Unreadable { .. })), "{run:?}");
        let all = world.store.all_sources().await.unwrap();
        let readable: Vec<_> = all.iter().map(|one| one.unreadable.is_none()).collect();
        assert_eq!(readable, [true, false], "branch, hq");
        let kept = SettingsStore::source(&world.store, &hq()).await.unwrap();
        let salvaged = kept.unwrap().stored;
        assert_eq!(salvaged.settings.credentials.corp_id, corp);
        assert_eq!(salvaged.settings.base_url, server);
        assert_eq!(
            (salvaged.version, salvaged.state.has_mirror),
            (1, sk == "STATE")
        );
        assert_eq!(put(&hq(), Expected::Version(1)).await, 2);
    }
}

#[tokio::test]
async fn a_source_of_which_nothing_is_left_is_left_out_alone() {
    let world = world().await;
    world.add_source().await;
    let branch = SourceId::new("branch");
    let put = world
        .put(&branch, &settings(), Expected::Absent, "admin")
        .await;
    put.unwrap();
    spoil(&world, "SETTINGS", "version", "none").await;
    let all = world.store.all_sources().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].stored.source, branch);
}

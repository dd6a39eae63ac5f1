//! The outbox: durable until it left, and never twice.

use crate::common::{World, hq, world};
use sync_run::ports::{Outbox, Sources};
use sync_run::{Notice, NoticeKind, OutboxItem, OutboxPayload};
use testkit::Faults;

fn notice(world: &World, id: &str) -> OutboxItem {
    let at = world.clock.now();
    OutboxItem {
        id: id.to_owned(),
        at,
        payload: OutboxPayload::Notice(Notice {
            at,
            kind: NoticeKind::Silence,
            source: hq(),
            run: None,
            subject: "silence".to_owned(),
            text: "text".to_owned(),
            detail: serde_json::Value::Null,
        }),
    }
}

#[tokio::test]
async fn an_item_is_put_once_and_never_after_it_was_sent() {
    let world = world().await;
    let store = world.store_with(&Faults::repeating_writes());
    let item = notice(&world, "one");
    for _twice in 0..2 {
        store.put(&hq(), &item).await.unwrap();
    }
    assert_eq!(
        store.unsent(&hq()).await.unwrap(),
        std::slice::from_ref(&item)
    );
    for _twice in 0..2 {
        store.sent(&hq(), "one", world.clock.now()).await.unwrap();
    }
    store.put(&hq(), &item).await.unwrap();
    assert!(store.unsent(&hq()).await.unwrap().is_empty());
}

#[tokio::test]
async fn unsent_items_come_oldest_first() {
    let world = world().await;
    for id in ["b", "a"] {
        world.store.put(&hq(), &notice(&world, id)).await.unwrap();
        world.clock.advance(jiff::SignedDuration::from_secs(1));
    }
    let unsent = world.store.unsent(&hq()).await.unwrap();
    let ids: Vec<_> = unsent.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
}

#[tokio::test]
async fn a_cause_is_remembered_outside_a_run() {
    let world = world().await;
    world.add_source().await;
    let now = world.clock.now();
    for cause in ["silence", "held:0123", "silence"] {
        world
            .store
            .remember_notice(&hq(), cause, now)
            .await
            .unwrap();
    }
    let state = world.store.source(&hq()).await.unwrap().unwrap().state;
    let causes: Vec<_> = state.noticed.keys().map(String::as_str).collect();
    assert_eq!(causes, ["held:0123", "silence"]);
}

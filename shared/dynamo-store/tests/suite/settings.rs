//! The commit of a source's settings: with its history, what it leaves to do, and its agents.

use std::net::{IpAddr, Ipv4Addr};

use crate::common::{CRASHES, World, first, hq, is_conflict, put_by, settings, spoil, world};
use jiff::SignedDuration;
use org_model::SourceId;
use serde_json::{Value, json};
use source_admin::ports::{
    AgentCheck, AgentChecks, AgentDeleted, AgentStanding, Expected, History, HistoryAction,
    HistoryEntry, LoginApps, READ_A_CURSOR, SettingsStore, SourceCommit, Unsettled,
};
use source_settings::{
    AgentId, AgentSettings, LoginAppId, LoginAppSettings, SecretRef, SettingsChange, SourceSettings,
};
use sync_run::ports::StoreError;
use testkit::Faults;

fn dc(number: u32) -> AgentId {
    AgentId::parse(&format!("dc-{number}")).unwrap()
}

async fn put_agent(world: &World, id: &AgentId, expected: Expected) {
    let body = json!({ "url": "http://127.0.0.1:3128" });
    let settings = AgentSettings::parse(&body, None).unwrap().settings;
    let author = world.author("alice");
    let put = world.store.put_agent(id, &settings, expected, &author);
    put.await.unwrap();
}

async fn agents(world: &World, numbers: std::ops::RangeInclusive<u32>) -> Vec<AgentId> {
    let ids: Vec<AgentId> = numbers.map(dc).collect();
    for id in &ids {
        put_agent(world, id, Expected::Absent).await;
    }
    ids
}

fn naming(agents: &[AgentId]) -> SourceSettings {
    SourceSettings {
        agents: agents.to_vec(),
        ..settings()
    }
}

fn secret(version: &str) -> SecretRef {
    SecretRef {
        arn: "arn:old".to_owned(),
        version: version.to_owned(),
    }
}

fn to_do() -> Unsettled {
    Unsettled {
        schedule: true,
        contacts: true,
        secrets: vec![secret("v1")],
    }
}

fn renaming(before: &str, after: &str) -> SettingsChange {
    SettingsChange {
        pointer: "/name".to_owned(),
        before: Some(Value::from(before)),
        after: Some(Value::from(after)),
    }
}

async fn history_of(world: &World, source: &SourceId) -> Vec<HistoryEntry> {
    let page = world.store.history(source, &first(1_000)).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

#[tokio::test]
async fn a_commit_brings_its_history_and_what_is_left_to_do() {
    let world = world().await;
    world.add_source().await;
    world.clock.advance(SignedDuration::from_mins(1));
    let (author, changes) = (world.author("bob"), [renaming("Head office", "Hall")]);
    let unsettled = to_do();
    let commit = SourceCommit {
        settings: &settings(),
        expected: Expected::Version(1),
        author: &author,
        action: HistoryAction::CredentialsImported,
        changes: &changes,
        unsettled: &unsettled,
        moves: false,
    };
    let store = world.store_with(&Faults::repeating_writes());
    assert_eq!(store.put_source(&hq(), &commit).await.unwrap().version, 2);
    assert_eq!(store.put_source(&hq(), &commit).await.unwrap().version, 2);
    let history = history_of(&world, &hq()).await;
    let told = HistoryEntry {
        at: author.at,
        by: "bob".to_owned(),
        action: HistoryAction::CredentialsImported,
        version: Some(2),
        changes: changes.to_vec(),
    };
    assert_eq!(history.len(), 2, "sent four times, told once");
    assert_eq!(history[0], told);
    let kept = async || SettingsStore::source(&store, &hq()).await.unwrap().unwrap();
    assert_eq!(kept().await.unsettled, unsettled);
    let left = Unsettled {
        secrets: vec![secret("v1")],
        ..Unsettled::default()
    };
    store
        .settle_source(&hq(), 1, &Unsettled::default())
        .await
        .unwrap();
    assert_eq!(kept().await.unsettled, unsettled, "of other settings");
    store.settle_source(&hq(), 2, &left).await.unwrap();
    assert_eq!(kept().await.unsettled, left);
    let none = SourceId::new("none");
    store.settle_source(&none, 1, &left).await.unwrap();
    assert!(
        SettingsStore::source(&store, &none)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_commit_that_is_cut_off_anywhere_stands_as_a_whole_or_not_at_all() {
    for moment in CRASHES {
        for request in 1.. {
            let world = world().await;
            let both = agents(&world, 1..=2).await;
            let dying = world.store_with(&Faults::crash_at(request, moment));
            let author = world.author("bob");
            let wanted = naming(&both);
            let put = put_by(&dying, &hq(), &wanted, Expected::Absent, &author).await;
            let stands = SettingsStore::source(&world.store, &hq()).await.unwrap();
            let told = history_of(&world, &hq()).await.len();
            assert_eq!(told, usize::from(stands.is_some()), "request {request}");
            let again = put_by(&world.store, &hq(), &wanted, Expected::Absent, &author).await;
            assert_eq!(again.unwrap().version, 1);
            assert_eq!(history_of(&world, &hq()).await.len(), 1);
            let deleted = world.store.delete_agent(&both[1], 1).await.unwrap();
            assert_eq!(deleted, AgentDeleted::InUse(vec![hq()]));
            if put.is_ok() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn history_is_told_latest_first_page_by_page() {
    let world = world().await;
    world.add_source().await;
    for version in 1..10 {
        world.clock.advance(SignedDuration::from_millis(1));
        let expected = Expected::Version(version);
        world
            .put(&hq(), &settings(), expected, "bob")
            .await
            .unwrap();
    }
    let (mut versions, mut request, mut pages) = (Vec::new(), first(3), 0);
    loop {
        let page = world.store.history(&hq(), &request).await.unwrap();
        versions.extend(page.items.iter().map(|entry| entry.version.unwrap()));
        pages += 1;
        request.cursor = page.next;
        if request.cursor.is_none() {
            break;
        }
    }
    assert_eq!((versions, pages), ((1..=10).rev().collect(), 4));
    for cursor in ["", "nonsense", "#"] {
        request.cursor = Some(cursor.to_owned());
        let refused = world.store.history(&hq(), &request).await;
        assert!(matches!(refused, Err(StoreError::Unreadable { act, .. }) if act == READ_A_CURSOR));
    }
}

#[tokio::test]
async fn a_change_too_large_for_the_history_is_still_told_where_it_was() {
    let world = world().await;
    let mut state = 7_u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'0' + ((state >> 33) % 74) as u8)
    })
    .take(500_000)
    .collect();
    let author = world.author("bob");
    let commit = SourceCommit {
        settings: &settings(),
        expected: Expected::Absent,
        author: &author,
        action: HistoryAction::Created,
        changes: &[renaming("x", &noise)],
        unsettled: &Unsettled::default(),
        moves: false,
    };
    world.store.put_source(&hq(), &commit).await.unwrap();
    let history = history_of(&world, &hq()).await;
    let change = &history[0].changes[0];
    assert_eq!(change.pointer, "/name");
    let told = Some(Value::from("(too large for the history)"));
    assert_eq!((&change.before, &change.after), (&told, &told));
}

#[tokio::test]
async fn an_agent_that_a_source_names_is_not_deleted_and_one_that_none_names_is() {
    let world = world().await;
    let ids = agents(&world, 1..=3).await;
    let branch = SourceId::new("branch");
    world
        .put(&hq(), &naming(&ids[..2]), Expected::Absent, "bob")
        .await
        .unwrap();
    world
        .put(&branch, &naming(&ids[..1]), Expected::Absent, "bob")
        .await
        .unwrap();
    let store = world.store_with(&Faults::repeating_writes());
    let delete = async |id: &AgentId, version| store.delete_agent(id, version).await;
    let both = AgentDeleted::InUse(vec![branch.clone(), hq()]);
    assert_eq!(delete(&ids[0], 1).await.unwrap(), both);
    assert!(is_conflict(delete(&ids[2], 7).await));
    assert_eq!(delete(&ids[2], 1).await.unwrap(), AgentDeleted::Done);
    assert_eq!(
        delete(&ids[2], 1).await.unwrap(),
        AgentDeleted::Done,
        "gone before"
    );
    let gone = naming(&ids[2..]);
    let gone = world.put(&branch, &gone, Expected::Version(1), "bob");
    assert!(is_conflict(gone.await));
    world
        .put(&hq(), &naming(&[]), Expected::Version(1), "bob")
        .await
        .unwrap();
    assert_eq!(delete(&ids[1], 1).await.unwrap(), AgentDeleted::Done);
    assert_eq!(
        delete(&ids[0], 1).await.unwrap(),
        AgentDeleted::InUse(vec![branch])
    );
    put_agent(&world, &ids[0], Expected::Version(1)).await;
    assert!(matches!(
        delete(&ids[0], 2).await.unwrap(),
        AgentDeleted::InUse(_)
    ));
}

#[tokio::test]
async fn agents_of_an_earlier_installation_are_kept_as_long_as_they_are_named() {
    let world = world().await;
    let ids = agents(&world, 1..=2).await;
    world
        .put(&hq(), &naming(&ids), Expected::Absent, "bob")
        .await
        .unwrap();
    for id in &ids {
        spoil(&world, "AGENTS", id.as_str(), "REMOVE bindings").await;
    }
    let in_use = AgentDeleted::InUse(vec![hq()]);
    assert_eq!(world.store.delete_agent(&ids[0], 1).await.unwrap(), in_use);
    world
        .put(&hq(), &naming(&ids[1..]), Expected::Version(1), "bob")
        .await
        .unwrap();
    assert_eq!(
        world.store.delete_agent(&ids[0], 1).await.unwrap(),
        AgentDeleted::Done
    );
}

#[tokio::test]
async fn a_source_that_is_put_while_its_agent_is_being_deleted_keeps_it() {
    let world = world().await;
    let ids = agents(&world, 1..=1).await;
    // The agent, the sources, then the deletion.
    let faults = Faults::stalling_at(3);
    let sleepy = world.store_with(&faults);
    let id = ids[0].clone();
    let deletion = tokio::spawn(async move { sleepy.delete_agent(&id, 1).await });
    faults.stalled().await;
    world
        .put(&hq(), &naming(&ids), Expected::Absent, "bob")
        .await
        .unwrap();
    faults.wake();
    let ended = deletion.await.unwrap().unwrap();
    assert_eq!(ended, AgentDeleted::InUse(vec![hq()]));
}

#[tokio::test]
async fn an_agent_that_is_named_and_let_go_and_named_again_is_not_taken_for_free() {
    let world = world().await;
    let ids = agents(&world, 1..=1).await;
    world
        .put(&hq(), &naming(&ids), Expected::Absent, "bob")
        .await
        .unwrap();
    world
        .put(&hq(), &naming(&[]), Expected::Version(1), "bob")
        .await
        .unwrap();
    let faults = Faults::stalling_at(4);
    let sleepy = world.store_with(&faults);
    let id = ids[0].clone();
    let deletion = tokio::spawn(async move { sleepy.delete_agent(&id, 1).await });
    // The agent, the sources, their settings, then the deletion.
    faults.stalled().await;
    world
        .put(&hq(), &naming(&ids), Expected::Version(2), "bob")
        .await
        .unwrap();
    faults.wake();
    assert_eq!(
        deletion.await.unwrap().unwrap(),
        AgentDeleted::InUse(vec![hq()])
    );
}

#[tokio::test]
async fn an_agent_that_is_deleted_while_a_source_is_put_is_a_conflict() {
    let world = world().await;
    let ids = agents(&world, 1..=1).await;
    // What stands there, then the commit.
    let faults = Faults::stalling_at(2);
    let (sleepy, author) = (world.store_with(&faults), world.author("bob"));
    let wanted = naming(&ids);
    let put =
        tokio::spawn(
            async move { put_by(&sleepy, &hq(), &wanted, Expected::Absent, &author).await },
        );
    faults.stalled().await;
    let deleted = world.store.delete_agent(&ids[0], 1).await.unwrap();
    assert_eq!(deleted, AgentDeleted::Done);
    faults.wake();
    assert!(is_conflict(put.await.unwrap()));
    assert!(
        SettingsStore::source(&world.store, &hq())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(history_of(&world, &hq()).await, []);
    assert_eq!(
        world.store.agents().await.unwrap().len(),
        0,
        "nobody is revived"
    );
}

fn check(world: &World, standing: AgentStanding) -> AgentCheck {
    AgentCheck {
        at: world.clock.now(),
        version: 1,
        standing,
        latency_milliseconds: Some(42),
        egress_ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        source: Some(hq()),
        code: None,
    }
}

#[tokio::test]
async fn a_check_is_remembered_beside_the_agent_and_goes_with_it() {
    let world = world().await;
    let ids = agents(&world, 1..=2).await;
    let store = &world.store;
    assert_eq!(store.check_of(&ids[0]).await.unwrap(), None);
    let earlier = check(&world, AgentStanding::Unreachable);
    world.clock.advance(SignedDuration::from_secs(1));
    let running = check(&world, AgentStanding::Running);
    store.note_check(&ids[0], &running).await.unwrap();
    store.note_check(&ids[0], &earlier).await.unwrap();
    assert_eq!(
        store.check_of(&ids[0]).await.unwrap(),
        Some(running.clone())
    );
    put_agent(&world, &ids[0], Expected::Version(1)).await;
    let checks = store.checks().await.unwrap();
    assert_eq!(
        checks.into_iter().collect::<Vec<_>>(),
        [(dc(1), running.clone())]
    );
    assert_eq!(store.agent(&ids[0]).await.unwrap().unwrap().version, 2);
    store.delete_agent(&ids[0], 2).await.unwrap();
    store.note_check(&ids[0], &running).await.unwrap();
    assert_eq!(store.check_of(&ids[0]).await.unwrap(), None);
    assert_eq!(store.agents().await.unwrap().len(), 1);
}

fn login_app(name: &str) -> LoginAppSettings {
    let body = json!({
        "name": name, "base_url": "https://qyapi.weixin.qq.com",
        "credentials": { "corp_id": "ww0123456789abcdef", "agent_id": 1000002, "secret": "s3cr3t" },
    });
    let mut settings = LoginAppSettings::parse_text(&body.to_string(), None)
        .unwrap()
        .settings;
    settings.credentials.secret = Some(secret("v3"));
    settings
}

#[tokio::test]
async fn login_apps_are_kept_with_their_versions() {
    let world = world().await;
    let store = world.store_with(&Faults::repeating_writes());
    let (id, author) = (LoginAppId::parse("sso").unwrap(), world.author("alice"));
    let put = async |settings: &LoginAppSettings, expected| {
        store.put_login_app(&id, settings, expected, &author).await
    };
    let made = put(&login_app("Sign-in"), Expected::Absent).await.unwrap();
    assert_eq!((made.version, &made.settings), (1, &login_app("Sign-in")));
    assert!(is_conflict(
        put(&login_app("Other"), Expected::Absent).await
    ));
    assert!(is_conflict(
        put(&login_app("Other"), Expected::Version(2)).await
    ));
    let changed = put(&login_app("Other"), Expected::Version(1))
        .await
        .unwrap();
    assert_eq!(changed.version, 2);
    let found = store.login_app(&id).await.unwrap().unwrap();
    assert_eq!(found.settings, login_app("Other"));
    assert_eq!(found.updated_by.as_deref(), Some("alice"));
    assert_eq!(store.login_apps().await.unwrap().len(), 1);
    assert!(is_conflict(store.delete_login_app(&id, 1).await));
    store.delete_login_app(&id, 2).await.unwrap();
    store.delete_login_app(&id, 2).await.unwrap();
    assert!(store.login_app(&id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_state_that_was_written_before_mirrors_were_counted_is_read() {
    let world = world().await;
    world.add_source().await;
    let older = json!({ "has_mirror": true, "noticed": {}, "baseline": null });
    let update = "SET #state = :state";
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let client = world.dynamo.client();
    let put = client
        .update_item()
        .table_name(testkit::dynamo::SYNC_TABLE)
        .key("pk", text("SOURCE#hq"))
        .key("sk", text("STATE"))
        .update_expression(update)
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":state", text(&older.to_string()));
    put.send().await.unwrap();
    let kept = SettingsStore::source(&world.store, &hq())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (kept.unreadable, kept.stored.state.mirror_size),
        (None, None)
    );
    assert!(kept.stored.state.has_mirror);
}

//! What administrators do: settings with versions, queued runs, pages of rows and of people.

use crate::common::{World, first, hq, is_conflict, put_by, settings, stamp, user, world};
use jiff::SignedDuration;
use org_model::{DepartmentId, InternalId, ItemKind, RunId, SourceId, UserId, UserStatus};
use org_plan::{Action, Item};
use source_admin::ports::{
    DirectoryReader, Enqueued, Expected, Page, PageRequest, RowFilter, RunQueue, SettingsStore,
    UserFilter,
};
use source_settings::{AgentId, AgentSettings, SecretRef, SourceSettings};
use sync_run::ports::{Leases, RunLog, Sources, StoreError};
use sync_run::{Row, RowResult, RowsPage, RunMode, RunRecord, RunStatus, Trigger};
use testkit::Faults;

fn agent_settings(url: &str) -> AgentSettings {
    let body = serde_json::json!({ "url": url });
    let mut settings = AgentSettings::parse(&body, None).unwrap().settings;
    settings.credentials = Some(SecretRef {
        arn: "arn:agent".to_owned(),
        version: "v2".to_owned(),
    });
    settings
}

#[tokio::test]
async fn settings_are_put_against_the_version_they_were_read_at() {
    let world = world().await;
    let (alice, mut changed) = (world.author("alice"), settings());
    let put = async |settings: &SourceSettings, expected| {
        put_by(&world.store, &hq(), settings, expected, &alice).await
    };
    assert!(is_conflict(put(&changed, Expected::Version(1)).await));
    let made = put(&changed, Expected::Absent).await.unwrap();
    assert_eq!((made.version, &made.settings), (1, &changed));
    changed.name = "Other".to_owned();
    changed.credentials.secret = None;
    assert!(is_conflict(put(&changed, Expected::Absent).await));
    let made_again = put(&settings(), Expected::Absent).await;
    assert_eq!(made_again.unwrap().version, 1, "the same call, sent twice");
    world.clock.advance(SignedDuration::from_hours(1));
    let bob = world.author("bob");
    let next = put_by(&world.store, &hq(), &changed, Expected::Version(1), &bob)
        .await
        .unwrap();
    assert_eq!((next.version, &next.settings), (2, &changed));
    assert_eq!(next.created_at, made.created_at);
    assert_eq!(next.updated_by.as_deref(), Some("bob"));
    assert!(is_conflict(put(&changed, Expected::Version(1)).await));
    assert_eq!(world.store.sources().await.unwrap(), [hq()]);
    assert_eq!(world.store.all_sources().await.unwrap().len(), 1);
    let none = Sources::source(&world.store, &SourceId::new("none")).await;
    assert!(none.unwrap().is_none());
}

#[tokio::test]
async fn two_changes_of_one_version_do_not_both_land() {
    let world = world().await;
    world.add_source().await;
    let authors: Vec<_> = (0..6).map(|i| world.author(&format!("admin{i}"))).collect();
    let settings = settings();
    let source = hq();
    let puts = authors.iter().map(|author| {
        put_by(
            &world.store,
            &source,
            &settings,
            Expected::Version(1),
            author,
        )
    });
    let results = futures::future::join_all(puts).await;
    assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 1);
    assert_eq!(
        results
            .into_iter()
            .filter(|one| is_conflict(one.clone()))
            .count(),
        5
    );
}

#[tokio::test]
async fn agents_are_kept_with_their_versions_and_read_in_the_order_asked() {
    let world = world().await;
    let author = world.author("alice");
    let ids = ["dc-2", "dc-1"].map(|id| AgentId::parse(id).unwrap());
    for id in &ids {
        let settings = agent_settings("http://127.0.0.1:3128");
        let put = world
            .store
            .put_agent(id, &settings, Expected::Absent, &author);
        assert_eq!(put.await.unwrap().settings, settings);
    }
    let settings = agent_settings("http://127.0.0.1:3129");
    let wrong = world
        .store
        .put_agent(&ids[0], &settings, Expected::Version(7), &author)
        .await;
    assert!(is_conflict(wrong));
    let store = world.store_with(&Faults::repeating_writes());
    let put = store
        .put_agent(&ids[0], &settings, Expected::Version(1), &author)
        .await;
    assert_eq!(put.unwrap().version, 2);
    let mut asked = ids.to_vec();
    asked.insert(1, AgentId::parse("none").unwrap());
    let found = Sources::agents(&world.store, &asked).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|agent| (agent.id.as_str(), agent.version))
        .collect();
    assert_eq!(found, [("dc-2", 2), ("dc-1", 1)]);
    assert_eq!(SettingsStore::agents(&world.store).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_run_is_queued_once_per_key_and_never_beside_a_live_one() {
    let world = world().await;
    let record = world.record("a");
    let enqueue = async |run: &str, key| {
        let mut other = record.clone();
        other.run = RunId::new(run);
        world.store.enqueue(&other, key).await.unwrap()
    };
    assert_eq!(enqueue("a", Some("key")).await, Enqueued::New);
    assert_eq!(
        enqueue("a", Some("key")).await,
        Enqueued::New,
        "the same call, sent twice"
    );
    let earlier = Enqueued::Repeated(Box::new(record.clone()));
    assert_eq!(enqueue("b", Some("key")).await, earlier);
    assert_eq!(
        world.store.unfinished(&hq()).await.unwrap(),
        std::slice::from_ref(&record)
    );
    let live = Enqueued::Live(RunId::new("a"));
    assert_eq!(enqueue("c", None).await, live, "it will start at any time");
    let lease = world.lease("a").await;
    assert_eq!(enqueue("c", None).await, live);
    assert_eq!(
        enqueue("c", Some("key")).await,
        earlier,
        "its own run is the live one"
    );
    world.store.release(&lease).await.unwrap();
    let mut ended = record.clone();
    ended.status = RunStatus::Succeeded;
    world.store.put_unleased(&ended).await.unwrap();
    assert_eq!(enqueue("c", None).await, Enqueued::New);
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let world = world().await;
    let enqueue = async |run: &str| world.store.enqueue(&world.record(run), Some("key")).await;
    assert_eq!(enqueue("a").await.unwrap(), Enqueued::New);
    world.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(enqueue("b").await.unwrap(), Enqueued::New);
}

#[tokio::test]
async fn two_calls_with_one_key_queue_one_run() {
    let world = world().await;
    let records: Vec<_> = (0..6).map(|i| world.record(&format!("run{i}"))).collect();
    let calls = records
        .iter()
        .map(|record| world.store.enqueue(record, Some("key")));
    let outcomes = futures::future::join_all(calls).await;
    let new = outcomes
        .iter()
        .filter(|one| matches!(one, Ok(Enqueued::New)))
        .count();
    let again = outcomes
        .iter()
        .filter(|one| matches!(one, Ok(Enqueued::Repeated(_))))
        .count();
    assert_eq!((new, again), (1, 5));
    assert_eq!(world.store.unfinished(&hq()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn runs_are_listed_latest_first_page_by_page() {
    let world = world().await;
    for run in ["run3", "run1", "run5", "run2", "run4"] {
        let mut record = world.record(run);
        record.status = RunStatus::Skipped;
        world.store.put_unleased(&record).await.unwrap();
    }
    let mut shown = Vec::new();
    let mut request = first(2);
    loop {
        let page = world.store.runs(&hq(), &request).await.unwrap();
        shown.extend(page.items.into_iter().map(|record| record.run.to_string()));
        request.cursor = page.next;
        if request.cursor.is_none() {
            break;
        }
    }
    assert_eq!(shown, ["run5", "run4", "run3", "run2", "run1"]);
}

fn row(seq: u64) -> Row {
    Row {
        seq,
        kind: ItemKind::User,
        id: format!("user{seq}"),
        internal_id: InternalId::new(format!("id{seq}")),
        name: "张三".to_owned(),
        action: Action::Create,
        result: if seq.is_multiple_of(10) {
            RowResult::Failed
        } else {
            RowResult::Done
        },
        code: None,
        message: None,
        remedy: None,
        changes: Vec::new(),
    }
}

/// Every page of a list, and how many pages that were.
async fn all_rows(world: &World, filter: &RowFilter, limit: u32) -> (Vec<u64>, usize) {
    let (mut seqs, mut pages, mut request) = (Vec::new(), 0, first(limit));
    loop {
        let found: Page<Row> =
            RunQueue::rows(&world.store, &hq(), &RunId::new("a"), filter, &request)
                .await
                .unwrap();
        assert!(found.items.len() <= limit as usize);
        seqs.extend(found.items.iter().map(|row| row.seq));
        pages += 1;
        request.cursor = found.next;
        if request.cursor.is_none() {
            return (seqs, pages);
        }
    }
}

#[tokio::test]
async fn a_filter_that_matches_little_is_answered_after_ten_requests_with_where_to_go_on() {
    let world = world().await;
    let lease = world.lease("a").await;
    for page in 1..=90 {
        let rows = vec![row(u64::from(page) * 10 + u64::from(page != 90))];
        let page = RowsPage { page, rows };
        let record = record_of(&lease);
        world.store.append_rows(&record, &page).await.unwrap();
    }
    let failed = RowFilter {
        result: Some(RowResult::Failed),
        ..RowFilter::default()
    };
    let faults = testkit::Faults::default();
    let run = RunId::new("a");
    let page = RunQueue::rows(&world.store_with(&faults), &hq(), &run, &failed, &first(9))
        .await
        .unwrap();
    assert!(page.items.is_empty() && page.next.is_some());
    assert_eq!(faults.requests(), 10);
    // 40 pages, 39 more behind the first of them, and the rest.
    assert_eq!(all_rows(&world, &failed, 9).await, (vec![900], 3));
}

/// So many people in one bucket, as copies of one that the store wrote.
async fn crowd(world: &World, people: usize) {
    use aws_sdk_dynamodb::types::AttributeValue::S;
    let lease = world.lease("a").await;
    let person = user("a", stamp(&lease, "1"));
    world.create(&lease, &[person]).await;
    let client = world.dynamo.client();
    let table = testkit::dynamo::DIRECTORY_TABLE;
    let found = client.scan().table_name(table).send().await.unwrap();
    let copy = |number: usize| {
        let mut item = found.items()[0].clone();
        for name in ["sk", "mk", "userid"] {
            item.insert(name.to_owned(), S(format!("a{number:06}")));
        }
        client
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .send()
    };
    for start in (0..people).step_by(100) {
        let puts = (start..people.min(start + 100)).map(copy);
        futures::future::try_join_all(puts).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_of_a_status_is_looked_for_among_five_thousand_people_at_once() {
    let world = world().await;
    crowd(&world, 5_100).await;
    let filter = UserFilter {
        status: Some(org_model::UserStatus::Deleted),
        ..UserFilter::default()
    };
    let page = world.store.users(&hq(), &filter, &first(50)).await.unwrap();
    assert!(page.items.is_empty());
    let rest = PageRequest {
        cursor: page.next,
        limit: 50,
    };
    assert!(rest.cursor.is_some(), "the page says where to go on");
    let page = world.store.users(&hq(), &filter, &rest).await.unwrap();
    assert!(page.items.is_empty() && page.next.is_none());
}

#[tokio::test]
async fn rows_are_filtered_and_paged_without_losing_one() {
    let world = world().await;
    let lease = world.lease("a").await;
    let rows: Vec<Row> = (1..=100).map(row).collect();
    for (index, rows) in rows.chunks(8).enumerate() {
        let page = RowsPage {
            page: 1 + index as u32,
            rows: rows.to_vec(),
        };
        world
            .store
            .append_rows(&record_of(&lease), &page)
            .await
            .unwrap();
    }
    let all = RowFilter::default();
    let (seqs, pages) = all_rows(&world, &all, 7).await;
    assert_eq!(seqs, (1..=100).collect::<Vec<_>>());
    assert_eq!(pages, 15);
    let failed = RowFilter {
        result: Some(RowResult::Failed),
        ..RowFilter::default()
    };
    let (seqs, pages) = all_rows(&world, &failed, 4).await;
    assert_eq!(seqs, (1..=10).map(|i| i * 10).collect::<Vec<_>>());
    assert_eq!(pages, 3);
    let mut request = first(7);
    request.cursor = Some("nonsense".to_owned());
    let refused = RunQueue::rows(&world.store, &hq(), &RunId::new("a"), &all, &request).await;
    assert!(matches!(
        refused,
        Err(StoreError::Unreadable {
            act: "read a cursor",
            ..
        })
    ));
}

async fn all_users(world: &World, filter: &UserFilter, limit: u32) -> Vec<String> {
    let (mut names, mut request) = (Vec::new(), first(limit));
    loop {
        let page = world.store.users(&hq(), filter, &request).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        names.extend(page.items.iter().map(|user| user.userid.to_string()));
        request.cursor = page.next;
        if request.cursor.is_none() {
            names.sort();
            return names;
        }
    }
}

#[tokio::test]
async fn people_are_listed_once_each_whatever_the_page_and_the_filter() {
    let world = world().await;
    let lease = world.lease("a").await;
    let mut people: Vec<Item> = (0..90)
        .map(|i| user(&format!("User{i:02}"), stamp(&lease, "1")))
        .collect();
    for item in &mut people[40..] {
        if let Item::User(user) = item {
            user.status = UserStatus::Disabled;
        }
    }
    world.create(&lease, &people[..50]).await;
    let later = world.clock.advance(SignedDuration::from_mins(5));
    world.create(&lease, &people[50..]).await;
    let names: Vec<_> = people.iter().map(Item::id).collect();
    for limit in [1, 7, 90, 1000] {
        assert_eq!(
            all_users(&world, &UserFilter::default(), limit).await,
            names
        );
    }
    let disabled = UserFilter {
        status: Some(UserStatus::Disabled),
        updated_since: None,
        department: None,
    };
    assert_eq!(all_users(&world, &disabled, 7).await, names[40..]);
    let recent = UserFilter {
        status: None,
        updated_since: Some(later),
        department: None,
    };
    assert_eq!(all_users(&world, &recent, 7).await, names[50..]);
    let one = world
        .store
        .user(&hq(), &UserId::new("USER07").key())
        .await
        .unwrap();
    assert_eq!(one.map(Item::User), Some(people[7].clone()));
}

#[tokio::test]
async fn departments_are_listed_and_found_by_id() {
    let world = world().await;
    let lease = world.lease("a").await;
    let items: Vec<Item> = (1..=40)
        .map(|id| crate::common::department(id, stamp(&lease, "1")))
        .collect();
    world.create(&lease, &items).await;
    let (mut ids, mut request) = (Vec::new(), first(9));
    loop {
        let page = world.store.departments(&hq(), &request).await.unwrap();
        ids.extend(page.items.iter().map(|one| one.id.0));
        request.cursor = page.next;
        if request.cursor.is_none() {
            break;
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=40).collect::<Vec<_>>());
    let found = world
        .store
        .department(&hq(), DepartmentId(17))
        .await
        .unwrap();
    assert_eq!(found.map(Item::Department), Some(items[16].clone()));
    let none = world
        .store
        .department(&hq(), DepartmentId(99))
        .await
        .unwrap();
    assert_eq!(none, None);
    assert_eq!(none.map(|one| one.id), None);
}

fn record_of(lease: &sync_run::RunLease) -> RunRecord {
    let (source, run) = (lease.source().clone(), lease.run().clone());
    let mut record = RunRecord::new(
        source,
        run,
        Trigger::Schedule,
        RunMode::Apply,
        lease.expires_at(),
    );
    record.generation = Some(lease.generation());
    record
}

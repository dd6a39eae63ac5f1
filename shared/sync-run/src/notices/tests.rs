//! What a person reads, kind by kind, and that both languages and the machine say the same.

use org_model::{DepartmentId, Fingerprint, InternalId, ItemKind, RangeNarrowing, VisibleRange};
use org_plan::{Action, HeldItem, HeldList, RuleLimit, RuleWindow, TrippedRule};

mod clearings;
mod held;
mod trouble;

use super::*;
use crate::ports::AgentFailure;
use crate::{HeldState, ReasonText, RunError, RunMode, StandingRange, StoredHeldList, Trigger};

const NAME: &str = "Head office";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-22T08:30:00Z")
}

fn hq() -> SourceId {
    SourceId::new("hq")
}

fn about<'a>(source: &'a SourceId, run: &'a RunId) -> About<'a> {
    About {
        at: now(),
        source,
        name: NAME,
        run: Some(run),
    }
}

fn person(number: u32, departments: &[u32], action: Action) -> HeldItem {
    HeldItem {
        kind: ItemKind::User,
        id: format!("u{number}"),
        internal_id: InternalId::new(format!("internal-{number}")),
        name: format!("Zhang San {number} 张三"),
        action,
        departments: departments.iter().copied().map(DepartmentId).collect(),
        suspected_rename: None,
    }
}

fn department(id: u32, name: &str) -> HeldItem {
    HeldItem {
        kind: ItemKind::Department,
        id: id.to_string(),
        internal_id: InternalId::new(format!("department-{id}")),
        name: name.to_owned(),
        action: Action::Delete,
        departments: vec![DepartmentId(1)],
        suspected_rename: None,
    }
}

fn rule(limit: RuleLimit, value: u32, deletions: u64, base: u64) -> TrippedRule {
    TrippedRule {
        kind: ItemKind::User,
        limit,
        window: RuleWindow::Run,
        value,
        deletions,
        base,
        attribute: None,
    }
}

fn list(rules: Vec<TrippedRule>, items: Vec<HeldItem>) -> HeldList {
    HeldList::new(hq(), RunId::new("r-7"), now(), rules, items)
}

/// 60 of Sales, of whom 3 are disabled, 12 of whom stand in Labs as well; Sales goes with them.
fn departure() -> HeldList {
    let sales = (0..48).map(|n| person(n, &[16], Action::Delete));
    let labs = (48..57).map(|n| person(n, &[16, 21], Action::Delete));
    let disabled = (57..60).map(|n| person(n, &[16, 21], Action::Disable));
    let items = sales.chain(labs).chain(disabled);
    let rules = vec![
        rule(RuleLimit::MaxCount, 50, 60, 580),
        rule(RuleLimit::MaxPercent, 10, 60, 580),
    ];
    list(
        rules,
        items.chain([department(16, "Sales\n销售")]).collect(),
    )
}

fn known(id: DepartmentId) -> Option<String> {
    (id == DepartmentId(21)).then(|| "Labs".to_owned())
}

fn record() -> RunRecord {
    let run = RunId::new("r-7");
    let mut record = RunRecord::new(hq(), run, Trigger::Schedule, RunMode::Apply, now());
    record.status = RunStatus::Partial;
    let done = [(RowResult::Done, 9_996), (RowResult::Failed, 4)];
    let users = [(Action::Update, done.into())];
    record.counts.insert("users".to_owned(), users.into());
    record
}

/// As the first segment of a run handed it over.
fn in_segment_2() -> RunRecord {
    let mut record = RunRecord {
        segments: 2,
        ..record()
    };
    let done = |count| [(RowResult::Done, count)].into();
    let gone = [(Action::Delete, done(2)), (Action::Disable, done(3))];
    let users = record.counts.entry("users".to_owned()).or_default();
    users.extend(gone.into_iter().chain([(Action::Move, done(700))]));
    let departments = [(Action::Delete, done(1))].into();
    record.counts.insert("departments".to_owned(), departments);
    record
}

fn with_gap(record: RunRecord) -> RunRecord {
    RunRecord {
        sealed: Some(false),
        unsealed_reasons: vec![reason("incomplete", "3 answers are missing")],
        ..record
    }
}

const ALL: Written = Written {
    done: 9_996,
    is_all: true,
};

/// Some writes were never answered.
const NOT_ALL: Written = Written {
    is_all: false,
    ..ALL
};

fn failed_record() -> RunRecord {
    RunRecord {
        status: RunStatus::Failed,
        ..record()
    }
}

fn error(code: &str, message: &str, remedy: &str) -> RunError {
    RunError {
        code: code.to_owned(),
        message: message.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn reason(code: &str, message: &str) -> ReasonText {
    ReasonText {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

fn standing_range() -> StandingRange {
    StandingRange {
        fingerprint: Fingerprint::of("range"),
        run: RunId::new("r-7"),
        seen_at: now(),
        agent_id: 1_000_002,
        declared: VisibleRange::default(),
        departments: 12,
        narrowing: RangeNarrowing {
            departments: [DepartmentId(16), DepartmentId(21)].into(),
            root_lost: true,
            ..RangeNarrowing::default()
        },
        affected_users: 120,
        affected_departments: 2,
        acceptance: None,
    }
}

/// One notice of every kind that a run or housekeeping writes, with those that speak differently.
fn every_notice() -> Vec<Notice> {
    let (source, run) = (hq(), RunId::new("r-7"));
    let about = about(&source, &run);
    let held_list = departure();
    let places = Places::of(&held_list.items, known);
    let stored = StoredHeldList {
        released: [(ItemKind::User, InternalId::new("internal-0"))].into(),
        ..waiting(held_list.clone())
    };
    let cleared = cleared(57);
    let cleared: Vec<&TrippedRule> = cleared.iter().collect();
    let killed = error(
        "killed",
        "the run ended without closing",
        "nothing: it goes on",
    );
    let out_of_time = error("out_of_time", "the time of this run is over", "nothing");
    let unknown = error("new_code", "WeCom said 99999", "ask whoever knows 99999");
    let over = [
        ("agent:dc-1", "2026-11-20T01:00:00Z"),
        ("failed:untrusted_ip", "2026-11-20T02:00:00Z"),
        ("partial:changed_meanwhile", "2026-11-20T03:00:00Z"),
        ("silence", "2026-11-21T04:00:00Z"),
        ("unsealed:range_narrower:ab12", "2026-11-21T05:00:00Z"),
    ];
    let over = over.map(|(cause, noticed)| (cause.to_owned(), at(noticed)));
    let codes = [
        ("changed_meanwhile".to_owned(), 3),
        ("TooLarge".to_owned(), 1),
    ];
    let failure = AgentFailure {
        id: "dc-1".to_owned(),
        code: "untrusted_ip",
        message: "WeCom does not trust 203.0.113.7".to_owned(),
    };
    let record = record();
    vec![
        held(&about, &held_list, &places),
        held_reminder(&stored, NAME, &places, now()),
        clearings(&about, &cleared[..1]),
        clearings(&about, &cleared[..3]),
        clearings(&about, &cleared),
        failed(&about, &failed_record(), ALL, &untrusted()),
        failed(&about, &record, ALL, &out_of_time),
        failed(&about, &failed_record(), NOT_ALL, &unknown),
        buried(&record, &killed, now()),
        unread(&record, &killed, now()),
        unread(&in_segment_2(), &killed, now()),
        partial(&about, &record, &codes.into()),
        partial(&about, &record, &BTreeMap::new()),
        unsealed(&about, &with_gap(record.clone())),
        unsealed(&about, &with_gap(in_segment_2())),
        range_shrank(&about, &with_gap(record.clone()), &standing_range()),
        range_shrank(&about, &with_gap(in_segment_2()), &standing_range()),
        agent_down(&about, &failure, Some("dc-2")),
        agent_down(&about, &failure, None),
        silence(&source, NAME, Some(at("2026-11-01T00:00:00Z")), now()),
        silence(&source, NAME, None, now()),
        recovered(&about, &over.into()),
        mapping::fails(&about, &["title", "mobile"], &Default::default()),
        mapping::shown_for_nobody(&about, &["mobile"]),
    ]
}

fn untrusted() -> RunError {
    error(
        "untrusted_ip",
        "WeCom does not trust 203.0.113.7",
        "add 203.0.113.7 to the app's trusted IPs",
    )
}

/// The guard kept so many attributes, each of one person more than the one before.
fn cleared(count: u64) -> Vec<TrippedRule> {
    let cleared = (0..count).map(|number| TrippedRule {
        attribute: Some(format!("field_{number:02}")),
        ..rule(RuleLimit::Clearing, 10, 400 + number, 2_000)
    });
    cleared.collect()
}

fn waiting(list: HeldList) -> StoredHeldList {
    StoredHeldList {
        list,
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: Default::default(),
        consumed_by: None,
    }
}

fn numbers(text: &str) -> Vec<&str> {
    let mut numbers: Vec<&str> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|number| !number.is_empty())
        .collect();
    numbers.sort_unstable();
    numbers
}

/// As it reads on a screen of 88 columns; what goes on from the line above begins with `>`.
fn folded(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut rest: Vec<char> = line.chars().collect();
        let mut parts = Vec::new();
        while rest.len() > 88 {
            let space = rest[..88].iter().rposition(|c| *c == ' ');
            let end = space.filter(|at| *at > 60).map_or(88, |at| at + 1);
            let tail = rest.split_off(end);
            parts.push(rest.iter().collect::<String>().trim_end().to_owned());
            rest = tail;
        }
        parts.push(rest.iter().collect());
        parts.join("\n> ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn both_languages_of_every_notice_say_the_same_numbers() {
    for notice in every_notice() {
        let (english, chinese) = notice.text.split_once(LANGUAGES_BREAK).unwrap();
        // What a remedy repeats of its cause may stand once in one of them and twice in the other.
        let (mut said, mut said_chinese) = (numbers(english), numbers(chinese));
        said.dedup();
        said_chinese.dedup();
        assert_eq!(said, said_chinese, "{}", notice.text);
        assert!(english.is_ascii() || notice.kind == NoticeKind::Held || has_place(english));
        assert!(!chinese.is_ascii());
    }
}

/// A department's own name stands in both halves.
fn has_place(english: &str) -> bool {
    english.contains("销售")
}

#[test]
fn every_notice_fits_a_phone_a_filter_and_a_mail() {
    for notice in every_notice() {
        let subject = &notice.subject;
        assert!(subject.is_ascii() && subject.len() < 100, "{subject}");
        assert!(subject.starts_with("[wecom-sync] hq: "), "{subject}");
        assert!(notice.text.len() < 4_096, "{}", notice.text.len());
        for line in notice.text.lines() {
            let is_call = line.starts_with("  ");
            assert!(is_call || line.chars().count() < 260, "{line}");
            assert!(!line.contains("  -") && !line.ends_with(' '), "{line:?}");
        }
    }
}

#[test]
fn no_notice_names_a_person_or_carries_a_query() {
    for notice in every_notice() {
        let said = format!("{} {} {}", notice.subject, notice.text, notice.detail);
        for word in ["Zhang", "张三", "?", "://", "@"] {
            assert!(!said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn every_key_of_the_detail_is_snake_case_and_every_call_is_in_the_text() {
    for notice in every_notice() {
        assert!(notice.detail.is_object(), "{:?}", notice.kind);
        check_keys(&notice.detail);
        for call in notice.detail["calls"].as_object().into_iter().flatten() {
            let call = call.1.as_str().unwrap();
            assert_eq!(notice.text.matches(call).count().min(2), 2, "{call}");
        }
    }
}

fn check_keys(value: &Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let plain = |c: char| c.is_ascii_lowercase() || c == '_';
                assert!(key == "TooLarge" || key.chars().all(plain), "{key}");
                check_keys(value);
            }
        }
        Value::Array(items) => items.iter().for_each(check_keys),
        _ => {}
    }
}

#[test]
fn what_is_over_is_listed_once_and_forgotten() {
    let noticed = [
        "agent:dc-1",
        "agent:dc-2",
        "failed:tls",
        "held:abc",
        "mapping:title",
        "partial:x",
        "silence",
        "unsealed:incomplete",
    ];
    let mut noticed: BTreeMap<String, Timestamp> =
        noticed.map(|cause| (cause.to_owned(), now())).into();
    let old = now() - SignedDuration::from_hours(24 * 31);
    noticed.insert("held:old".to_owned(), old);
    let shown = Shown {
        agent: Some("dc-1"),
        all_written: false,
    };
    let over = forget_troubles(&mut noticed, now(), shown);
    let over: Vec<&str> = over.keys().map(String::as_str).collect();
    assert_eq!(
        over,
        ["agent:dc-1", "failed:tls", "silence", "unsealed:incomplete"]
    );
    let stays: Vec<&str> = noticed.keys().map(String::as_str).collect();
    assert_eq!(
        stays,
        ["agent:dc-2", "held:abc", "mapping:title", "partial:x"]
    );
    let all_written = Shown {
        all_written: true,
        ..shown
    };
    assert_eq!(forget_troubles(&mut noticed, now(), all_written).len(), 1);
    assert!(forget_troubles(&mut noticed, now(), all_written).is_empty());
}

#[test]
fn a_long_or_broken_name_stays_on_its_line() {
    assert_eq!(one_line("Sales\r\n销售\t"), "Sales  销售");
    assert_eq!(one_line(&"长".repeat(41)).chars().count(), 41);
    let source = hq();
    let named = About {
        at: now(),
        source: &source,
        name: "",
        run: None,
    };
    assert_eq!(named.who(), "source hq");
}

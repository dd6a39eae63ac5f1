//! Refusals that are final, and those that are waited for: how often WeCom is asked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::common::{
    AGENT_IP, SECOND_AGENT_IP, Stage, agent, client, company, proxy_from, quick, userids,
};
use org_model::GapCause;
use secrecy::SecretString;
use sync_run::ports::{NoProgress, Remedy, Wecom, WecomScope};
use wecom_client::Pace;
use wecom_sim::{At, Command, SimConfig, Times, View, What};

/// Three departments: three lists.
fn small() -> SimConfig {
    SimConfig {
        people: 12,
        departments: 3,
        ..company()
    }
}

fn fault(stage: &Stage, call: &str, times: Times, code: i64) {
    let at = At::Kind(call.to_owned(), 0);
    let control = stage.sim.control();
    control.fault(at, times, What::Errcode(code)).unwrap();
}

fn everybody(stage: &Stage) -> BTreeSet<String> {
    let members = stage.sim.control().members(View::Everything);
    members.map(|member| member.userid).collect()
}

/// What a person must change (WECOM.md §5, configuration). 40001 is both: of a secret it is final,
/// of a token that is already held it calls for a new one.
const CONFIGURATION: [i64; 15] = [
    40013, 40091, 41002, 41004, 45031, 48001, 48002, 48004, 48006, 48009, 50003, 60031, 301_002,
    2_000_002, 60020,
];

/// How often each call was made in an attempt that had to fail.
async fn calls_of_a_failure(stage: &Stage, call: &str, code: i64) -> Vec<(String, u64)> {
    stage.run(Command::ForgetTokens);
    stage.run(Command::ResetCounts);
    stage.run(Command::ClearFaults);
    fault(stage, call, Times::Forever, code);
    let client = client(&[stage.sim.ca_pem().unwrap()], quick());
    let outcome = match client.connect(stage.access()).await {
        Ok(session) => session.read(&WecomScope::default(), &NoProgress).await,
        Err(error) => Err(error),
    };
    let error = outcome.unwrap_err();
    assert_eq!(error.errcode, Some(code), "{call}: {error}");
    stage.sim.calls().into_iter().collect()
}

fn calls(told: &[(&str, u64)]) -> Vec<(String, u64)> {
    let told = told.iter();
    told.map(|(call, times)| ((*call).to_owned(), *times))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_must_change_ends_the_reading_in_one_call() {
    let stage = Stage::with(small(), quick()).await;
    for code in CONFIGURATION {
        let made = calls_of_a_failure(&stage, "gettoken", code).await;
        assert_eq!(made, calls(&[("gettoken", 1)]), "{code}");
        let made = calls_of_a_failure(&stage, "agent/get", code).await;
        let wanted = [("agent/get", 1), ("gettoken", 1)];
        assert_eq!(made, calls(&wanted), "{code}");
        let made = calls_of_a_failure(&stage, "department/list", code).await;
        let wanted = [("agent/get", 1), ("department/list", 1), ("gettoken", 1)];
        assert_eq!(made, calls(&wanted), "{code}");
        // Lists are asked for many at once: those under way are the last.
        let made = calls_of_a_failure(&stage, "user/list", code).await;
        assert!(made.contains(&("agent/get".to_owned(), 1)), "{made:?}");
        let lists = made.iter().find(|(call, _)| call == "user/list");
        assert!(lists.unwrap().1 <= 3, "{code}: {made:?}");
    }
    let made = calls_of_a_failure(&stage, "gettoken", 40001).await;
    assert_eq!(made, calls(&[("gettoken", 1)]));
    let made = calls_of_a_failure(&stage, "agent/get", 40001).await;
    assert_eq!(made, calls(&[("agent/get", 2), ("gettoken", 2)]));
}

/// WECOM.md §2: then the address is blocked for an hour, and WeCom says 45009 of it. It is no call
/// limit of the corp, and no wait within a run helps.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_sent_several_wrong_secrets_is_told_as_blocked() {
    let config = SimConfig {
        trusted_ips: vec![AGENT_IP.into(), SECOND_AGENT_IP.into()],
        ..small()
    };
    let stage = Stage::with(config, quick()).await;
    for number in 0..5 {
        let mut access = stage.access();
        access.secret = SecretString::from(format!("wrong-{number}"));
        let error = stage.client().connect(access).await.err().unwrap();
        assert_eq!(error.code, "wrong_secret");
    }
    stage.run(Command::ResetCounts);
    // The right secret, through the blocked address.
    let error = stage.client().connect(stage.access()).await.err().unwrap();
    assert_eq!((error.code, error.errcode), ("tokens_blocked", Some(45009)));
    assert_eq!(error.remedy, Remedy::RetryLater);
    assert!(error.message.contains("127.0.0.77"), "{error}");
    assert!(error.remedy_text.contains("within an hour"), "{error:?}");
    let asked = stage.sim.calls();
    assert_eq!(asked["gettoken"], 2, "once more, after a window");
    assert_eq!(asked.len(), 1, "{asked:?}");
    // Another agent has another address.
    let second = proxy_from(SECOND_AGENT_IP).await;
    let mut access = stage.access();
    access.agents.push(agent("dc-2", &second));
    let session = stage.client().connect(access).await.unwrap();
    assert_eq!(session.agent().as_deref(), Some("dc-2"));
    assert_eq!(session.failed_agents()[0].code, "tokens_blocked");
    // After the hour all is well again, also for a process that knows no token.
    stage.run(Command::AdvanceClock { seconds: 3601 });
    let fresh = client(&[stage.sim.ca_pem().unwrap()], quick());
    assert!(fresh.connect(stage.access()).await.is_ok());
}

/// No window is waited for that ends after the run, and the cause stays the true one.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_given_before_the_deadline_is_asked_for_once() {
    let pace = Pace {
        rate_window: Duration::from_secs(600),
        ..quick()
    };
    let stage = Stage::with(small(), pace).await;
    fault(&stage, "gettoken", Times::Forever, 45009);
    let error = stage.read().await.unwrap_err();
    assert_eq!(error.code, "tokens_blocked");
    assert_eq!(stage.sim.calls()["gettoken"], 1);
}

/// 45009 within the time budget: the window is waited for, twice if need be, and nothing is lost.
/// Beyond it: `faults.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_within_the_time_is_waited_for() {
    let pace = Pace {
        rate_window: Duration::from_millis(150),
        ..quick()
    };
    let window = pace.rate_window;
    let stage = Stage::with(small(), pace).await;
    fault(&stage, "department/list", Times::Count(2), 45009);
    let begun = Instant::now();
    let raw = stage.read().await.unwrap();
    assert!(begun.elapsed() >= window * 2, "the windows were waited for");
    assert_eq!(raw.gaps, []);
    assert_eq!(userids(&raw), everybody(&stage));
    assert_eq!(stage.sim.calls()["department/list"], 3);
}

/// 45033: less at once, and again as long as there is time; then a gap, and no call more.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_waited_for_until_the_deadline() {
    let stage = Stage::with(small(), quick()).await;
    fault(&stage, "user/list", Times::Count(6), 45033);
    let raw = stage.read().await.unwrap();
    assert_eq!(raw.gaps, []);
    assert_eq!(userids(&raw), everybody(&stage));
    assert_eq!(stage.sim.calls()["user/list"], 6 + 3);

    // The first wait would end after the deadline: nobody waits, nobody asks again.
    let pace = Pace {
        backoff: Duration::from_secs(1200),
        backoff_max: Duration::from_secs(1200),
        ..quick()
    };
    let stage = Stage::with(small(), pace).await;
    fault(&stage, "user/list", Times::Forever, 45033);
    let raw = stage.read().await.unwrap();
    let causes: Vec<&GapCause> = raw.gaps.iter().map(|gap| &gap.cause).collect();
    assert_eq!(causes, [&GapCause::Errcode(45033); 3]);
    assert_eq!(stage.sim.calls()["user/list"], 3);
}

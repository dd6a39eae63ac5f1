//! Tokens, secrets, trusted addresses, quotas: who is let in, and how refusals look.

use std::net::IpAddr;
use std::time::Duration;

use crate::common::{Reader, errcode, small};
use serde_json::{Value, json};
use wecom_sim::{At, Command, SettingsPatch, SimConfig, Times, What};

const CORP: &str = "wwsim0000000000001";
const SECRET: &str = "sim-app-secret";

/// A client whose connections come from another loopback address, as a proxy's do.
fn client_at(ip: &str) -> reqwest::Client {
    let ip: IpAddr = ip.parse().expect("an address");
    reqwest::Client::builder()
        .no_proxy()
        .local_address(ip)
        .build()
        .expect("client")
}

fn configure(reader: &Reader, patch: SettingsPatch) {
    reader.control().configure(patch).expect("configures");
}

#[tokio::test]
async fn one_token_is_given_again_until_it_expires() {
    let reader = Reader::start_without_token(small());
    let first = reader.gettoken(CORP, SECRET).await;
    let second = reader.gettoken(CORP, SECRET).await;
    assert_eq!(first["access_token"], second["access_token"]);
    assert_eq!(first["errcode"], json!(0));
    assert!(
        first["access_token"]
            .as_str()
            .is_some_and(|token| token.len() > 200)
    );
    reader.run(Command::AdvanceClock { seconds: 7200 });
    let third = reader.gettoken(CORP, SECRET).await;
    assert_ne!(first["access_token"], third["access_token"]);
}

#[tokio::test]
async fn a_token_is_missing_unknown_or_expired_by_its_own_code() {
    let mut reader = Reader::start(small()).await;
    assert_eq!(reader.errcode("department/list").await, 0);
    reader.run(Command::ExpireTokens);
    assert_eq!(reader.errcode("department/list").await, 42001);
    reader.refresh().await;
    reader.run(Command::ForgetTokens);
    assert_eq!(reader.errcode("department/list").await, 40014);
    reader.token.clear();
    assert_eq!(reader.errcode("department/list").await, 41001);
}

#[tokio::test]
async fn a_token_lives_as_long_as_configured() {
    let config = SimConfig {
        token_lifetime: Duration::from_secs(30),
        ..small()
    };
    let reader = Reader::start(config).await;
    assert_eq!(reader.errcode("department/list").await, 0);
    reader.run(Command::AdvanceClock { seconds: 31 });
    assert_eq!(reader.errcode("department/list").await, 42001);
}

#[tokio::test]
async fn a_token_in_a_header_is_no_token() {
    let reader = Reader::start(small()).await;
    let request = reader
        .client
        .get(reader.url("department/list"))
        .bearer_auth(&reader.token);
    let body = crate::common::json(request.send().await.expect("an answer")).await;
    assert_eq!(errcode(&body), 41001);
}

#[tokio::test]
async fn credentials_are_refused_by_what_is_wrong_with_them() {
    let reader = Reader::start_without_token(small());
    assert_eq!(errcode(&reader.gettoken("", SECRET).await), 41002);
    assert_eq!(errcode(&reader.gettoken(CORP, "").await), 41004);
    assert_eq!(errcode(&reader.gettoken("wwother", SECRET).await), 40013);
    assert_eq!(errcode(&reader.gettoken(CORP, "wrong").await), 40001);
}

#[tokio::test]
async fn five_wrong_secrets_block_the_address_for_an_hour_and_no_other() {
    let reader = Reader::start_without_token(small());
    for _ in 0..5 {
        assert_eq!(errcode(&reader.gettoken(CORP, "wrong").await), 40001);
    }
    assert_eq!(errcode(&reader.gettoken(CORP, SECRET).await), 45009);
    let elsewhere = client_at("127.0.0.3");
    let url = reader.url(&format!("gettoken?corpid={CORP}&corpsecret={SECRET}"));
    let body = crate::common::json(elsewhere.get(url).send().await.expect("an answer")).await;
    assert_eq!(errcode(&body), 0);
    reader.run(Command::AdvanceClock { seconds: 3600 });
    assert_eq!(errcode(&reader.gettoken(CORP, SECRET).await), 0);
}

#[tokio::test]
async fn a_right_secret_forgives_the_wrong_ones_before_it() {
    let reader = Reader::start_without_token(small());
    for secret in ["wrong", "wrong", "wrong", "wrong", SECRET, "wrong"] {
        reader.gettoken(CORP, secret).await;
    }
    assert_eq!(errcode(&reader.gettoken(CORP, SECRET).await), 0);
}

#[tokio::test]
async fn a_new_secret_ends_the_old_one_and_its_tokens() {
    let reader = Reader::start(small()).await;
    configure(
        &reader,
        SettingsPatch {
            secret: Some("rotated".into()),
            ..Default::default()
        },
    );
    assert_eq!(reader.errcode("department/list").await, 40014);
    assert_eq!(errcode(&reader.gettoken(CORP, SECRET).await), 40001);
    assert_eq!(errcode(&reader.gettoken(CORP, "rotated").await), 0);
}

#[tokio::test]
async fn an_untrusted_address_gets_a_token_but_reads_nothing() {
    let trusted = "127.0.0.2".parse().expect("an address");
    let reader = Reader::start(SimConfig {
        trusted_ips: vec![trusted],
        ..small()
    })
    .await;
    let body = reader.get("department/list").await;
    assert_eq!(errcode(&body), 60020);
    assert_eq!(body["department"], json!([]));
    let message = body["errmsg"].as_str().expect("errmsg");
    assert!(
        message.starts_with("not allow to access from your ip, hint: ["),
        "{message}"
    );
    assert!(
        message.ends_with(
            "], from ip: 127.0.0.1, more info at \
             https://open.work.weixin.qq.com/devtool/query?e=60020"
        ),
        "{message}"
    );
    let url = reader.url(&format!("department/list?access_token={}", reader.token));
    let answer = client_at("127.0.0.2")
        .get(url)
        .send()
        .await
        .expect("an answer");
    assert_eq!(errcode(&crate::common::json(answer).await), 0);
}

#[tokio::test]
async fn refusals_carry_the_empty_arrays_of_their_call() {
    let mut reader = Reader::start(small()).await;
    reader.token = "nobody-issued-this".to_owned();
    let empty = |body: Value, list: &str| assert_eq!(body[list], json!([]), "{list}");
    empty(reader.get("department/list").await, "department");
    empty(reader.get("department/simplelist").await, "department_id");
    empty(reader.get("user/list?department_id=1").await, "userlist");
    empty(reader.get("tag/get?tagid=1").await, "partylist");
}

#[tokio::test]
async fn missing_and_malformed_parameters_have_codes_of_their_own() {
    let reader = Reader::start(small()).await;
    assert_eq!(reader.errcode("user/get").await, 41009);
    assert_eq!(reader.errcode("user/list").await, 40058);
    assert_eq!(reader.errcode("user/list?department_id=x").await, 40058);
    assert_eq!(reader.errcode("agent/get").await, 41011);
    assert_eq!(reader.errcode("agent/get?agentid=5").await, 301_002);
    assert_eq!(reader.errcode("user/getuserid").await, 43002);
    assert_eq!(errcode(&reader.post("user/list", json!({})).await), 43001);
}

#[tokio::test]
async fn a_quota_of_a_minute_blocks_that_call_until_the_minute_ends() {
    let reader = Reader::start(SimConfig {
        per_minute: 3,
        ..small()
    })
    .await;
    for _ in 0..3 {
        assert_eq!(reader.errcode("department/list").await, 0);
    }
    assert_eq!(reader.errcode("department/list").await, 45009);
    assert_eq!(reader.errcode("user/list?department_id=1").await, 0);
    reader.run(Command::AdvanceClock { seconds: 60 });
    assert_eq!(reader.errcode("department/list").await, 0);
}

#[tokio::test]
async fn a_quota_of_an_hour_outlasts_the_minute() {
    let reader = Reader::start(SimConfig {
        per_hour: 2,
        ..small()
    })
    .await;
    for wanted in [0, 0, 45009] {
        assert_eq!(reader.errcode("department/list").await, wanted);
    }
    reader.run(Command::AdvanceClock { seconds: 60 });
    assert_eq!(reader.errcode("department/list").await, 45009);
    reader.run(Command::AdvanceClock { seconds: 3540 });
    assert_eq!(reader.errcode("department/list").await, 0);
}

#[tokio::test]
async fn a_call_too_many_at_once_is_refused() {
    let reader = Reader::start(SimConfig {
        concurrency: 2,
        ..small()
    })
    .await;
    let slow = What::DelayMs(60_000);
    reader
        .control()
        .fault(At::CallIndex(0), Times::Count(2), slow)
        .expect("the fault is set");
    let held = || {
        let url = reader.url(&format!("department/list?access_token={}", reader.token));
        tokio::spawn(reader.client.get(url).send())
    };
    let held = [held(), held()];
    while reader.sim.max_in_flight() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(reader.errcode("department/list").await, 45033);
    assert_eq!(reader.sim.max_in_flight(), 3);
    held.iter().for_each(tokio::task::JoinHandle::abort);
    // The connections close, and the calls are no longer in flight.
    while reader.errcode("department/list").await == 45033 {}
    assert_eq!(reader.errcode("department/list").await, 0);
}

#[tokio::test]
async fn a_department_that_is_too_large_is_listed_simply_but_not_in_full() {
    let reader = Reader::start(SimConfig {
        user_list_max: 5,
        departments: 1,
        ..small()
    })
    .await;
    let body = reader.get("user/list?department_id=1").await;
    assert_eq!(errcode(&body), 45029);
    assert_eq!(body["userlist"], json!([]));
    let simple = reader.get("user/simplelist?department_id=1").await;
    assert_eq!(simple["userlist"].as_array().map(Vec::len), Some(60));
}

#[tokio::test]
async fn too_many_unknown_mobiles_block_for_a_day() {
    let mut reader = Reader::start(SimConfig {
        unknown_mobiles_max: 2,
        ..small()
    })
    .await;
    let unknown = json!({"mobile": "13000000000"});
    for wanted in [46004, 46004, 45009] {
        let body = reader.post("user/getuserid", unknown.clone()).await;
        assert_eq!(errcode(&body), wanted);
    }
    reader.run(Command::AdvanceClock { seconds: 24 * 3600 });
    reader.refresh().await;
    assert_eq!(
        errcode(&reader.post("user/getuserid", unknown).await),
        46004
    );
}

#[tokio::test]
async fn the_contact_secret_reads_ids_and_no_details() {
    let config = SimConfig {
        contact_secret: Some("contacts".into()),
        ..small()
    };
    let mut reader = Reader::start(config).await;
    let refused = reader.post("user/list_id", json!({})).await;
    assert_eq!(errcode(&refused), 48002, "an app may not list ids");
    let token = reader.gettoken(CORP, "contacts").await;
    reader.token = token["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(reader.errcode("user/list?department_id=1").await, 48009);
    assert_eq!(reader.errcode("department/simplelist").await, 0);
    let (mut rows, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let asked = json!({"cursor": cursor, "limit": 7});
        let page = reader.post("user/list_id", asked).await;
        rows.extend(page["dept_user"].as_array().expect("rows").clone());
        cursor = page["next_cursor"].as_str().expect("a cursor").to_owned();
        pages += 1;
        if cursor.is_empty() {
            break;
        }
    }
    let seats = reader.control().members(wecom_sim::View::Everything);
    let seats: Vec<_> = seats
        .flat_map(|it| {
            it.departments
                .into_iter()
                .map(move |id| json!({"userid": it.userid, "department": id}))
        })
        .collect();
    assert_eq!(rows, seats);
    assert_eq!(pages, seats.len().div_ceil(7));
}

#[tokio::test]
async fn a_call_without_a_token_is_told_where_it_came_from() {
    let reader = Reader::start_without_token(SimConfig {
        trusted_ips: vec!["127.0.0.9".parse().expect("an address")],
        ..small()
    });
    let url = reader.url("agent/get");
    let answer = client_at("127.0.0.5").get(url).send().await;
    let body = crate::common::json(answer.expect("an answer")).await;
    assert_eq!(errcode(&body), 41001);
    let message = body["errmsg"].as_str().expect("a message");
    assert!(message.contains("from ip: 127.0.0.5,"), "{message}");
}

#[tokio::test]
async fn an_old_60020_names_no_address() {
    let reader = Reader::start(SimConfig {
        trusted_ips: vec!["127.0.0.9".parse().expect("an address")],
        untrusted_ip_named: false,
        ..small()
    })
    .await;
    let body = reader.get("department/list").await;
    assert_eq!(errcode(&body), 60020);
    let message = body["errmsg"].as_str().expect("a message");
    assert!(!message.contains("from ip"), "{message}");
}

#[tokio::test]
async fn a_disabled_app_shows_it_and_reads_nothing() {
    let reader = Reader::start(small()).await;
    let agent = "agent/get?agentid=1000002";
    assert_eq!(reader.get(agent).await["close"], json!(0));
    configure(
        &reader,
        SettingsPatch {
            app_disabled: Some(true),
            ..Default::default()
        },
    );
    assert_eq!(reader.get(agent).await["close"], json!(1));
    assert_eq!(reader.errcode("department/list").await, 50003);
    assert_eq!(reader.errcode("user/list?department_id=1").await, 50003);
}

#[tokio::test]
async fn the_right_to_search_by_mobile_can_be_missing() {
    let reader = Reader::start(SimConfig {
        mobile_lookup_refused: 48002,
        ..small()
    })
    .await;
    let somebody = reader.control().members(wecom_sim::View::Everything).next();
    let somebody = somebody.expect("somebody");
    let asked = json!({"mobile": somebody.mobile});
    let body = reader.post("user/getuserid", asked).await;
    assert_eq!(errcode(&body), 48002);
    let user = format!("user/get?userid={}", somebody.userid);
    assert_eq!(reader.errcode(&user).await, 0);
}

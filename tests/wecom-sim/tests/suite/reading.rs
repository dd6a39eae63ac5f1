//! What an app reads from an organisation that nobody has touched.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{Reader, errcode, small, texts};
use serde_json::{Value, json};
use wecom_sim::{AppAge, Listing, SettingsPatch, SimConfig, View, Withheld};

#[tokio::test]
async fn every_member_is_listed_under_each_of_their_departments_and_nowhere_else() {
    let reader = Reader::start(SimConfig {
        people: 1500,
        departments: 40,
        ..small()
    })
    .await;
    let mut listed = BTreeMap::<String, BTreeSet<u32>>::new();
    for department in reader.control().departments(View::Everything) {
        for userid in reader.userids(department.id).await {
            listed.entry(userid).or_default().insert(department.id);
        }
    }
    let mut true_ones = BTreeMap::new();
    for member in reader.control().members(View::Everything) {
        true_ones.insert(
            member.userid,
            member.departments.into_iter().collect::<BTreeSet<_>>(),
        );
    }
    assert_eq!(listed.len(), 1500);
    assert_eq!(listed, true_ones);
    let most = listed.values().map(BTreeSet::len).max().expect("somebody");
    assert!(
        (10..=20).contains(&most),
        "somebody sits in many departments, not in {most}"
    );
}

#[tokio::test]
async fn the_same_seed_gives_the_same_organisation_and_another_gives_another() {
    let members = |seed| {
        let reader = Reader::start_without_token(SimConfig { seed, ..small() });
        reader
            .control()
            .members(View::Everything)
            .collect::<Vec<_>>()
    };
    assert_eq!(members(5), members(5));
    assert_ne!(members(5), members(6));
}

#[tokio::test]
async fn parallel_arrays_of_a_member_have_one_entry_per_department() {
    let reader = Reader::start(small()).await;
    for id in reader.department_ids().await {
        let body = reader.get(&format!("user/list?department_id={id}")).await;
        for member in body["userlist"].as_array().expect("rows") {
            let seats = member["department"].as_array().expect("departments").len();
            assert_eq!(member["order"].as_array().map(Vec::len), Some(seats));
            assert_eq!(
                member["is_leader_in_dept"].as_array().map(Vec::len),
                Some(seats)
            );
            assert_eq!(member["main_department"], member["department"][0]);
        }
    }
}

#[tokio::test]
async fn some_orders_do_not_fit_an_i32() {
    let reader = Reader::start_without_token(small());
    let mut orders = reader
        .control()
        .members(View::Everything)
        .flat_map(|member| member.orders);
    assert!(orders.any(|order| i32::try_from(order).is_err()));
}

#[tokio::test]
async fn the_tree_has_one_root_known_parents_and_names_unique_among_siblings() {
    let reader = Reader::start(SimConfig {
        people: 10,
        departments: 400,
        ..small()
    })
    .await;
    let body = reader.get("department/list").await;
    let rows = body["department"].as_array().expect("rows");
    let ids: BTreeSet<_> = rows.iter().map(|row| row["id"].as_u64()).collect();
    assert_eq!(rows.len(), 400);
    let roots = rows
        .iter()
        .filter(|row| !ids.contains(&row["parentid"].as_u64()));
    assert_eq!(roots.count(), 1);
    let names: BTreeSet<_> = rows
        .iter()
        .map(|row| (row["parentid"].as_u64(), row["name"].as_str()))
        .collect();
    assert_eq!(names.len(), 400);
    let distinct: BTreeSet<_> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    assert!(
        distinct.len() < 200,
        "the same name stands under several parents"
    );
}

#[tokio::test]
async fn department_leaders_are_the_members_who_lead_there() {
    let reader = Reader::start(SimConfig {
        people: 400,
        ..small()
    })
    .await;
    let mut leaders = BTreeMap::<u64, BTreeSet<String>>::new();
    for member in reader.control().members(View::Everything) {
        for id in member.leader_of {
            leaders
                .entry(u64::from(id))
                .or_default()
                .insert(member.userid.clone());
        }
    }
    assert!(!leaders.is_empty());
    for row in reader.get("department/list").await["department"]
        .as_array()
        .expect("rows")
    {
        let shown = row["department_leader"].as_array().expect("leaders").iter();
        let shown: BTreeSet<_> = shown
            .map(|it| it.as_str().expect("userid").to_owned())
            .collect();
        assert_eq!(
            shown,
            leaders
                .remove(&row["id"].as_u64().expect("id"))
                .unwrap_or_default()
        );
    }
}

#[tokio::test]
async fn department_list_of_an_id_gives_the_subtree() {
    let reader = Reader::start(small()).await;
    let under_two = crate::common::ids(&reader.get("department/list?id=2").await["department"]);
    let parents: BTreeMap<_, _> = reader
        .control()
        .departments(View::Everything)
        .into_iter()
        .map(|it| (it.id, it.parent))
        .collect();
    let below = |mut id: u32| {
        while id > 2 {
            id = parents[&id];
        }
        id == 2
    };
    let wanted: Vec<_> = parents
        .keys()
        .filter(|id| below(**id))
        .map(|id| u64::from(*id))
        .collect();
    assert_eq!(under_two, wanted);
    let ids = reader.get("department/simplelist?id=2").await;
    assert_eq!(crate::common::ids(&ids["department_id"]), wanted);
}

#[tokio::test]
async fn user_get_and_user_list_show_the_same_member() {
    let reader = Reader::start(small()).await;
    let listed = reader.get("user/list?department_id=2").await["userlist"][0].clone();
    let userid = listed["userid"].as_str().expect("userid");
    let mut got = reader
        .get(&format!("user/get?userid={}", userid.to_lowercase()))
        .await;
    let fields = got.as_object_mut().expect("object");
    assert_eq!(fields.remove("errcode"), Some(json!(0)));
    assert_eq!(fields.remove("errmsg"), Some(json!("ok")));
    assert_eq!(got, listed);
    assert_eq!(reader.control().member_body(userid), Some(listed));
}

#[tokio::test]
async fn simplelist_gives_userid_name_and_departments_only() {
    let reader = Reader::start(small()).await;
    let body = reader.get("user/simplelist?department_id=2").await;
    assert_eq!(texts(&body["userlist"], "userid"), reader.userids(2).await);
    let row = body["userlist"][0].as_object().expect("row");
    assert_eq!(
        row.keys().collect::<Vec<_>>(),
        ["department", "name", "userid"]
    );
}

#[tokio::test]
async fn department_get_gives_one_department() {
    let reader = Reader::start(small()).await;
    let list = reader.get("department/list").await;
    let got = reader.get("department/get?id=3").await;
    assert_eq!(got["department"], list["department"][2]);
    assert_eq!(reader.errcode("department/get?id=999").await, 60003);
}

#[tokio::test]
async fn a_mobile_leads_to_its_userid_and_an_unknown_one_to_46004() {
    let reader = Reader::start(small()).await;
    let member = reader
        .control()
        .members(View::Everything)
        .nth(17)
        .expect("a member");
    let found = reader
        .post("user/getuserid", json!({"mobile": member.mobile}))
        .await;
    assert_eq!(found["userid"], json!(member.userid));
    let lost = reader
        .post("user/getuserid", json!({"mobile": "13000000000"}))
        .await;
    assert_eq!(errcode(&lost), 46004);
}

#[tokio::test]
async fn an_old_app_sees_private_fields_and_a_new_one_does_not() {
    const WITHHELD: [&str; 7] = [
        "avatar", "gender", "mobile", "email", "biz_mail", "qr_code", "address",
    ];
    let reader = Reader::start(small()).await;
    let old = reader.get("user/list?department_id=2").await["userlist"][0].clone();
    assert!(
        WITHHELD
            .iter()
            .all(|field| old[field].as_str().is_some_and(|it| !it.is_empty()))
    );
    let new = SettingsPatch {
        app_age: Some(AppAge::New),
        ..SettingsPatch::default()
    };
    reader.control().configure(new).expect("configures");
    let absent = reader.get("user/list?department_id=2").await["userlist"][0].clone();
    assert!(WITHHELD.iter().all(|field| absent.get(field).is_none()));
    assert_eq!(absent["telephone"], old["telephone"]);
    let empty = SettingsPatch {
        withheld: Some(Withheld::Empty),
        ..SettingsPatch::default()
    };
    reader.control().configure(empty).expect("configures");
    let empty = reader.get("user/list?department_id=2").await["userlist"][0].clone();
    assert_eq!(empty["mobile"], json!(""));
    assert_eq!(empty["gender"], json!("0"));
}

#[tokio::test]
async fn extattr_comes_as_text_as_web_and_as_a_bare_value() {
    let reader = Reader::start(SimConfig {
        people: 300,
        departments: 1,
        ..small()
    })
    .await;
    let body = reader.get("user/list?department_id=1").await;
    let items: Vec<Value> = body["userlist"]
        .as_array()
        .expect("rows")
        .iter()
        .flat_map(|member| {
            member["extattr"]["attrs"]
                .as_array()
                .expect("attrs")
                .clone()
        })
        .collect();
    assert!(
        items
            .iter()
            .any(|it| it["type"] == 0 && it["text"]["value"].is_string())
    );
    assert!(
        items
            .iter()
            .any(|it| it["type"] == 1 && it["web"]["url"].is_string())
    );
    assert!(
        items
            .iter()
            .any(|it| it.get("type").is_none() && it["value"].is_string())
    );
}

#[tokio::test]
async fn a_private_deployment_answers_with_legacy_bodies_under_its_prefix() {
    let config = SimConfig {
        private_bodies: true,
        path_prefix: "wework/".to_owned(),
        ..small()
    };
    let reader = Reader::start_without_token(config);
    assert!(reader.sim.base_url().ends_with("/wework"));
    let token = reader
        .gettoken("wwsim0000000000001", "sim-app-secret")
        .await;
    assert_eq!(token.get("errcode"), None);
    let reader = Reader {
        token: token["access_token"].as_str().expect("token").into(),
        ..reader
    };
    let member = reader.get("user/list?department_id=2").await["userlist"][0].clone();
    for field in [
        "english_name",
        "isleader",
        "enable",
        "hide_mobile",
        "positions",
    ] {
        assert!(member.get(field).is_some(), "{field} is there");
    }
    assert_eq!(member.get("main_department"), None);
    let outside = format!("{}/cgi-bin/gettoken", reader.sim.origin());
    assert_eq!(
        reader
            .client
            .get(outside)
            .send()
            .await
            .expect("an answer")
            .status(),
        404
    );
}

#[tokio::test]
async fn an_unknown_path_is_a_404_with_an_empty_body() {
    let reader = Reader::start(small()).await;
    let response = reader.send("user/everybody").await.expect("an answer");
    assert_eq!(response.status(), 404);
    assert_eq!(response.bytes().await.expect("a body").len(), 0);
    assert_eq!(
        reader.sim.calls(),
        BTreeMap::from([("unknown".to_owned(), 1)])
    );
}

#[tokio::test]
async fn the_listing_can_put_children_before_their_parents() {
    let reader = Reader::start(small()).await;
    let natural = reader.department_ids().await;
    for listing in [Listing::Reversed, Listing::Shuffled(3)] {
        let patch = SettingsPatch {
            listing: Some(listing),
            ..SettingsPatch::default()
        };
        reader.control().configure(patch).expect("configures");
        let mut other = reader.department_ids().await;
        assert_ne!(other, natural);
        other.sort_unstable();
        assert_eq!(other, natural);
    }
}

#[tokio::test]
async fn calls_are_counted_by_kind_and_by_peer() {
    let reader = Reader::start(small()).await;
    reader.department_ids().await;
    reader.userids(1).await;
    reader.userids(2).await;
    let wanted = [
        ("department/list".to_owned(), 1),
        ("user/list".to_owned(), 2),
    ];
    assert_eq!(reader.sim.calls(), BTreeMap::from(wanted));
    assert_eq!(
        reader.sim.calls_by_peer(),
        BTreeMap::from([("127.0.0.1".to_owned(), 3)])
    );
    assert_eq!(reader.sim.max_in_flight(), 1);
}

#[tokio::test]
async fn the_organisation_is_served_over_tls_to_those_who_trust_its_authority() {
    let reader = Reader::start(SimConfig {
        tls: true,
        ..small()
    })
    .await;
    assert!(reader.sim.base_url().starts_with("https://127.0.0.1:"));
    assert_eq!(reader.department_ids().await.len(), 12);
    let stranger = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("client");
    let refused = stranger.get(reader.url("gettoken")).send().await;
    assert!(refused.expect_err("an unknown authority").is_connect());
}

#[tokio::test]
async fn a_dropped_simulator_listens_no_more() {
    let reader = Reader::start(small()).await;
    let url = reader.url("gettoken");
    drop(reader.sim);
    let newcomer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("client");
    assert!(
        newcomer
            .get(&url)
            .send()
            .await
            .expect_err("nobody listens")
            .is_connect()
    );
    assert!(
        reader.client.get(&url).send().await.is_err(),
        "an open connection is cut"
    );
}

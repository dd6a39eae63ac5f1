use std::time::Duration;

use secrecy::ExposeSecret;

use crate::wire::{Judged, Malformed, Refusal, judge, token_answer};

fn refused(code: i64) -> Judged {
    Judged::Refused(Refusal {
        code,
        seen_ip: None,
    })
}

#[test]
fn an_absent_errcode_is_zero() {
    for body in [
        r#"{"errcode":0}"#,
        "{}",
        r#"{"errcode":"0"}"#,
        r#" {"errcode":null}"#,
    ] {
        assert_eq!(judge(body.as_bytes()), Ok(()), "{body}");
    }
}

#[test]
fn errcode_is_judged_before_the_empty_lists_beside_it() {
    let body = br#"{"userlist":[],"errmsg":"system busy","errcode":-1}"#;
    assert_eq!(judge(body), Err(refused(-1)));
    assert_eq!(
        judge(br#"{"errcode":"60011","userlist":{}}"#),
        Err(refused(60011))
    );
}

#[test]
fn what_is_no_json_object_is_no_answer() {
    for body in [
        "",
        "<html>login</html>",
        r#"{"errcode":0,"userlist":[{"#,
        "\u{0}",
        "nul",
    ] {
        let expected = Err(Judged::Malformed(Malformed::NotJson));
        assert_eq!(judge(body.as_bytes()), expected, "{body}");
    }
    for body in ["[]", "null", "7", "[0]"] {
        let expected = Err(Judged::Malformed(Malformed::NotAnObject));
        assert_eq!(judge(body.as_bytes()), expected, "{body}");
    }
    let odd = judge(br#"{"errcode":"ok"}"#);
    assert_eq!(odd, Err(Judged::Malformed(Malformed::Lacks("errcode"))));
}

#[test]
fn the_address_that_wecom_saw_is_found_and_nothing_else() {
    let told = |errmsg: &str| {
        let body = serde_json::json!({"errcode": 60020, "errmsg": errmsg}).to_string();
        match judge(body.as_bytes()) {
            Err(Judged::Refused(refusal)) => refusal.seen_ip.map(|ip| ip.to_string()),
            other => panic!("{other:?}"),
        }
    };
    let current = "not allow to access from your ip, hint: [1704335944429391615909812], \
                   from ip: 120.244.232.190, more info at https://open.work.weixin.qq.com/devtool";
    assert_eq!(told(current).as_deref(), Some("120.244.232.190"));
    assert_eq!(
        told("from ip: 2001:db8::7, more").as_deref(),
        Some("2001:db8::7")
    );
    assert_eq!(told("from ip: 10.0.0.1.").as_deref(), Some("10.0.0.1"));
    assert_eq!(
        told("not allow to access from your ip"),
        None,
        "old messages lack it"
    );
    assert_eq!(told("from ip: secret-name, more"), None);
    assert_eq!(told("from ip: "), None);
}

#[test]
fn a_token_may_come_without_errcode_and_without_lifetime() {
    let current = br#"{"errcode":0,"errmsg":"ok","access_token":"t","expires_in":7200}"#;
    let private = br#"{"access_token":"t","expires_in":"60"}"#;
    let bare = br#"{"access_token":"t"}"#;
    for (body, seconds) in [(&current[..], 7200), (private, 60), (bare, 7200)] {
        let answer = token_answer(body).unwrap();
        assert_eq!(answer.token.expose_secret(), "t");
        assert_eq!(answer.lifetime, Duration::from_secs(seconds));
    }
    let long = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(2000));
    assert_eq!(
        token_answer(long.as_bytes())
            .unwrap()
            .token
            .expose_secret()
            .len(),
        2000
    );
    for body in ["{}", r#"{"access_token":""}"#, r#"{"access_token":7}"#] {
        let answer = token_answer(body.as_bytes());
        assert_eq!(answer.unwrap_err(), Malformed::Lacks("access_token"));
    }
}

#[test]
fn a_token_is_not_printed() {
    let answer = token_answer(br#"{"access_token":"open-sesame"}"#).unwrap();
    assert!(!format!("{answer:?}").contains("sesame"));
}

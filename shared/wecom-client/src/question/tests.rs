use org_model::{DepartmentId, UserId};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{Call, Question, token_url};

fn url(base: &str, question: &Question) -> String {
    let token = SecretString::from("a+b/c=&d");
    question.url(&Url::parse(base).unwrap(), &token).to_string()
}

#[test]
fn the_token_and_the_parameter_stand_in_the_query() {
    let question = Question::members_of(DepartmentId(16));
    assert_eq!(
        url("https://qyapi.weixin.qq.com", &question),
        "https://qyapi.weixin.qq.com/cgi-bin/user/list\
         ?access_token=a%2Bb%2Fc%3D%26d&department_id=16"
    );
}

#[test]
fn a_path_prefix_stays_and_a_query_of_the_base_does_not() {
    for base in [
        "https://im.example.cn/wework",
        "https://im.example.cn/wework/?x=1#y",
    ] {
        let listed = url(base, &Question::departments());
        assert!(listed.starts_with("https://im.example.cn/wework/cgi-bin/department/list?access"));
        assert!(!listed.contains("x=1"));
    }
}

#[test]
fn an_odd_userid_cannot_add_parameters() {
    let asked = url(
        "https://x.cn",
        &Question::member(&UserId::new("a&access_token=z#/ü")),
    );
    assert!(asked.ends_with("&userid=a%26access_token%3Dz%23%2F%C3%BC"));
}

#[test]
fn gettoken_carries_corp_and_secret() {
    let base = Url::parse("https://x.cn/").unwrap();
    let url = token_url(&base, "ww1", &SecretString::from("s&t"));
    assert_eq!(
        url.as_str(),
        "https://x.cn/cgi-bin/gettoken?corpid=ww1&corpsecret=s%26t"
    );
}

#[test]
fn a_mobile_stands_in_the_body_and_nowhere_else() {
    let mobile = SecretString::from(r#"139"00000001"#);
    let question = Question::userid_of(&mobile);
    assert!(!format!("{question:?}").contains("00000001"));
    let base = Url::parse("https://x.cn").unwrap();
    let request = question.request(&base, &SecretString::from("t"));
    assert_eq!(request.call, Call::UserGetuserid);
    let url = "https://x.cn/cgi-bin/user/getuserid?access_token=t";
    assert_eq!(request.url.as_str(), url);
    let body = request.body.unwrap();
    assert_eq!(body.expose_secret(), r#"{"mobile":"139\"00000001"}"#);
}

#[test]
fn places_are_asked_below_a_department_or_everywhere() {
    let below = url("https://x.cn", &Question::places(Some(DepartmentId(7))));
    assert!(below.contains("/department/simplelist?") && below.ends_with("&id=7"));
    let all = url("https://x.cn", &Question::places(None));
    assert!(all.contains("/department/simplelist?") && !all.contains("id="));
}

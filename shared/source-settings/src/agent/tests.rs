use insta::assert_snapshot;
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;

fn stored(url: &str) -> AgentSettings {
    AgentSettings {
        url: url.to_owned(),
        credentials: Some(SecretRef {
            arn: "arn:agent".to_owned(),
            version: "v1".to_owned(),
        }),
    }
}

fn judged(body: &Value) -> String {
    judged_over(body, None)
}

fn judged_over(body: &Value, existing: Option<&AgentSettings>) -> String {
    match AgentSettings::parse(body, existing) {
        Ok(parsed) => {
            let change = match &parsed.credentials {
                CredentialsChange::Keep => "keep".to_owned(),
                CredentialsChange::Remove => "remove".to_owned(),
                CredentialsChange::Replace(new) => format!(
                    "{} / {}",
                    new.username.expose_secret(),
                    new.password.expose_secret()
                ),
            };
            let kept = parsed.settings.credentials.is_some();
            let warned = parsed.warnings.len();
            format!(
                "{} {change}, kept {kept}, warnings {warned}",
                parsed.settings.url
            )
        }
        Err(problems) => problems
            .iter()
            .map(|problem| format!("{}: {}\n", problem.pointer, problem.message))
            .collect(),
    }
}

#[test]
fn credentials_come_from_the_address_or_from_their_own_fields() {
    assert_snapshot!(
        judged(&json!({ "url": "http://proxy.example:3128" })),
        @"http://proxy.example:3128 keep, kept false, warnings 0"
    );
    assert_snapshot!(
        judged(&json!({ "url": "http://us%65r:p%40s+s%26=@proxy.example:3128/" })),
        @"http://proxy.example:3128 user / p@s+s&=, kept false, warnings 1"
    );
    assert_snapshot!(
        judged(&json!({ "url": "https://proxy.example", "username": "u", "password": "p" })),
        @"https://proxy.example u / p, kept false, warnings 0"
    );
    assert_snapshot!(
        judged(&json!({ "url": "http://127.0.0.1:3128", "username": "u" })),
        @"http://127.0.0.1:3128 u / , kept false, warnings 0"
    );
}

#[test]
fn stored_credentials_stay_with_the_address_they_were_given_for() {
    let old = stored("http://proxy.example:3128");
    let same = json!({ "url": "http://proxy.example:3128/" });
    assert_snapshot!(
        judged_over(&same, Some(&old)),
        @"http://proxy.example:3128 keep, kept true, warnings 1"
    );
    let moved = json!({ "url": "http://other.example:3128" });
    assert_snapshot!(
        judged_over(&moved, Some(&old)),
        @"/username: the stored credentials belong to another address"
    );
    let bare = json!({ "url": "http://other.example:3128", "username": null });
    assert_snapshot!(
        judged_over(&bare, Some(&old)),
        @"http://other.example:3128 remove, kept false, warnings 0"
    );
}

#[test]
fn every_problem_of_an_agent_is_said() {
    assert_snapshot!(judged(&json!({})), @"/url: this field is missing");
    assert_snapshot!(judged(&json!(7)), @"
    : this is not a JSON object
    /url: this field is missing
    ");
    assert_snapshot!(
        judged(&json!({ "url": "socks5://proxy.example", "port": 3128, "password": "p" })),
        @"
    /port: there is no such field
    /url: this is not an http or https address
    /username: a password stands without a username
    "
    );
    assert_snapshot!(
        judged(&json!({ "url": "http://a:b@169.254.169.254:80/x?y", "username": "c:d" })),
        @"
    /url: this address is link-local, of a metadata service, or no host at all
    /url: this address has a query or a fragment
    /url: an agent's address has no path
    /url: credentials are given twice
    "
    );
    assert_snapshot!(
        judged(&json!({ "url": "http://user:%ff@p.example" })),
        @"/url: the credentials cannot be decoded"
    );
    assert_snapshot!(
        judged(&json!({ "url": "http://p.example", "username": "c:d", "password": "a\nb" })),
        @"
    /username: the username is empty or has a colon in it
    /username: the credentials have control characters in them
    "
    );
}

#[test]
fn text_that_is_not_json_is_one_problem() {
    let problems = AgentSettings::parse_text("{\"url\": \"hunter2", None).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(!problems[0].message.contains("hunter2"));
}

proptest! {
    #[test]
    fn no_credentials_are_ever_shown(
        username in "[A-Z]{8}",
        password in "[A-Z]{8}[ -~]{0,8}",
        host in "[a-z]{3,8}",
        path in "[a-z]{0,4}",
        in_url in any::<bool>(),
    ) {
        let hidden = |text: &str| !text.contains(&username) && !text.contains(&password);
        let url = if in_url {
            let mut url = Url::parse(&format!("http://{host}.example/{path}")).unwrap();
            url.set_username(&username).unwrap();
            url.set_password(Some(&password.replace('%', "%25"))).unwrap();
            json!({ "url": url.as_str() })
        } else {
            let url = format!("http://{host}.example/{path}");
            json!({ "url": url, "username": username, "password": password })
        };
        match AgentSettings::parse(&url, None) {
            Ok(parsed) => {
                let debugged = format!("{parsed:?}");
                prop_assert!(hidden(&debugged));
                prop_assert!(hidden(&serde_json::to_string(&parsed.settings).unwrap()));
                let CredentialsChange::Replace(new) = &parsed.credentials else {
                    return Err(TestCaseError::fail("credentials were not taken"));
                };
                prop_assert_eq!(new.username.expose_secret(), &username);
                prop_assert_eq!(new.password.expose_secret(), &password);
            }
            Err(problems) => prop_assert!(problems.iter().all(|p| hidden(&p.to_string()))),
        }
    }

    #[test]
    fn what_was_stored_reads_back_the_same(host in "[a-z]{1,8}", port in 1_u16.., tls: bool) {
        let scheme = if tls { "https" } else { "http" };
        let body = json!({ "url": format!("{scheme}://{host}.example:{port}") });
        let mut settings = AgentSettings::parse(&body, None).unwrap().settings;
        settings.credentials = stored("").credentials;
        let json = serde_json::to_value(&settings).unwrap();
        let back = AgentSettings::from_stored(&json, settings.credentials.clone()).unwrap();
        prop_assert_eq!(&back, &settings);
        let mut later = json.clone();
        later["invented_later"] = json!(true);
        let later = AgentSettings::from_stored(&later, settings.credentials.clone());
        prop_assert_eq!(&later.unwrap(), &settings);
        let again = AgentSettings::parse(&json, Some(&settings)).unwrap();
        prop_assert_eq!(again.settings, settings);
    }
}

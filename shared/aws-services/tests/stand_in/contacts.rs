use aws_services::SnsContacts;
use org_model::SourceId;
use source_admin::ports::{ContactState, Contacts};
use source_settings::Contact;

use crate::neighbour::{Neighbour, Request};

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:notices";
const SUBSCRIBED: &str = "<SubscribeResponse><SubscribeResult>\
    <SubscriptionArn>pending confirmation</SubscriptionArn></SubscribeResult></SubscribeResponse>";

/// One page of the topic's list, as SNS writes it.
fn page(entries: &[(&str, &str)], next: Option<&str>) -> (u16, String) {
    let member = |(email, arn): &(&str, &str)| {
        format!(
            "<member><TopicArn>{TOPIC}</TopicArn><Protocol>email</Protocol>\
             <SubscriptionArn>{arn}</SubscriptionArn><Owner>123456789012</Owner>\
             <Endpoint>{email}</Endpoint></member>"
        )
    };
    let members: String = entries.iter().map(member).collect();
    let next = next.map_or(String::new(), |token| {
        format!("<NextToken>{token}</NextToken>")
    });
    let list = "ListSubscriptionsByTopic";
    let body = format!(
        "<{list}Response><{list}Result><Subscriptions>{members}</Subscriptions>{next}\
         </{list}Result></{list}Response>"
    );
    (200, body)
}

fn email(address: &str) -> Contact {
    Contact::Email(address.to_owned())
}

fn wanted(emails: &[&str]) -> Vec<(Contact, SourceId)> {
    let owned = |address: &&str| (email(address), SourceId::new("hq"));
    emails.iter().map(owned).collect()
}

fn acts(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(Request::act).collect()
}

const WAITS: (&str, &str) = ("waits@example.com", "PendingConfirmation");
const LEFT: (&str, &str) = ("left@example.com", "Deleted");
const BACK: (&str, &str) = ("Back@example.com", "Deleted");
const BACK_WAITS: (&str, &str) = ("back@example.com", "PendingConfirmation");

#[tokio::test]
async fn states_are_read_from_every_page_of_the_list() {
    let arn = format!("{TOPIC}:8d5b6f1c");
    let second = [("ok@example.com", arn.as_str()), BACK_WAITS];
    let sns = Neighbour::answering([
        page(&[WAITS, LEFT, BACK], Some("more")),
        page(&second, None),
    ])
    .await;
    let who = ["waits", "left", "back", "ok", "never"];
    let asked = who.map(|who| email(&format!("{who}@example.com")));
    let states = SnsContacts::new(&sns.config(), TOPIC)
        .states(&asked)
        .await
        .unwrap();
    let states: Vec<_> = states.into_iter().map(|(_, state)| state).collect();
    use ContactState::{Confirmed, Gone, Pending};
    assert_eq!(states, [Pending, Gone, Pending, Confirmed, Gone]);
    let requests = sns.requests();
    assert!(requests[1].body.contains("NextToken=more"));
}

#[tokio::test]
async fn who_waits_for_confirmation_gets_no_second_mail_and_who_left_is_asked_again() {
    let sns =
        Neighbour::answering([page(&[WAITS, LEFT], None), (200, SUBSCRIBED.to_owned())]).await;
    let contacts = SnsContacts::new(&sns.config(), TOPIC);
    let both = wanted(&["waits@example.com", "left@example.com"]);
    contacts.reconcile(&both).await.unwrap();
    let requests = sns.requests();
    assert_eq!(acts(&requests), ["ListSubscriptionsByTopic", "Subscribe"]);
    let asked = &requests[1].body;
    assert!(asked.contains("Endpoint=left%40example.com"), "{asked}");
    let filter = "%7B%22source%22%3A%5B%22%28kept+by+wecom-sync%29%22%2C%22hq%22%5D%7D";
    let filter = [filter.to_owned(), filter.replace('+', "%20")];
    assert!(filter.iter().any(|it| asked.contains(it)), "{asked}");
}

#[tokio::test]
async fn who_waits_and_is_wanted_no_more_cannot_be_unsubscribed_and_is_left_alone() {
    let sns = Neighbour::answering([page(&[WAITS, LEFT], None)]).await;
    SnsContacts::new(&sns.config(), TOPIC)
        .reconcile(&[])
        .await
        .unwrap();
    assert_eq!(acts(&sns.requests()), ["ListSubscriptionsByTopic"]);
}

#[tokio::test]
async fn an_address_that_sns_refuses_does_not_keep_the_next_one_waiting() {
    let refused = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code>\
        <Message>Invalid parameter: Email address</Message></Error></ErrorResponse>";
    let sns = Neighbour::answering([
        page(&[], None),
        (400, refused.to_owned()),
        (200, SUBSCRIBED.to_owned()),
    ])
    .await;
    let contacts = SnsContacts::new(&sns.config(), TOPIC);
    let both = wanted(&["bad@example.com", "good@example.com"]);
    let error = contacts.reconcile(&both).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "SNS did not take the message: InvalidParameter"
    );
    let requests = sns.requests();
    assert_eq!(
        acts(&requests),
        ["ListSubscriptionsByTopic", "Subscribe", "Subscribe"]
    );
}

/// What SNS says of a subscription's filter.
fn filtered(policy: &str) -> (u16, String) {
    let act = "GetSubscriptionAttributes";
    let policy = policy.replace('"', "&quot;");
    let body = format!(
        "<{act}Response><{act}Result><Attributes>\
         <entry><key>FilterPolicy</key><value>{policy}</value></entry>\
         </Attributes></{act}Result></{act}Response>"
    );
    (200, body)
}

const OURS: &str = r#"{"source":["(kept by wecom-sync)","cn"]}"#;
const UNAVAILABLE: (u16, &str) = (
    503,
    "<ErrorResponse><Error><Type>Receiver</Type><Code>ServiceUnavailable</Code>\
     <Message>it@example.com</Message></Error></ErrorResponse>",
);
const DONE: &str = "<SetSubscriptionAttributesResponse/>";
const UNSUBSCRIBED: &str = "<UnsubscribeResponse/>";

#[tokio::test]
async fn an_outage_half_way_is_an_error_and_repeating_completes_what_is_left() {
    let [it, old] = ["1", "2"].map(|id| format!("{TOPIC}:{id}"));
    let listed = page(
        &[("it@example.com", &it), ("old@example.com", &old), WAITS],
        None,
    );
    let down = || (UNAVAILABLE.0, UNAVAILABLE.1.to_owned());
    let sns = Neighbour::answering([
        listed.clone(),
        filtered(OURS),
        down(),
        filtered(OURS),
        down(),
        listed,
        filtered(OURS),
        (200, DONE.to_owned()),
        filtered(OURS),
        (200, UNSUBSCRIBED.to_owned()),
    ])
    .await;
    let contacts = SnsContacts::new(&sns.config(), TOPIC);
    let wanted = wanted(&["it@example.com", "waits@example.com"]);
    let error = contacts.reconcile(&wanted).await.unwrap_err();
    let told = "SNS did not take the message: ServiceUnavailable";
    assert_eq!(error.to_string(), told);
    contacts.reconcile(&wanted).await.unwrap();
    let round = [
        "ListSubscriptionsByTopic",
        "GetSubscriptionAttributes",
        "SetSubscriptionAttributes",
        "GetSubscriptionAttributes",
        "Unsubscribe",
    ];
    assert_eq!(acts(&sns.requests()), [round, round].concat());
}

#[tokio::test]
async fn a_list_that_cannot_be_read_changes_nothing() {
    let sns = Neighbour::answering([page(&[WAITS], Some("more")), {
        (UNAVAILABLE.0, UNAVAILABLE.1.to_owned())
    }])
    .await;
    let contacts = SnsContacts::new(&sns.config(), TOPIC);
    let error = contacts.reconcile(&wanted(&["new@example.com"])).await;
    assert_eq!(error.unwrap_err().reason, "ServiceUnavailable");
    assert_eq!(
        acts(&sns.requests()),
        ["ListSubscriptionsByTopic", "ListSubscriptionsByTopic"]
    );
}

#[tokio::test]
async fn of_two_subscriptions_of_one_mailbox_one_stays_and_what_a_hand_made_is_spared() {
    let arns = ["1", "2", "3"].map(|id| format!("{TOPIC}:{id}"));
    let [first, second, third] = arns.each_ref().map(String::as_str);
    let sns = Neighbour::answering([
        page(
            &[
                ("it@example.com", first),
                ("IT@example.com", second),
                ("It@example.com", third),
            ],
            None,
        ),
        filtered(&OURS.replace("cn", "hq")),
        filtered(OURS),
        (200, UNSUBSCRIBED.to_owned()),
        filtered(r#"{"source":["cn"]}"#),
    ])
    .await;
    let contacts = SnsContacts::new(&sns.config(), TOPIC);
    contacts
        .reconcile(&wanted(&["it@example.com"]))
        .await
        .unwrap();
    let requests = sns.requests();
    let ended: Vec<_> = requests
        .iter()
        .filter(|request| request.act() == "Unsubscribe")
        .collect();
    assert_eq!(ended.len(), 1);
    assert!(ended[0].body.ends_with("notices%3A2"), "{}", ended[0].body);
}

use aws_services::SnsContacts;
use org_model::SourceId;
use source_admin::ports::{ContactState, Contacts};

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

fn wanted(emails: &[&str]) -> Vec<(String, SourceId)> {
    let owned = |email: &&str| ((*email).to_owned(), SourceId::new("hq"));
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
    let emails = ["waits", "left", "back", "ok", "never"].map(|who| format!("{who}@example.com"));
    let states = SnsContacts::new(&sns.config(), TOPIC)
        .states(&emails)
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
    assert!(
        asked.contains("value=%7B%22source%22%3A%5B%22hq%22%5D%7D"),
        "{asked}"
    );
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

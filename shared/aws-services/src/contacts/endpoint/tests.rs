use source_settings::Contact;

use super::Endpoint;

#[test]
fn the_protocol_of_an_arn_is_read_from_it() {
    for (arn, protocol) in [
        ("arn:aws:sqs:eu-central-1:123456789012:ops", Some("sqs")),
        ("arn:aws-cn:sqs:cn-north-1:123456789012:ops", Some("sqs")),
        (
            "arn:aws:lambda:eu-central-1:123456789012:function:page:live",
            Some("lambda"),
        ),
        (
            "arn:aws-us-gov:sns:us-gov-west-1:123456789012:endpoint/APNS/app/8d5b",
            Some("application"),
        ),
        ("arn:aws:sns:eu-central-1:123456789012:topic", None),
        ("arn:aws:lambda:eu-central-1:123456789012:layer:l:1", None),
        ("arn:aws:s3:::bucket", None),
        ("arn:aws:sqs", None),
        (
            "https://sqs.eu-central-1.amazonaws.com/123456789012/ops",
            None,
        ),
        ("", None),
    ] {
        let endpoint = Endpoint::of(&Contact::Arn(arn.to_owned()));
        assert_eq!(endpoint.map(|it| it.protocol()), protocol, "{arn}");
    }
}

#[test]
fn spellings_of_one_endpoint_are_equal_and_two_endpoints_are_not() {
    let listed = |protocol, spelling| Endpoint::listed(protocol, spelling).unwrap();
    let sms = Endpoint::of(&Contact::Sms("+8613800138000".to_owned())).unwrap();
    for spelling in ["+86 138-0013-8000", "8613800138000", "008613800138000"] {
        assert_eq!(sms, listed("sms", spelling));
    }
    let email = Endpoint::of(&Contact::Email("IT@Example.com".to_owned())).unwrap();
    assert_eq!(email, listed("email", "it@example.com"));
    let queue = "arn:aws:sqs:eu-central-1:123456789012:Ops";
    let arn = Endpoint::of(&Contact::Arn(queue.to_owned())).unwrap();
    assert_eq!(arn, listed("sqs", queue));
    let lowercase = queue.to_lowercase();
    assert_ne!(arn, listed("sqs", &lowercase));
    assert_ne!(email, listed("email", "it@example.org"));
}

#[test]
fn what_settings_cannot_name_is_an_operators_own() {
    for protocol in ["http", "https", "email-json", "firehose"] {
        assert_eq!(Endpoint::listed(protocol, "it@example.com"), None);
    }
}

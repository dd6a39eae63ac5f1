use super::*;

#[test]
fn mail_addresses_are_plain_ones() {
    for good in [
        "it@example.com",
        "a.b+c@sub.example.cn",
        "o'neil@ex-ample.com",
    ] {
        assert!(is_email(good), "{good}");
    }
    let bad = [
        "",
        "@",
        "it",
        "it@",
        "@example.com",
        "it@example",
        "a@b@example.com",
        "a b@example.com",
        "it@example..com",
        "\"a\"@example.com",
        "张@example.com",
        "it@example.com\r\nBcc: x",
        "a@example.com,b@example.com",
        "<it@example.com>",
    ];
    for bad in bad {
        assert!(!is_email(bad), "{bad}");
    }
}

#[test]
fn telephone_numbers_are_those_of_e164() {
    for good in ["+8613800000000", "+12345678", "+123456789012345"] {
        assert!(is_telephone(good), "{good}");
    }
    let bad = [
        "",
        "+",
        "13800000000",
        "008613800000000",
        "+1234567",
        "+1234567890123456",
        "+0123456789",
        "+86 138 0000 0000",
        "+86-13800000000",
        "+861380000000a",
        "++8613800000000",
        "+８６13800000000",
        "+8613800000000\n",
    ];
    for bad in bad {
        assert!(!is_telephone(bad), "{bad}");
    }
}

#[test]
fn queues_functions_and_mobile_endpoints_of_every_partition_are_endpoints() {
    let good = [
        "arn:aws:sqs:eu-west-1:123456789012:notices",
        "arn:aws-cn:sqs:cn-north-1:123456789012:notices_2",
        "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:on-notice",
        "arn:aws:lambda:eu-west-1:123456789012:function:on-notice:live",
        "arn:aws:lambda:eu-west-1:123456789012:function:on-notice:$LATEST",
        "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/app/6a3f-77",
    ];
    for good in good {
        assert_eq!(endpoint_problem(good), None, "{good}");
    }
}

#[test]
fn an_endpoint_that_sns_would_refuse_is_refused_with_its_reason() {
    let reason = |text: &str| endpoint_problem(text).unwrap().0;
    assert!(reason("arn:aws:sqs:eu-west-1:123456789012:notices.fifo").contains("FIFO"));
    assert!(reason("arn:aws:sns:eu-west-1:123456789012:topic").contains("topic"));
    assert!(
        reason("arn:aws:sns:eu-west-1:123456789012:app/GCM/name").contains("platform application")
    );
    assert!(reason("arn:aws:firehose:eu-west-1:123456789012:deliverystream/a").contains("a role"));
    assert!(reason("arn:aws:s3:eu-west-1:123456789012:bucket").contains("cannot send"));
    let no_arn = [
        "",
        "arn",
        "arn:aws:sqs:eu-west-1:123456789012",
        "https://example.com/hook",
        "arn:aws:sqs:eu-west-1:123456789012:a b",
        "arn:aws:sqs:eu-west-1:123456789012:张",
        "arn:aws:sqs:eu-west-1:123456789012:a\n",
    ];
    for text in no_arn {
        assert!(reason(text).starts_with("this is not an ARN"), "{text}");
    }
    let long = format!("arn:aws:sqs:eu-west-1:123456789012:{}", "a".repeat(700));
    assert!(reason(&long).contains("too long"));
    let wrong = [
        "arn:azure:sqs:eu-west-1:123456789012:a",
        "arn:aws:sqs::123456789012:a",
        "arn:aws:sqs:eu-west-1:12345:a",
        "arn:aws:sqs:EU:123456789012:a",
        "arn:aws:sqs:eu-west-1:123456789012:",
        "arn:aws:lambda:eu-west-1:123456789012:on-notice",
        "arn:aws:lambda:eu-west-1:123456789012:function:",
        "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM",
        "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM//x",
    ];
    for text in wrong {
        assert!(endpoint_problem(text).is_some(), "{text}");
    }
}

#[test]
fn the_json_of_a_contact_names_its_kind() {
    let contacts = [
        Contact::Email("it@example.com".to_owned()),
        Contact::Sms("+8613800000000".to_owned()),
        Contact::Arn("arn:aws:sqs:eu-west-1:123456789012:a".to_owned()),
    ];
    let json = serde_json::to_string(&contacts).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"[{"email":"it@example.com"},{"sms":"+8613800000000"},"#,
            r#"{"arn":"arn:aws:sqs:eu-west-1:123456789012:a"}]"#,
        )
    );
    let again: Vec<Contact> = serde_json::from_str(&json).unwrap();
    assert_eq!(again, contacts);
}

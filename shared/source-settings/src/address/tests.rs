use super::*;

fn reach_of(host: &str) -> Reach {
    let url = Url::parse(&format!("https://{host}/")).unwrap();
    reach(&url.host().unwrap())
}

#[test]
fn metadata_and_link_local_addresses_are_forbidden_in_every_dress() {
    let forbidden = [
        "169.254.169.254",
        "169.254.0.1",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "[fe80::1]",
        "[febf::1]",
        "[fd00:ec2::254]",
        "[fd00:ec2::23]",
        "[fd20:ce::254]",
        "[64:ff9b::127.0.0.1]",
        "[::]",
        "[ff02::1]",
        "0.0.0.0",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "metadata.tencentyun.com",
        "instance-data",
    ];
    for host in forbidden {
        assert_eq!(reach_of(host), Reach::Forbidden, "{host}");
    }
}

#[test]
fn loopback_is_known_in_every_dress() {
    let loopback = [
        "127.0.0.1",
        "127.9.9.9",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "LOCALHOST.",
        "wecom.localhost",
    ];
    for host in loopback {
        assert_eq!(reach_of(host), Reach::Loopback, "{host}");
    }
}

#[test]
fn servers_and_private_networks_are_reachable() {
    let anywhere = [
        "qyapi.weixin.qq.com",
        "10.0.0.7",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "[2001:db8::1]",
        "[fd12:3456::1]",
        "[::ffff:10.0.0.7]",
        "notlocalhost",
        "metadata.example.com",
    ];
    for host in anywhere {
        assert_eq!(reach_of(host), Reach::Anywhere, "{host}");
    }
}

#[test]
fn addresses_that_names_resolve_to_are_judged_alike() {
    let forbidden = |text: &str| is_forbidden_address(text.parse().unwrap());
    for text in [
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "255.255.255.255",
        "fe80::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "::",
    ] {
        assert!(forbidden(text), "{text}");
    }
    for text in [
        "127.0.0.1",
        "::1",
        "10.0.0.7",
        "192.168.1.1",
        "101.226.0.1",
        "2001:db8::1",
    ] {
        assert!(!forbidden(text), "{text}");
    }
}

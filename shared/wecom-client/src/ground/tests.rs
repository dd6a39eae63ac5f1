use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use url::Host;

use super::{Names, Unresolved, permitted};

fn known(name: &str, addresses: &[&str]) -> Names {
    let addresses: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
    Names {
        hosts: Arc::new([(name.to_owned(), addresses)].into()),
    }
}

async fn found(names: &Names, host: Host<&str>) -> Result<Vec<String>, Unresolved> {
    let found = names.addresses(host, 3128).await?;
    Ok(found.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn a_name_never_leads_to_a_link_local_address_or_a_metadata_service() {
    let host = || Host::Domain("agent.example");
    for address in [
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "224.0.0.1",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "::",
    ] {
        let names = known("agent.example", &[address]);
        let answer = found(&names, host()).await;
        assert_eq!(answer, Err(Unresolved::Forbidden), "{address}");
        // One good address does not open the way to the bad one.
        let names = known("agent.example", &[address, "203.0.113.9"]);
        let answer = found(&names, host()).await;
        assert_eq!(answer, Ok(vec!["203.0.113.9:3128".to_owned()]));
    }
}

#[tokio::test]
async fn an_address_in_the_place_of_a_name_is_judged_as_well() {
    let names = Names::default();
    for (host, answer) in [
        (
            Host::Ipv4([169, 254, 169, 254].into()),
            Err(Unresolved::Forbidden),
        ),
        (
            Host::Ipv6("fe80::7".parse().unwrap()),
            Err(Unresolved::Forbidden),
        ),
        (
            Host::Ipv4([127, 0, 0, 1].into()),
            Ok(vec!["127.0.0.1:3128".to_owned()]),
        ),
        (
            Host::Ipv4([10, 0, 0, 7].into()),
            Ok(vec!["10.0.0.7:3128".to_owned()]),
        ),
    ] {
        assert_eq!(found(&names, host).await, answer);
    }
}

#[tokio::test]
async fn a_name_without_addresses_is_unknown() {
    let names = known("agent.example", &[]);
    let answer = found(&names, Host::Domain("agent.example")).await;
    assert_eq!(answer, Err(Unresolved::Unknown));
    assert_eq!(
        permitted(Vec::<SocketAddr>::new()),
        Err(Unresolved::Unknown)
    );
}

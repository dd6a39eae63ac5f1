//! Addresses of servers and agents, and those that nothing of ours may be sent to.
//!
//! A cloud machine's metadata service hands out credentials to whoever asks from the machine, so
//! an address in settings must never lead there. Names that resolve to such addresses are judged
//! by whoever resolves them; this room sees literal addresses and well-known names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::problem::Problems;

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Loopback,
    Anywhere,
    Forbidden,
}

/// Metadata services outside of the link-local range: Alibaba, Azure, Oracle.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// Google Cloud.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);
/// AWS keeps all of fd00:ec2::/32 for services of the machine: its metadata (::254), the
/// credentials of pods (::23), names and time.
const AWS_LOCAL_V6: [u16; 2] = [0xfd00, 0xec2];

const METADATA_NAMES: [&str; 6] = [
    "instance-data",
    "instance-data.ec2.internal",
    "metadata",
    "metadata.goog",
    "metadata.google.internal",
    "metadata.tencentyun.com",
];

/// Is this a link-local address, one of a metadata service, or no host at all? For whoever resolves
/// a name, which may lead where no address in settings may. Loopback is not forbidden.
pub fn is_forbidden_address(address: IpAddr) -> bool {
    let reach = match address {
        IpAddr::V4(address) => reach_of_v4(address),
        IpAddr::V6(address) => reach_of_v6(address),
    };
    reach == Reach::Forbidden
}

pub(crate) fn reach(host: &Host<&str>) -> Reach {
    match host {
        Host::Domain(name) => reach_of_name(name),
        Host::Ipv4(address) => reach_of_v4(*address),
        Host::Ipv6(address) => reach_of_v6(*address),
    }
}

fn reach_of_name(name: &str) -> Reach {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        Reach::Loopback
    } else if METADATA_NAMES.contains(&name.as_str()) {
        Reach::Forbidden
    } else {
        Reach::Anywhere
    }
}

fn reach_of_v4(address: Ipv4Addr) -> Reach {
    let first = address.octets()[0];
    if address.is_loopback() {
        Reach::Loopback
    } else if address.is_link_local()
        || METADATA_V4.contains(&address)
        || first == 0
        || first >= 224
    {
        // 0/8 is "this host", 224/4 and 240/4 are multicast, reserved and broadcast.
        Reach::Forbidden
    } else {
        Reach::Anywhere
    }
}

fn reach_of_v6(address: Ipv6Addr) -> Reach {
    if address.is_loopback() {
        return Reach::Loopback;
    }
    if let Some(mapped) = address.to_ipv4_mapped() {
        return reach_of_v4(mapped);
    }
    let embeds_forbidden =
        embedded_v4(address).is_some_and(|inner| reach_of_v4(inner) != Reach::Anywhere);
    if embeds_forbidden
        || address.is_unicast_link_local()
        || address.is_multicast()
        || address == METADATA_V6
        || address.segments().starts_with(&AWS_LOCAL_V6)
    {
        Reach::Forbidden
    } else {
        Reach::Anywhere
    }
}

/// IPv4 addresses in other clothes: IPv4-compatible (`::a.b.c.d`, the unspecified address too),
/// NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 =
        |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => None,
    }
}

/// An http or https URL with a host that may be reached; what is wrong is said at `pointer`.
pub(crate) fn web_address(text: &str, pointer: &str, problems: &mut Problems) -> Option<Url> {
    let parsed = Url::parse(text).ok();
    let Some(url) = parsed.filter(|url| matches!(url.scheme(), "http" | "https")) else {
        let message = "this is not an http or https address";
        problems.add(pointer, message, "write it like https://host.example");
        return None;
    };
    if url
        .host()
        .is_none_or(|host| reach(&host) == Reach::Forbidden)
    {
        problems.add(
            pointer,
            "this address is link-local, of a metadata service, or no host at all",
            "use the address of the server itself",
        );
    }
    if url.port() == Some(0) {
        problems.add(
            pointer,
            "nothing listens on port 0",
            "write the port it listens on",
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        let remedy = "remove everything from ? or # on";
        problems.add(pointer, "this address has a query or a fragment", remedy);
    }
    Some(url)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host()
        .is_some_and(|host| reach(&host) == Reach::Loopback)
}

/// The address as settings keep it: without a slash at its end.
pub(crate) fn without_slash(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests;

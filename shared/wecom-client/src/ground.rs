//! What every road is built on: whom to trust, how names are looked up, how long to wait.
//!
//! A name may lead anywhere, whatever the settings looked like: link-local addresses and metadata
//! services hand out credentials to whoever asks from a cloud machine, so nothing is ever sent
//! there. Only literal addresses can be judged when settings are saved; names are judged here, each
//! time they are looked up, and only addresses that passed are connected to. Loopback is left
//! alone: whoever can name it can reach it by other means, and simulators live there.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Url};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use source_settings::is_forbidden_address;
use url::Host;

use crate::pace::Pace;

#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    pub roots: Roots,
    pub names: Names,
    pub pace: Pace,
}

/// Certificates trusted besides the system's, as reqwest and as rustls take them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots {
    pub certificates: Vec<Certificate>,
    ders: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// `false`: there is no certificate in the text.
    pub fn add_pem(&mut self, pem: &[u8]) -> bool {
        let certificates = Certificate::from_pem_bundle(pem).unwrap_or_default();
        let ders: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let Ok(ders) = ders else { return false };
        let found = !certificates.is_empty();
        self.certificates.extend(certificates);
        self.ders.extend(ders);
        found
    }

    /// For a handshake by hand, with the trust that reqwest has.
    pub fn config(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(self.ders.iter().cloned(), provider.clone())?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(config)
    }
}

/// A name that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unresolved {
    #[error("the name is unknown")]
    Unknown,
    #[error("the address is link-local or of a metadata service")]
    Forbidden,
}

/// Looks names up, and lets no forbidden address through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Known without asking.
    pub hosts: Arc<BTreeMap<String, Vec<IpAddr>>>,
}

impl Names {
    pub async fn addresses(
        &self,
        host: Host<&str>,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Unresolved> {
        match host {
            Host::Domain(name) => self.look_up(name, port).await,
            Host::Ipv4(ip) => permitted(vec![(ip, port).into()]),
            Host::Ipv6(ip) => permitted(vec![(ip, port).into()]),
        }
    }

    async fn look_up(&self, name: &str, port: u16) -> Result<Vec<SocketAddr>, Unresolved> {
        if let Some(known) = self.hosts.get(name) {
            return permitted(known.iter().map(|ip| (*ip, port).into()).collect());
        }
        let found: io::Result<Vec<_>> = tokio::net::lookup_host((name, port))
            .await
            .map(Iterator::collect);
        permitted(found.map_err(|_| Unresolved::Unknown)?)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            // Port 0 stands for the one of the URL.
            let found = names.look_up(name.as_str(), 0).await?;
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// A URL whose host is an address is never looked up: it is judged before a road is built.
pub(crate) fn literal_is_forbidden(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => is_forbidden_address(ip.into()),
        Some(Host::Ipv6(ip)) => is_forbidden_address(ip.into()),
        Some(Host::Domain(_)) | None => false,
    }
}

fn permitted(found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Unresolved> {
    if found.is_empty() {
        return Err(Unresolved::Unknown);
    }
    let kept: Vec<SocketAddr> = found
        .into_iter()
        .filter(|address| !is_forbidden_address(address.ip()))
        .collect();
    if kept.is_empty() {
        return Err(Unresolved::Forbidden);
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;

//! Where a request came from: the address, whether over TLS, and under which name.

use crate::app::Settings;
use axum::http::{HeaderMap, Uri, header};
use std::net::IpAddr;

/// The machine at the other end of the connection, put on each request by the listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Where a request came from.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// The browser's address; a proxy's own where it names none.
    pub(crate) address: Option<IpAddr>,
    /// Whether the browser speaks TLS.
    pub(crate) secure: bool,
    /// `https://example.com`, as `Origin` would say it.
    pub(crate) origin: String,
    /// Whether the connection itself comes from this machine, no proxy between.
    pub(crate) local: bool,
}

impl Arrival {
    pub(crate) fn of(settings: &Settings, peer: Option<Peer>, headers: &HeaderMap, uri: &Uri) -> Self {
        let peer = peer.map(|peer| peer.0.to_canonical());
        let proxied = peer.is_some_and(|peer| settings.behind_proxy.iter().any(|p| p.to_canonical() == peer));
        let address = if proxied { forwarded(settings, headers).or(peer) } else { peer };
        // A proxy that says nothing of the scheme is not known to speak TLS to the browser.
        let secure =
            settings.tls.is_some() || (proxied && last(headers, "x-forwarded-proto") == Some("https"));
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let host = host.or(uri.authority().map(axum::http::uri::Authority::as_str)).unwrap_or_default();
        let scheme = if secure { "https" } else { "http" };
        Self {
            address,
            secure,
            origin: format!("{scheme}://{}", host.to_ascii_lowercase()),
            local: peer.is_some_and(|peer| peer.is_loopback()) && !headers.contains_key("x-forwarded-for"),
        }
    }
}

/// The right-most address that is not one of our proxies: what stands left of it anybody may have written.
fn forwarded(settings: &Settings, headers: &HeaderMap) -> Option<IpAddr> {
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops {
        // Something that is no address ends the chain of those we can believe.
        let address: IpAddr = hop.trim().parse().ok()?;
        let address = address.to_canonical();
        if !settings.behind_proxy.iter().any(|proxy| proxy.to_canonical() == address) {
            return Some(address);
        }
    }
    None
}

fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
mod tests;

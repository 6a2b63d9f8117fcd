//! What a tier of secrets asks, as the organisation sets it, and the address ranges it may name.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ConditionSet;

/// The row of the requirements table for one tier.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Requirements {
    /// Which conditions are asked.
    pub conditions: ConditionSet,
    /// Least clearance, 0 to 9.
    pub clearance: u8,
    /// How many different people must approve a grant.
    pub approvals: u8,
    /// For how long a second factor counts, in milliseconds.
    pub second_factor_within: i64,
    /// Allowed address ranges; empty allows no address where the network condition is asked.
    pub networks: Vec<NetworkRange>,
}

impl Requirements {
    /// Whether the address lies in one of the ranges. A request without an address (from the local shell) does not.
    ///
    /// The matching is done here and not by Cedar's `ipaddr`: that extension takes text alone, so each decision would
    /// print and parse the address and every range, which costs more than all ten conditions together.
    pub fn network_allowed(&self, address: Option<IpAddr>) -> bool {
        address.is_some_and(|address| self.networks.iter().any(|range| range.contains(address)))
    }
}

/// A block of addresses in CIDR notation (RFC 4632, RFC 4291 section 2.3), or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NetworkRange {
    base: IpAddr,
    prefix: u8,
}

impl NetworkRange {
    /// Reads `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32` or `::1`.
    ///
    /// # Errors
    /// Text that is no address, a prefix longer than the address, an address with bits set after the prefix, and
    /// IPv4 addresses written as IPv6 (`::ffff:10.0.0.1`, which is compared as IPv4).
    pub fn parse(text: &str) -> Result<Self, NetworkRangeError> {
        let refuse = |problem| NetworkRangeError { text: text.to_owned(), problem };
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let base: IpAddr =
            address.parse().map_err(|_| refuse("is not an address or a range such as `10.0.0.0/8`"))?;
        if base != base.to_canonical() {
            return Err(refuse("is an IPv4 address written as IPv6; write it as IPv4"));
        }
        let width = if base.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|p| *p <= width)
                .ok_or_else(|| refuse("has a prefix longer than the address"))?,
            Some(_) => return Err(refuse("has a prefix that is not a number")),
        };
        if bits(base) & host_mask(width, prefix) != 0 {
            return Err(refuse("has bits set after its prefix; write the first address of the range"));
        }
        Ok(Self { base, prefix })
    }

    /// Whether the address lies in the range. An IPv4 address mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let width = if self.base.is_ipv4() { 32 } else { 128 };
        address.is_ipv4() == self.base.is_ipv4()
            && (bits(address) ^ bits(self.base)) & !host_mask(width, self.prefix) == 0
    }
}

impl fmt::Display for NetworkRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl FromStr for NetworkRange {
    type Err = NetworkRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for NetworkRange {
    type Error = NetworkRangeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<NetworkRange> for String {
    fn from(range: NetworkRange) -> Self {
        range.to_string()
    }
}

/// The text is not an address range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {problem}")]
pub struct NetworkRangeError {
    text: String,
    problem: &'static str,
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The bits after the prefix, set.
fn host_mask(width: u8, prefix: u8) -> u128 {
    let host = u32::from(width.saturating_sub(prefix));
    1_u128.checked_shl(host).map_or(u128::MAX, |bit| bit - 1)
}

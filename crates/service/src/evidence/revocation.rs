//! The lists of revoked certificates that go with a token (RFC 5280, section 5).
//!
//! A token is only as good as the certificate that made it, and whether an issuer had taken that certificate back is asked years
//! later, when the issuer may be gone. So the lists are fetched when the token is, looked into, and kept in the record with
//! it. They are big and seldom change: what an earlier anchor holds is not kept twice, nor asked for more than once a day.

use super::outside;
use data_encoding::BASE64;
use ledger::stamp::{Chain, check_crl};
use program::evidence::{HeldList, RevocationList};
use program::{Digest, Line, Time};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How many bytes of lists one token brings along: they become a part of the record, and of every bundle with that token; and one entry
/// has to hold those of all authorities.
const LONGEST: usize = 1 << 20;
/// At how many addresses a list is asked for before it is done without.
const ADDRESSES: usize = 3;
/// How long all lists of one token may take together: somebody waits for the token.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the issuers of a chain say.
#[derive(Default)]
pub(super) struct Asked {
    /// The lists, the signer's first.
    pub(super) lists: Vec<RevocationList>,
    /// Why there is not one for each certificate.
    pub(super) missing: Option<Line>,
}

/// Looks for each certificate of a chain, the root's apart, on its issuer's list.
///
/// # Errors
/// A certificate was revoked: a clause about the authority.
pub(super) async fn ask(chain: &Chain, held: &[HeldList], now: Time) -> Result<Asked, String> {
    let mut asked = Asked::default();
    let mut left = LONGEST;
    let until = Instant::now() + PATIENCE;
    for (place, (fingerprint, addresses)) in chain.lists_of_revoked().enumerate() {
        let certificate = Digest(fingerprint.0);
        let before = held.iter().find(|list| list.certificate == certificate);
        if let Some(before) = before.filter(|before| before.is_fresh(now)) {
            asked.lists.push(RevocationList {
                certificate,
                fetched: before.fetched,
                issued: before.issued,
                next: before.next,
                digest: before.digest,
                list: None,
                held_by: Some(before.entry),
            });
            continue;
        }
        let late = || Err("names a list of revoked certificates, which did not come in time".to_owned());
        let fetched = if Instant::now() < until {
            let fetching = fetch(chain, place, certificate, addresses, left, now);
            timeout_at(until, fetching).await.unwrap_or_else(|_| late())
        } else {
            late()
        };
        match fetched {
            Ok(Fetched::Clear(mut list, length)) => {
                if let Some(before) = before.filter(|before| before.digest == list.digest) {
                    (list.list, list.held_by) = (None, Some(before.entry));
                } else {
                    left = left.saturating_sub(length);
                }
                asked.lists.push(list);
            }
            Ok(Fetched::Revoked(since)) => {
                return Err(format!(
                    "answered with a chain whose certificate {} was revoked on {}",
                    place + 1,
                    since.rfc3339()
                ));
            }
            Err(why) => {
                let why = format!("certificate {} of its chain {why}", place + 1);
                let why: String = why.chars().filter(|c| !c.is_control()).take(Line::MOST).collect();
                asked.missing = asked.missing.or_else(|| Line::new(&why).ok());
            }
        }
    }
    Ok(asked)
}

enum Fetched {
    /// A list on which the certificate does not stand, and its length.
    Clear(RevocationList, usize),
    Revoked(Time),
}

/// Fetches the list for one certificate and looks into it. Why there is none, as a clause about the certificate.
async fn fetch(
    chain: &Chain,
    place: usize,
    certificate: Digest,
    addresses: &[String],
    longest: usize,
    now: Time,
) -> Result<Fetched, String> {
    let mut why = "names no list of revoked certificates".to_owned();
    for address in addresses.iter().take(ADDRESSES) {
        let wrong = |error: &dyn std::fmt::Display| {
            format!("names a list of revoked certificates, and {address} {error}")
        };
        let answer = match outside::get(address, "application/pkix-crl", longest).await {
            Ok(answer) if answer.status.is_success() => answer,
            Ok(answer) => {
                why = wrong(&format!("answered with status {}", answer.status.as_u16()));
                continue;
            }
            Err(error) => {
                why = wrong(&error);
                continue;
            }
        };
        match check_crl(chain, place, &answer.body) {
            Ok(said) if said.next_update_ms.is_some_and(|next| Time(next) <= now) => {
                why = wrong(&"answered with one that is out of date");
            }
            // Whether before the time stamp or after it: the signer's key is in doubt, and another authority is not far.
            Ok(said) => {
                return Ok(match said.revoked_ms {
                    Some(since) => Fetched::Revoked(Time(since)),
                    None => {
                        let list = RevocationList {
                            certificate,
                            fetched: now,
                            issued: Time(said.this_update_ms),
                            next: said.next_update_ms.map(Time),
                            digest: Digest(ledger::sha256(&answer.body).0),
                            list: Some(BASE64.encode(&answer.body)),
                            held_by: None,
                        };
                        Fetched::Clear(list, answer.body.len())
                    }
                });
            }
            Err(error) => why = wrong(&format!("answered wrongly: {error}")),
        }
    }
    Err(why)
}

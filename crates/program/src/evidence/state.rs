//! Who vouches for the record, and up to where they have seen it.

use super::{Authority, Event, RevocationList, Stamp, Witness};
use crate::{DAY, Digest, HOUR, Line, Recorded, Time};
use serde::{Deserialize, Serialize};

/// How long what happened may go unseen by somebody who vouches for the record.
const PATIENCE: i64 = DAY;
/// A token is stamped again so long before a certificate of its chain ends, or so long after it was made, whichever is first:
/// digests age too.
const RENEW_BEFORE: i64 = 60 * DAY;
const RENEW_AFTER: i64 = 365 * DAY;
/// How many witnesses are remembered who are asked no more.
const FORMER: usize = 64;

/// Witnesses, authorities, the newest anchors, and the keys that signed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The witnesses.
    pub witnesses: Vec<Witness>,
    /// Witnesses who are asked no more. What they cosigned they still saw.
    #[serde(default)]
    pub former: Vec<Witness>,
    /// How many have to cosign.
    pub quorum: u32,
    /// The time-stamping authorities.
    pub authorities: Vec<Authority>,
    /// The newest anchor. Those before it are found in the record.
    pub last: Option<Anchor>,
    /// How each witness and authority stands.
    pub standings: Vec<Standing>,
    /// How many anchors there are.
    pub anchors: u64,
    /// Every change of the signing key, oldest first.
    pub keys: Vec<KeyChange>,
    /// The position of the newest entry that is not an anchor: what others have yet to see.
    pub last_act: Option<u64>,
    /// When the oldest entry was made that others have yet to see.
    #[serde(default)]
    pub news_since: Option<Time>,
    /// When the newest tokens are stamped again, with all that they cover, though nothing else happened.
    #[serde(default)]
    pub renew_at: Option<Time>,
}

/// How a witness or an authority stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Their name.
    pub name: Line,
    /// Since when they are asked.
    pub since: Time,
    /// The newest anchor that holds their answer.
    pub last: Option<Anchor>,
    /// Of an authority: the lists of revoked certificates that go with its newest token.
    #[serde(default)]
    pub lists: Vec<HeldList>,
    /// Why there is not one for each certificate of that token.
    #[serde(default)]
    pub revocation_missing: Option<Line>,
}

/// A list of revoked certificates that an entry of the record holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldList {
    /// The certificate that was looked for.
    pub certificate: Digest,
    /// The list, by its SHA-256.
    pub digest: Digest,
    /// The entry that holds it.
    pub entry: u64,
    /// When it was fetched last.
    pub fetched: Time,
    /// When it was issued.
    pub issued: Time,
    /// By when another was to be issued.
    pub next: Option<Time>,
}

impl HeldList {
    /// Is it new enough to go with a token of now without asking again? For a day, and not beyond its own time.
    #[must_use]
    pub fn is_fresh(&self, now: Time) -> bool {
        now < self.fetched + DAY && self.next.is_none_or(|next| now < next)
    }
}

/// That others saw the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    /// The entry that records it.
    pub entry: u64,
    /// How many entries they saw.
    pub size: u64,
    /// When it was recorded.
    pub time: Time,
    /// The witnesses who cosigned.
    pub cosigned: Vec<Line>,
    /// The authorities that stamped, and the times in their tokens.
    pub stamped: Vec<(Line, Time)>,
    /// Those who did not answer, and why.
    pub failed: Vec<(Line, Line)>,
}

/// One change of the key that signs checkpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyChange {
    /// The entry that records it. The checkpoint over it is the last that the key before has signed.
    pub entry: u64,
    /// The key from then on.
    pub key: Line,
    /// The key before.
    pub previous: Line,
}

impl Anchor {
    /// Did enough witnesses cosign it?
    #[must_use]
    pub fn is_witnessed(&self, quorum: u32) -> bool {
        quorum > 0 && self.cosigned.len() >= usize::try_from(quorum).unwrap_or(usize::MAX)
    }
}

/// How far others vouch for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// Nobody outside is asked to.
    Alone,
    /// They were asked, and none has ever answered.
    Unanswered,
    /// These are late.
    Late(Vec<Line>),
    /// Those witnesses who cosigned the last time were fewer than the quorum.
    TooFew,
    /// They do.
    Vouched,
}

/// How far somebody who vouches has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// They have left what happened unseen for too long.
    Late,
    /// They were asked, and have not answered yet.
    Unanswered,
    /// They have not seen so many of the newest entries.
    Behind(u64),
    /// They have seen everything.
    Complete,
}

/// A key that signs, or has signed, the record's checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The verifier key.
    pub key: String,
    /// The entry that put it in place; none for the first.
    pub since: Option<u64>,
    /// The entry over which it signed its last checkpoint; none for the one in use.
    pub until: Option<u64>,
}

impl Evidence {
    /// The keys that have signed the record, the first one first. Where none was ever replaced, it is the one in use.
    #[must_use]
    pub fn signers(&self, in_use: &str) -> Vec<Signer> {
        let Some(first) = self.keys.first() else {
            return vec![Signer { key: in_use.to_owned(), since: None, until: None }];
        };
        let mut signers =
            vec![Signer { key: first.previous.to_string(), since: None, until: Some(first.entry) }];
        for (place, change) in (1..).zip(&self.keys) {
            let until = self.keys.get(place).map(|next| next.entry);
            signers.push(Signer { key: change.key.to_string(), since: Some(change.entry), until });
        }
        signers
    }

    /// The witnesses who have cosigned nothing since the key was last replaced: they may have to be told the new one.
    pub fn without_new_key(&self) -> impl Iterator<Item = &Witness> {
        let changed = self.keys.last().map(|change| change.entry);
        self.witnesses.iter().filter(move |witness| {
            let seen = self.standing(&witness.name).and_then(|standing| standing.last.as_ref());
            // A checkpoint of the size just behind the entry is the last of the key before.
            changed.is_some_and(|entry| seen.is_none_or(|anchor| anchor.size <= entry.saturating_add(1)))
        })
    }

    /// Is anybody asked to vouch for the record?
    #[must_use]
    pub fn is_anchored(&self) -> bool {
        !self.witnesses.is_empty() || !self.authorities.is_empty()
    }

    /// Is there anything that those outside have not seen, the anchors themselves apart?
    #[must_use]
    pub fn has_news(&self) -> bool {
        let seen = self.last.as_ref().map_or(0, |anchor| anchor.size);
        self.last_act.is_some_and(|act| act >= seen)
    }

    /// Is it time to ask again? When there is news; every hour, when somebody did not answer the last time; and before the newest
    /// tokens age: a new one covers the entry that holds them, and so outlives their certificates for them.
    #[must_use]
    pub fn wants_anchor(&self, now: Time) -> bool {
        let asked_again = |last: &Anchor| !last.failed.is_empty() && last.time + HOUR <= now;
        let ages = !self.authorities.is_empty() && self.renew_at.is_some_and(|at| at <= now);
        self.is_anchored() && (self.has_news() || ages || self.last.as_ref().is_some_and(asked_again))
    }

    /// Is this the name of an authority, and not of a witness?
    #[must_use]
    pub fn is_authority(&self, name: &Line) -> bool {
        self.authorities.iter().any(|authority| authority.name == *name)
    }

    /// How this witness or authority stands.
    #[must_use]
    pub fn standing(&self, name: &Line) -> Option<&Standing> {
        self.standings.iter().find(|standing| standing.name == *name)
    }

    /// By when this one should have seen what it has not seen; absent where it has seen everything.
    #[must_use]
    pub fn due(&self, standing: &Standing) -> Option<Time> {
        let seen = standing.last.as_ref().map_or(standing.since, |anchor| anchor.time);
        let newest = self.last.as_ref().map(|anchor| anchor.entry);
        let answered = standing.last.as_ref().map(|anchor| anchor.entry);
        // Whoever answered the newest anchor is behind with what came after it, and with nothing else, however old it is.
        // Where nobody answers at all there is no anchor to miss, and what they all miss is the news.
        let missed = (newest.is_some() && answered != newest).then_some(seen);
        let news = self.news_since.filter(|_| self.has_news()).map(|since| since.max(seen));
        missed.or(news).map(|since| since + PATIENCE)
    }

    /// Is this one late?
    #[must_use]
    pub fn is_late(&self, standing: &Standing, now: Time) -> bool {
        self.due(standing).is_some_and(|due| due <= now)
    }

    /// How many entries, anchors apart, lie beyond the first `seen`; at least: anchors in between are counted with them.
    #[must_use]
    pub fn unseen(&self, seen: u64) -> u64 {
        self.last_act.map_or(0, |act| (act + 1).saturating_sub(seen))
    }

    /// How far this one has come.
    #[must_use]
    pub fn progress(&self, standing: &Standing, now: Time) -> Progress {
        match &standing.last {
            _ if self.is_late(standing, now) => Progress::Late,
            None => Progress::Unanswered,
            Some(last) => match self.unseen(last.size) {
                0 => Progress::Complete,
                behind => Progress::Behind(behind),
            },
        }
    }

    /// How far others vouch for the record, as things stand.
    #[must_use]
    pub fn outlook(&self, now: Time) -> Outlook {
        let late = self.standings.iter().filter(|standing| self.is_late(standing, now));
        let late: Vec<Line> = late.map(|standing| standing.name.clone()).collect();
        match &self.last {
            _ if !self.is_anchored() => Outlook::Alone,
            _ if !late.is_empty() => Outlook::Late(late),
            None => Outlook::Unanswered,
            Some(last) if !self.witnesses.is_empty() && !last.is_witnessed(self.quorum) => Outlook::TooFew,
            Some(_) => Outlook::Vouched,
        }
    }

    pub(crate) fn apply(&mut self, recorded: &Recorded, event: &Event) {
        match event {
            Event::WitnessesSet { witnesses, quorum, .. } => {
                self.former.append(&mut self.witnesses);
                self.witnesses = witnesses.clone();
                // Each key once: whoever is named again, or by another name, is no former witness, and of two the newer counts.
                let mut keys: Vec<String> = witnesses.iter().map(public).collect();
                let mut former: Vec<Witness> = Vec::new();
                for one in self.former.drain(..).rev() {
                    if !keys.contains(&public(&one)) {
                        keys.push(public(&one));
                        former.push(one);
                    }
                }
                former.truncate(FORMER);
                former.reverse();
                self.former = former;
                self.quorum = *quorum;
                self.stand(recorded.time);
            }
            Event::AuthoritiesSet { authorities, .. } => {
                self.authorities = authorities.clone();
                self.stand(recorded.time);
            }
            // Kept for its signature alone, when the key was replaced: nobody outside has seen it.
            Event::Anchored { cosigned, stamps, .. } if cosigned.is_empty() && stamps.is_empty() => {}
            Event::Anchored { size, cosigned, stamps, failed, .. } => {
                let anchor = Anchor {
                    entry: recorded.position,
                    size: *size,
                    time: recorded.time,
                    cosigned: cosigned.clone(),
                    stamped: stamps.iter().map(|stamp| (stamp.authority.clone(), stamp.time)).collect(),
                    failed: failed.clone(),
                };
                for standing in &mut self.standings {
                    let stamped = anchor.stamped.iter().any(|(name, _)| *name == standing.name);
                    if stamped || anchor.cosigned.contains(&standing.name) {
                        standing.last = Some(anchor.clone());
                    }
                    if let Some(stamp) = stamps.iter().find(|stamp| stamp.authority == standing.name) {
                        standing.lists = stamp.revocation.iter().map(|list| held(list, recorded)).collect();
                        standing.revocation_missing = stamp.revocation_missing.clone();
                    }
                }
                if !stamps.is_empty() {
                    self.renew_at = stamps.iter().map(renewed_at).min();
                }
                self.anchors = self.anchors.saturating_add(1);
                self.news_since = self.last_act.filter(|act| act >= size).map(|_| recorded.time);
                self.last = Some(anchor);
            }
            Event::KeyRotated { key, previous, .. } => self.keys.push(KeyChange {
                entry: recorded.position,
                key: key.clone(),
                previous: previous.clone(),
            }),
            Event::Exported { .. } => {}
        }
    }

    /// Notes that something happened which others have yet to see.
    pub(crate) fn note_act(&mut self, position: u64, time: Time) {
        self.last_act = Some(position);
        self.news_since = self.news_since.or(Some(time));
    }

    /// Takes those who were named just now into the standings, and forgets those who no longer are.
    fn stand(&mut self, now: Time) {
        let names = self.witnesses.iter().map(|witness| &witness.name);
        let names = names.chain(self.authorities.iter().map(|authority| &authority.name));
        let standings = names.map(|name| {
            let known = self.standing(name).cloned();
            known.unwrap_or_else(|| Standing {
                name: name.clone(),
                since: now,
                last: None,
                lists: Vec::new(),
                revocation_missing: None,
            })
        });
        self.standings = standings.collect();
    }
}

/// The key itself, by whatever name (C2SP signed-note: name, id, type and key in base64, which has `+` as well).
pub(super) fn public(witness: &Witness) -> String {
    witness.key.as_str().splitn(3, '+').nth(2).unwrap_or_default().to_owned()
}

fn held(list: &RevocationList, recorded: &Recorded) -> HeldList {
    HeldList {
        certificate: list.certificate,
        digest: list.digest,
        entry: list.held_by.unwrap_or(recorded.position),
        fetched: list.fetched,
        issued: list.issued,
        next: list.next,
    }
}

/// When a token is stamped again. Never sooner than a day after it was made, and never before half of its time is over: a
/// certificate that ends soon is no reason to ask every minute.
fn renewed_at(stamp: &Stamp) -> Time {
    let made = stamp.time;
    let ends = stamp.valid_until.unwrap_or(Time::LATEST);
    let halfway = made + (ends - made).max(0) / 2;
    let before = (ends + -RENEW_BEFORE).max(halfway).min(made + RENEW_AFTER);
    before.max(made + DAY)
}

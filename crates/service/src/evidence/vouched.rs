//! What those outside said about the record, as a bundle carries it.

use super::bundle::Member;
use super::texts::{self, Word};
use crate::error::ServiceError;
use crate::house::Service;
use data_encoding::BASE64;
use journal::{Filter, Tree};
use ledger::{SignedNote, VerifierKey};
use program::evidence::{Event as EvidenceEvent, Stamp};
use program::{Event, Recorded, Time};
use std::collections::{BTreeMap, BTreeSet};

/// How many anchors of the record are looked through, the newest first.
const ANCHORS_LOOKED_AT: usize = 5_000;
/// The most anchors in one bundle.
const MOST_ANCHORS: usize = 64;
/// What others saw of the record.
pub(super) struct Anchor {
    pub(super) size: u64,
    checkpoint: String,
    pub(super) stamps: Vec<Stamp>,
}

impl Service {
    /// The anchors that say most: for each entry the first that covers it, the newest of all, which tells this record from one that was
    /// forked off it since, and those at which a signing key came into use.
    /// And the checkpoint before the export, through which the check by hand leads: what the bundle's own checkpoint is over
    /// holds the export's entry, and so the digest of every page, this one too.
    pub(super) async fn anchors(
        &self,
        positions: &BTreeSet<u64>,
        before: &Tree,
    ) -> Result<Vec<Anchor>, ServiceError> {
        let state = self.state();
        let filter = Filter {
            kinds: vec!["evidence.anchored".to_owned()],
            limit: ANCHORS_LOOKED_AT,
            ..Filter::default()
        };
        let mut known: BTreeMap<u64, Anchor> = BTreeMap::new();
        for stored in self.house.journal.find(&filter).await?.entries {
            let read: Option<Recorded> = self.house.read(&stored).await?;
            if let Some(Event::Evidence(EvidenceEvent::Anchored { size, checkpoint, stamps, .. })) =
                read.map(|recorded| recorded.event)
                && size > 0
            {
                let checkpoint = self.by_known_witnesses(&checkpoint)?;
                let stamps = without_lists(stamps, stored.position);
                known.entry(size).or_insert(Anchor { size, checkpoint, stamps });
            }
        }
        let changes: BTreeSet<u64> = state.evidence.keys.iter().map(|change| change.entry + 1).collect();
        for size in &changes {
            // The checkpoint that the key before signed last stands in the entry that follows the change.
            let stored = self.house.journal.get(*size).await.ok();
            let read = match &stored {
                Some(stored) => self.house.read(stored).await?,
                None => None,
            };
            if let Some(Event::Evidence(EvidenceEvent::Anchored { size: of, checkpoint, stamps, .. })) =
                read.map(|recorded| recorded.event)
                && of == *size
            {
                let stamps = without_lists(stamps, *size);
                known.entry(of).or_insert(Anchor { size: of, checkpoint, stamps });
            }
        }
        // An anchor of which nobody's word is left says nothing.
        let said: BTreeSet<u64> =
            known.values().filter(|anchor| anchor.is_vouched_for()).map(|anchor| anchor.size).collect();
        let mut wanted: BTreeSet<u64> =
            positions.iter().filter_map(|position| said.range(position + 1..).next().copied()).collect();
        thin(&mut wanted);
        wanted.extend(said.last());
        wanted.extend(&changes);
        wanted.insert(before.size());
        let checkpoint = before.checkpoint().to_owned();
        known.entry(before.size()).or_insert(Anchor { size: before.size(), checkpoint, stamps: Vec::new() });
        let mut anchors: Vec<Anchor> = wanted.into_iter().filter_map(|size| known.remove(&size)).collect();
        for stamp in anchors.iter_mut().flat_map(|anchor| &mut anchor.stamps) {
            self.bring_lists(stamp).await?;
        }
        Ok(anchors)
    }

    /// Puts the lists of revoked certificates into a stamp that an earlier anchor's entry holds.
    async fn bring_lists(&self, stamp: &mut Stamp) -> Result<(), ServiceError> {
        for wanted in stamp.revocation.iter_mut().filter(|list| list.list.is_none()) {
            let Some(entry) = wanted.held_by else { continue };
            let stored = self.house.journal.get(entry).await?;
            if let Some(Event::Evidence(EvidenceEvent::Anchored { stamps, .. })) =
                self.house.read(&stored).await?.map(|recorded| recorded.event)
            {
                let mut lists = stamps.into_iter().flat_map(|stamp| stamp.revocation);
                wanted.list = lists.find(|list| list.digest == wanted.digest).and_then(|list| list.list);
            }
        }
        Ok(())
    }

    /// The keys of witnesses whose cosignatures a bundle carries: those who are asked, and those who once were.
    fn witness_keys(&self) -> Vec<VerifierKey> {
        let evidence = &self.state().evidence;
        let all = evidence.witnesses.iter().chain(&evidence.former);
        all.filter_map(|witness| witness.key.as_str().parse().ok()).collect()
    }

    /// A checkpoint with those cosignatures alone that the bundle's policy knows.
    fn by_known_witnesses(&self, checkpoint: &str) -> Result<String, ServiceError> {
        let storage = |error: ledger::NoteError| ServiceError::Storage(error.to_string());
        let note = SignedNote::parse(checkpoint).map_err(storage)?;
        let keys = self.witness_keys();
        let (_, lines) = checkpoint.rsplit_once("\n\n").unwrap_or((checkpoint, ""));
        let known = note.signatures().iter().zip(lines.lines()).filter(|(signature, _)| {
            let witness = keys.iter().any(|key| key.name() == signature.name && key.id() == signature.id);
            witness || signature.name == self.house.keys.origin()
        });
        let lines: String = known.map(|(_, line)| format!("{line}\n")).collect();
        Ok(format!("{}\n{lines}", note.text()))
    }

    /// Whose word counts, as C2SP tlog-policy. Those who were witnesses once are known by it, and not counted.
    pub(super) fn policy(&self) -> Result<String, ServiceError> {
        let evidence = &self.state().evidence;
        let mut text = String::new();
        text.push_str(&format!("log {}\n", self.verifier_key()));
        let mut names = Vec::new();
        for (number, witness) in evidence.witnesses.iter().enumerate() {
            let name = format!("witness-{}", number + 1);
            text.push_str(&format!("# {}\nwitness {name} {}\n", witness.name, witness.key));
            names.push(name);
        }
        for (number, witness) in evidence.former.iter().enumerate() {
            let name = &witness.name;
            text.push_str(&format!("# formerly: {name}\nwitness former-{} {}\n", number + 1, witness.key));
        }
        if names.is_empty() {
            text.push_str("quorum none\n");
        } else {
            text.push_str(&format!(
                "group all-witnesses {} {}\nquorum all-witnesses\n",
                evidence.quorum,
                names.join(" ")
            ));
        }
        ledger::Policy::parse(text.as_bytes()).map_err(|error| ServiceError::Storage(error.to_string()))?;
        Ok(text)
    }

    /// What those outside said of these states of the record. Witnesses count where as many of them cosigned as the policy asks,
    /// from the moment when they were enough.
    pub(super) fn words(&self, anchors: &[Anchor]) -> Vec<Word> {
        let keys = self.witness_keys();
        let enough = usize::try_from(self.state().evidence.quorum.max(1)).unwrap_or(usize::MAX);
        let mut words = Vec::new();
        for anchor in anchors {
            words.extend(anchor.stamps.iter().map(|stamp| Word {
                who: vec![stamp.authority.to_string()],
                time: stamp.time,
                stamped: true,
                size: anchor.size,
            }));
            let note = SignedNote::parse(&anchor.checkpoint);
            let mut seen = note.and_then(|note| note.cosignatures(&keys)).unwrap_or_default();
            seen.sort_by_key(|(_, seconds)| *seconds);
            if let Some(first) = seen.get(..enough)
                && let Some((_, seconds)) = first.last()
            {
                words.push(Word {
                    who: first.iter().map(|(key, _)| key.name().to_owned()).collect(),
                    time: Time(i64::try_from(*seconds).unwrap_or(i64::MAX).saturating_mul(1000)),
                    stamped: false,
                    size: anchor.size,
                });
            }
        }
        words
    }
}

impl Anchor {
    /// The files of the bundle that hold it.
    pub(super) fn members(&self) -> Vec<Member> {
        let folder = format!("anchors/{}", self.size);
        let checkpoint = self.checkpoint.as_bytes().to_vec();
        let mut members = vec![Member::new(format!("{folder}/checkpoint"), checkpoint)];
        for (number, stamp) in (1..).zip(&self.stamps) {
            members.push(Member::new(format!("{folder}/{number}.tsr"), decoded(&stamp.token)));
            members.push(Member::new(format!("{folder}/{number}.pem"), stamp.chain.as_bytes().to_vec()));
        }
        members
    }

    /// Did anybody but the record itself say something about it?
    pub(super) fn is_vouched_for(&self) -> bool {
        let cosigned = SignedNote::parse(&self.checkpoint).is_ok_and(|note| note.signatures().len() > 1);
        cosigned || !self.stamps.is_empty()
    }

    pub(super) fn told(&self) -> press::evidence::Anchor {
        let stamps = (1..).zip(&self.stamps).map(|(number, stamp)| press::evidence::Stamp {
            path: format!("anchors/{}/{number}", self.size),
            authority: stamp.authority.to_string(),
            time: texts::moment(stamp.time),
            seconds: stamp.time.0.div_euclid(1000),
            lists: lists(stamp).map(|(path, _)| path).collect(),
            revocation_missing: stamp.revocation_missing.as_ref().map(ToString::to_string),
        });
        press::evidence::Anchor { size: self.size, stamps: stamps.collect() }
    }
}

/// Leaves so many that they fit a bundle, evenly, the first and the last among them.
fn thin(sizes: &mut BTreeSet<u64>) {
    let all: Vec<u64> = sizes.iter().copied().collect();
    if all.len() <= MOST_ANCHORS {
        return;
    }
    let last = all.len() - 1;
    let kept = (0..MOST_ANCHORS).filter_map(|n| all.get(n * last / (MOST_ANCHORS - 1)).copied());
    *sizes = kept.collect();
}

/// The files with the lists of revoked certificates that go with these anchors' tokens. They are beside what a verifier looks at:
/// whether a certificate was taken back is for people to ask, as whose it is.
pub(super) fn lists_of_revoked(anchors: &[Anchor]) -> Vec<Member> {
    let stamps = anchors.iter().flat_map(|anchor| &anchor.stamps);
    let all: BTreeMap<String, &str> = stamps.flat_map(lists).collect();
    all.into_iter().map(|(path, list)| Member::new(path, decoded(list))).collect()
}

/// The lists that go with one token, each with where it stands in a bundle: one that several tokens share stands there once.
fn lists(stamp: &Stamp) -> impl Iterator<Item = (String, &str)> {
    let kept = stamp.revocation.iter().filter_map(|list| Some((list, list.list.as_deref()?)));
    kept.map(|(of, list)| (format!("revocation/{}.crl", of.digest), list))
}

/// Leaves the lists in the entry that holds them: they are long, and few of these anchors are wanted.
fn without_lists(mut stamps: Vec<Stamp>, entry: u64) -> Vec<Stamp> {
    for list in stamps.iter_mut().flat_map(|stamp| &mut stamp.revocation) {
        if list.list.take().is_some() {
            list.held_by = Some(entry);
        }
    }
    stamps
}

fn decoded(base64: &str) -> Vec<u8> {
    BASE64.decode(base64.as_bytes()).unwrap_or_default()
}

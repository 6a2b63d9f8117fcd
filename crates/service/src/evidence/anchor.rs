//! Showing the head of the record to those outside, and recording what they answer.
//!
//! Witnesses (C2SP tlog-witness) cosign only what continues what they have seen, so that a record rewritten or put back
//! to an older state gets no cosignature. Authorities (RFC 3161) say when. What they answer is checked before it is
//! believed, and is an entry: the next anchor covers it, so that a token outlives the certificate it was made with.

use super::{outside, revocation};
use crate::error::ServiceError;
use crate::house::{House, Service};
use crate::retention::finish_destructions;
use data_encoding::BASE64;
use journal::Tree;
use ledger::stamp::{self, Chain, Response};
use ledger::witness::{AddCheckpoint, read_cosignatures, read_size};
use ledger::{KeyKind, Signature, SignedNote, VerifierKey};
use program::evidence::{Authority, Command, HeldList, Stamp, Witness};
use program::{Actor, Digest, Line, Refusal, Text, Time};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often it is looked whether there is news for those outside.
const EVERY: Duration = Duration::from_secs(60);

/// What the last asking came to.
#[derive(Debug, Clone)]
pub struct Anchoring {
    /// When.
    pub time: Time,
    /// How many entries were shown.
    pub size: u64,
    /// The entry that records it; absent where nobody answered.
    pub entry: Option<u64>,
    /// Each who was asked, and what came of it.
    pub vouchers: Vec<Voucher>,
}

/// One who was asked.
#[derive(Debug, Clone)]
pub struct Voucher {
    /// Their name.
    pub name: Line,
    /// Why they did not vouch; absent where they did.
    pub failed: Option<String>,
    /// Of an authority that did: why a list of revoked certificates is missing, if one is.
    pub revocation_missing: Option<Line>,
}

/// At most one asking at a time in this process, and what the last one came to.
#[derive(Default)]
pub(crate) struct Anchors {
    asking: tokio::sync::Mutex<()>,
    last: Mutex<Option<Anchoring>>,
}

impl Service {
    /// Names the witnesses. Keys and addresses are read here; a key that does not cosign is refused.
    ///
    /// # Errors
    /// A key or an address that cannot be used; the refusal of a rule.
    pub async fn set_witnesses(
        &self,
        actor: &Actor,
        witnesses: Vec<Witness>,
        quorum: u32,
        reason: Text,
    ) -> Result<crate::Done, ServiceError> {
        for witness in &witnesses {
            witness_key(witness, self.house.keys.origin()).map_err(|why| {
                Refusal::input("key", why).remedy("take it as `ringfence witness init` printed it")
            })?;
            outside::check(witness.address.as_str()).map_err(|why| Refusal::input("address", why))?;
        }
        self.act(actor, Command::SetWitnesses { witnesses, quorum, reason }).await
    }

    /// Names the time-stamping authorities.
    ///
    /// # Errors
    /// A certificate or an address that cannot be used; the refusal of a rule.
    pub async fn set_authorities(
        &self,
        actor: &Actor,
        authorities: Vec<Authority>,
        reason: Text,
    ) -> Result<crate::Done, ServiceError> {
        for authority in &authorities {
            let root = Chain::from_pem(authority.root.as_str());
            root.map_err(|why| {
                Refusal::input("root", why.to_string()).remedy(
                    "give the authority's root certificate as PEM, and any between it and the signer's",
                )
            })?;
            outside::check(authority.address.as_str()).map_err(|why| Refusal::input("address", why))?;
        }
        self.act(actor, Command::SetAuthorities { authorities, reason }).await
    }

    /// Asks all witnesses and authorities now. Who may: whoever may see the anchors.
    ///
    /// # Errors
    /// Nobody is named; the record could not be read or written.
    pub async fn anchor(&self, actor: &Actor) -> Result<Anchoring, ServiceError> {
        let state = self.state();
        if !program::evidence::may_see_anchors(&state, actor, self.now()) {
            return Err(Refusal::role("ask the witnesses", "whoever oversees the programme").into());
        }
        if !state.evidence.is_anchored() {
            let refusal = Refusal::new(program::Rule::Standing, "nobody outside vouches for the record yet");
            return Err(refusal.remedy("name a witness or a time-stamping authority first").into());
        }
        self.ask_all().await
    }

    /// Replaces the key that signs checkpoints. The checkpoint over the entry that says so is the last that the key before
    /// signs; it is kept in the record, and every bundle carries it.
    ///
    /// # Errors
    /// The refusal of a rule; the record could not be written.
    pub async fn rotate_key(&self, actor: &Actor, reason: Text) -> Result<crate::Done, ServiceError> {
        let house = &self.house;
        self.refresh().await?;
        let previous = as_line(&self.verifier_key())?;
        // Asked before a key is made; and again, on the newest state, when it is recorded.
        let asked =
            Command::RotateKey { key: as_line("new")?, previous: previous.clone(), reason: reason.clone() };
        program::evidence::decide(&self.state(), actor, self.now(), &asked)?;
        let number = self.state().evidence.keys.len() + 1;
        let key = house.keys.make_signing(house.journal.store(), number).await?;
        let command = Command::RotateKey { key: as_line(&key.verifier().to_string())?, previous, reason };
        let by = actor.clone();
        let decide = move |state: &program::State, now| program::evidence::decide(state, &by, now, &command);
        let done = self.submit_alone(actor, decide).await?;
        // With no act of its own, the committer records the last checkpoint of the key before; the new one signs that.
        self.submit(&Actor::program(), Vec::new(), |_, _| Ok(Vec::new())).await?;
        Ok(done)
    }

    /// What the last asking by this process came to.
    #[must_use]
    pub fn last_anchoring(&self) -> Option<Anchoring> {
        self.house.anchors.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) async fn ask_all(&self) -> Result<Anchoring, ServiceError> {
        let _asking = self.house.anchors.asking.lock().await;
        self.refresh().await?;
        let state = self.state();
        let tree = self.house.journal.tree();
        let note =
            SignedNote::parse(tree.checkpoint()).map_err(|error| ServiceError::Storage(error.to_string()))?;
        let witnesses = state.evidence.witnesses.iter().map(|witness| {
            let standing = state.evidence.standing(&witness.name).and_then(|standing| standing.last.as_ref());
            self.ask_witness(witness, &tree, &note, standing.map_or(0, |anchor| anchor.size))
        });
        let now = self.now();
        let authorities = state.evidence.authorities.iter().map(|authority| {
            let held = state.evidence.standing(&authority.name).map_or(&[][..], |standing| &standing.lists);
            ask_authority(authority, &note, held, now)
        });
        let (cosigned, stamped) =
            futures::join!(futures::future::join_all(witnesses), futures::future::join_all(authorities));

        let mut checkpoint = note.clone();
        let mut vouchers = Vec::new();
        let (mut names, mut stamps) = (Vec::new(), Vec::new());
        for (witness, answer) in state.evidence.witnesses.iter().zip(cosigned) {
            let answer = answer.and_then(|signature| {
                checkpoint =
                    checkpoint.clone().with_signature(signature).map_err(|error| error.to_string())?;
                names.push(witness.name.clone());
                Ok(())
            });
            vouchers.push(Voucher {
                name: witness.name.clone(),
                failed: answer.err(),
                revocation_missing: None,
            });
        }
        for (authority, answer) in state.evidence.authorities.iter().zip(stamped) {
            let revocation_missing = answer.as_ref().ok().and_then(|stamp| stamp.revocation_missing.clone());
            let answer = answer.map(|stamp| stamps.push(stamp));
            vouchers.push(Voucher { name: authority.name.clone(), failed: answer.err(), revocation_missing });
        }
        let entry = if names.is_empty() && stamps.is_empty() {
            None
        } else {
            let command = Command::NoteAnchor {
                size: tree.size(),
                root: Digest(tree.root().0),
                checkpoint: checkpoint.to_string(),
                cosigned: names,
                stamps,
                failed: failures(&vouchers),
            };
            self.act(&Actor::program(), command).await?.position()
        };
        let anchoring = Anchoring { time: self.now(), size: tree.size(), entry, vouchers };
        *self.house.anchors.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(anchoring.clone());
        Ok(anchoring)
    }

    /// Asks one witness to cosign, from what it last saw.
    async fn ask_witness(
        &self,
        witness: &Witness,
        tree: &Tree,
        note: &SignedNote,
        seen: u64,
    ) -> Result<Signature, String> {
        let key = witness_key(witness, self.house.keys.origin())?;
        let address = format!("{}/add-checkpoint", witness.address.as_str().trim_end_matches('/'));
        let mut old = seen;
        // The second time from what the witness itself says it has seen.
        for _ in 0..2 {
            if old > tree.size() {
                return Err(format!(
                    "has seen {old} entries, and this record has {}: it was put back to an older state, or cut",
                    tree.size()
                ));
            }
            let proof = match old {
                0 => Vec::new(),
                _ => {
                    let consistency = self.house.journal.consistency_with(tree, old).await;
                    consistency.map_err(|error| error.to_string())?.proof
                }
            };
            let request = AddCheckpoint::new(old, proof, note.clone()).map_err(|error| error.to_string())?;
            let answer =
                outside::post(&address, "text/plain", "*/*", request.to_string().into_bytes()).await?;
            match answer.status.as_u16() {
                200 => {
                    let known = std::slice::from_ref(&key);
                    let given = read_cosignatures(&answer.body, note, known);
                    let given = given.map_err(|error| format!("answered wrongly: {error}"))?;
                    return given
                        .into_iter()
                        .next()
                        .map(|(signature, _)| signature)
                        .ok_or_else(|| "answered without a cosignature".to_owned());
                }
                409 => {
                    old = read_size(&answer.body)
                        .ok_or("answered wrongly: it does not say what it has seen")?;
                }
                404 => {
                    return Err("does not know this record: it has to be given the record's key".to_owned());
                }
                403 => return Err("does not accept the key that signs this record".to_owned()),
                422 => {
                    return Err(
                        "has seen another record than this one: entries were changed since".to_owned()
                    );
                }
                status => return Err(format!("answered with status {status}")),
            }
        }
        Err("saw the record move while it was asked".to_owned())
    }
}

/// Looks every minute whether there is news for those outside, until the house is gone.
pub(crate) async fn keep_anchored(
    house: std::sync::Weak<House>,
    acts: tokio::sync::mpsc::WeakSender<crate::committer::Act>,
) {
    loop {
        tokio::time::sleep(EVERY).await;
        let (Some(house), Some(acts)) = (house.upgrade(), acts.upgrade()) else { return };
        let service = Service::of(house, acts);
        finish_destructions(&service).await;
        if service.state().evidence.wants_anchor(service.now())
            && let Err(error) = service.ask_all().await
        {
            tracing::warn!(%error, "those who vouch for the record could not be asked");
        }
    }
}

async fn ask_authority(
    authority: &Authority,
    note: &SignedNote,
    held: &[HeldList],
    now: Time,
) -> Result<Stamp, String> {
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
    let nonce = u64::from_be_bytes(nonce);
    let message = note.text().as_bytes();
    let answer = outside::post(
        authority.address.as_str(),
        "application/timestamp-query",
        "application/timestamp-reply",
        stamp::request(message, nonce),
    )
    .await?;
    if !answer.status.is_success() {
        return Err(format!("answered with status {}", answer.status.as_u16()));
    }
    let wrong = |error: stamp::StampError| format!("answered wrongly: {error}");
    let known = Chain::from_pem(authority.root.as_str()).map_err(wrong)?;
    let chain = Chain::from_response(&answer.body).map_err(wrong)?.and(&known);
    let stamp = Response::parse(&answer.body).map_err(wrong)?;
    let stamp = stamp.verify(message, &chain, Some(nonce)).map_err(wrong)?;
    // A chain that came with the answer may end anywhere: it has to end in the certificate that was named.
    let named = ledger::bundle::fingerprints(authority.root.as_str().as_bytes()).unwrap_or_default();
    if !named.contains(&stamp.root_fingerprint) {
        return Err("answered with a certificate of another authority than the one that was named".to_owned());
    }
    let asked = revocation::ask(&chain, held, now).await?;
    Ok(Stamp {
        authority: authority.name.clone(),
        time: Time(stamp.time_ms),
        token: BASE64.encode(&answer.body),
        valid_until: Some(Time(chain.valid_until_ms())),
        chain: chain.to_pem(),
        revocation: asked.lists,
        revocation_missing: asked.missing,
    })
}

fn as_line(text: &str) -> Result<Line, ServiceError> {
    Line::new(text).map_err(|error| ServiceError::Storage(error.to_string()))
}

fn witness_key(witness: &Witness, origin: &str) -> Result<VerifierKey, String> {
    let key: VerifierKey =
        witness.key.as_str().parse().map_err(|error: ledger::NoteError| error.to_string())?;
    if key.kind() != KeyKind::Witness {
        return Err(format!("`{}` is the key of a log, not of a witness", witness.key));
    }
    if key.name() == origin {
        return Err(format!("`{origin}` is this record itself, not a witness"));
    }
    Ok(key)
}

/// Who failed and why, as it stands in the record.
fn failures(vouchers: &[Voucher]) -> Vec<(Line, Line)> {
    let failed = vouchers.iter().filter_map(|voucher| {
        let why: String =
            voucher.failed.as_ref()?.chars().filter(|c| !c.is_control()).take(Line::MOST).collect();
        Some((voucher.name.clone(), Line::new(&why).ok()?))
    });
    failed.collect()
}

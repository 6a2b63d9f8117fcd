//! What goes into a journal and what comes out: drafts and stored entries, and how each is sealed.

use std::sync::{Arc, Mutex, PoisonError};

use ledger::{Digest, Disclosure, Entry};
use vault::Key;
use zeroize::Zeroizing;

use crate::codec::{Malformed, Reader, Writer};
use crate::error::{Damage, StorageError};
use crate::index::Term;

/// No sealed column may be larger, in bytes: both engines and their drivers carry that in one piece.
pub(crate) const MAX_SEALED: usize = 64 << 20;

/// An entry to be: it gets its position and its time from [`Journal::append`](crate::Journal::append).
#[derive(Clone)]
pub struct Draft {
    /// What happened, as `secret.registered`.
    pub kind: String,
    /// Who did it, as an id; for finding. Sealed under the journal's key, not committed to by the entry.
    pub actor: Option<String>,
    /// Whom and what it concerns, as ids; for finding. As the actor.
    pub subjects: Vec<String>,
    /// Which key opens the fields, as the caller names it.
    pub scope: [u8; 16],
    /// That key. The fields are sealed under it and under nothing else.
    pub key: Arc<Key>,
    /// The fields, at least one: the salt of a field is what keeps the entry from being guessed from its hash.
    pub fields: Vec<Disclosure>,
    /// Wrapped keys this entry is the first to use, by tag; stored with it or not at all.
    pub new_keys: Vec<([u8; 16], Vec<u8>)>,
}

/// An entry of the record.
#[derive(Clone)]
pub struct Stored {
    /// Where in the record, from 0.
    pub position: u64,
    /// When, in ms since 1970 UTC.
    pub time: i64,
    /// The entry as it is hashed into the tree.
    pub entry: Entry,
    /// Who did it.
    pub actor: Option<String>,
    /// Whom and what it concerns.
    pub subjects: Vec<String>,
    /// Which key opens the fields.
    pub scope: [u8; 16],
    sealed_fields: Arc<[u8]>,
}

/// The fields of an entry cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FieldsError {
    /// Not this key, or altered bytes.
    #[error("the fields of entry {position} do not open: {source}")]
    Sealed {
        /// Which entry.
        position: u64,
        /// What the seal says.
        source: vault::OpenError,
    },
    /// They open, but are not what the entry commits to.
    #[error(transparent)]
    Damaged(#[from] Damage),
}

impl FieldsError {
    /// What is wrong, as a clause about the entry.
    pub(crate) fn reason(self) -> String {
        match self {
            Self::Sealed { .. } => "its fields were altered".to_owned(),
            Self::Damaged(damage) => damage.reason,
        }
    }
}

impl Stored {
    /// Opens the fields and checks that they are exactly those the entry commits to.
    ///
    /// # Errors
    /// [`FieldsError::Sealed`] for another key or altered bytes; [`FieldsError::Damaged`] where a field
    /// is missing, changed or added.
    pub fn open(&self, key: &Key) -> Result<Vec<Disclosure>, FieldsError> {
        let position = self.position;
        let opened = key
            .open(&context(b"journal/fields/v1", position), &self.sealed_fields)
            .map_err(|source| FieldsError::Sealed { position, source })?;
        let damaged = |reason: &str| FieldsError::Damaged(Damage::at(position, reason));
        let fields = decode_fields(&opened).map_err(|_| damaged("its fields are malformed"))?;
        let mut digests: Vec<Digest> = fields.iter().map(Disclosure::digest).collect();
        digests.sort_unstable();
        if digests != self.entry.digests() {
            return Err(damaged("its fields are not those it commits to"));
        }
        Ok(fields)
    }

    /// The hashes of all terms it is found by.
    pub(crate) fn terms(&self) -> Vec<u64> {
        terms(self.entry.kind(), self.actor.as_deref(), &self.subjects)
    }
}

impl std::fmt::Debug for Stored {
    // Ids stay out of log lines.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored")
            .field("position", &self.position)
            .field("time", &self.time)
            .field("kind", &self.entry.kind())
            .finish_non_exhaustive()
    }
}

/// A row of `entries` as the database has it.
#[derive(Clone)]
pub(crate) struct SealedRow {
    pub(crate) position: u64,
    pub(crate) time: i64,
    pub(crate) head: Vec<u8>,
    pub(crate) fields: Arc<[u8]>,
}

/// Everything an append computes about one draft before it asks the database for anything.
pub(crate) struct Prepared {
    pub(crate) row: SealedRow,
    pub(crate) leaf: Digest,
    pub(crate) terms: Vec<u64>,
    pub(crate) stored: Stored,
}

/// Seals and opens what the journal's own key covers: a key per segment, so that random nonces never run out.
pub(crate) struct Sealer {
    journal: Key,
    heads: Key,
    indexes: Key,
    snapshots: Key,
    segment: u64,
    last: Mutex<Option<(u64, Key)>>,
}

/// Why a draft did not become a row.
pub(crate) enum PrepareError {
    Unfit(String),
    Storage(StorageError),
}

impl Sealer {
    pub(crate) fn new(journal: Key, segment: u64) -> Self {
        Self {
            heads: journal.derive("journal/head"),
            indexes: journal.derive("journal/index"),
            snapshots: journal.derive("journal/snapshot"),
            journal,
            segment: segment.max(1),
            last: Mutex::new(None),
        }
    }

    /// How many entries a segment has.
    pub(crate) fn segment(&self) -> u64 {
        self.segment
    }

    /// The first position of the segment that holds `position`.
    pub(crate) fn first_of(&self, position: u64) -> u64 {
        position - position % self.segment
    }

    fn segment_key(&self, position: u64) -> Key {
        let first = self.first_of(position);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, key)) if *of == first => key.clone(),
            _ => {
                let key = self.journal.derive(&format!("journal/segment/{first}"));
                *last = Some((first, key.clone()));
                key
            }
        }
    }

    pub(crate) fn prepare(&self, position: u64, time: i64, draft: &Draft) -> Result<Prepared, PrepareError> {
        if draft.fields.is_empty() {
            return Err(PrepareError::Unfit("it has no field".to_owned()));
        }
        let entry = Entry::new(position, time, draft.kind.as_str(), &draft.fields)
            .map_err(|e| PrepareError::Unfit(e.to_string()))?;
        let bytes = entry.to_bytes();
        let mut head = Writer::default();
        head.bytes(&bytes);
        match &draft.actor {
            Some(actor) => {
                head.number(1);
                head.bytes(actor.as_bytes());
            }
            None => head.number(0),
        }
        head.number(draft.subjects.len() as u64);
        for subject in &draft.subjects {
            head.bytes(subject.as_bytes());
        }
        head.raw(&draft.scope);
        let fields = encode_fields(&draft.fields);
        if head.0.len().max(fields.len()) > MAX_SEALED {
            return Err(PrepareError::Unfit("it is larger than 64 MiB".to_owned()));
        }
        let seal = |error| PrepareError::Storage(StorageError::Seal(error));
        let head = self
            .segment_key(position)
            .seal(&context(b"journal/entry/v1", position), &head.0)
            .map_err(seal)?;
        let fields: Arc<[u8]> =
            draft.key.seal(&context(b"journal/fields/v1", position), &fields).map_err(seal)?.into();
        Ok(Prepared {
            leaf: ledger::leaf_hash(&bytes),
            terms: terms(&draft.kind, draft.actor.as_deref(), &draft.subjects),
            stored: Stored {
                position,
                time,
                entry,
                actor: draft.actor.clone(),
                subjects: draft.subjects.clone(),
                scope: draft.scope,
                sealed_fields: fields.clone(),
            },
            row: SealedRow { position, time, head, fields },
        })
    }

    /// Opens a row and checks all that can be told from it alone; gives the entry and its leaf hash.
    pub(crate) fn open(&self, row: SealedRow) -> Result<(Stored, Digest), Damage> {
        let position = row.position;
        let damaged = |reason: &str| Damage::at(position, reason);
        let opened = self
            .segment_key(position)
            .open(&context(b"journal/entry/v1", position), &row.head)
            .map_err(|_| damaged("it was altered, or is not the entry that was written here"))?;
        let (bytes, actor, subjects, scope) =
            decode_head(&opened).map_err(|_| damaged("its record is malformed"))?;
        let entry = Entry::from_bytes(bytes).map_err(|_| damaged("it is not in canonical form"))?;
        if entry.position() != position {
            return Err(damaged("it says it is at another position"));
        }
        if entry.time() != row.time {
            return Err(damaged("its time is not the time it is filed under"));
        }
        let leaf = ledger::leaf_hash(bytes);
        let stored =
            Stored { position, time: row.time, entry, actor, subjects, scope, sealed_fields: row.fields };
        Ok((stored, leaf))
    }

    /// The key of signed heads.
    pub(crate) fn heads(&self) -> &Key {
        &self.heads
    }

    /// The key of the segments' indexes.
    pub(crate) fn indexes(&self) -> &Key {
        &self.indexes
    }

    /// The key of snapshots.
    pub(crate) fn snapshots(&self) -> &Key {
        &self.snapshots
    }
}

/// What a sealed record is and where it belongs.
pub(crate) fn context(what: &[u8], position: u64) -> Vec<u8> {
    let mut context = Vec::with_capacity(what.len() + 9);
    context.extend_from_slice(what);
    context.push(0);
    context.extend_from_slice(&position.to_be_bytes());
    context
}

fn terms(kind: &str, actor: Option<&str>, subjects: &[String]) -> Vec<u64> {
    let mut terms = Vec::with_capacity(2 + subjects.len());
    terms.push(Term::Kind(kind).hash());
    terms.extend(actor.map(|actor| Term::Actor(actor).hash()));
    terms.extend(subjects.iter().map(|subject| Term::Subject(subject).hash()));
    terms
}

type Head<'a> = (&'a [u8], Option<String>, Vec<String>, [u8; 16]);

fn decode_head(bytes: &[u8]) -> Result<Head<'_>, Malformed> {
    let mut r = Reader::new(bytes);
    let entry = r.bytes()?;
    let actor = match r.number()? {
        0 => None,
        1 => Some(r.text()?.to_owned()),
        _ => return Err(Malformed),
    };
    let count = r.count()?;
    let mut subjects = Vec::with_capacity(count);
    for _ in 0..count {
        subjects.push(r.text()?.to_owned());
    }
    let scope = r.array()?;
    r.end()?;
    Ok((entry, actor, subjects, scope))
}

fn encode_fields(fields: &[Disclosure]) -> Zeroizing<Vec<u8>> {
    let len: usize = fields.iter().map(|f| f.encoded().len() + 9).sum();
    // All room at once: a buffer that grows leaves copies behind that nobody erases.
    let mut w = Writer(Vec::with_capacity(9 + len));
    w.number(fields.len() as u64);
    for field in fields {
        w.bytes(field.encoded().as_bytes());
    }
    Zeroizing::new(w.0)
}

fn decode_fields(bytes: &[u8]) -> Result<Vec<Disclosure>, Malformed> {
    let mut r = Reader::new(bytes);
    let count = r.count()?;
    let mut fields = Vec::with_capacity(count);
    for _ in 0..count {
        fields.push(Disclosure::parse(r.text()?).map_err(|_| Malformed)?);
    }
    r.end()?;
    Ok(fields)
}

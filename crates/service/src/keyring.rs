//! The keys: root, organisation, one for each person and secret, one for each sealed file.
//!
//! All but the root's are kept wrapped in the journal's key table, under tags that tell nothing. A person's or secret's
//! key is made with the first event about them and stored in the same transaction.

use crate::error::{OpenError, ServiceError};
use data_encoding::HEXLOWER;
use journal::{JournalKeys, Store};
use ledger::SigningKey;
use program::Scope;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use vault::{Key, RecoveryKey, RootSeal, UnsealError};
use zeroize::Zeroizing;

/// What a key is stored under.
pub(crate) type Tag = [u8; 16];

/// The two seals of the root key, and the two keys that hang on it directly. These tags are the same everywhere; they
/// tell that a record exists, which the file's existence does too.
pub(crate) const SEAL_PASSPHRASE: Tag = *b"root/passphrase\0";
pub(crate) const SEAL_RECOVERY: Tag = *b"root/recovery\0\0\0";
const ORGANISATION: Tag = *b"organisation\0\0\0\0";
const SIGNING: Tag = *b"log/signing\0\0\0\0\0";

/// The organisation's keys, unsealed.
pub(crate) struct KeyRing {
    organisation: Arc<Key>,
    tags: Key,
    organisation_tag: Tag,
    /// The keys that sign the record, in the order in which they were made.
    signing: Mutex<Vec<Arc<SigningKey>>>,
    origin: String,
    wrapped: Mutex<HashMap<Tag, Vec<u8>>>,
    opened: Mutex<HashMap<Tag, Arc<Key>>>,
}

/// The key that seals one file.
#[derive(Clone)]
pub(crate) struct ContentKey {
    /// The blob it seals.
    pub(crate) blob: String,
    /// The key.
    pub(crate) key: Arc<Key>,
    /// Whose key wraps it.
    pub(crate) under: Scope,
}

impl KeyRing {
    /// Makes the keys below `root` and stores them wrapped.
    pub(crate) async fn create(store: &Store, root: &Key) -> Result<(), OpenError> {
        let organisation = Key::generate().map_err(damaged)?;
        let mut seed = Zeroizing::new([0u8; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(damaged)?;
        let signing = organisation.seal(&SIGNING, seed.as_slice()).map_err(damaged)?;
        put(store, &SIGNING, &signing).await?;
        put(store, &ORGANISATION, &root.wrap(&ORGANISATION, &organisation).map_err(damaged)?).await
    }

    /// Unwraps the organisation's keys with the root key.
    pub(crate) async fn open(store: &Store, root: &Key) -> Result<(Self, JournalKeys), OpenError> {
        let all: HashMap<Tag, Vec<u8>> = store.all_keys().await?.into_iter().collect();
        let stored =
            |tag: &Tag| all.get(tag).ok_or_else(|| OpenError::DamagedKeys("a key is missing".to_owned()));
        let organisation = root.unwrap_key(&ORGANISATION, stored(&ORGANISATION)?).map_err(damaged)?;
        let tags = organisation.derive("tags");
        let origin = origin(&tags);
        let mut signing = vec![signing_key(&organisation, &origin, &SIGNING, stored(&SIGNING)?)?];
        while let Some(sealed) = all.get(&signing_tag(&tags, signing.len())) {
            let tag = signing_tag(&tags, signing.len());
            signing.push(signing_key(&organisation, &origin, &tag, sealed)?);
        }
        let keys = JournalKeys {
            journal: organisation.derive("journal"),
            signing: signing.clone(),
            origin: origin.clone(),
        };
        let organisation_tag = tags.tag(b"scope/organisation");
        let opened = HashMap::from([(organisation_tag, Arc::new(organisation.derive("events")))]);
        let ring = Self {
            organisation: Arc::new(organisation),
            tags,
            organisation_tag,
            signing: Mutex::new(signing),
            origin,
            wrapped: Mutex::new(all),
            opened: Mutex::new(opened),
        };
        Ok((ring, keys))
    }

    /// The name in front of every checkpoint of this record.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The key with this number that signs the record, 0 being the first; looked for in the store where another process may
    /// have made it.
    pub(crate) async fn signing(
        &self,
        store: &Store,
        number: usize,
    ) -> Result<Option<Arc<SigningKey>>, ServiceError> {
        loop {
            let next = {
                let known = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(key) = known.get(number) {
                    return Ok(Some(Arc::clone(key)));
                }
                known.len()
            };
            let tag = signing_tag(&self.tags, next);
            let Some(sealed) = store.get_key(&tag).await? else { return Ok(None) };
            let key = signing_key(&self.organisation, &self.origin, &tag, &sealed)
                .map_err(|error| ServiceError::Content(error.to_string()))?;
            let mut known = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() == next {
                known.push(key);
            }
        }
    }

    /// Makes the key with this number, the next one; where one was made before and never came into use, that one.
    pub(crate) async fn make_signing(
        &self,
        store: &Store,
        number: usize,
    ) -> Result<Arc<SigningKey>, ServiceError> {
        let tag = signing_tag(&self.tags, number);
        let mut seed = Zeroizing::new([0u8; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|error| ServiceError::Storage(error.to_string()))?;
        store.put_key(&tag, &self.organisation.seal(&tag, seed.as_slice())?).await?;
        let missing = || ServiceError::Storage("a key to sign the record was not stored".to_owned());
        self.signing(store, number).await?.ok_or_else(missing)
    }

    /// The tag of a scope's key.
    pub(crate) fn tag(&self, scope: Scope) -> Tag {
        match scope {
            Scope::Organisation => self.organisation_tag,
            Scope::Person(id) => self.tags.tag(format!("scope/{id}").as_bytes()),
            Scope::Secret(id) => self.tags.tag(format!("scope/{id}").as_bytes()),
        }
    }

    /// What tells the keys of this record from those of another.
    pub(crate) fn record(&self) -> Tag {
        self.tags.tag(b"record")
    }

    /// The tag of a file's key.
    pub(crate) fn content_tag(&self, blob: &str) -> Tag {
        self.tags.tag(format!("blob/{blob}").as_bytes())
    }

    /// The key under `tag`, if it exists here or, having been made by another process, in the store. `None` where it was
    /// destroyed or never was.
    pub(crate) async fn by_tag(&self, store: &Store, tag: &Tag) -> Result<Option<Arc<Key>>, ServiceError> {
        if let Some(key) = self.known(tag) {
            return Ok(Some(key));
        }
        let Some(wrapped) = store.get_key(tag).await? else {
            return Ok(None);
        };
        self.keep(*tag, wrapped);
        // A key that is there and does not open was altered; only one that is gone was destroyed.
        let altered = || ServiceError::Content("a sealed key was altered".to_owned());
        self.known(tag).map(Some).ok_or_else(altered)
    }

    /// Is there a key under `tag` that does not open?
    pub(crate) fn is_altered(&self, tag: &Tag) -> bool {
        let held = self.wrapped.lock().unwrap_or_else(PoisonError::into_inner).contains_key(tag);
        held && self.known(tag).is_none()
    }

    /// The key under `tag`, if this process has seen it.
    pub(crate) fn known(&self, tag: &Tag) -> Option<Arc<Key>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = opened.get(tag) {
            return Some(Arc::clone(key));
        }
        let wrapped = self.wrapped.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.organisation.unwrap_key(tag, wrapped.get(tag)?).ok().map(Arc::new)?;
        opened.insert(*tag, Arc::clone(&key));
        Some(key)
    }

    /// Makes a new key for a scope: the key, and what to store of it.
    pub(crate) fn make(&self, tag: &Tag) -> Result<(Arc<Key>, Vec<u8>), ServiceError> {
        let key = Key::generate()?;
        let wrapped = self.organisation.wrap(tag, &key)?;
        Ok((Arc::new(key), wrapped))
    }

    /// Remembers a key that is now stored.
    pub(crate) fn keep(&self, tag: Tag, wrapped: Vec<u8>) {
        self.wrapped.lock().unwrap_or_else(PoisonError::into_inner).insert(tag, wrapped);
    }

    /// Forgets keys that are deleted: this process would otherwise go on opening what they seal.
    pub(crate) fn forget(&self, tags: &[Tag]) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wrapped = self.wrapped.lock().unwrap_or_else(PoisonError::into_inner);
        for tag in tags {
            opened.remove(tag);
            wrapped.remove(tag);
        }
    }

    /// Wraps a file's key under its scope's.
    pub(crate) fn wrap_content(
        &self,
        scope: &Key,
        content: &ContentKey,
    ) -> Result<(Tag, Vec<u8>), ServiceError> {
        let tag = self.content_tag(&content.blob);
        Ok((tag, scope.wrap(&tag, &content.key)?))
    }

    /// Unwraps a file's key.
    pub(crate) async fn content(&self, store: &Store, blob: &str, under: Scope) -> Result<Key, ServiceError> {
        let gone = || ServiceError::Content("its key was destroyed".to_owned());
        let tag = self.content_tag(blob);
        let scope = self.by_tag(store, &self.tag(under)).await?.ok_or_else(gone)?;
        let wrapped = store.get_key(&tag).await?.ok_or_else(gone)?;
        scope.unwrap_key(&tag, &wrapped).map_err(|error| ServiceError::Content(error.to_string()))
    }
}

/// The name of a record: unlike any other's, so that a witness can tell them apart, and telling nothing of whose it is.
fn origin(tags: &Key) -> String {
    let [a, b, c, d, e, f, g, h, ..] = tags.tag(b"origin");
    format!("ringfence.local/{}", HEXLOWER.encode(&[a, b, c, d, e, f, g, h]))
}

fn signing_tag(tags: &Key, number: usize) -> Tag {
    if number == 0 { SIGNING } else { tags.tag(format!("log/signing/{number}").as_bytes()) }
}

fn signing_key(
    organisation: &Key,
    origin: &str,
    tag: &Tag,
    sealed: &[u8],
) -> Result<Arc<SigningKey>, OpenError> {
    let seed = organisation.open(tag, sealed).map_err(damaged)?;
    let seed: &[u8; 32] = seed
        .as_slice()
        .try_into()
        .map_err(|_| OpenError::DamagedKeys("the signing key is too short".to_owned()))?;
    Ok(Arc::new(SigningKey::from_seed(origin, seed).map_err(damaged)?))
}

/// Stores one of the first keys of a new record.
pub(crate) async fn put(store: &Store, tag: &Tag, wrapped: &[u8]) -> Result<(), OpenError> {
    if store.put_key(tag, wrapped).await? {
        return Ok(());
    }
    Err(OpenError::Storage("somebody else is making a record here at the same time; look again".to_owned()))
}

/// Opens the root key with a passphrase.
pub(crate) async fn unseal(store: &Store, passphrase: &str) -> Result<Key, OpenError> {
    let seal = seal(store, &SEAL_PASSPHRASE).await?;
    let passphrase = Zeroizing::new(passphrase.as_bytes().to_vec());
    let opened = tokio::task::spawn_blocking(move || vault::open_root(&passphrase, &seal)).await;
    opened.map_err(|error| OpenError::Storage(error.to_string()))?.map_err(|error| match error {
        UnsealError::WrongPassphrase => OpenError::WrongPassphrase,
        other => OpenError::DamagedKeys(other.to_string()),
    })
}

/// Opens the root key with the printed recovery key.
pub(crate) async fn recover(store: &Store, printed: &str) -> Result<Key, OpenError> {
    let recovery =
        RecoveryKey::parse(printed).map_err(|typo| OpenError::WrongRecoveryKey(typo.to_string()))?;
    let seal = seal(store, &SEAL_RECOVERY).await?;
    vault::open_with_recovery(&recovery, &seal)
        .map_err(|error| OpenError::WrongRecoveryKey(error.to_string()))
}

/// Looks whether the seal by the recovery key is whole: nobody opens it until everything depends on it.
pub(crate) async fn check_recovery(store: &Store) -> Result<(), OpenError> {
    seal(store, &SEAL_RECOVERY).await.map(drop)
}

async fn seal(store: &Store, tag: &Tag) -> Result<RootSeal, OpenError> {
    let bytes = store.get_key(tag).await?.ok_or_else(|| OpenError::Absent("this place".to_owned()))?;
    RootSeal::parse(&bytes).map_err(damaged)
}

fn damaged(error: impl std::fmt::Display) -> OpenError {
    OpenError::DamagedKeys(error.to_string())
}

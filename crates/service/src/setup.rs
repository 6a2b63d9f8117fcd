//! Beginning a record, unsealing one, and changing what seals it.

use crate::config::{Config, Passphrase};
use crate::error::{OpenError, ServiceError};
use crate::house::Service;
use crate::keyring::{self, KeyRing, SEAL_PASSPHRASE, SEAL_RECOVERY};
use journal::{Faults, Journal, Store};
use program::{Actor, Command, Line, OrganisationCommand, State, Time};
use std::fs::File;
use std::path::PathBuf;
use vault::{KdfParams, Key, RecoveryKey};
use zeroize::Zeroizing;

/// The shortest passphrase that seals a root key: whoever copies the data folder can guess at leisure.
const SHORTEST_PASSPHRASE: usize = 12;

/// A record that was just begun.
pub struct Created {
    /// The record, open.
    pub service: Service,
    /// The recovery key, to be printed and locked away. It is not kept.
    pub recovery: Zeroizing<String>,
}

impl Service {
    /// Begins a record in an empty place: makes the keys, seals the root key, and records who it belongs to.
    ///
    /// # Errors
    /// There is a record already (it is left as it is); the passphrase is too short; the place cannot be written.
    pub async fn create(
        config: Config,
        passphrase: &Passphrase,
        kdf: KdfParams,
        name: &str,
        zone: &str,
    ) -> Result<Created, OpenError> {
        let name = Line::new(name).map_err(|error| {
            program::Refusal::input("name", format!("the organisation's name cannot be taken: {error}"))
        })?;
        let found = Command::from(OrganisationCommand::Found { name, zone: zone.to_owned() });
        // What would be refused at the end is refused before anything is made.
        program::decide(&State::default(), &Actor::program(), Time(0), &found)?;
        strong(passphrase)?;
        private_folder(&config)?;
        // Held to the end: of two who begin at once, the second would take the first one's keys for remains, and clear them away.
        let _folder = alone_in(config.data.clone()).await?;
        let store = config.connect(Faults::none()).await?;
        let _database = store.alone().await?;
        store.clear_unfinished().await?;
        if !store.is_empty().await? || !store.all_keys().await?.is_empty() {
            return Err(OpenError::Present(config.place()));
        }
        let root = Key::generate().map_err(sealing)?;
        let recovery = RecoveryKey::generate().map_err(sealing)?;
        let by_passphrase = seal(passphrase, &root, kdf).await?;
        let by_recovery = vault::seal_root_with_recovery(&recovery, &root).map_err(sealing)?;
        KeyRing::create(&store, &root).await?;
        keyring::put(&store, &SEAL_RECOVERY, by_recovery.as_bytes()).await?;
        keyring::put(&store, &SEAL_PASSPHRASE, by_passphrase.as_bytes()).await?;
        let (keys, journal_keys) = KeyRing::open(&store, &root).await?;
        let journal = Journal::create(store, journal_keys).await.map_err(journal_error)?;
        let service = Service::start(config, journal, keys).await?;
        service.act(&Actor::program(), found).await.map_err(|error| match error {
            ServiceError::Refused(refusal) => OpenError::Refused(refusal),
            other => OpenError::Storage(other.to_string()),
        })?;
        Ok(Created { service, recovery: recovery.to_printed() })
    }

    /// Unseals the record with its passphrase, checks its tail, and rebuilds the state.
    ///
    /// # Errors
    /// There is none; the passphrase is wrong; the record is damaged, with the entry and the reason.
    pub async fn unseal(config: Config, passphrase: &Passphrase) -> Result<Self, OpenError> {
        Self::unseal_with(config, passphrase, Faults::none()).await
    }

    /// As [`Service::unseal`], with failures of the database that a test asks for.
    ///
    /// # Errors
    /// As [`Service::unseal`].
    pub async fn unseal_with(
        config: Config,
        passphrase: &Passphrase,
        faults: Faults,
    ) -> Result<Self, OpenError> {
        let (store, root) = Self::open_root(&config, passphrase, faults).await?;
        let (keys, journal_keys) = KeyRing::open(&store, &root).await?;
        drop(root);
        let journal = Journal::open(store, journal_keys).await.map_err(journal_error)?;
        Self::start(config, journal, keys).await
    }

    pub(crate) async fn open_root(
        config: &Config,
        passphrase: &Passphrase,
        faults: Faults,
    ) -> Result<(Store, Key), OpenError> {
        let store = Self::store(config, faults).await?;
        let root = keyring::unseal(&store, passphrase).await?;
        Ok((store, root))
    }

    async fn store(config: &Config, faults: Faults) -> Result<Store, OpenError> {
        if config.journal.is_none() && !config.record_file().is_file() {
            return Err(OpenError::Absent(config.place()));
        }
        if let Some(file) = config.key_file().filter(|file| !file.is_file()) {
            return Err(OpenError::DamagedKeys(format!(
                "there is a record, and its keys are missing: `{}` is not there; put it back from the newest copy of the keys",
                file.display()
            )));
        }
        let store = config.connect(faults).await?;
        if store.is_empty().await? { Err(OpenError::Absent(config.place())) } else { Ok(store) }
    }

    /// Seals the root key under a new passphrase. The old one stops working at once; servers that are running go on.
    ///
    /// # Errors
    /// The old passphrase is wrong, the new one too short, or somebody else changed it in between.
    pub async fn change_passphrase(
        config: Config,
        old: &Passphrase,
        new: &Passphrase,
        kdf: KdfParams,
        actor: &Actor,
    ) -> Result<(), OpenError> {
        strong(new)?;
        let (store, root) = Self::open_root(&config, old, Faults::none()).await?;
        Self::reseal(store, &root, new, kdf).await?;
        drop(root);
        let service = Self::unseal(config, new).await?;
        note(&service, actor, OrganisationCommand::NotePassphraseChanged).await
    }

    /// Seals the root key under a new passphrase with the printed recovery key, when the passphrase is lost.
    ///
    /// # Errors
    /// The recovery key does not fit (a mistyped group is named), or the new passphrase is too short.
    pub async fn recover(
        config: Config,
        printed: &str,
        new: &Passphrase,
        kdf: KdfParams,
        actor: &Actor,
    ) -> Result<(), OpenError> {
        strong(new)?;
        let store = Self::store(&config, Faults::none()).await?;
        let root = keyring::recover(&store, printed).await?;
        Self::reseal(store, &root, new, kdf).await?;
        drop(root);
        let service = Self::unseal(config, new).await?;
        note(&service, actor, OrganisationCommand::NotePassphraseChanged).await
    }

    /// Makes a new recovery key; the one before stops working.
    ///
    /// # Errors
    /// The passphrase is wrong, or the place cannot be written.
    pub async fn renew_recovery(
        config: Config,
        passphrase: &Passphrase,
        actor: &Actor,
    ) -> Result<Zeroizing<String>, OpenError> {
        let (store, root) = Self::open_root(&config, passphrase, Faults::none()).await?;
        let recovery = RecoveryKey::generate().map_err(sealing)?;
        let sealed = vault::seal_root_with_recovery(&recovery, &root).map_err(sealing)?;
        replace(&store, &SEAL_RECOVERY, sealed.as_bytes()).await?;
        drop((store, root));
        let service = Self::unseal(config, passphrase).await?;
        note(&service, actor, OrganisationCommand::NoteRecoveryRenewed).await?;
        Ok(recovery.to_printed())
    }

    async fn reseal(store: Store, root: &Key, new: &Passphrase, kdf: KdfParams) -> Result<(), OpenError> {
        let sealed = seal(new, root, kdf).await?;
        replace(&store, &SEAL_PASSPHRASE, sealed.as_bytes()).await
    }
}

async fn replace(store: &Store, tag: &[u8; 16], new: &[u8]) -> Result<(), OpenError> {
    let old =
        store.get_key(tag).await?.ok_or_else(|| OpenError::DamagedKeys("a seal is missing".to_owned()))?;
    if store.replace_key(tag, &old, new).await? {
        Ok(())
    } else {
        Err(OpenError::Storage("somebody else changed the seal at the same time; look again".to_owned()))
    }
}

async fn note(service: &Service, actor: &Actor, command: OrganisationCommand) -> Result<(), OpenError> {
    service.act(actor, command).await.map(|_| ()).map_err(|error| OpenError::Storage(error.to_string()))
}

async fn seal(passphrase: &Passphrase, root: &Key, kdf: KdfParams) -> Result<vault::RootSeal, OpenError> {
    let (passphrase, root) = (Zeroizing::new(passphrase.as_bytes().to_vec()), root.clone());
    let sealed = tokio::task::spawn_blocking(move || vault::seal_root(&passphrase, &root, kdf)).await;
    sealed.map_err(|error| OpenError::Storage(error.to_string()))?.map_err(sealing)
}

fn strong(passphrase: &Passphrase) -> Result<(), OpenError> {
    if passphrase.chars().count() < SHORTEST_PASSPHRASE {
        let message = format!(
            "the passphrase is too short: use at least {SHORTEST_PASSPHRASE} characters; five random words are better"
        );
        return Err(OpenError::WeakPassphrase(message));
    }
    Ok(())
}

/// Makes the data folder, readable by its owner alone.
fn private_folder(config: &Config) -> Result<(), OpenError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.data);
    made.map_err(|error| OpenError::Storage(format!("`{}` cannot be made: {error}", config.data.display())))
}

/// Waits until nobody else begins a record in this folder, and keeps others waiting until it is dropped.
async fn alone_in(folder: PathBuf) -> Result<File, OpenError> {
    let lock = move || {
        let opened = File::open(&folder)?;
        opened.lock()?;
        Ok(opened)
    };
    let locked = tokio::task::spawn_blocking(lock).await.map_err(sealing)?;
    locked
        .map_err(|error: std::io::Error| OpenError::Storage(format!("the folder cannot be locked: {error}")))
}

pub(crate) fn journal_error(error: journal::OpenError) -> OpenError {
    match error {
        journal::OpenError::Damaged(damage) => OpenError::Damaged(damage),
        journal::OpenError::Storage(error) => error.into(),
        other => OpenError::Storage(other.to_string()),
    }
}

fn sealing(error: impl std::fmt::Display) -> OpenError {
    OpenError::Storage(error.to_string())
}

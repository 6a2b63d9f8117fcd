//! What goes into a bundle: which entries, which of their fields, which files.

use super::as_of::all;
use crate::error::ServiceError;
use crate::house::{Service, recorded};
use journal::{Filter, Stored};
use ledger::{Disclosure, Line as EntryLine};
use program::access::Row;
use program::documents::Kept;
use program::{
    Actor, AgreementId, Digest, DocumentId, Line, PersonId, Recorded, Refusal, SecretId, State, Subject,
    Text, Time, access, evidence,
};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody wants to hand out.
#[derive(Debug, Clone)]
pub struct Exporting {
    /// About which secret.
    pub secret: SecretId,
    /// The moment whose state is shown; later entries are left out. Absent: now.
    pub as_of: Option<Time>,
    /// Which fields are shown.
    pub fields: ShownFields,
    /// The proof that this version, and the documents it had, existed: its entries alone, and of them the documents' digests.
    /// Absent: everything that happened.
    pub existence: Option<u32>,
    /// The documents whose bytes go in. Each has to open for whoever exports.
    pub documents: BTreeSet<DocumentId>,
    /// Whether the texts of agreements go in, as they were shown.
    pub agreements: bool,
    /// For whom.
    pub recipient: Line,
    /// What for. Neither is shown in the bundle.
    pub purpose: Text,
}

/// Which fields of entries are shown: by their name alone (`purpose`), or that of one kind of entry
/// (`access.requested.purpose`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownFields {
    /// These alone; all where absent.
    pub only: Option<BTreeSet<String>>,
    /// Never these.
    pub withheld: BTreeSet<String>,
}

/// An entry as it would stand in the bundle.
#[derive(Debug, Clone)]
pub struct PlannedEntry {
    /// Its position.
    pub position: u64,
    /// Its time.
    pub time: Time,
    /// Its kind.
    pub kind: String,
    /// What happened, in a sentence for whoever exports: it may say more than the fields shown.
    pub sentence: String,
    /// The fields shown, with their values.
    pub shown: Vec<(String, serde_json::Value)>,
    /// The names of those withheld; unknown where the entry's key was destroyed.
    pub withheld: Vec<String>,
}

/// A document that could go into the bundle.
#[derive(Debug, Clone)]
pub struct PlannedDocument {
    /// The document.
    pub id: DocumentId,
    /// Its file name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Their SHA-256.
    pub digest: Digest,
    /// Whether it would open now for whoever exports.
    pub opens: bool,
    /// Whether it was asked for.
    pub chosen: bool,
}

/// What an export would disclose, looked at before anything is recorded or handed out.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The moment shown.
    pub as_of: Time,
    /// The entries.
    pub entries: Vec<PlannedEntry>,
    /// The documents.
    pub documents: Vec<PlannedDocument>,
    /// The agreement texts that go in: agreement and version.
    pub agreements: Vec<(AgreementId, u32)>,
    /// Who could open the secret at that moment.
    pub who: Vec<Row>,
    /// How many fields are withheld.
    pub withheld: usize,
}

/// An entry that was chosen, with what is known of it.
pub(super) struct Chosen {
    pub(super) line: EntryLine,
    pub(super) recorded: Option<Recorded>,
    /// Names of the fields that are not shown.
    pub(super) withheld: Vec<String>,
}

/// Everything a bundle is made of, before files are fetched.
pub(super) struct Selected {
    pub(super) as_of: Time,
    pub(super) past: State,
    pub(super) chosen: Vec<Chosen>,
    pub(super) agreements: BTreeSet<(AgreementId, u32)>,
    pub(super) who: Vec<Row>,
}

impl ShownFields {
    /// These fields alone.
    #[must_use]
    pub fn only(names: &[&str]) -> Self {
        let only = names.iter().map(|name| (*name).to_owned()).collect();
        Self { only: Some(only), withheld: BTreeSet::new() }
    }

    /// Does the bundle tell who could open the secret? Not where it withholds whom the entries are about.
    #[must_use]
    pub fn tells_who(&self) -> bool {
        let told = [("access.granted", "person"), ("person.added", "person"), ("access.granted", "grant")];
        told.iter().all(|(kind, field)| self.shows(kind, field))
    }

    /// Is this field of this kind of entry shown?
    #[must_use]
    pub fn shows(&self, kind: &str, name: &str) -> bool {
        if (kind, name) == (KEY_ROTATED, "key") {
            return true;
        }
        let named = |set: &BTreeSet<String>| set.contains(name) || set.contains(&format!("{kind}.{name}"));
        !program::hidden_fields(kind).contains(&name)
            && !named(&self.withheld)
            && self.only.as_ref().is_none_or(named)
    }
}

impl Service {
    /// What an export would disclose. Nothing is recorded.
    ///
    /// # Errors
    /// The actor may not export; the moment is still to come.
    pub async fn plan_export(&self, actor: &Actor, wanted: &Exporting) -> Result<Plan, ServiceError> {
        let selected = self.select(actor, wanted).await?;
        let (state, now) = (self.state(), self.now());
        let entries = selected.chosen.iter().map(|chosen| {
            let entry = &chosen.line.entry;
            let sentence = match &chosen.recorded {
                Some(recorded) => program::describe_to(&state, actor, now, recorded),
                None => "The key of this entry was destroyed: what it held can be read by nobody".to_owned(),
            };
            let shown = chosen.line.disclosures.iter();
            PlannedEntry {
                position: entry.position(),
                time: Time(entry.time()),
                kind: entry.kind().to_owned(),
                sentence,
                shown: shown.map(|field| (field.name().to_owned(), field.value().clone())).collect(),
                withheld: chosen.withheld.clone(),
            }
        });
        let entries: Vec<PlannedEntry> = entries.collect();
        let opens: BTreeSet<DocumentId> = actor.person.map_or_else(BTreeSet::new, |person| {
            let circumstances =
                access::Circumstances { second_factor_at: actor.second_factor_at, address: actor.address };
            let opens = access::may_open(&state, self.gate(), person, now, Some(circumstances));
            opens.into_iter().map(|document| document.id).collect()
        });
        let documents =
            selected.past.documents.of(wanted.secret).filter_map(|document| match &document.kept {
                Kept::Vault { size, digest, .. } => Some(PlannedDocument {
                    id: document.id,
                    name: document.name.clone(),
                    size: *size,
                    digest: *digest,
                    opens: opens.contains(&document.id),
                    chosen: wanted.documents.contains(&document.id),
                }),
                Kept::Elsewhere { .. } => None,
            });
        Ok(Plan {
            as_of: selected.as_of,
            documents: documents.collect(),
            agreements: selected.agreements.into_iter().collect(),
            who: selected.who,
            withheld: entries.iter().map(|entry| entry.withheld.len()).sum(),
            entries,
        })
    }

    pub(super) async fn select(&self, actor: &Actor, wanted: &Exporting) -> Result<Selected, ServiceError> {
        self.refresh().await?;
        let (state, now) = (self.state(), self.now());
        evidence::may_export(&state, actor, now, wanted.secret)?;
        let as_of = wanted.as_of.unwrap_or(now);
        if as_of > now {
            return Err(Refusal::input("as_of", "that moment is still to come").into());
        }
        let past = self.past(wanted.secret, as_of).await?;
        if past.secrets.get(wanted.secret).is_none() {
            let day = as_of.for_people(&state.organisation.zone);
            return Err(Refusal::input(
                "as_of",
                format!("{} was not in the register on {day}", wanted.secret),
            )
            .into());
        }
        let mut stored = match wanted.existence {
            None => self.entries_for(&past, wanted.secret, as_of).await?,
            Some(version) => self.entries_of_version(&past, wanted.secret, version).await?,
        };
        // Whatever is shown, and of whatever moment: the bundle is signed with the newest key, which has to follow from the first.
        stored.extend(self.found(Filter { kinds: vec![KEY_ROTATED.to_owned()], ..all() }).await?);
        let fields = match wanted.existence {
            None => wanted.fields.clone(),
            Some(_) => ShownFields::only(&["document.added.digest"]),
        };
        let mut chosen = Vec::with_capacity(stored.len());
        for stored in stored.into_values() {
            chosen.push(self.choose(&stored, &fields).await?);
        }
        let agreements = match wanted.existence {
            None if wanted.agreements => shown_agreements(&chosen),
            _ => BTreeSet::new(),
        };
        let who = match wanted.existence {
            None => access::who(&past, self.gate(), wanted.secret, as_of),
            Some(_) => Vec::new(),
        };
        Ok(Selected { as_of, past, chosen, agreements, who })
    }

    /// The entries about the secret; about those who had to do with it; the agreements that bound them; and what its
    /// tier asked.
    async fn entries_for(
        &self,
        past: &State,
        secret: SecretId,
        as_of: Time,
    ) -> Result<BTreeMap<u64, Stored>, ServiceError> {
        let until = Some(as_of.0.saturating_add(1));
        let mut found = self.found(Filter { subjects: vec![secret.to_string()], until, ..all() }).await?;
        let mut people = BTreeSet::new();
        for stored in found.values() {
            let subjects = stored.subjects.iter().chain(&stored.actor);
            people.extend(subjects.filter_map(|subject| subject.parse::<PersonId>().ok()));
        }
        let tier = past.secrets.get(secret).map(program::secrets::Secret::tier);
        let covering: BTreeSet<AgreementId> = past
            .agreements
            .iter()
            .filter(|agreement| {
                agreement
                    .versions
                    .iter()
                    .any(|version| tier.is_some_and(|tier| version.covers.includes(secret, tier)))
            })
            .map(|agreement| agreement.id)
            .collect();
        let named = |ids: Vec<String>, kinds: &[&str]| Filter {
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            subjects: ids,
            until,
            ..all()
        };
        let of_people: Vec<String> = people.iter().map(ToString::to_string).collect();
        let of_agreements: Vec<String> = covering.iter().map(ToString::to_string).collect();
        if !people.is_empty() {
            let lives = self.found(named(of_people.clone(), PERSON)).await?;
            // An entry is also found by the manager it names; it is about its first subject.
            let about = lives.into_iter().filter(|(_, stored)| {
                let first = stored.subjects.first().and_then(|subject| subject.parse().ok());
                first.is_some_and(|person: PersonId| people.contains(&person))
            });
            found.extend(about);
        }
        if !people.is_empty() && !covering.is_empty() {
            let signatures = self.found(named(of_people, SIGNATURES)).await?;
            let bound = signatures.into_iter().filter(|(_, stored)| {
                let mut subjects =
                    stored.subjects.iter().filter_map(|subject| subject.parse::<Subject>().ok());
                subjects.any(|subject| matches!(subject, Subject::AgreementId(id) if covering.contains(&id)))
            });
            found.extend(bound);
            found.extend(self.found(named(of_agreements, TEXTS)).await?);
        }
        found.extend(self.found(named(Vec::new(), GENERAL)).await?);
        Ok(found)
    }

    /// The entry that made a version, and those that sealed the documents it had.
    async fn entries_of_version(
        &self,
        past: &State,
        secret: SecretId,
        version: u32,
    ) -> Result<BTreeMap<u64, Stored>, ServiceError> {
        let found = past.secrets.get(secret).ok_or_else(|| Refusal::unknown(secret))?;
        let of = |number: u32| found.versions.iter().find(|made| made.number == number);
        let made = of(version).ok_or_else(|| {
            Refusal::input("version", format!("{secret} has no version {version}"))
                .remedy(format!("it has versions 1 to {}", found.version()))
        })?;
        let filter = Filter {
            kinds: vec!["document.added".to_owned()],
            subjects: vec![secret.to_string()],
            before: of(version.saturating_add(1)).map(|next| next.position),
            ..all()
        };
        let mut entries = self.found(filter).await?;
        // The description may be that of an earlier version, where this one did not change it.
        for position in [Some(made.position), made.precise_at].into_iter().flatten() {
            entries.insert(position, self.house.journal.get(position).await?);
        }
        Ok(entries)
    }

    async fn found(&self, filter: Filter) -> Result<BTreeMap<u64, Stored>, ServiceError> {
        let page = self.house.journal.find(&filter).await?;
        Ok(page.entries.into_iter().map(|stored| (stored.position, stored)).collect())
    }

    /// Opens an entry and keeps of its fields those that are shown.
    pub(super) async fn choose(&self, stored: &Stored, fields: &ShownFields) -> Result<Chosen, ServiceError> {
        let Some(key) = self.house.keys.by_tag(self.house.journal.store(), &stored.scope).await? else {
            let line = EntryLine { entry: stored.entry.clone(), disclosures: Vec::new() };
            return Ok(Chosen { line, recorded: None, withheld: Vec::new() });
        };
        let known = recorded(stored, &key)?;
        let disclosures = stored.open(&key).map_err(|error| ServiceError::Storage(error.to_string()))?;
        let kind = stored.entry.kind();
        let (shown, withheld): (Vec<Disclosure>, Vec<Disclosure>) =
            disclosures.into_iter().partition(|field| fields.shows(kind, field.name()));
        let withheld = withheld.iter().map(|field| field.name().to_owned()).collect();
        let line = EntryLine { entry: stored.entry.clone(), disclosures: shown };
        Ok(Chosen { line, recorded: Some(known), withheld })
    }
}

const PERSON: &[&str] = &[
    "person.added",
    "person.changed",
    "person.cleared",
    "person.roles-set",
    "person.suspended",
    "person.reinstated",
    "person.ended",
];
const SIGNATURES: &[&str] = &[
    "agreement.assigned",
    "agreement.opened",
    "agreement.signed",
    "agreement.declined",
    "agreement.assignment-cancelled",
];
const TEXTS: &[&str] = &["agreement.published", "agreement.withdrawn"];
const GENERAL: &[&str] = &[
    "organisation.founded",
    "organisation.changed",
    "organisation.clock-jumped",
    "access.requirements-set",
    "evidence.witnesses-set",
];
/// The entry by which a new key came into use: it shows the key, whatever else is withheld.
pub(super) const KEY_ROTATED: &str = "evidence.key-rotated";

/// The versions that the chosen entries say were shown to somebody or signed.
fn shown_agreements(chosen: &[Chosen]) -> BTreeSet<(AgreementId, u32)> {
    use program::agreements::Event;
    let events = chosen.iter().filter_map(|chosen| chosen.recorded.as_ref());
    let shown = events.filter_map(|recorded| match &recorded.event {
        program::Event::Agreements(
            Event::Opened { agreement, version, .. } | Event::Signed { agreement, version, .. },
        ) => Some((*agreement, *version)),
        _ => None,
    });
    shown.collect()
}

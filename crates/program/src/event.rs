//! Events of all areas, and how they stand in the record: a kind and named fields.

use crate::{Actor, GrantId, OrganisationEvent, PersonId, SecretId, Subject, Time};
use crate::{access, accounts, agreements, documents, evidence, people, retention, secrets};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A fact that was recorded. Facts are for ever: a field is added with a default, a meaning is changed by a new event.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "one variant per area; each area's events are documented there")]
#[allow(clippy::large_enum_variant, reason = "events are held one act at a time, never in bulk")]
pub enum Event {
    Organisation(OrganisationEvent),
    People(people::Event),
    Secrets(secrets::Event),
    Documents(documents::Event),
    Agreements(agreements::Event),
    Access(access::Event),
    Accounts(accounts::Event),
    Evidence(evidence::Event),
    Retention(retention::Event),
}

/// Whose key seals an event's fields. Destroying that key erases the fields from every copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The organisation's own.
    Organisation,
    /// Data about this person.
    Person(PersonId),
    /// What this secret is.
    Secret(SecretId),
}

/// What the gate answered to somebody who asked to open a document or a precise description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It opened, on this grant where it rests on one.
    Opened { grant: Option<GrantId> },
    /// It did not.
    Refused,
}

/// An event as it was recorded: where, when and by whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The entry's position in the record.
    pub position: u64,
    /// The entry's time.
    pub time: Time,
    /// Who did it.
    pub by: Actor,
    /// What happened.
    pub event: Event,
}

/// Fields that are not an event of the kind they are said to be.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// No area knows this kind: a newer version wrote the record.
    #[error("no event is called `{0}`: the record was written by a newer version")]
    UnknownKind(String),
    /// A field is missing or malformed.
    #[error("the fields of a `{kind}` entry cannot be read: {source}")]
    Fields {
        /// The kind.
        kind: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// The field that says who did it; every entry carries it beside the event's own.
const BY: &str = "by";
/// The tag under which serde keeps the variant's name.
const KIND: &str = "kind";

/// Calls the same thing on whichever area's event it is.
macro_rules! each {
    ($event:expr, $inner:ident => $body:expr) => {
        match $event {
            Event::Organisation($inner) => $body,
            Event::People($inner) => $body,
            Event::Secrets($inner) => $body,
            Event::Documents($inner) => $body,
            Event::Agreements($inner) => $body,
            Event::Access($inner) => $body,
            Event::Accounts($inner) => $body,
            Event::Evidence($inner) => $body,
            Event::Retention($inner) => $body,
        }
    };
}

impl Event {
    /// Whose key seals the fields.
    #[must_use]
    pub fn scope(&self) -> Scope {
        each!(self, inner => inner.scope())
    }

    /// What the entry is about: the record can be searched by each of these.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        each!(self, inner => inner.subjects())
    }

    /// The gate's answer, where this records one.
    pub(crate) fn answer(&self) -> Option<Answer> {
        match self {
            Event::Documents(documents::Event::Opened { grant, .. })
            | Event::Secrets(secrets::Event::Read { grant, .. }) => Some(Answer::Opened { grant: *grant }),
            Event::Documents(documents::Event::Refused { .. })
            | Event::Secrets(secrets::Event::Refused { .. }) => Some(Answer::Refused),
            _ => None,
        }
    }

    /// The kind (`secret.accepted`) and the fields, with who did it among them.
    ///
    /// # Errors
    /// A field that JSON cannot hold.
    pub fn to_fields(&self, by: &Actor) -> Result<(String, Map<String, Value>), EventError> {
        let malformed = |source| EventError::Fields { kind: "new".to_owned(), source };
        let value = each!(self, inner => serde_json::to_value(inner)).map_err(malformed)?;
        let Value::Object(mut fields) = value else {
            return Err(EventError::UnknownKind(value.to_string()));
        };
        let kind = match fields.remove(KIND) {
            Some(Value::String(kind)) => kind,
            other => return Err(EventError::UnknownKind(format!("{other:?}"))),
        };
        fields.insert(BY.to_owned(), serde_json::to_value(by).map_err(malformed)?);
        Ok((kind, fields))
    }

    /// Reads an event back from its kind and fields.
    ///
    /// # Errors
    /// A kind no area knows, or fields that are not that kind's.
    pub fn from_fields(kind: &str, mut fields: Map<String, Value>) -> Result<(Actor, Event), EventError> {
        let by = fields.remove(BY).unwrap_or(Value::Null);
        let by = serde_json::from_value(by)
            .map_err(|source| EventError::Fields { kind: kind.to_owned(), source })?;
        fields.insert(KIND.to_owned(), Value::String(kind.to_owned()));
        let area = kind.split_once('.').map_or(kind, |(area, _)| area);
        let event = match area {
            "organisation" => Event::Organisation(read(kind, fields)?),
            "person" => Event::People(read(kind, fields)?),
            "secret" => Event::Secrets(read(kind, fields)?),
            "document" => Event::Documents(read(kind, fields)?),
            "agreement" => Event::Agreements(read(kind, fields)?),
            "access" => Event::Access(read(kind, fields)?),
            "account" => Event::Accounts(read(kind, fields)?),
            "evidence" => Event::Evidence(read(kind, fields)?),
            "hold" | "retention" => Event::Retention(read(kind, fields)?),
            _ => return Err(EventError::UnknownKind(kind.to_owned())),
        };
        Ok((by, event))
    }
}

fn read<T: DeserializeOwned>(kind: &str, fields: Map<String, Value>) -> Result<T, EventError> {
    serde_json::from_value(Value::Object(fields))
        .map_err(|source| EventError::Fields { kind: kind.to_owned(), source })
}

macro_rules! from_area {
    ($($variant:ident($inner:ty);)*) => {$(
        impl From<$inner> for Event {
            fn from(event: $inner) -> Self {
                Event::$variant(event)
            }
        }
    )*};
}

from_area! {
    Organisation(OrganisationEvent);
    People(people::Event);
    Secrets(secrets::Event);
    Documents(documents::Event);
    Agreements(agreements::Event);
    Access(access::Event);
    Accounts(accounts::Event);
    Evidence(evidence::Event);
    Retention(retention::Event);
}

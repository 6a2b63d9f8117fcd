//! Values as the API writes them: ids, instants, texts and words, each checked on the way in and described in the document.

use program::{Date, Time};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use std::borrow::Cow;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{OneOfBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Wraps a value of the domain so that it can be described; what it may be is checked where it always is.
macro_rules! values {
    ($($name:ident($inner:ty) $schema:expr;)*) => {$(
        #[doc = stringify!($name)]
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(super) struct $name(pub(super) $inner);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self(inner)
            }
        }
    )*};
}

values! {
    PersonId(program::PersonId) id("P", "A person: employee or contractor, with or without an account.");
    SecretId(program::SecretId) id("S", "A trade secret in the register.");
    DocumentId(program::DocumentId) id("D", "A document of a secret.");
    AgreementId(program::AgreementId) id("A", "An agreement, over all its versions.");
    RequestId(program::RequestId) id("R", "A request for access.");
    GrantId(program::GrantId) id("G", "A grant of access.");
    AccountId(program::AccountId) id("U", "An account with which a person signs in.");
    TokenId(program::TokenId) id("T", "A token for this API.");
    HoldId(program::HoldId) id("H", "A legal hold.");
    Subject(program::Subject) string("What an id names, such as a secret, a document or a person.", json!("S-12"))
        .pattern(Some("^[A-Z]-[1-9][0-9]*$"));
    Line(program::Line) text(200, "One line: no control characters, no direction overrides.", "Lumafilm bath");
    Text(program::Text) text(20_000, "Several lines: no control characters, no direction overrides.", "To repair the bath.");
    Mail(program::people::Mail) text(254, "A mail address; no two people share one.", "ada@example.com");
    Digest(program::Digest) digest();
    Tier(program::secrets::Tier) words("How much harm disclosure would do.", &["confidential", "restricted", "crown-jewel"]);
    Status(program::secrets::Status) words("Where a secret stands.", &["submitted", "returned", "accepted", "retired"]);
    PlaceKind(program::secrets::PlaceKind) words("What sort of place.", &["system", "room", "other"]);
    Role(program::people::Role) words(
        "A role in running the programme; no role opens a document.",
        &["administrator", "counsel", "security-officer", "human-resources", "auditor"],
    );
    Engagement(program::people::Engagement) words("On what footing somebody works here.", &["employee", "contractor"]);
    Scope(program::accounts::TokenScope) words(
        "What a token may be used for: to read what is not sealed, to change things, to open documents through the gate.",
        &["read", "write", "open"],
    );
    Condition(gate::Condition) words(
        "What has to hold when something is opened.",
        &["suspension", "employment", "clearance", "grant", "agreement", "policy", "training", "screening", "second-factor", "network"],
    );
    Media(program::agreements::Media) words("How a text is written.", &["markdown", "pdf"]);
    Method(program::agreements::Method) words("How a signature was given.", &["browser", "shell", "paper"]);
    Network(gate::NetworkRange) text(49, "A block of addresses in CIDR notation, or one address.", "10.20.0.0/16");
}

/// An instant on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp(pub(super) Time);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.rfc3339())
    }
}

impl PartialSchema for Stamp {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        let object =
            string("An instant: RFC 3339, UTC, to the millisecond.", json!("2026-03-31T15:00:00.000Z"));
        object.format(Some(format)).into()
    }
}

impl ToSchema for Stamp {
    fn name() -> Cow<'static, str> {
        "Instant".into()
    }
}

/// An instant or a whole day on its way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// An instant.
    At(Time),
    /// A day of the organisation's calendar.
    Day(Date),
}

impl When {
    /// The first instant meant.
    pub(super) fn from(self, zone: &str) -> Time {
        match self {
            When::At(time) => time,
            When::Day(date) => date.start(zone),
        }
    }

    /// The first instant that is no longer meant: what ends "on 31 March" holds through that day.
    pub(super) fn until(self, zone: &str) -> Time {
        match self {
            When::At(time) => time,
            When::Day(date) => date.end(zone),
        }
    }

    /// The last instant meant: as things stood "on 31 March" is how they stood when that day ended.
    pub(super) fn last(self, zone: &str) -> Time {
        match self {
            When::At(time) => time,
            When::Day(date) => date.end(zone) + -1,
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match Date::parse(&text) {
            Ok(date) => Ok(When::Day(date)),
            Err(_) => Time::parse(&text).map(When::At).map_err(D::Error::custom),
        }
    }
}

impl PartialSchema for When {
    fn schema() -> RefOr<Schema> {
        let format = |known| Some(SchemaFormat::KnownFormat(known));
        let day = "A day in the organisation's time zone. Where something begins, its first instant; where something ends, its last.";
        OneOfBuilder::new()
            .description(Some("An instant (RFC 3339) or a day."))
            .item(
                string("An instant.", json!("2026-03-31T17:00:00+01:00"))
                    .format(format(KnownFormat::DateTime)),
            )
            .item(string(day, json!("2026-03-31")).format(format(KnownFormat::Date)))
            .into()
    }
}

impl ToSchema for When {}

fn string(description: &str, example: Value) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description)).examples([example])
}

fn id(prefix: &str, description: &str) -> ObjectBuilder {
    string(description, json!(format!("{prefix}-12"))).pattern(Some(format!("^{prefix}-[1-9][0-9]*$")))
}

fn digest() -> ObjectBuilder {
    let example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    string("SHA-256, in hexadecimal.", json!(example)).pattern(Some("^[0-9a-fA-F]{64}$"))
}

fn text(most: usize, description: &str, example: &str) -> ObjectBuilder {
    string(description, json!(example)).min_length(Some(1)).max_length(Some(most))
}

/// A closed set of words.
pub(super) fn words(description: &str, words: &[&str]) -> ObjectBuilder {
    let example = words.first().copied().unwrap_or_default();
    string(description, json!(example)).enum_values(Some(words.iter().map(|word| json!(word))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;

    fn speaks<T: DeserializeOwned + PartialSchema>() {
        let schema = serde_json::to_value(T::schema()).unwrap();
        let words = schema.get("enum").and_then(Value::as_array).unwrap();
        assert!(!words.is_empty());
        for word in words {
            assert!(serde_json::from_value::<T>(word.clone()).is_ok(), "{word} is described but not taken");
        }
        assert!(serde_json::from_value::<T>(json!("no-such-word")).is_err());
    }

    #[test]
    fn every_word_that_is_described_is_taken() {
        speaks::<Tier>();
        speaks::<Status>();
        speaks::<PlaceKind>();
        speaks::<Role>();
        speaks::<Engagement>();
        speaks::<Scope>();
        speaks::<Condition>();
        speaks::<Media>();
        speaks::<Method>();
    }

    #[test]
    fn a_day_begins_and_ends_in_the_organisations_zone() {
        let day: When = serde_json::from_value(json!("2026-03-31")).unwrap();
        assert_eq!(day.from("Europe/Oslo").rfc3339(), "2026-03-30T22:00:00.000Z");
        assert_eq!(day.until("Europe/Oslo").rfc3339(), "2026-03-31T22:00:00.000Z");
        let instant: When = serde_json::from_value(json!("2026-03-31T17:00:00+01:00")).unwrap();
        assert_eq!(instant.from("Europe/Oslo"), instant.until("America/New_York"));
    }

    #[test]
    fn what_is_no_time_is_not_taken() {
        for wrong in [
            json!("31.3.2026"),
            json!(""),
            json!(1_774_915_200),
            json!(null),
            json!("2026-13-01"),
            json!("2026-03-31\u{0}"),
        ] {
            assert!(serde_json::from_value::<When>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}

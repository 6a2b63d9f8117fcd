//! The record: entries, each with its proof, and the signed checkpoint over all of them.

use super::answer::{Page, items};
use super::collect::Area;
use super::extract::{Ask, At, Caller};
use super::problem::Problem;
use super::types::{AccountId, Digest, PersonId, Stamp, When};
use crate::app::App;
use axum::Json;
use axum::extract::State;
use program::{Actor, Subject, Via};
use serde::{Deserialize, Serialize};
use service::{EntryView, HistoryFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(list)).read(routes!(checkpoint)).read(routes!(get)).read(routes!(proof))
}

/// An entry, as you may see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entry {
    /// Its position: 0, 1, 2 …
    entry: u64,
    time: Stamp,
    /// What kind of act.
    #[schema(example = "document.opened")]
    kind: String,
    /// Who did it; absent where the entry's key was destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<By>,
    /// What happened, in a sentence.
    #[schema(example = "Ana Berg opened `bath.md` (D-1) of `Lumafilm bath` (S-1)")]
    sentence: String,
    /// The ids of what it is about.
    #[schema(example = json!(["D-1", "S-1", "P-7"]))]
    about: Vec<String>,
    /// Its fields.
    fields: Vec<Field>,
}

/// Who acted, and how they came in.
#[derive(Debug, Serialize, ToSchema)]
struct By {
    /// The person; absent for the operator of the machine and the program itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<PersonId>,
    /// The account they signed in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    /// `browser`, `api`, `shell`, `link` or `program`.
    #[schema(example = "browser")]
    way: &'static str,
    /// When they last proved a second factor, on this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor_at: Option<Stamp>,
    /// Where they came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "10.20.1.7")]
    address: Option<String>,
}

/// One field of an entry.
#[derive(Debug, Serialize, ToSchema)]
struct Field {
    name: String,
    /// Absent where it is sealed, and opens elsewhere or nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    value: Option<serde_json::Value>,
}

/// That an entry is in the record.
#[derive(Debug, Serialize, ToSchema)]
struct Proof {
    /// The entry exactly as it is hashed: canonical JSON (RFC 8785).
    line: String,
    /// Its leaf hash (RFC 6962, section 2.1).
    leaf: Digest,
    /// The hashes from the leaf to the root.
    path: Vec<Digest>,
    /// The signed checkpoint (C2SP tlog-checkpoint).
    checkpoint: String,
    /// The key that verifies its signature (C2SP signed-note).
    verifier: String,
}

/// A signed statement of the record's size and root.
#[derive(Debug, Serialize, ToSchema)]
struct Checkpoint {
    /// As C2SP tlog-checkpoint writes it.
    checkpoint: String,
    /// The key that verifies its signature (C2SP signed-note).
    verifier: String,
}

/// Which part of a history.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// Where the page before ended: its `next`.
    before: Option<u64>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// Which entries to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct RecordQuery {
    /// Done by this person.
    person: Option<PersonId>,
    /// About this: the id of a person, secret, document, agreement, request, grant, account.
    #[param(value_type = Option<String>, example = "S-12")]
    about: Option<Id>,
    /// Of these kinds, separated by commas.
    #[param(example = "document.opened,document.refused")]
    kind: Option<String>,
    /// Not before.
    since: Option<When>,
    /// Not after.
    until: Option<When>,
    /// Where the page before ended: its `next`.
    before: Option<u64>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// An id of any kind.
#[derive(Debug)]
struct Id(Subject);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// List entries, the newest first.
///
/// Those who run or audit the programme see all of them; others ask for what they did themselves (`person`), what is
/// about them, or about a secret that they own (`about`).
#[utoipa::path(get, path = "/api/v1/record", params(RecordQuery), responses((status = 200, description = "A page of entries.", body = Page<Entry>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Ask(query): Ask<RecordQuery>,
) -> Result<Page<Entry>, Problem> {
    let kinds = query.kind.as_deref().unwrap_or_default().split(',').map(str::trim);
    let filter = HistoryFilter {
        kinds: kinds.filter(|kind| !kind.is_empty()).map(str::to_owned).collect(),
        actor: query.person.map(|person| person.0),
        subjects: query.about.map(|id| id.0).into_iter().collect(),
        since: query.since.map(|when| when.from(caller.zone())),
        until: query.until.map(|when| when.until(caller.zone())),
        before: query.before,
        limit: items(query.limit)?,
    };
    found(&app, &caller, &filter).await
}

/// The signed checkpoint over the whole record, as it stands.
#[utoipa::path(get, path = "/api/v1/record/checkpoint", responses((status = 200, description = "The checkpoint.", body = Checkpoint)))]
async fn checkpoint(State(app): State<App>, _: Caller) -> Json<Checkpoint> {
    Json(Checkpoint { checkpoint: app.service.checkpoint(), verifier: app.service.verifier_key() })
}

/// Look at one entry.
#[utoipa::path(get, path = "/api/v1/record/{entry}", params(("entry" = u64, Path, description = "Its position.")), responses((status = 200, description = "The entry.", body = Entry)))]
async fn get(State(app): State<App>, caller: Caller, At(entry): At<u64>) -> Result<Json<Entry>, Problem> {
    Ok(Json(app.service.entry(&caller.actor, entry).await?.into()))
}

/// Prove that an entry is in the record.
#[utoipa::path(get, path = "/api/v1/record/{entry}/proof", params(("entry" = u64, Path, description = "Its position.")), responses((status = 200, description = "The proof.", body = Proof)))]
async fn proof(State(app): State<App>, caller: Caller, At(entry): At<u64>) -> Result<Json<Proof>, Problem> {
    let proof = app.service.entry_proof(&caller.actor, entry).await?;
    Ok(Json(Proof {
        line: proof.entry,
        leaf: proof.leaf.into(),
        path: proof.path.into_iter().map(Digest).collect(),
        checkpoint: proof.checkpoint,
        verifier: proof.verifier,
    }))
}

/// What happened to one thing.
pub(super) async fn history_of(
    app: &App,
    caller: &Caller,
    subject: Subject,
    query: &HistoryQuery,
) -> Result<Page<Entry>, Problem> {
    let limit = items(query.limit)?;
    let filter =
        HistoryFilter { subjects: vec![subject], before: query.before, limit, ..HistoryFilter::default() };
    found(app, caller, &filter).await
}

async fn found(app: &App, caller: &Caller, filter: &HistoryFilter) -> Result<Page<Entry>, Problem> {
    let page = app.service.history(&caller.actor, filter).await?;
    let items = page.entries.into_iter().map(Entry::from).collect();
    Ok(Page { items, next: page.next.map(|next| next.to_string()), total: None })
}

impl From<EntryView> for Entry {
    fn from(view: EntryView) -> Self {
        Self {
            entry: view.position,
            time: Stamp(view.time),
            kind: view.kind,
            by: view.by.as_ref().map(By::from),
            sentence: view.sentence,
            about: view.subjects.iter().map(Subject::to_string).collect(),
            fields: view
                .fields
                .into_iter()
                .map(|field| Field { name: field.name, value: field.value })
                .collect(),
        }
    }
}

impl From<&Actor> for By {
    fn from(actor: &Actor) -> Self {
        let way = match actor.via {
            Via::Browser { .. } => "browser",
            Via::Api { .. } => "api",
            Via::Shell { .. } => "shell",
            Via::Link => "link",
            Via::Program => "program",
        };
        Self {
            person: actor.person.map(PersonId),
            account: actor.account.map(AccountId),
            way,
            second_factor_at: actor.second_factor_at.map(Stamp),
            address: actor.address.map(|address| address.to_string()),
        }
    }
}

//! Secrets: listing, putting forward, judging, revising, reviewing, retiring; reading the precise description.

mod past;
mod shapes;

use super::answer::{Key, Order, Page, Receipt, items, page};
use super::collect::Area;
use super::documents::Document;
use super::extract::{Ask, At, Body, Caller, media_type, parse, read, require_json};
use super::people::{ImportQuery, RefusedRow};
use super::problem::Problem;
use super::record::{Entry, HistoryQuery};
use super::types::{Condition, GrantId, PersonId, SecretId, Stamp, Status, Text, Tier, When};
use crate::app::App;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
pub(super) use past::AsOfQuery;
use program::secrets::{self as domain, Command};
use program::{Event, Refusal, access};
use serde::{Deserialize, Serialize};
use service::Done;
use shapes::NewSecret;
pub(super) use shapes::Secret;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// The header that names the entry which records an opening.
pub(super) const ENTRY: HeaderName = HeaderName::from_static("ringfence-entry");
/// The largest import, in bytes.
const LARGEST_IMPORT: u64 = 16 << 20;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(list))
        .write(routes!(submit))
        .write(routes!(import))
        .read(routes!(export))
        .read(routes!(get))
        .write(routes!(revise))
        .write(routes!(accept))
        .write(routes!(send_back))
        .write(routes!(review))
        .write(routes!(retire))
        .open(routes!(open_precise))
        .read(routes!(who))
        .read(routes!(past::as_of))
        .read(routes!(history))
        .read(routes!(list_documents))
}

/// A new version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Revision {
    /// The version that the change was made from: somebody else's change in between is not overwritten.
    from_version: u32,
    /// What changed and why.
    note: Option<Text>,
    /// The whole secret as it is from now on.
    secret: NewSecret,
}

/// A remark, where there is one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "Well described."}))]
pub(super) struct Remark {
    pub(super) note: Option<Text>,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "It was published in our patent."}))]
pub(super) struct Reason {
    pub(super) reason: Text,
}

/// What looking through a secret came to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"next": "2027-03-31", "note": "Still so."}))]
struct Review {
    /// When to look again; within a year.
    next: When,
    /// What was found.
    note: Option<Text>,
}

/// Several secrets at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Import {
    /// All or none of them are put forward.
    secrets: Vec<NewSecret>,
}

/// What an import of secrets does, or would do.
#[derive(Debug, Serialize, ToSchema)]
struct ImportedSecrets {
    /// How many would be, or were, put forward.
    taken: usize,
    /// The rows that cannot be taken. Where there is one, nothing is imported.
    refused: Vec<RefusedRow>,
    /// What was recorded; absent in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

/// A precise description that was opened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"entry": 57, "text": "Titania sol, aged for 46 hours at 18.5 degrees."}))]
struct Precise {
    /// The entry that records the opening.
    entry: u64,
    /// The text.
    text: String,
}

/// One line of "who can open this?".
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhoRow {
    person: PersonId,
    /// Does it open for them now? The second factor and the network are asked at the opening.
    opens: bool,
    /// The grant it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<GrantId>,
    /// The conditions that fail.
    failing: Vec<Condition>,
    /// The first instant at which it will no longer open, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Stamp>,
}

/// Which secrets to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct SecretsQuery {
    /// Words that all occur in title, summary, department or id.
    q: Option<String>,
    status: Option<Status>,
    tier: Option<Tier>,
    /// Exactly this department.
    department: Option<String>,
    owner: Option<PersonId>,
    /// By what to sort; `id` where absent.
    #[param(inline)]
    sort: Option<Sort>,
    /// In which direction; the newest first where absent.
    #[param(inline)]
    order: Option<Order>,
    /// Where the page before ended: its `next`.
    before: Option<SecretId>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// By what secrets are sorted.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Sort {
    #[default]
    Id,
    Title,
    Tier,
    Department,
    Status,
    Review,
}

/// List the secrets that you may know of.
#[utoipa::path(get, path = "/api/v1/secrets", params(SecretsQuery), responses((status = 200, description = "A page of secrets.", body = Page<Secret>)))]
async fn list(caller: Caller, Ask(query): Ask<SecretsQuery>) -> Result<Page<Secret>, Problem> {
    let limit = items(query.limit)?;
    let sort = query.sort.unwrap_or_default();
    let key = |secret: &domain::Secret| (sort_key(secret, sort), secret.id.0);
    let from = match &query.before {
        Some(id) => Some(key(caller.secret(id.0)?)),
        None => None,
    };
    let all = caller.state.secrets.iter().filter(|secret| matches(&query, secret) && caller.sees(secret.id));
    let rows = all.map(|secret| (key(secret), secret)).collect();
    Ok(page(
        rows,
        query.order.unwrap_or_default(),
        from,
        limit,
        |s| s.id.to_string(),
        |secret| caller.shown(secret),
    ))
}

/// Put a secret forward. It waits for a reviewer.
#[utoipa::path(post, path = "/api/v1/secrets", request_body = NewSecret, responses((status = 201, description = "It was recorded.", body = Receipt)))]
async fn submit(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewSecret>,
) -> Result<Response, Problem> {
    let draft = Box::new(new.draft(caller.zone()));
    let done = app.service.act(&caller.actor, Command::Submit(draft)).await?;
    Receipt::created(&done, "secrets", made(&done))
}

/// Put many secrets forward at once, all or none: as JSON, or as CSV in the form that the register exports.
///
/// At most 16 MiB. The columns of a CSV file are title, owner, department, tier, summary and those that may be missing. With
/// `dry_run` it says what it would do, row by row, and records nothing. Where a row is refused, nothing is imported. For
/// counsel.
#[utoipa::path(
    post,
    path = "/api/v1/secrets/import",
    params(ImportQuery),
    request_body(content((Import = "application/json"), (String = "text/csv")), description = "The secrets."),
    responses((status = 200, description = "What was done, or would be.", body = ImportedSecrets))
)]
async fn import(
    State(app): State<App>,
    caller: Caller,
    Ask(query): Ask<ImportQuery>,
    request: Request,
) -> Result<Json<ImportedSecrets>, Problem> {
    // A preview tells which mail addresses are known, so it is for those who may import.
    caller.actor.require(&caller.state, caller.now, domain::REVIEWERS, "import secrets into the register")?;
    let csv = media_type(request.headers()).is_some_and(|essence| essence.eq_ignore_ascii_case("text/csv"));
    let mut imported = ImportedSecrets { taken: 0, refused: Vec::new(), receipt: None };
    let drafts = if csv {
        let plan =
            domain::plan_csv(&caller.state, caller.now, caller.zone(), &read(request, LARGEST_IMPORT).await?);
        let refused = plan.rows.iter().filter_map(|row| Some((row.line, row.outcome.as_ref().err()?)));
        imported.refused = refused.map(|(line, why)| RefusedRow::new(line, why)).collect();
        if query.dry_run && !imported.refused.is_empty() {
            imported.taken = plan.rows.len().saturating_sub(imported.refused.len());
            return Ok(Json(imported));
        }
        plan.drafts()?
    } else {
        require_json(request.headers())?;
        let import: Import = parse(&read(request, LARGEST_IMPORT).await?)?;
        import.secrets.into_iter().map(|new| new.draft(caller.zone())).collect()
    };
    imported.taken = drafts.len();
    let command = Command::Import(drafts);
    if query.dry_run {
        program::decide(&caller.state, &caller.actor, caller.now, &command.into())?;
    } else {
        imported.receipt = Some(Receipt::of(&app.service.act(&caller.actor, command).await?)?);
    }
    Ok(Json(imported))
}

/// Export every secret that you may know of.
#[utoipa::path(get, path = "/api/v1/secrets/export", responses((status = 200, description = "All of them, the oldest first.", body = Vec<Secret>)))]
async fn export(caller: Caller) -> Json<Vec<Secret>> {
    let seen = caller.state.secrets.iter().filter(|secret| caller.sees(secret.id));
    Json(seen.map(|secret| caller.shown(secret)).collect())
}

/// Look at one secret.
#[utoipa::path(get, path = "/api/v1/secrets/{id}", params(("id" = SecretId, Path)), responses((status = 200, description = "The secret.", body = Secret)))]
async fn get(caller: Caller, At(id): At<SecretId>) -> Result<Json<Secret>, Problem> {
    Ok(Json(caller.shown(caller.secret(id.0)?)))
}

/// Make a new version of a secret.
#[utoipa::path(post, path = "/api/v1/secrets/{id}/revise", params(("id" = SecretId, Path)), request_body = Revision, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn revise(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Body(revision): Body<Revision>,
) -> Result<Receipt, Problem> {
    let Revision { from_version, note, secret } = revision;
    let draft = Box::new(secret.draft(caller.zone()));
    let command = Command::Revise { secret: id.0, from_version, draft, note: note.map(|note| note.0) };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// Take a secret into the register.
#[utoipa::path(post, path = "/api/v1/secrets/{id}/accept", params(("id" = SecretId, Path)), request_body = Remark, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn accept(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Body(remark): Body<Remark>,
) -> Result<Receipt, Problem> {
    let command = Command::Accept { secret: id.0, note: remark.note.map(|note| note.0) };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// Send a secret back to its submitter.
#[utoipa::path(post, path = "/api/v1/secrets/{id}/return", operation_id = "return", params(("id" = SecretId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn send_back(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(&app.service.act(&caller.actor, Command::Return { secret: id.0, reason: reason.0 }).await?)
}

/// Confirm that a secret is still as the register says.
#[utoipa::path(post, path = "/api/v1/secrets/{id}/review", params(("id" = SecretId, Path)), request_body = Review, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn review(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Body(review): Body<Review>,
) -> Result<Receipt, Problem> {
    let next = review.next.from(caller.zone());
    let command = Command::Review { secret: id.0, next, note: review.note.map(|note| note.0) };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// End a secret's time as a trade secret. Its entries stay.
#[utoipa::path(post, path = "/api/v1/secrets/{id}/retire", params(("id" = SecretId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn retire(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(&app.service.act(&caller.actor, Command::Retire { secret: id.0, reason: reason.0 }).await?)
}

/// Open the precise description, through the gate.
///
/// That it was opened, or refused, is an entry before the answer leaves.
#[utoipa::path(post, path = "/api/v1/secrets/{id}/precise/open", params(("id" = SecretId, Path)), responses((status = 200, description = "The description.", body = Precise)))]
async fn open_precise(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
) -> Result<Response, Problem> {
    let open = app.service.open_precise(&caller.actor, id.0).await?;
    let headers = [(ENTRY, open.entry.to_string()), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok((headers, Json(Precise { entry: open.entry, text: open.text })).into_response())
}

/// Who can open this, and who was ever granted it but cannot. For its owner and those who oversee access.
#[utoipa::path(get, path = "/api/v1/secrets/{id}/who", params(("id" = SecretId, Path), AsOfQuery), responses((status = 200, description = "Those for whom it opens come first.", body = Vec<WhoRow>)))]
async fn who(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Ask(query): Ask<AsOfQuery>,
) -> Result<Json<Vec<WhoRow>>, Problem> {
    let secret = caller.secret(id.0)?.id;
    if !caller.oversees(secret) {
        return Err(Refusal::role(
            "ask who can open it",
            "the secret's owner, counsel, the security officer or an auditor",
        )
        .into());
    }
    let rows = match query.as_of {
        None => access::who(&caller.state, app.service.gate(), secret, caller.now),
        Some(when) => {
            let past = app.service.as_of(&caller.actor, secret, when.last(caller.zone())).await?;
            access::who(&past.state, app.service.gate(), secret, past.time)
        }
    };
    Ok(Json(rows.into_iter().map(WhoRow::from).collect()))
}

/// What happened to a secret, the newest first.
#[utoipa::path(get, path = "/api/v1/secrets/{id}/history", params(("id" = SecretId, Path), HistoryQuery), responses((status = 200, description = "A page of entries.", body = Page<Entry>)))]
async fn history(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Ask(query): Ask<HistoryQuery>,
) -> Result<Page<Entry>, Problem> {
    let secret = caller.secret(id.0)?.id;
    super::record::history_of(&app, &caller, secret.into(), &query).await
}

/// List a secret's documents, where you may know which there are.
#[utoipa::path(get, path = "/api/v1/secrets/{id}/documents", operation_id = "documents", params(("id" = SecretId, Path)), responses((status = 200, description = "Its documents, the oldest first; none where you may find the secret and no more.", body = Vec<Document>)))]
async fn list_documents(caller: Caller, At(id): At<SecretId>) -> Result<Json<Vec<Document>>, Problem> {
    let secret = caller.secret(id.0)?.id;
    let seen = caller.state.documents.of(secret).filter(|document| caller.sees(document.id));
    Ok(Json(seen.map(Document::from).collect()))
}

fn matches(query: &SecretsQuery, secret: &domain::Secret) -> bool {
    let profile = &secret.profile;
    let words = query.q.as_deref().unwrap_or_default().to_lowercase();
    let text = || {
        format!("{} {} {} {}", secret.id, profile.title, profile.summary, profile.department).to_lowercase()
    };
    query.status.as_ref().is_none_or(|status| status.0 == secret.status)
        && query.tier.as_ref().is_none_or(|tier| tier.0 == profile.tier)
        && query.department.as_ref().is_none_or(|department| department == profile.department.as_str())
        && query.owner.as_ref().is_none_or(|owner| owner.0 == profile.owner)
        && (words.is_empty() || {
            let text = text();
            words.split_whitespace().all(|word| text.contains(word))
        })
}

fn sort_key(secret: &domain::Secret, sort: Sort) -> Key {
    match sort {
        Sort::Id => Key::Number(0),
        Sort::Title => Key::text(&secret.profile.title),
        Sort::Tier => Key::Number(secret.profile.tier as i64),
        Sort::Department => Key::text(&secret.profile.department),
        Sort::Status => Key::Number(secret.status as i64),
        Sort::Review => Key::Number(secret.profile.review.unwrap_or(program::Time::LATEST).0),
    }
}

fn made(done: &Done) -> Option<program::SecretId> {
    match done.event() {
        Some(Event::Secrets(event)) => Some(event.secret()),
        _ => None,
    }
}

impl From<access::Row> for WhoRow {
    fn from(row: access::Row) -> Self {
        Self {
            person: row.person.into(),
            opens: row.opens,
            grant: row.grant.map(GrantId),
            failing: row.failing.iter().map(Condition).collect(),
            until: row.until.map(Stamp),
        }
    }
}

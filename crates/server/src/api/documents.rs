//! Documents: uploading into the vault as a stream, registering those kept elsewhere, and opening through the gate.

use super::answer::{Key, Order, Page, Receipt, items, page};
use super::collect::Area;
use super::extract::{Ask, At, Body, Caller, media_type};
use super::problem::Problem;
use super::record::{Entry, HistoryQuery};
use super::retention::Destroyed;
use super::secrets::{ENTRY, Reason};
use super::types::{Digest, DocumentId, Line, PersonId, SecretId, Stamp, Text};
use crate::app::App;
use axum::Json;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use program::documents::{self as domain, Command, Kept};
use program::{Event, Refusal};
use serde::{Deserialize, Serialize};
use service::{Done, ServiceError, Upload};
use std::sync::atomic::{AtomicU64, Ordering};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(list))
        .read(routes!(get))
        .write(routes!(upload))
        .write(routes!(register))
        .open(routes!(open))
        .write(routes!(withdraw))
        .write(routes!(destroy))
        .read(routes!(history))
}

/// A document of a secret: what is known about it without opening it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Document {
    id: DocumentId,
    /// The secret it belongs to.
    secret: SecretId,
    /// Its file name.
    #[schema(example = "bath.md")]
    name: String,
    /// Its size in bytes, where it is sealed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// SHA-256 of its bytes, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    /// Its media type, where it is sealed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "text/markdown")]
    media_type: Option<String>,
    /// Where it is, where it is kept elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// When it was added.
    added: Stamp,
    /// By whom; absent for the operator of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    added_by: Option<PersonId>,
    /// Why it was taken out of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<String>,
    /// When it was destroyed: nobody can read it again, from no copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    destroyed: Option<Stamp>,
    /// How often it was opened.
    openings: u64,
    /// When it was last opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_opened: Option<Stamp>,
}

/// A document whose bytes stay where they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "controller.c", "place": "git.example.com/controller, branch main"}))]
struct Registration {
    /// Its name.
    name: Line,
    /// Where it is.
    place: Text,
    /// SHA-256 of its bytes, where known.
    digest: Option<Digest>,
}

/// Which documents to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct DocumentsQuery {
    /// A part of the name, or the id.
    q: Option<String>,
    secret: Option<SecretId>,
    /// Only those in use, or only those that were withdrawn.
    withdrawn: Option<bool>,
    /// Where the page before ended: its `next`.
    before: Option<DocumentId>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// What an upload is called.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// Its file name; a form's file has one of its own.
    #[param(value_type = Option<String>, example = "bath.md", max_length = 200)]
    name: Option<Line>,
}

/// List the documents that you may know of, the newest first: those of secrets that you own, know or hold a grant to; all,
/// for those who oversee the programme.
#[utoipa::path(get, path = "/api/v1/documents", params(DocumentsQuery), responses((status = 200, description = "A page of documents.", body = Page<Document>)))]
async fn list(caller: Caller, Ask(query): Ask<DocumentsQuery>) -> Result<Page<Document>, Problem> {
    let limit = items(query.limit)?;
    let wanted = query.q.as_deref().unwrap_or_default().to_lowercase();
    let all = caller.state.documents.iter().filter(|document| {
        let named = || format!("{} {}", document.id, document.name).to_lowercase().contains(&wanted);
        query.secret.as_ref().is_none_or(|secret| secret.0 == document.secret)
            && query.withdrawn.is_none_or(|withdrawn| withdrawn == document.withdrawn.is_some())
            && named()
            && caller.sees(document.id)
    });
    let rows = all.map(|document| ((Key::Number(0), document.id.0), document)).collect();
    let from = query.before.map(|id| (Key::Number(0), id.0.0));
    Ok(page(rows, Order::Descending, from, limit, |d| d.id.to_string(), Document::from))
}

/// Look at what is known about one document. Nothing is opened.
#[utoipa::path(get, path = "/api/v1/documents/{id}", params(("id" = DocumentId, Path)), responses((status = 200, description = "The document.", body = Document)))]
async fn get(caller: Caller, At(id): At<DocumentId>) -> Result<Json<Document>, Problem> {
    Ok(Json(caller.document(id.0)?.into()))
}

/// Seal a document in the vault.
///
/// The body is the document itself, its media type in `Content-Type` and its name in the query; or a form
/// (`multipart/form-data`) with one file. It is sealed as it streams. When it breaks off, nothing is kept.
#[utoipa::path(
    post,
    path = "/api/v1/secrets/{id}/documents",
    params(("id" = SecretId, Path), UploadQuery),
    request_body(content(("application/octet-stream"), ("multipart/form-data")), description = "The document."),
    responses((status = 201, description = "It was recorded.", body = Receipt))
)]
async fn upload(
    State(app): State<App>,
    caller: Caller,
    At(secret): At<SecretId>,
    Ask(query): Ask<UploadQuery>,
    request: Request,
) -> Result<Response, Problem> {
    // Asked before the first byte is taken, so that a long upload is not refused at its end.
    domain::may_add(&caller.state, &caller.actor, caller.now, secret.0)?;
    if media_type(request.headers())
        .is_some_and(|essence| essence.eq_ignore_ascii_case("multipart/form-data"))
    {
        return upload_form(&app, &caller, secret.0, query.name, request).await;
    }
    let most = app.service.largest_document();
    let said = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let (Some(most), Some(said)) = (most, said)
        && said > most
    {
        return Err(Problem::too_large(most));
    }
    let name = query
        .name
        .ok_or_else(|| Refusal::input("name", "the document needs a name").remedy("give it as `?name=`"))?;
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = line("content-type", media_type.unwrap_or("application/octet-stream"))?;
    let upload = Upload { secret: secret.0, name: name.0, media_type };
    store(&app, &caller, upload, request.into_body().into_data_stream()).await
}

async fn upload_form(
    app: &App,
    caller: &Caller,
    secret: program::SecretId,
    name: Option<Line>,
    request: Request,
) -> Result<Response, Problem> {
    let malformed = |error: &dyn std::fmt::Display| {
        Problem::plain(StatusCode::BAD_REQUEST, format!("the form is malformed: {error}"))
    };
    let mut form =
        Multipart::from_request(request, app).await.map_err(|error| malformed(&error.body_text()))?;
    let field = form.next_field().await.map_err(|error| malformed(&error.body_text()))?;
    let field = field.ok_or_else(|| Refusal::input("file", "the form holds no file"))?;
    let name = match name {
        Some(name) => name.0,
        None => line("name", field.file_name().unwrap_or_default())?,
    };
    let media_type = line("content-type", field.content_type().unwrap_or("application/octet-stream"))?;
    store(app, caller, Upload { secret, name, media_type }, field).await
}

/// Streams into the vault; tells apart what was too large and what broke off.
async fn store<E: Into<axum::BoxError>>(
    app: &App,
    caller: &Caller,
    upload: Upload,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Response, Problem> {
    let taken = AtomicU64::new(0);
    let content = content.map_err(std::io::Error::other).inspect_ok(|piece| {
        taken.fetch_add(piece.len() as u64, Ordering::Relaxed);
    });
    let done = app.service.add_document(&caller.actor, upload, content).await.map_err(|error| {
        let most = app.service.largest_document().filter(|most| taken.load(Ordering::Relaxed) > *most);
        match (error, most) {
            (ServiceError::Upload(_), Some(most)) => Problem::too_large(most),
            (error, _) => error.into(),
        }
    })?;
    Receipt::created(&done, "documents", made(&done))
}

/// Register a document whose bytes stay where they are.
#[utoipa::path(post, path = "/api/v1/secrets/{id}/documents/register", params(("id" = SecretId, Path)), request_body = Registration, responses((status = 201, description = "It was recorded.", body = Receipt)))]
async fn register(
    State(app): State<App>,
    caller: Caller,
    At(secret): At<SecretId>,
    Body(new): Body<Registration>,
) -> Result<Response, Problem> {
    let digest = new.digest.map(|digest| digest.0);
    let command = Command::Register { secret: secret.0, name: new.name.0, place: new.place.0, digest };
    let done = app.service.act(&caller.actor, command).await?;
    Receipt::created(&done, "documents", made(&done))
}

/// Open a document, through the gate.
///
/// That it was opened, or refused, is a durable entry before the first byte leaves; the header `Ringfence-Entry` says
/// which. A refusal lists every condition that the tier asks, and what can be done about those that fail.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{id}/open",
    params(("id" = DocumentId, Path)),
    responses((
        status = 200,
        description = "Its bytes, with its own media type.",
        content_type = "application/octet-stream",
        headers(("Ringfence-Entry" = u64, description = "The entry that records the opening."))
    ))
)]
async fn open(State(app): State<App>, caller: Caller, At(id): At<DocumentId>) -> Result<Response, Problem> {
    let open = app.service.open_document(&caller.actor, id.0).await?;
    let content = open.content(None)?;
    let headers = [
        (ENTRY, open.entry.to_string()),
        (header::CONTENT_TYPE, open.media_type.clone()),
        (header::CONTENT_LENGTH, open.size.to_string()),
        (header::CONTENT_DISPOSITION, disposition(&open.name)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    let mut response = axum::body::Body::from_stream(content).into_response();
    for (name, value) in headers {
        // A media type is kept as it was given; one that cannot be a header is sent as bytes.
        let value = value.parse().unwrap_or(axum::http::HeaderValue::from_static("application/octet-stream"));
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Take a document out of use. Its bytes stay sealed.
#[utoipa::path(post, path = "/api/v1/documents/{id}/withdraw", params(("id" = DocumentId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    At(id): At<DocumentId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(
        &app.service.act(&caller.actor, Command::Withdraw { document: id.0, reason: reason.0 }).await?,
    )
}

/// Destroy a document for good, once it was withdrawn. For the owner of its secret, and counsel.
///
/// Its key is deleted wherever it is kept, so that nobody can read it again, from no copy. What was recorded about it stays.
/// It cannot be taken back. The answer says where keys were deleted, and where they may still be.
#[utoipa::path(post, path = "/api/v1/documents/{id}/destroy", params(("id" = DocumentId, Path)), request_body = Reason, responses((status = 200, description = "It was destroyed.", body = Destroyed)))]
async fn destroy(
    State(app): State<App>,
    caller: Caller,
    At(id): At<DocumentId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Json<Destroyed>, Problem> {
    Destroyed::of(&app.service.destroy_document(&caller.actor, id.0, reason.0).await?)
}

/// What happened to a document, the newest first.
#[utoipa::path(get, path = "/api/v1/documents/{id}/history", params(("id" = DocumentId, Path), HistoryQuery), responses((status = 200, description = "A page of entries.", body = Page<Entry>)))]
async fn history(
    State(app): State<App>,
    caller: Caller,
    At(id): At<DocumentId>,
    Ask(query): Ask<HistoryQuery>,
) -> Result<Page<Entry>, Problem> {
    let document = caller.document(id.0)?.id;
    super::record::history_of(&app, &caller, document.into(), &query).await
}

/// Always a file to save (RFC 6266), its name in UTF-8 (RFC 8187): nothing else survives every client unharmed.
fn disposition(name: &str) -> String {
    let keeps = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    let encoded: String = name
        .bytes()
        .map(|b| if keeps(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    format!("attachment; filename*=UTF-8''{encoded}")
}

fn line(field: &'static str, text: &str) -> Result<program::Line, Refusal> {
    program::Line::new(text).map_err(|error| Refusal::input(field, error.to_string()))
}

fn made(done: &Done) -> Option<program::DocumentId> {
    match done.event() {
        Some(Event::Documents(event)) => Some(event.about().0),
        _ => None,
    }
}

impl Caller {
    fn document(&self, id: program::DocumentId) -> Result<&domain::Document, Refusal> {
        let found = self.state.documents.get(id).filter(|_| self.sees(id));
        found.ok_or_else(|| Refusal::unknown(id))
    }
}

impl From<&domain::Document> for Document {
    fn from(document: &domain::Document) -> Self {
        let (size, digest, media_type, place) = match &document.kept {
            Kept::Vault { size, digest, media_type, .. } => {
                (Some(*size), Some(*digest), Some(media_type.clone()), None)
            }
            Kept::Elsewhere { place, digest } => (None, *digest, None, Some(place.clone())),
        };
        Self {
            id: document.id.into(),
            secret: document.secret.into(),
            name: document.name.clone(),
            size,
            digest: digest.map(Digest),
            media_type,
            place,
            added: Stamp(document.added),
            added_by: document.added_by.map(PersonId),
            withdrawn: document.withdrawn.clone(),
            destroyed: document.destroyed.map(Stamp),
            openings: document.openings,
            last_opened: document.last_opened.map(Stamp),
        }
    }
}

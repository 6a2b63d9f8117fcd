//! Agreements: publishing, assigning, declining, paper copies, and where everybody stands. Signing needs a browser.

use super::answer::{Key, Order, Page, Receipt, items, page};
use super::collect::Area;
use super::extract::{Ask, At, Body, Caller, parse, read, require_json};
use super::problem::Problem;
use super::record::{Entry, HistoryQuery};
use super::secrets::Reason;
use super::types::{AgreementId, Digest, Line, Media, Method, PersonId, SecretId, Stamp, Text, Tier, When};
use crate::app::App;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use program::agreements::{self as domain, Command, Covers as Reach, Standing as Stands};
use program::{Event, Refusal};
use serde::{Deserialize, Serialize};
use service::{AgreementText, NewVersion, PaperCopy};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// The largest publication, in bytes: a PDF of 20 MiB in base64.
const LARGEST_PUBLICATION: u64 = 28 << 20;
/// The largest scan of a paper copy, in bytes.
const LARGEST_SCAN: u64 = 20 << 20;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(list))
        .write(routes!(publish))
        .read(routes!(get))
        .write(routes!(publish_version))
        .read(routes!(text))
        .read(routes!(scan))
        .read(routes!(parties))
        .write(routes!(assign))
        .write(routes!(cancel))
        .write(routes!(sign))
        .write(routes!(decline))
        .write(routes!(record_paper))
        .write(routes!(withdraw))
        .read(routes!(history))
}

/// An agreement, over all its versions.
#[derive(Debug, Serialize, ToSchema)]
struct Agreement {
    id: AgreementId,
    /// What its newest version is called.
    title: String,
    /// The oldest version under which a signature suffices.
    least: u32,
    /// Why it is not signed any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<Text>,
    /// Every version, the first one first.
    versions: Vec<AgreementVersion>,
    /// Where you stand with it.
    standing: Standing,
}

/// One version of an agreement.
#[derive(Debug, Serialize, ToSchema)]
struct AgreementVersion {
    /// 1, 2, 3 …
    number: u32,
    title: Line,
    /// When it was published.
    at: Stamp,
    /// The entry that published it.
    entry: u64,
    media: Media,
    /// Its size in bytes.
    size: u64,
    /// SHA-256 of its exact bytes.
    digest: Digest,
    covers: Covers,
    /// In force for so many days after signing; without end where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    term_days: Option<u32>,
    /// Signatures under earlier versions no longer suffice.
    resign: bool,
    /// Signing needs a second factor.
    second_factor: bool,
    /// What changed and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Text>,
}

/// Which secrets an agreement covers: all of them, those of some tiers, or these alone.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(example = json!({"tiers": ["confidential", "restricted"]}))]
enum Covers {
    /// Every secret in the register.
    Everything,
    /// The secrets of these tiers, as they are classified when it matters.
    Tiers(Vec<Tier>),
    /// These secrets alone; you are told of those that you may know of.
    Secrets(Vec<SecretId>),
}

/// Where somebody stands with an agreement.
#[derive(Debug, Serialize, ToSchema)]
struct Standing {
    /// `not-assigned`, `assigned`, `signed` or `declined`.
    #[schema(example = "signed")]
    state: &'static str,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Stamp>,
    /// By when to sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Stamp>,
    /// The version signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// When the signature ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<Stamp>,
    /// The version signed suffices, and the agreement was not withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<bool>,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Text>,
}

/// Where one person stands with an agreement.
#[derive(Debug, Serialize, ToSchema)]
struct Party {
    person: PersonId,
    standing: Standing,
    /// How the signature that counts was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<Method>,
    /// The entry that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
}

/// A version to be published: its text as Markdown, or a PDF.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Confidentiality agreement for employees",
    "markdown": "# Confidentiality\n\nYou keep our secrets.",
    "covers": "everything",
    "resign": true,
    "due": "2026-04-30"
}))]
struct Publication {
    title: Line,
    /// The text. Either this or `pdf`.
    markdown: Option<String>,
    /// The file in base64 (RFC 4648, section 4); at most 20 MiB.
    pdf: Option<String>,
    covers: Covers,
    /// In force for so many days after signing; without end where absent.
    term_days: Option<u32>,
    /// Earlier signatures no longer suffice, and whoever signed or was asked is asked again.
    #[serde(default)]
    resign: bool,
    /// By when those asked again have to sign.
    due: Option<When>,
    /// Signing needs a second factor.
    #[serde(default)]
    second_factor: bool,
    /// What changed and why.
    note: Option<Text>,
}

/// Whom to ask.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"people": ["P-7", "P-8"], "due": "2026-04-30"}))]
struct Assign {
    /// All or none of them are asked.
    people: Vec<PersonId>,
    /// By when.
    due: Option<When>,
}

/// Whom not to ask after all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"person": "P-8", "reason": "Works elsewhere now."}))]
struct Cancel {
    person: PersonId,
    reason: Text,
}

/// What a paper copy says.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PaperQuery {
    /// The version that was signed.
    version: u32,
    /// Who signed.
    person: PersonId,
    /// The name as it stands on the paper.
    #[param(value_type = String, example = "Eva Engineer")]
    name: Line,
    /// When it was signed.
    signed_on: When,
}

/// Which agreements to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct AgreementsQuery {
    /// Where the page before ended: its `next`.
    before: Option<AgreementId>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// List agreements, the newest first: those you were asked to sign or signed; all, for those who run or audit them.
#[utoipa::path(get, path = "/api/v1/agreements", params(AgreementsQuery), responses((status = 200, description = "A page of agreements.", body = Page<Agreement>)))]
async fn list(caller: Caller, Ask(query): Ask<AgreementsQuery>) -> Result<Page<Agreement>, Problem> {
    let limit = items(query.limit)?;
    let all = caller.state.agreements.iter().filter(|agreement| caller.sees(agreement.id));
    let rows = all.map(|agreement| ((Key::Number(0), agreement.id.0), agreement)).collect();
    let from = query.before.map(|id| (Key::Number(0), id.0.0));
    let view = |agreement: &domain::Agreement| Agreement::of(&caller, agreement);
    Ok(page(rows, Order::Descending, from, limit, |a| a.id.to_string(), view))
}

/// Publish an agreement. For counsel.
#[utoipa::path(post, path = "/api/v1/agreements", request_body = Publication, responses((status = 201, description = "It was recorded.", body = Receipt)))]
async fn publish(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    require_json(request.headers())?;
    let publication: Publication = parse(&read(request, LARGEST_PUBLICATION).await?)?;
    let done =
        app.service.publish_agreement(&caller.actor, publication.version(None, caller.zone())?).await?;
    let made = match done.event() {
        Some(Event::Agreements(event)) => Some(event.agreement()),
        _ => None,
    };
    Receipt::created(&done, "agreements", made)
}

/// Publish a new version of an agreement. For counsel.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/versions", params(("id" = AgreementId, Path)), request_body = Publication, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn publish_version(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AgreementId>,
    request: Request,
) -> Result<Receipt, Problem> {
    require_json(request.headers())?;
    let publication: Publication = parse(&read(request, LARGEST_PUBLICATION).await?)?;
    let new = publication.version(Some(id.0), caller.zone())?;
    Receipt::of(&app.service.publish_agreement(&caller.actor, new).await?)
}

/// Look at one agreement.
#[utoipa::path(get, path = "/api/v1/agreements/{id}", params(("id" = AgreementId, Path)), responses((status = 200, description = "The agreement.", body = Agreement)))]
async fn get(caller: Caller, At(id): At<AgreementId>) -> Result<Json<Agreement>, Problem> {
    Ok(Json(Agreement::of(&caller, known(&caller, id.0)?)))
}

/// The exact text of a version. Reading it here does not count as reading it to sign.
#[utoipa::path(
    get,
    path = "/api/v1/agreements/{id}/versions/{version}/text",
    params(("id" = AgreementId, Path), ("version" = u32, Path)),
    responses((status = 200, description = "Its bytes, as Markdown or PDF; the digest is in the version.", content((Vec<u8> = "text/markdown"), (Vec<u8> = "application/pdf"))))
)]
async fn text(
    State(app): State<App>,
    caller: Caller,
    At((id, version)): At<(AgreementId, u32)>,
) -> Result<Response, Problem> {
    Ok(as_it_is(app.service.agreement_text(&caller.actor, id.0, version).await?))
}

/// The scan of a signed paper copy, by the entry that records its signature.
#[utoipa::path(
    get,
    path = "/api/v1/agreements/{id}/scans/{entry}",
    params(("id" = AgreementId, Path), ("entry" = u64, Path)),
    responses((status = 200, description = "Its bytes.", content((Vec<u8> = "application/pdf"))))
)]
async fn scan(
    State(app): State<App>,
    caller: Caller,
    At((id, entry)): At<(AgreementId, u64)>,
) -> Result<Response, Problem> {
    Ok(as_it_is(app.service.paper_scan(&caller.actor, id.0, entry).await?))
}

fn as_it_is(text: AgreementText) -> Response {
    let media_type = match text.media {
        domain::Media::Markdown => "text/markdown; charset=utf-8",
        domain::Media::Pdf => "application/pdf",
    };
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")], text.bytes).into_response()
}

/// Where everybody stands who was asked to sign, opened or signed an agreement. For counsel, human resources, the security officer, auditors.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/parties", params(("id" = AgreementId, Path)), responses((status = 200, description = "One row for each person.", body = Vec<Party>)))]
async fn parties(caller: Caller, At(id): At<AgreementId>) -> Result<Json<Vec<Party>>, Problem> {
    let id = known(&caller, id.0)?.id;
    caller.actor.require(&caller.state, caller.now, domain::READERS, "see who signed")?;
    let party = |person: program::PersonId| {
        let signature = caller.state.agreements.signature(person, id);
        Party {
            person: person.into(),
            standing: caller.state.agreements.standing(person, id).into(),
            method: signature.map(|signature| signature.method.into()),
            entry: signature.map(|signature| signature.position),
        }
    };
    Ok(Json(caller.state.agreements.parties(id).map(party).collect()))
}

/// Ask people to sign.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/assign", params(("id" = AgreementId, Path)), request_body = Assign, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn assign(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AgreementId>,
    Body(assign): Body<Assign>,
) -> Result<Receipt, Problem> {
    let people = assign.people.into_iter().map(|person| person.0).collect();
    let due = assign.due.map(|when| when.until(caller.zone()));
    Receipt::of(&app.service.act(&caller.actor, Command::Assign { agreement: id.0, people, due }).await?)
}

/// Take a request to sign back. A signature already given stays.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/cancel", params(("id" = AgreementId, Path)), request_body = Cancel, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn cancel(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AgreementId>,
    Body(Cancel { person, reason }): Body<Cancel>,
) -> Result<Receipt, Problem> {
    let command = Command::CancelAssignment { agreement: id.0, person: person.0, reason: reason.0 };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// Always refused: a signature is given by a person at a browser, who has read the text to its end.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/sign", params(("id" = AgreementId, Path)), responses((status = 403, description = "Sign in a browser.", body = Problem, content_type = "application/problem+json")))]
async fn sign(caller: Caller, At(id): At<AgreementId>) -> Result<Receipt, Problem> {
    let id = known(&caller, id.0)?.id;
    let refusal = Refusal::role("sign", "a person at a signed-in browser");
    Err(refusal
        .remedy(format!("open /agreements/{id}/sign in a browser, read the text to its end, and sign there"))
        .into())
}

/// Refuse to sign, with the reason.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/decline", params(("id" = AgreementId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn decline(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AgreementId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(
        &app.service.act(&caller.actor, Command::Decline { agreement: id.0, reason: reason.0 }).await?,
    )
}

/// Record a copy that somebody signed on paper. At most 20 MiB.
#[utoipa::path(
    post,
    path = "/api/v1/agreements/{id}/paper",
    params(("id" = AgreementId, Path), PaperQuery),
    request_body(content = Vec<u8>, content_type = "application/pdf", description = "The scan."),
    responses((status = 200, description = "It was recorded.", body = Receipt))
)]
async fn record_paper(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AgreementId>,
    Ask(query): Ask<PaperQuery>,
    request: Request,
) -> Result<Receipt, Problem> {
    let scan = read(request, LARGEST_SCAN).await?.to_vec();
    let PaperQuery { version, person, name, signed_on } = query;
    let signed_on = signed_on.from(caller.zone());
    let done = app
        .service
        .record_paper(
            &caller.actor,
            PaperCopy { agreement: id.0, version, person: person.0, name: name.0, signed_on, scan },
        )
        .await?;
    Receipt::of(&done)
}

/// End an agreement: no new signatures, and those given no longer count. For counsel.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/withdraw", params(("id" = AgreementId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AgreementId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(
        &app.service.act(&caller.actor, Command::Withdraw { agreement: id.0, reason: reason.0 }).await?,
    )
}

/// What happened to an agreement, the newest first.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/history", params(("id" = AgreementId, Path), HistoryQuery), responses((status = 200, description = "A page of entries.", body = Page<Entry>)))]
async fn history(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AgreementId>,
    Ask(query): Ask<HistoryQuery>,
) -> Result<Page<Entry>, Problem> {
    let agreement = known(&caller, id.0)?.id;
    super::record::history_of(&app, &caller, agreement.into(), &query).await
}

fn known(caller: &Caller, id: program::AgreementId) -> Result<&domain::Agreement, Refusal> {
    let found = caller.state.agreements.get(id).filter(|_| caller.sees(id));
    found.ok_or_else(|| Refusal::unknown(id))
}

impl Publication {
    fn version(self, agreement: Option<program::AgreementId>, zone: &str) -> Result<NewVersion, Refusal> {
        let bytes = match (self.markdown, self.pdf) {
            (Some(markdown), None) => markdown.into_bytes(),
            (None, Some(pdf)) => BASE64
                .decode(pdf.as_bytes())
                .map_err(|error| Refusal::input("pdf", format!("this is not base64: {error}")))?,
            _ => {
                return Err(Refusal::input("markdown", "give the text either as `markdown` or as `pdf`"));
            }
        };
        Ok(NewVersion {
            agreement,
            title: self.title.0,
            bytes,
            covers: self.covers.into(),
            term_days: self.term_days,
            resign: self.resign,
            due: self.due.map(|when| when.until(zone)),
            second_factor: self.second_factor,
            note: self.note.map(|note| note.0),
        })
    }
}

impl Agreement {
    fn of(caller: &Caller, agreement: &domain::Agreement) -> Self {
        Self {
            id: agreement.id.into(),
            title: agreement.title().to_owned(),
            least: agreement.least,
            withdrawn: agreement.withdrawn.as_ref().map(|withdrawn| withdrawn.reason.clone().into()),
            versions: agreement
                .versions
                .iter()
                .map(|version| AgreementVersion::of(caller, version))
                .collect(),
            standing: caller.state.agreements.standing(caller.person, agreement.id).into(),
        }
    }
}

impl AgreementVersion {
    fn of(caller: &Caller, version: &domain::Version) -> Self {
        Self {
            number: version.number,
            title: version.title.clone().into(),
            at: Stamp(version.at),
            entry: version.position,
            media: version.text.media.into(),
            size: version.text.size,
            digest: version.text.digest.into(),
            covers: Covers::of(caller, &version.covers),
            term_days: version.term_days,
            resign: version.resign,
            second_factor: version.second_factor,
            note: version.note.clone().map(Text),
        }
    }
}

impl Covers {
    /// Whoever signs may not know of every secret that they are bound to keep.
    fn of(caller: &Caller, covers: &Reach) -> Self {
        match covers {
            Reach::Everything => Covers::Everything,
            Reach::Tiers(tiers) => Covers::Tiers(tiers.iter().copied().map(Tier).collect()),
            Reach::Secrets(secrets) => {
                let reads = caller.holds(domain::READERS);
                let told = secrets.iter().copied().filter(|id| reads || caller.sees(*id));
                Covers::Secrets(told.map(SecretId).collect())
            }
        }
    }
}

impl From<Covers> for Reach {
    fn from(covers: Covers) -> Self {
        match covers {
            Covers::Everything => Reach::Everything,
            Covers::Tiers(tiers) => Reach::Tiers(tiers.into_iter().map(|tier| tier.0).collect()),
            Covers::Secrets(secrets) => Reach::Secrets(secrets.into_iter().map(|secret| secret.0).collect()),
        }
    }
}

impl From<Stands> for Standing {
    fn from(stands: Stands) -> Self {
        let nothing = Self {
            state: "not-assigned",
            since: None,
            due: None,
            version: None,
            ends: None,
            current: None,
            reason: None,
        };
        match stands {
            Stands::NotAssigned => nothing,
            Stands::Assigned { since, due } => {
                Self { state: "assigned", since: Some(Stamp(since)), due: due.map(Stamp), ..nothing }
            }
            Stands::Signed { version, at, ends, current } => Self {
                state: "signed",
                since: Some(Stamp(at)),
                version: Some(version),
                ends: ends.map(Stamp),
                current: Some(current),
                ..nothing
            },
            Stands::Declined(declined) => Self {
                state: "declined",
                since: Some(Stamp(declined.at)),
                reason: Some(declined.reason.into()),
                ..nothing
            },
        }
    }
}

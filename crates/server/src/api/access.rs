//! Access: requests, approvals, grants, emergencies, and the questions "what may I open?" and "why can't I?".

use super::answer::{Key, Order, Page, Receipt, items, page};
use super::collect::Area;
use super::extract::{Ask, At, Body, Caller};
use super::problem::{Because, Problem};
use super::secrets::{Reason, Remark};
use super::types::{DocumentId, GrantId, PersonId, RequestId, SecretId, Stamp, Text, When};
use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use program::access::{self as domain, Circumstances, Command, Outcome};
use program::{Event, Refusal};
use serde::{Deserialize, Serialize};
use service::Done;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(requests))
        .write(routes!(ask))
        .read(routes!(request))
        .write(routes!(approve))
        .write(routes!(refuse))
        .write(routes!(withdraw))
        .read(routes!(grants))
        .read(routes!(grant))
        .write(routes!(revoke))
        .write(routes!(take_emergency))
        .write(routes!(justify))
        .write(routes!(review))
        .read(routes!(why))
        .read(routes!(mine))
}

/// A request for access.
#[derive(Debug, Serialize, ToSchema)]
struct AccessRequest {
    id: RequestId,
    person: PersonId,
    secret: SecretId,
    /// What for.
    #[schema(example = "To repair the bath.")]
    purpose: String,
    /// Until when access is wanted.
    ends: Stamp,
    /// When it was made.
    at: Stamp,
    /// `pending`, `granted`, `refused` or `withdrawn`.
    #[schema(example = "pending")]
    outcome: &'static str,
    /// Who approved it so far.
    approvals: Vec<Approval>,
    /// How many approvals are missing, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<u8>,
    /// The grant it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<GrantId>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// One approval of a request.
#[derive(Debug, Serialize, ToSchema)]
struct Approval {
    by: PersonId,
    at: Stamp,
}

/// A grant of access to one secret for one person.
#[derive(Debug, Serialize, ToSchema)]
struct Grant {
    id: GrantId,
    person: PersonId,
    secret: SecretId,
    /// What for.
    #[schema(example = "To repair the bath.")]
    purpose: String,
    from: Stamp,
    /// The first instant at which it opens nothing.
    ends: Stamp,
    /// Does it hold now, as far as it alone can say?
    live: bool,
    approvers: Vec<PersonId>,
    /// That it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<Revocation>,
    /// That it is an emergency access.
    #[serde(skip_serializing_if = "Option::is_none")]
    emergency: Option<Emergency>,
    /// When something was last opened on it. For its holder, the secret's owner, and those who oversee access.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<Stamp>,
}

/// Why and when a grant was taken back.
#[derive(Debug, Serialize, ToSchema)]
struct Revocation {
    at: Stamp,
    /// By whom; absent for the operator of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<PersonId>,
    reason: String,
}

/// The after-life of an emergency access.
#[derive(Debug, Serialize, ToSchema)]
struct Emergency {
    /// What whoever took it said it was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// Did the owner find it in order? Absent until somebody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_order: Option<bool>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A wish for access.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"secret": "S-1", "purpose": "To repair the bath.", "ends": "2026-06-30"}))]
struct Wish {
    secret: SecretId,
    /// What for.
    purpose: Text,
    /// Until when; the tier's longest where absent.
    ends: Option<When>,
}

/// Why it cannot wait.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"purpose": "The bath foams over and nobody who may approve is awake."}))]
struct Urgency {
    purpose: Text,
}

/// An account of an emergency access.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"account": "Read the cooling curve; the line was saved at 3 am."}))]
struct Justification {
    /// What was done with it, and why it was needed.
    account: Text,
}

/// A look at an emergency access.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"in_order": true, "note": "As agreed on the telephone."}))]
struct Look {
    /// Was it in order?
    in_order: bool,
    /// What was found.
    note: Option<Text>,
}

/// Which requests to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct RequestsQuery {
    person: Option<PersonId>,
    secret: Option<SecretId>,
    /// Only those that wait, or only those that do not.
    pending: Option<bool>,
    /// Where the page before ended: its `next`.
    before: Option<RequestId>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// Which grants to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct GrantsQuery {
    person: Option<PersonId>,
    secret: Option<SecretId>,
    /// Only those that hold now, or only those that do not.
    live: Option<bool>,
    /// Only emergency accesses, or only others.
    emergency: Option<bool>,
    /// Where the page before ended: its `next`.
    before: Option<GrantId>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// About whom and what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WhyQuery {
    /// Yourself where absent.
    person: Option<PersonId>,
    secret: SecretId,
    /// As it stood at this instant, or at the end of this day; now where absent. For the secret's owner and those who oversee
    /// the programme.
    #[param(inline)]
    as_of: Option<When>,
}

/// Whether a secret opens for somebody, and why.
#[derive(Debug, Serialize, ToSchema)]
struct Why {
    person: PersonId,
    secret: SecretId,
    /// Does it open? For others than yourself, the second factor and the network are not asked.
    opens: bool,
    /// Every condition that the tier asks, and how it stands.
    because: Vec<Because>,
}

/// What opens for you now, with this token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"secrets": ["S-1"], "documents": ["D-1", "D-2"]}))]
struct Mine {
    secrets: Vec<SecretId>,
    documents: Vec<DocumentId>,
}

/// List requests, the newest first: your own, those for secrets of yours, and for those who oversee access, all.
#[utoipa::path(get, path = "/api/v1/requests", params(RequestsQuery), responses((status = 200, description = "A page of requests.", body = Page<AccessRequest>)))]
async fn requests(caller: Caller, Ask(query): Ask<RequestsQuery>) -> Result<Page<AccessRequest>, Problem> {
    let limit = items(query.limit)?;
    let all = caller.state.access.requests().filter(|request| {
        query.person.as_ref().is_none_or(|person| person.0 == request.person)
            && query.secret.as_ref().is_none_or(|secret| secret.0 == request.secret)
            && query.pending.is_none_or(|pending| pending == (request.outcome == Outcome::Pending))
            && caller.sees(request.id)
    });
    let rows = all.map(|request| ((Key::Number(0), request.id.0), request)).collect();
    let from = query.before.map(|id| (Key::Number(0), id.0.0));
    let view = |request: &domain::Request| AccessRequest::of(&caller, request);
    Ok(page(rows, Order::Descending, from, limit, |r| r.id.to_string(), view))
}

/// Ask for access, for yourself.
#[utoipa::path(post, path = "/api/v1/requests", request_body = Wish, responses((status = 201, description = "It was recorded.", body = Receipt)))]
async fn ask(State(app): State<App>, caller: Caller, Body(wish): Body<Wish>) -> Result<Response, Problem> {
    let ends = wish.ends.map(|when| when.until(caller.zone()));
    let command = Command::Request { secret: wish.secret.0, purpose: wish.purpose.0, ends };
    let done = app.service.act(&caller.actor, command).await?;
    let made = done.entries.iter().find_map(|entry| match &entry.event {
        Event::Access(domain::Event::Requested { request, .. }) => Some(*request),
        _ => None,
    });
    Receipt::created(&done, "requests", made)
}

/// Look at one request.
#[utoipa::path(get, path = "/api/v1/requests/{id}", params(("id" = RequestId, Path)), responses((status = 200, description = "The request.", body = AccessRequest)))]
async fn request(caller: Caller, At(id): At<RequestId>) -> Result<Json<AccessRequest>, Problem> {
    let found = caller.state.access.request(id.0).filter(|_| caller.sees(id.0));
    let found = found.ok_or_else(|| Refusal::unknown(id.0))?;
    Ok(Json(AccessRequest::of(&caller, found)))
}

/// Approve a request. The last approval that the tier asks for grants access.
#[utoipa::path(post, path = "/api/v1/requests/{id}/approve", params(("id" = RequestId, Path)), request_body = Remark, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn approve(
    State(app): State<App>,
    caller: Caller,
    At(id): At<RequestId>,
    Body(remark): Body<Remark>,
) -> Result<Receipt, Problem> {
    let command = Command::Approve { request: id.0, note: remark.note.map(|note| note.0) };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// Refuse a request, with the reason.
#[utoipa::path(post, path = "/api/v1/requests/{id}/refuse", params(("id" = RequestId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn refuse(
    State(app): State<App>,
    caller: Caller,
    At(id): At<RequestId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(&app.service.act(&caller.actor, Command::Refuse { request: id.0, reason: reason.0 }).await?)
}

/// Take back a request of your own.
#[utoipa::path(post, path = "/api/v1/requests/{id}/withdraw", params(("id" = RequestId, Path)), responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn withdraw(State(app): State<App>, caller: Caller, At(id): At<RequestId>) -> Result<Receipt, Problem> {
    Receipt::of(&app.service.act(&caller.actor, Command::Withdraw { request: id.0 }).await?)
}

/// List grants, the newest first: your own, those to secrets of yours, and for those who oversee access, all.
#[utoipa::path(get, path = "/api/v1/grants", params(GrantsQuery), responses((status = 200, description = "A page of grants.", body = Page<Grant>)))]
async fn grants(caller: Caller, Ask(query): Ask<GrantsQuery>) -> Result<Page<Grant>, Problem> {
    let limit = items(query.limit)?;
    let all = caller.state.access.grants().filter(|grant| {
        query.person.as_ref().is_none_or(|person| person.0 == grant.person)
            && query.secret.as_ref().is_none_or(|secret| secret.0 == grant.secret)
            && query.live.is_none_or(|live| live == grant.is_live(caller.now))
            && query.emergency.is_none_or(|emergency| emergency == grant.emergency.is_some())
            && caller.sees(grant.id)
    });
    let rows = all.map(|grant| ((Key::Number(0), grant.id.0), grant)).collect();
    let from = query.before.map(|id| (Key::Number(0), id.0.0));
    let view = |grant: &domain::Grant| Grant::of(&caller, grant);
    Ok(page(rows, Order::Descending, from, limit, |g| g.id.to_string(), view))
}

/// Look at one grant.
#[utoipa::path(get, path = "/api/v1/grants/{id}", params(("id" = GrantId, Path)), responses((status = 200, description = "The grant.", body = Grant)))]
async fn grant(caller: Caller, At(id): At<GrantId>) -> Result<Json<Grant>, Problem> {
    let found = caller.state.access.grant(id.0).filter(|_| caller.sees(id.0));
    let found = found.ok_or_else(|| Refusal::unknown(id.0))?;
    Ok(Json(Grant::of(&caller, found)))
}

/// Take back a grant at once: from the answer on it opens nothing, on any node.
#[utoipa::path(post, path = "/api/v1/grants/{id}/revoke", params(("id" = GrantId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    At(id): At<GrantId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(&app.service.act(&caller.actor, Command::Revoke { grant: id.0, reason: reason.0 }).await?)
}

/// Take emergency access, for yourself: it opens for a short time, alarms the owner, and must be justified.
#[utoipa::path(post, path = "/api/v1/secrets/{id}/emergency", params(("id" = SecretId, Path)), request_body = Urgency, responses((status = 201, description = "It was recorded.", body = Receipt)))]
async fn take_emergency(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Body(Urgency { purpose }): Body<Urgency>,
) -> Result<Response, Problem> {
    let command = Command::TakeEmergency { secret: id.0, purpose: purpose.0 };
    let done = app.service.act(&caller.actor, command).await?;
    Receipt::created(&done, "grants", taken(&done))
}

/// Account for an emergency access of your own.
#[utoipa::path(post, path = "/api/v1/grants/{id}/justify", params(("id" = GrantId, Path)), request_body = Justification, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn justify(
    State(app): State<App>,
    caller: Caller,
    At(id): At<GrantId>,
    Body(Justification { account }): Body<Justification>,
) -> Result<Receipt, Problem> {
    Receipt::of(&app.service.act(&caller.actor, Command::Justify { grant: id.0, account: account.0 }).await?)
}

/// Look at an emergency access to your secret.
#[utoipa::path(post, path = "/api/v1/grants/{id}/review", params(("id" = GrantId, Path)), request_body = Look, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn review(
    State(app): State<App>,
    caller: Caller,
    At(id): At<GrantId>,
    Body(Look { in_order, note }): Body<Look>,
) -> Result<Receipt, Problem> {
    let command = Command::ReviewEmergency { grant: id.0, in_order, note: note.map(|note| note.0) };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// Why a secret opens, or does not, and what can be done. Nothing is opened or recorded.
#[utoipa::path(get, path = "/api/v1/access/why", params(WhyQuery), responses((status = 200, description = "Every condition, and how it stands.", body = Why)))]
async fn why(
    State(app): State<App>,
    caller: Caller,
    Ask(query): Ask<WhyQuery>,
) -> Result<Json<Why>, Problem> {
    let secret = caller.secret(query.secret.0)?;
    let person = query.person.map_or(caller.person, |person| person.0);
    // About somebody whom the caller may not ask about, and about nobody, the answer is the same.
    if !domain::may_ask_why(&caller.state, &caller.actor, caller.now, person, secret)
        || caller.state.people.get(person).is_none()
    {
        return Err(Refusal::unknown(person).field("person").into());
    }
    let circumstances = (person == caller.person).then(|| caller.circumstances());
    let secret = secret.id;
    let (decision, because) = match query.as_of {
        None => domain::why(&caller.state, app.service.gate(), person, secret, caller.now, circumstances),
        Some(when) => {
            // What session they had then is not known of anybody, so neither the second factor nor the network is asked.
            let past = app.service.as_of(&caller.actor, secret, when.last(caller.zone())).await?;
            let (decision, mut because) =
                domain::why(&past.state, app.service.gate(), person, secret, past.time, None);
            // Nothing can be done any more about what failed then.
            because.iter_mut().for_each(|one| one.remedy = None);
            (decision, because)
        }
    };
    let because = because.iter().map(Because::from).collect();
    Ok(Json(Why { person: person.into(), secret: secret.into(), opens: decision.allowed(), because }))
}

/// What opens for you now, with this token. Complete and exact.
#[utoipa::path(get, path = "/api/v1/access/mine", responses((status = 200, description = "Secrets and documents.", body = Mine)))]
async fn mine(State(app): State<App>, caller: Caller) -> Json<Mine> {
    let (state, gate, now) = (&caller.state, app.service.gate(), caller.now);
    let here = Some(caller.circumstances());
    let secrets =
        domain::openable(state, gate, caller.person, now, here).iter().map(|s| SecretId(s.id)).collect();
    let documents =
        domain::may_open(state, gate, caller.person, now, here).iter().map(|d| DocumentId(d.id)).collect();
    Json(Mine { secrets, documents })
}

fn taken(done: &Done) -> Option<program::GrantId> {
    match done.event() {
        Some(Event::Access(domain::Event::EmergencyTaken { grant, .. })) => Some(*grant),
        _ => None,
    }
}

impl Caller {
    fn circumstances(&self) -> Circumstances {
        Circumstances { second_factor_at: self.actor.second_factor_at, address: self.actor.address }
    }
}

impl AccessRequest {
    fn of(caller: &Caller, request: &domain::Request) -> Self {
        let (outcome, grant, reason) = match &request.outcome {
            Outcome::Pending => ("pending", None, None),
            Outcome::Granted(grant) => ("granted", Some(*grant), None),
            Outcome::Denied(reason) => ("refused", None, Some(reason.clone())),
            Outcome::Withdrawn => ("withdrawn", None, None),
        };
        let waits = caller.state.secrets.get(request.secret).filter(|_| request.outcome == Outcome::Pending);
        let missing = waits.map(|secret| domain::still_needed(&caller.state, request, secret, caller.now).0);
        let approval =
            |approval: &domain::Approval| Approval { by: approval.by.into(), at: Stamp(approval.at) };
        Self {
            id: request.id.into(),
            person: request.person.into(),
            secret: request.secret.into(),
            purpose: request.purpose.clone(),
            ends: Stamp(request.ends),
            at: Stamp(request.at),
            outcome,
            approvals: request.approvals.iter().map(approval).collect(),
            missing,
            grant: grant.map(GrantId),
            reason,
        }
    }
}

impl Grant {
    fn of(caller: &Caller, grant: &domain::Grant) -> Self {
        let revoked = |revoked: &domain::Revocation| Revocation {
            at: Stamp(revoked.at),
            by: revoked.by.map(PersonId),
            reason: revoked.reason.clone(),
        };
        let emergency = |emergency: &domain::Emergency| Emergency {
            account: emergency.justified.as_ref().map(|(_, account)| account.clone()),
            in_order: emergency.reviewed.as_ref().map(|(_, in_order, _)| *in_order),
            note: emergency.reviewed.as_ref().and_then(|(_, _, note)| note.clone()),
        };
        let sees_use = domain::may_see_use(&caller.state, &caller.actor, caller.now, grant);
        Self {
            id: grant.id.into(),
            person: grant.person.into(),
            secret: grant.secret.into(),
            purpose: grant.purpose.clone(),
            from: Stamp(grant.from),
            ends: Stamp(grant.ends),
            live: grant.is_live(caller.now),
            approvers: grant.approvers.iter().copied().map(PersonId).collect(),
            revoked: grant.revoked.as_ref().map(revoked),
            emergency: grant.emergency.as_ref().map(emergency),
            last_used: grant.last_used.filter(|_| sees_use).map(Stamp),
        }
    }
}

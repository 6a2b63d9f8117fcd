//! People: listing, entering, changing, clearing, suspending, seeing out; import from CSV with a preview.

use super::answer::{Key, Order, Page, Receipt, items, page};
use super::collect::Area;
use super::extract::{Ask, At, Body, Caller, read};
use super::problem::Problem;
use super::record::{Entry, HistoryQuery};
use super::retention::Destroyed;
use super::secrets::Reason;
use super::types::{Engagement, Line, Mail, PersonId, Role, Stamp, Text, When};
use crate::app::App;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use program::people::{self as domain, Command, Joiner, MOST_BYTES, Planned, Profile};
use program::{Event, Refusal, Rule};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(list))
        .write(routes!(add))
        .write(routes!(import))
        .read(routes!(export))
        .read(routes!(get))
        .write(routes!(change))
        .write(routes!(clearance))
        .write(routes!(roles))
        .write(routes!(suspend))
        .write(routes!(reinstate))
        .write(routes!(end))
        .write(routes!(erase))
        .read(routes!(history))
}

/// An employee or contractor.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Person {
    id: PersonId,
    /// Full name, as the person writes it.
    name: Line,
    engagement: Engagement,
    department: Line,
    /// Do they belong here now: begun, not ended, not suspended?
    active: bool,
    details: Details,
}

/// What human resources and the programme keep about a person.
#[derive(Debug, Serialize, ToSchema)]
struct Details {
    mail: Mail,
    /// What they work as.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Line>,
    /// Whom they report to.
    #[serde(skip_serializing_if = "Option::is_none")]
    manager: Option<PersonId>,
    roles: Vec<Role>,
    /// Clearance level, 0 to 9.
    clearance: u8,
    /// The first instant at which they belong here.
    starts: Stamp,
    /// The first instant at which they no longer do.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<Stamp>,
    /// Why they are suspended, where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended: Option<Text>,
    /// When they were entered.
    added: Stamp,
}

/// A person's data.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Eva Engineer",
    "mail": "eva@example.com",
    "engagement": "employee",
    "department": "Coating",
    "job": "Process engineer",
    "manager": "P-4",
    "starts": "2026-03-01"
}))]
struct Data {
    /// Full name, as the person writes it.
    name: Line,
    mail: Mail,
    engagement: Engagement,
    department: Line,
    /// What they work as.
    job: Option<Line>,
    /// Whom they report to.
    manager: Option<PersonId>,
    /// Their first day.
    starts: When,
    /// Their last day. A contractor always has one.
    ends: Option<When>,
}

/// Somebody to be entered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    person: Data,
    /// Clearance level from the first day, 0 to 9.
    #[serde(default)]
    #[schema(maximum = 9)]
    clearance: u8,
    /// Roles from the first day.
    #[serde(default)]
    roles: Vec<Role>,
}

/// A clearance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"clearance": 2, "reason": "Joins the coating team."}))]
struct Clearance {
    /// To which level, 0 to 9.
    #[schema(maximum = 9)]
    clearance: u8,
    reason: Text,
}

/// Roles.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"roles": ["counsel"]}))]
struct Roles {
    /// All they shall have.
    roles: Vec<Role>,
}

/// The end of an employment or contract.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ends": "2026-06-30", "reason": "Leaves for a university."}))]
struct End {
    /// Their last day; at once where absent.
    ends: Option<When>,
    reason: Text,
}

/// Whom to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct PeopleQuery {
    /// Words that all occur in name, department or id.
    q: Option<String>,
    /// Exactly this department.
    department: Option<String>,
    engagement: Option<Engagement>,
    /// Only those who belong here now, or only those who do not.
    active: Option<bool>,
    /// By what to sort; `id` where absent.
    #[param(inline)]
    sort: Option<Sort>,
    /// In which direction; the newest first where absent.
    #[param(inline)]
    order: Option<Order>,
    /// Where the page before ended: its `next`.
    before: Option<PersonId>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// By what people are sorted.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Sort {
    #[default]
    Id,
    Name,
    Department,
}

/// How to import.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Only say what would be done.
    pub(super) dry_run: bool,
}

/// What an import does, or would do.
#[derive(Debug, Serialize, ToSchema)]
struct Imported {
    /// How many would be, or were, entered.
    added: usize,
    /// How many would be, or were, changed.
    changed: usize,
    /// How many are like that already.
    same: usize,
    /// The rows that cannot be taken. Where there is one, nothing is imported.
    refused: Vec<RefusedRow>,
    /// What was recorded; absent in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

/// A row that cannot be taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"line": 17, "why": "mail: `eva` is not a mail address: one looks like `name@example.com`"}))]
pub(super) struct RefusedRow {
    /// The line on which it begins, the first line of the file being 1.
    line: u64,
    /// Everything that is wrong with it.
    why: String,
}

/// List the people whom you may look at: all of them, for those who run the programme; yourself and those who report to
/// you, for others.
#[utoipa::path(get, path = "/api/v1/people", params(PeopleQuery), responses((status = 200, description = "A page of people.", body = Page<Person>)))]
async fn list(caller: Caller, Ask(query): Ask<PeopleQuery>) -> Result<Page<Person>, Problem> {
    let limit = items(query.limit)?;
    let sort = query.sort.unwrap_or_default();
    let key = |person: &domain::Person| (sort_key(person, sort), person.id.0);
    let from = match &query.before {
        Some(id) => Some(key(known(&caller, id.0)?)),
        None => None,
    };
    let all = caller.state.people.iter();
    let all = all.filter(|person| matches(&query, person, caller.now) && caller.sees(person.id));
    let rows = all.map(|person| (key(person), person)).collect();
    Ok(page(
        rows,
        query.order.unwrap_or_default(),
        from,
        limit,
        |p| p.id.to_string(),
        |p| Person::of(&caller, p),
    ))
}

/// Enter a person. For human resources and administrators.
#[utoipa::path(post, path = "/api/v1/people", request_body = NewPerson, responses((status = 201, description = "It was recorded.", body = Receipt)))]
async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewPerson>,
) -> Result<Response, Problem> {
    let profile = new.person.profile(caller.zone());
    let roles = new.roles.into_iter().map(|role| role.0).collect();
    let joiner = Joiner { profile, clearance: new.clearance, roles };
    let done = app.service.act(&caller.actor, Command::Add { joiner }).await?;
    let made = match done.event() {
        Some(Event::People(event)) => Some(event.person()),
        _ => None,
    };
    Receipt::created(&done, "people", made)
}

/// Enter and change people from a CSV file, wholly or not at all.
///
/// At most 16 MiB. The columns are name, mail, engagement, department, job, clearance, roles, manager, starts, ends. People
/// are known again by their mail address. For human resources and administrators.
#[utoipa::path(
    post,
    path = "/api/v1/people/import",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv", description = "The file, in UTF-8."),
    responses((status = 200, description = "What was done, or would be.", body = Imported))
)]
async fn import(
    State(app): State<App>,
    caller: Caller,
    Ask(query): Ask<ImportQuery>,
    request: Request,
) -> Result<Json<Imported>, Problem> {
    // A preview tells which mail addresses are known, so it is for those who may import.
    caller.actor.require(&caller.state, caller.now, domain::KEEPERS, "import people")?;
    let csv = read(request, MOST_BYTES as u64).await?;
    let plan = domain::plan(&caller.state, caller.now, caller.zone(), &csv);
    if let Some(problem) = plan.problem {
        return Err(Refusal::input("csv", problem).into());
    }
    let count = |of: fn(&Planned) -> bool| plan.rows.iter().filter(|row| of(&row.outcome)).count();
    let mut imported = Imported {
        added: count(|planned| matches!(planned, Planned::Add(..))),
        changed: count(|planned| matches!(planned, Planned::Change(..))),
        same: count(|planned| matches!(planned, Planned::Same(_))),
        refused: plan.refused().map(|(line, why)| RefusedRow::new(line, why)).collect(),
        receipt: None,
    };
    if !query.dry_run {
        let command = Command::Import { csv: Arc::from(csv.as_ref()) };
        imported.receipt = Some(Receipt::of(&app.service.act(&caller.actor, command).await?)?);
    }
    Ok(Json(imported))
}

/// Export everybody as CSV that the import reads back. For those who run the programme.
#[utoipa::path(get, path = "/api/v1/people/export", responses((status = 200, description = "The file.", body = String, content_type = "text/csv")))]
async fn export(caller: Caller) -> Result<Response, Problem> {
    caller.actor.require(&caller.state, caller.now, domain::READERS, "export people")?;
    let csv = domain::export(&caller.state, caller.zone());
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv).into_response())
}

/// Look at one person.
#[utoipa::path(get, path = "/api/v1/people/{id}", params(("id" = PersonId, Path)), responses((status = 200, description = "The person.", body = Person)))]
async fn get(caller: Caller, At(id): At<PersonId>) -> Result<Json<Person>, Problem> {
    Ok(Json(Person::of(&caller, known(&caller, id.0)?)))
}

/// Change a person's data: the whole of it, as it shall be.
#[utoipa::path(put, path = "/api/v1/people/{id}", params(("id" = PersonId, Path)), request_body = Data, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    At(id): At<PersonId>,
    Body(data): Body<Data>,
) -> Result<Receipt, Problem> {
    let profile = data.profile(caller.zone());
    Receipt::of(&app.service.act(&caller.actor, Command::Change { person: id.0, profile }).await?)
}

/// Set a person's clearance. For the security officer and administrators.
#[utoipa::path(post, path = "/api/v1/people/{id}/clearance", params(("id" = PersonId, Path)), request_body = Clearance, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn clearance(
    State(app): State<App>,
    caller: Caller,
    At(id): At<PersonId>,
    Body(Clearance { clearance, reason }): Body<Clearance>,
) -> Result<Receipt, Problem> {
    let command = Command::Clear { person: id.0, clearance, reason: reason.0 };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// Set a person's roles. For administrators.
#[utoipa::path(post, path = "/api/v1/people/{id}/roles", params(("id" = PersonId, Path)), request_body = Roles, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn roles(
    State(app): State<App>,
    caller: Caller,
    At(id): At<PersonId>,
    Body(Roles { roles }): Body<Roles>,
) -> Result<Receipt, Problem> {
    let roles = roles.into_iter().map(|role| role.0).collect();
    Receipt::of(&app.service.act(&caller.actor, Command::SetRoles { person: id.0, roles }).await?)
}

/// Suspend a person at once: from the answer on nothing opens for them.
#[utoipa::path(post, path = "/api/v1/people/{id}/suspend", params(("id" = PersonId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn suspend(
    State(app): State<App>,
    caller: Caller,
    At(id): At<PersonId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(&app.service.act(&caller.actor, Command::Suspend { person: id.0, reason: reason.0 }).await?)
}

/// Lift a suspension.
#[utoipa::path(post, path = "/api/v1/people/{id}/reinstate", params(("id" = PersonId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn reinstate(
    State(app): State<App>,
    caller: Caller,
    At(id): At<PersonId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(&app.service.act(&caller.actor, Command::Reinstate { person: id.0, reason: reason.0 }).await?)
}

/// End a person's employment or contract.
#[utoipa::path(post, path = "/api/v1/people/{id}/end", params(("id" = PersonId, Path)), request_body = End, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn end(
    State(app): State<App>,
    caller: Caller,
    At(id): At<PersonId>,
    Body(End { ends, reason }): Body<End>,
) -> Result<Receipt, Problem> {
    let ends = ends.map(|when| when.until(caller.zone()));
    Receipt::of(&app.service.act(&caller.actor, Command::End { person: id.0, ends, reason: reason.0 }).await?)
}

/// Erase the data of somebody who has left, for good. For human resources and administrators.
///
/// Their key is deleted wherever it is kept, so that nobody can read their entries again, signatures among them, from no copy.
/// The number stays, and what was done under it. It cannot be taken back.
#[utoipa::path(post, path = "/api/v1/people/{id}/erase", params(("id" = PersonId, Path)), request_body = Reason, responses((status = 200, description = "Their data were erased.", body = Destroyed)))]
async fn erase(
    State(app): State<App>,
    caller: Caller,
    At(id): At<PersonId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Json<Destroyed>, Problem> {
    Destroyed::of(&app.service.erase_person(&caller.actor, id.0, reason.0).await?)
}

/// What happened to a person, the newest first.
#[utoipa::path(get, path = "/api/v1/people/{id}/history", params(("id" = PersonId, Path), HistoryQuery), responses((status = 200, description = "A page of entries.", body = Page<Entry>)))]
async fn history(
    State(app): State<App>,
    caller: Caller,
    At(id): At<PersonId>,
    Ask(query): Ask<HistoryQuery>,
) -> Result<Page<Entry>, Problem> {
    let person = known(&caller, id.0)?.id;
    super::record::history_of(&app, &caller, person.into(), &query).await
}

fn known(caller: &Caller, id: program::PersonId) -> Result<&domain::Person, Refusal> {
    let refusal = || match caller.state.retention.destruction(id.into()).filter(|_| caller.sees(id)) {
        // As unknown as anybody who never was, to all but those who look through the register.
        Some(erased) => Refusal::new(
            Rule::Unknown,
            format!("the data of `{id}` were erased: entry {} says why", erased.entry),
        ),
        None => Refusal::unknown(id),
    };
    caller.state.people.get(id).filter(|_| caller.sees(id)).ok_or_else(refusal)
}

fn matches(query: &PeopleQuery, person: &domain::Person, now: program::Time) -> bool {
    let text = format!("{} {} {}", person.id, person.name, person.department).to_lowercase();
    let words = query.q.as_deref().unwrap_or_default().to_lowercase();
    query.department.as_ref().is_none_or(|department| department == person.department.as_str())
        && query.engagement.as_ref().is_none_or(|engagement| engagement.0 == person.engagement)
        && query.active.is_none_or(|active| active == person.is_active(now))
        && words.split_whitespace().all(|word| text.contains(word))
}

fn sort_key(person: &domain::Person, sort: Sort) -> Key {
    match sort {
        Sort::Id => Key::Number(0),
        Sort::Name => Key::text(&person.name),
        Sort::Department => Key::text(&person.department),
    }
}

impl Data {
    fn profile(self, zone: &str) -> Profile {
        Profile {
            name: self.name.0,
            mail: self.mail.0,
            engagement: self.engagement.0,
            department: self.department.0,
            job: self.job.map(|job| job.0),
            manager: self.manager.map(|manager| manager.0),
            starts: self.starts.from(zone),
            ends: self.ends.map(|when| when.until(zone)),
        }
    }
}

impl RefusedRow {
    pub(super) fn new(line: u64, why: &str) -> Self {
        Self { line, why: why.to_owned() }
    }
}

impl Person {
    pub(super) fn of(caller: &Caller, person: &domain::Person) -> Self {
        Self {
            id: person.id.into(),
            name: person.name.clone().into(),
            engagement: person.engagement.into(),
            department: person.department.clone().into(),
            active: person.is_active(caller.now),
            details: Details::from(person),
        }
    }
}

impl From<&domain::Person> for Details {
    fn from(person: &domain::Person) -> Self {
        Self {
            mail: person.mail.clone().into(),
            job: person.job.clone().map(Line),
            manager: person.manager.map(PersonId),
            roles: person.roles.iter().copied().map(Role).collect(),
            clearance: person.clearance,
            starts: Stamp(person.starts),
            ends: person.ends.map(Stamp),
            suspended: person.suspended.as_ref().map(|suspension| suspension.reason.clone().into()),
            added: Stamp(person.added),
        }
    }
}

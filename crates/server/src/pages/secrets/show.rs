//! One secret: what it is, its documents, who may open it, its versions and its history.

use super::{act::Act, badge, form, known, list::state_of, looks_back, may};
use crate::app::App;
use crate::frame::Frame;
use crate::pages::history::{History, history_of};
use crate::pages::retention::{HoldRow, holds_on};
use crate::parts::{EntryLink, Mark, Tab, Tier as TierBadge, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use crate::{format, marks};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::access::{self, Circumstances};
use program::documents::{self, Document, Kept};
use program::secrets::{Amount, FACTORS, PlaceKind, Secret, Status};
use program::{PersonId, SecretId};

/// What stands above every part of a secret.
pub(crate) struct Head {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) tier: TierBadge,
    pub(crate) owner: String,
    /// The address of the owner's page; empty where the visitor may not look at it.
    pub(crate) owner_page: String,
    pub(crate) department: String,
    pub(crate) status: (Tone, &'static str),
    pub(crate) review: Option<When>,
    pub(crate) trail: Vec<Tab>,
    pub(crate) tabs: Vec<Tab>,
    /// What the visitor may do: address and words.
    pub(crate) actions: Vec<(String, &'static str)>,
    /// Legal holds on it that the visitor may know of.
    pub(crate) holds: Vec<HoldRow>,
}

impl Head {
    pub(crate) fn new(visitor: &Visitor, secret: &Secret, part: &str) -> Self {
        let id = secret.id;
        let base = format!("/secrets/{id}");
        let state = &visitor.state;
        let here = |name: &str| format!("{base}{name}");
        let live = state.access.grants_to(id).filter(|grant| grant.is_live(visitor.now));
        let live = live.filter(|grant| visitor.sees(grant.id)).count() as u64;
        let tabs = vec![
            Tab::new(here(""), "Overview", part.is_empty()),
            if visitor.sees_whole(secret) {
                Tab::counted(here("/documents"), "Documents", in_use(visitor, secret), part == "documents")
            } else {
                Tab::new(here("/documents"), "Documents", part == "documents")
            },
            Tab::counted(here("/people"), "People", live, part == "people"),
            Tab::counted(here("/versions"), "Versions", secret.versions.len() as u64, part == "versions"),
            Tab::new(here("/history"), "History", part == "history"),
        ];
        let mut actions: Vec<(String, &'static str)> = Act::ALL
            .into_iter()
            .filter(|act| act.is_of_head() && may(visitor, act.trial(visitor, id)))
            .filter(|act| *act != Act::Request || !holds(visitor, id))
            .map(|act| (here(&format!("/{}", act.word())), act.label()))
            .collect();
        if program::evidence::may_export(state, &visitor.actor, visitor.now, id).is_ok() {
            actions.push((here("/evidence"), "Evidence"));
        }
        if form::may_revise(visitor, secret) {
            actions.insert(0, (here("/edit"), "Change"));
        }
        let review = secret.profile.review.filter(|_| secret.status == Status::Accepted);
        Self {
            id: id.to_string(),
            title: secret.profile.title.to_string(),
            tier: badge(secret.tier()),
            owner: visitor.name(secret.profile.owner),
            owner_page: visitor.person_page(secret.profile.owner),
            department: secret.profile.department.to_string(),
            status: state_of(secret.status),
            review: review.map(|review| When::day(review.0, visitor.now.0, &visitor.zone)),
            trail: vec![Tab::new("/secrets", "Register", false), Tab::new(base, id.to_string(), true)],
            tabs,
            actions,
            holds: holds_on(visitor, &[id.into()]),
        }
    }
}

/// Does the visitor hold a grant that does not end soon? Then asking for another is allowed, and not worth a button.
fn holds(visitor: &Visitor, secret: SecretId) -> bool {
    let mut grants = visitor.state.access.grants_between(visitor.person, secret);
    grants.any(|grant| grant.is_live(visitor.now) && !grant.ends_soon(visitor.now))
}

#[derive(Template)]
#[template(path = "secrets/overview.html")]
struct OverviewPage {
    frame: Frame,
    head: Head,
    summary: String,
    /// Whether all that the register holds is shown, or what was written for everybody who may find it.
    whole: bool,
    places: Vec<(&'static str, String)>,
    known_by: Vec<(String, String)>,
    value: Option<Money>,
    cost: Option<Money>,
    factors: Vec<(&'static str, Option<(u8, String)>)>,
    strength: Option<String>,
    submitter: Option<String>,
    accepted: Option<(String, When)>,
    reviewed: Option<When>,
    remark: Option<String>,
    returned: bool,
    has_precise: bool,
    marks: Vec<Mark>,
    opens: bool,
    /// The visitor may see how it stood at a past moment.
    looks_back: bool,
}

struct Money {
    amount: String,
    basis: String,
}

/// `GET /secrets/{id}`
pub(super) async fn overview(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let secret = known(&visitor, &id)?;
    let shown = visitor.shown(secret);
    let profile = &shown.profile;
    let day = |time: program::Time| When::day(time.0, visitor.now.0, &visitor.zone);
    let (opens, marks) = mine(&app, &visitor, secret);
    let person = |id: &PersonId| (visitor.name(*id), visitor.person_page(*id));
    let by =
        |person: Option<PersonId>| person.map_or_else(|| "the operator".to_owned(), |id| visitor.name(id));
    let factors = FACTORS.iter().zip(&profile.factors);
    let page = OverviewPage {
        frame: visitor.frame(profile.title.as_ref(), "/secrets"),
        head: Head::new(&visitor, secret, ""),
        summary: profile.summary.to_string(),
        whole: visitor.sees_whole(secret),
        places: profile.places.iter().map(|place| (sort_of(place.sort), place.name.to_string())).collect(),
        known_by: profile.known_by.iter().map(person).collect(),
        value: profile.value.as_ref().map(money),
        cost: profile.cost.as_ref().map(money),
        factors: factors
            .map(|((_, question), factor)| {
                (*question, factor.as_ref().map(|f| (f.score, f.reason.to_string())))
            })
            .collect(),
        strength: profile.strength().map(|strength| format!("{strength:.1}")),
        submitter: secret.versions.first().map(|version| by(version.person)),
        accepted: secret.accepted.map(|(person, at)| (by(person), day(at))),
        reviewed: secret.reviewed.map(day),
        remark: shown.remark.clone(),
        returned: secret.status == Status::Returned,
        has_precise: secret.precise_at().is_some(),
        marks,
        opens,
        looks_back: looks_back(&visitor, secret),
    };
    render(StatusCode::OK, &page)
}

/// Whether the secret would open for the visitor in this session, and every condition with how it stands.
pub(crate) fn mine(app: &App, visitor: &Visitor, secret: &Secret) -> (bool, Vec<Mark>) {
    let circumstances =
        Circumstances { second_factor_at: visitor.actor.second_factor_at, address: visitor.actor.address };
    let gate = app.service.gate();
    let (decision, because) =
        access::why(&visitor.state, gate, visitor.person, secret.id, visitor.now, Some(circumstances));
    (decision.allowed(), marks::marks(visitor, &because))
}

/// A row of a list of documents.
pub(crate) struct DocumentRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kept: String,
    pub(crate) added: When,
    pub(crate) openings: u64,
    pub(crate) last_opened: Option<When>,
    pub(crate) status: (Tone, &'static str),
}

impl DocumentRow {
    pub(crate) fn new(visitor: &Visitor, document: &Document) -> Self {
        let day = |time: program::Time| When::day(time.0, visitor.now.0, &visitor.zone);
        Self {
            id: document.id.to_string(),
            name: document.name.clone(),
            kept: match &document.kept {
                Kept::Vault { size, .. } => format::size(*size),
                Kept::Elsewhere { .. } => "–".to_owned(),
            },
            added: day(document.added),
            openings: document.openings,
            last_opened: document.last_opened.map(day),
            status: kept(document),
        }
    }
}

/// How a document is kept, in a word or two.
pub(crate) fn kept(document: &Document) -> (Tone, &'static str) {
    match (&document.destroyed, &document.withdrawn, &document.kept) {
        (Some(_), ..) => (Tone::Bad, "Destroyed"),
        (None, Some(_), _) => (Tone::Calm, "Withdrawn"),
        (None, None, Kept::Vault { .. }) => (Tone::Good, "Sealed in the vault"),
        (None, None, Kept::Elsewhere { .. }) => (Tone::Warn, "Kept elsewhere"),
    }
}

#[derive(Template)]
#[template(path = "secrets/documents.html")]
struct DocumentsPage {
    frame: Frame,
    head: Head,
    rows: Vec<DocumentRow>,
    /// The visitor may know which documents there are.
    inside: bool,
    adds: bool,
    has_precise: bool,
}

/// `GET /secrets/{id}/documents`
pub(super) async fn documents(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let secret = known(&visitor, &id)?;
    let page = DocumentsPage {
        frame: visitor.frame(&format!("Documents of {}", secret.profile.title), "/secrets"),
        head: Head::new(&visitor, secret, "documents"),
        rows: visitor
            .state
            .documents
            .of(secret.id)
            .filter(|document| visitor.sees(document.id))
            .map(|document| DocumentRow::new(&visitor, document))
            .collect(),
        inside: visitor.sees_whole(secret),
        adds: documents::may_add(&visitor.state, &visitor.actor, visitor.now, secret.id).is_ok(),
        has_precise: secret.precise_at().is_some(),
    };
    render(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "secrets/people.html")]
struct PeoplePage {
    frame: Frame,
    head: Head,
    opens: bool,
    marks: Vec<Mark>,
    all: bool,
    rows: Vec<PersonRow>,
    grants: Vec<GrantRow>,
    requests: Vec<RequestRow>,
}

struct PersonRow {
    id: String,
    page: String,
    name: String,
    opens: bool,
    failing: String,
    until: Option<When>,
    grant: String,
}

struct GrantRow {
    id: String,
    person: String,
    purpose: String,
    approvers: String,
    ends: When,
    status: (Tone, &'static str),
    /// Why it was taken back, where it was.
    because: String,
    revocable: bool,
}

struct RequestRow {
    id: String,
    person: String,
    purpose: String,
    at: When,
}

/// `GET /secrets/{id}/people`
pub(super) async fn people(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let secret = known(&visitor, &id)?;
    let (opens, marks) = mine(&app, &visitor, secret);
    let all = visitor.oversees(secret.id);
    let state = &visitor.state;
    let moment = |time: program::Time| When::moment(time.0, visitor.now.0, &visitor.zone);
    let shown = |person: PersonId| all || person == visitor.person;
    let who = access::who(state, app.service.gate(), secret.id, visitor.now);
    let mut grants: Vec<&access::Grant> =
        state.access.grants_to(secret.id).filter(|grant| shown(grant.person)).collect();
    grants.sort_by_key(|grant| std::cmp::Reverse(grant.id));
    let pending =
        state.access.pending().filter(|request| request.secret == secret.id && shown(request.person));
    let page = PeoplePage {
        frame: visitor.frame(&format!("People of {}", secret.profile.title), "/secrets"),
        head: Head::new(&visitor, secret, "people"),
        opens,
        marks,
        all,
        rows: who
            .into_iter()
            .filter(|row| shown(row.person))
            .map(|row| PersonRow {
                id: row.person.to_string(),
                page: visitor.person_page(row.person),
                name: visitor.name(row.person),
                opens: row.opens,
                failing: row.failing.iter().map(marks::name).collect::<Vec<_>>().join(", "),
                until: row.until.map(moment),
                grant: row.grant.map(|grant| grant.to_string()).unwrap_or_default(),
            })
            .collect(),
        grants: grants
            .into_iter()
            .map(|grant| GrantRow {
                id: grant.id.to_string(),
                person: visitor.name(grant.person),
                purpose: grant.purpose.clone(),
                approvers: grant.approvers.iter().map(|id| visitor.name(*id)).collect::<Vec<_>>().join(", "),
                ends: moment(grant.ends),
                status: standing(grant, visitor.now),
                because: grant.revoked.as_ref().map(|revoked| revoked.reason.to_string()).unwrap_or_default(),
                revocable: super::act::may_revoke(&visitor, grant.id),
            })
            .collect(),
        requests: pending
            .map(|request| RequestRow {
                id: request.id.to_string(),
                person: visitor.name(request.person),
                purpose: request.purpose.clone(),
                at: moment(request.at),
            })
            .collect(),
    };
    render(StatusCode::OK, &page)
}

fn standing(grant: &access::Grant, now: program::Time) -> (Tone, &'static str) {
    match (&grant.revoked, grant.emergency.is_some()) {
        (Some(_), false) => (Tone::Bad, "taken back"),
        (Some(_), true) => (Tone::Bad, "emergency, taken back"),
        (None, false) if grant.ends <= now => (Tone::Calm, "ended"),
        (None, true) if grant.ends <= now => (Tone::Calm, "emergency, ended"),
        (None, true) => (Tone::Warn, "emergency, in force"),
        (None, false) => (Tone::Good, "in force"),
    }
}

#[derive(Template)]
#[template(path = "secrets/versions.html")]
struct VersionsPage {
    frame: Frame,
    head: Head,
    rows: Vec<VersionRow>,
}

struct VersionRow {
    number: u32,
    at: When,
    by: String,
    entry: EntryLink,
    precise: String,
    /// The instant at which it had just been recorded, for those who may look back.
    stood: Option<String>,
}

/// `GET /secrets/{id}/versions`
pub(super) async fn versions(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let secret = known(&visitor, &id)?;
    let back = looks_back(&visitor, secret);
    let rows = secret.versions.iter().rev().map(|version| VersionRow {
        stood: back.then(|| version.at.rfc3339()),
        number: version.number,
        at: When::moment(version.at.0, visitor.now.0, &visitor.zone),
        by: version.person.map_or_else(|| "The operator".to_owned(), |id| visitor.name(id)),
        entry: visitor.entry(version.position, &[secret.id.into()], version.person),
        precise: match version.precise_at {
            Some(position) if position == version.position => "written in this version".to_owned(),
            Some(position) => format!("as in entry {position}"),
            None => "none".to_owned(),
        },
    });
    let page = VersionsPage {
        frame: visitor.frame(&format!("Versions of {}", secret.profile.title), "/secrets"),
        rows: rows.collect(),
        head: Head::new(&visitor, secret, "versions"),
    };
    render(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "secrets/history.html")]
struct HistoryPage {
    frame: Frame,
    head: Head,
    history: History,
}

/// `GET /secrets/{id}/history`
pub(super) async fn history(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let secret = known(&visitor, &id)?;
    let before = query.iter().find(|(name, _)| name == "before").and_then(|(_, value)| value.parse().ok());
    let page = HistoryPage {
        frame: visitor.frame(&format!("History of {}", secret.profile.title), "/secrets"),
        head: Head::new(&visitor, secret, "history"),
        history: history_of(&app.service, &visitor, secret.id, before, 50).await?,
    };
    render(StatusCode::OK, &page)
}

fn in_use(visitor: &Visitor, secret: &Secret) -> u64 {
    visitor.state.documents.of(secret.id).filter(|document| document.withdrawn.is_none()).count() as u64
}

fn money(amount: &Amount) -> Money {
    Money {
        amount: format!("{} {}", format::number(amount.units), amount.currency),
        basis: amount.basis.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

fn sort_of(sort: PlaceKind) -> &'static str {
    match sort {
        PlaceKind::System => "System",
        PlaceKind::Room => "Room",
        PlaceKind::Other => "Elsewhere",
    }
}

//! The first page: what waits for the visitor, what they may open, what they signed, and what happened to their secrets.

use crate::app::App;
use crate::errors::PageError;
use crate::frame::Frame;
use crate::pages::access::{outcome_of, standing_of};
use crate::pages::history;
use crate::pages::secrets::badge;
use crate::parts::{HistoryRow, Tier as TierBadge, Tone, When};
use crate::respond::{PageResult, render};
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use program::access::{Circumstances, Outcome, Request, openable};
use program::agreements::{PUBLISHERS, Standing};
use program::people::{self, Role};
use program::secrets::Secret;
use program::sight::OVERSEERS;
use program::{DAY, Duty, Subject, Task, duties_of};
use service::{HistoryFilter, ServiceError};

/// How far back the page tells of refusals, in milliseconds.
const REFUSALS_SINCE: i64 = 7 * DAY;
/// How far back the page tells what became of the visitor's own requests.
const ANSWERS_SINCE: i64 = 30 * DAY;
/// How many rows of each list the page shows; each list has a page of its own for the rest.
const SHOWN: usize = 8;

/// The route of the first page.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/", Rule::Person, page)
}

#[derive(Template)]
#[template(path = "home/home.html")]
struct HomePage {
    frame: Frame,
    waits: Vec<Wait>,
    waiting: u64,
    overdue: u64,
    emergencies: Vec<Alarm>,
    refusals: Vec<HistoryRow>,
    open: Vec<Openable>,
    more: u64,
    /// Secrets that a fresh second factor would open too.
    behind_factor: u64,
    agreements: Vec<Signed>,
    requests: Vec<Asked>,
    ending: Vec<Ending>,
    first_steps: Vec<(&'static str, &'static str, &'static str)>,
}

struct Wait {
    text: String,
    due: Option<When>,
    overdue: bool,
    label: &'static str,
    href: String,
}

struct Alarm {
    who: String,
    title: String,
    purpose: String,
    at: When,
    justified: bool,
    href: String,
}

struct Openable {
    id: String,
    title: String,
    tier: TierBadge,
    documents: u64,
}

struct Signed {
    title: String,
    href: String,
    tone: Tone,
    state: String,
}

struct Asked {
    id: String,
    title: String,
    at: When,
    outcome: (Tone, &'static str),
    /// Why it was refused or taken back, where it was.
    because: String,
}

struct Ending {
    id: String,
    secret: String,
    title: String,
    ends: When,
}

async fn page(State(app): State<App>, visitor: Visitor) -> PageResult {
    let (state, now) = (&visitor.state, visitor.now);
    let duties = duties_of(state, visitor.person, now);
    let open = mine(&app, &visitor, true);
    let without_factor = mine(&app, &visitor, false).len();
    let page = HomePage {
        frame: visitor.frame("Home", "/"),
        waiting: duties.len() as u64,
        overdue: duties.iter().filter(|duty| duty.due.is_some_and(|due| due <= now)).count() as u64,
        waits: duties.iter().map(|duty| wait(&visitor, duty)).collect(),
        emergencies: emergencies(&visitor),
        refusals: refusals(&app, &visitor).await?,
        more: open.len().saturating_sub(SHOWN) as u64,
        behind_factor: without_factor.saturating_sub(open.len()) as u64,
        open: open.iter().take(SHOWN).map(|secret| openable_row(&visitor, secret)).collect(),
        agreements: agreements(&visitor),
        requests: requests(&visitor),
        ending: ending(&visitor),
        first_steps: first_steps(&visitor),
    };
    render(StatusCode::OK, &page)
}

/// Where a duty is done, and the words on its button.
fn task_link(task: Task, about: Subject) -> (&'static str, String) {
    match task {
        Task::SignAgreement => ("Read and sign", format!("/agreements/{about}/sign")),
        Task::AnswerRequest => ("Answer", format!("/requests/{about}")),
        Task::JustifyEmergency => ("Say why", format!("/grants/{about}/justify")),
        Task::ReviewEmergency => ("Look at it", format!("/grants/{about}/look")),
        Task::JudgeSubmission => ("Judge it", format!("/secrets/{about}")),
        Task::AmendSubmission => ("Amend it", format!("/secrets/{about}/edit")),
        Task::ReviewSecret => ("Review it", format!("/secrets/{about}/review")),
        Task::SetUpSecondFactor => ("Set it up", "/me".to_owned()),
        Task::ContractEnds => ("Decide", format!("/people/{about}")),
        Task::AskWitness => ("Look at it", "/evidence".to_owned()),
        Task::FinishDestruction => ("Finish it", "/retention".to_owned()),
    }
}

fn wait(visitor: &Visitor, duty: &Duty) -> Wait {
    let (label, href) = task_link(duty.task, duty.about);
    Wait {
        text: duty.text.clone(),
        due: duty.due.map(|due| When::day(due.0, visitor.now.0, &visitor.zone)),
        overdue: duty.due.is_some_and(|due| due <= visitor.now),
        label,
        href,
    }
}

fn mine<'a>(app: &App, visitor: &'a Visitor, this_session: bool) -> Vec<&'a Secret> {
    let circumstances =
        Circumstances { second_factor_at: visitor.actor.second_factor_at, address: visitor.actor.address };
    let circumstances = this_session.then_some(circumstances);
    openable(&visitor.state, app.service.gate(), visitor.person, visitor.now, circumstances)
}

fn openable_row(visitor: &Visitor, secret: &Secret) -> Openable {
    let documents = visitor.state.documents.of(secret.id).filter(|document| document.withdrawn.is_none());
    Openable {
        id: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        tier: badge(secret.tier()),
        documents: documents.count() as u64,
    }
}

/// Emergency accesses that nobody has looked at: to the visitor's own secrets, or to all where they stand in for owners.
fn emergencies(visitor: &Visitor) -> Vec<Alarm> {
    let deputy = visitor.is(&[Role::Counsel, Role::SecurityOfficer]);
    let open = visitor.state.access.open_emergencies().filter(|grant| {
        let owner = visitor.state.secrets.get(grant.secret).map(|secret| secret.profile.owner);
        let unseen = grant.emergency.as_ref().is_some_and(|emergency| emergency.reviewed.is_none());
        unseen && grant.person != visitor.person && (deputy || owner == Some(visitor.person))
    });
    open.map(|grant| Alarm {
        who: visitor.name(grant.person),
        title: visitor.title(grant.secret),
        purpose: grant.purpose.clone(),
        at: When::moment(grant.from.0, visitor.now.0, &visitor.zone),
        justified: grant.emergency.as_ref().is_some_and(|emergency| emergency.justified.is_some()),
        href: format!("/grants/{}/look", grant.id),
    })
    .collect()
}

/// The last refusals at the gate: of everything for those who oversee it, of their own secrets for owners.
async fn refusals(app: &App, visitor: &Visitor) -> Result<Vec<HistoryRow>, PageError> {
    let own = visitor.state.secrets.owned_by(visitor.person).map(|secret| secret.id.into());
    let subjects: Vec<Subject> = if visitor.is(OVERSEERS) { Vec::new() } else { own.collect() };
    if subjects.is_empty() && !visitor.is(OVERSEERS) {
        return Ok(Vec::new());
    }
    let filter = HistoryFilter {
        kinds: vec!["document.refused".to_owned(), "secret.refused".to_owned()],
        subjects,
        since: Some(visitor.now + -REFUSALS_SINCE),
        limit: SHOWN,
        ..HistoryFilter::default()
    };
    match app.service.history(&visitor.actor, &filter).await {
        Ok(found) => Ok(found.entries.iter().map(|entry| history::row(visitor, entry)).collect()),
        // An owner who no longer belongs here reads nothing.
        Err(ServiceError::Refused(_)) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn agreements(visitor: &Visitor) -> Vec<Signed> {
    let all = visitor.state.agreements.iter().filter_map(|agreement| {
        let (tone, state, href) = match visitor.state.agreements.standing(visitor.person, agreement.id) {
            Standing::NotAssigned => return None,
            Standing::Assigned { due, .. } => {
                let until = due.map(|due| format!(" by {}", visitor.day(due)));
                let state = format!("To sign{}", until.unwrap_or_default());
                (Tone::Warn, state, format!("/agreements/{}/sign", agreement.id))
            }
            Standing::Declined(_) => (Tone::Bad, "Declined".to_owned(), "/my/agreements".to_owned()),
            Standing::Signed { at, ends, current, .. } => {
                let (tone, state) = match ends {
                    Some(ends) if ends <= visitor.now => (Tone::Bad, format!("Ended {}", visitor.day(ends))),
                    _ if !current => (Tone::Warn, "An earlier version is signed".to_owned()),
                    _ => (Tone::Good, format!("Signed {}", visitor.day(at))),
                };
                (tone, state, "/my/agreements".to_owned())
            }
        };
        Some(Signed { title: agreement.title().to_owned(), href, tone, state })
    });
    all.take(SHOWN).collect()
}

/// What the visitor asked for and waits for, and what became of what they asked for lately.
fn requests(visitor: &Visitor) -> Vec<Asked> {
    let access = &visitor.state.access;
    let since = visitor.now + -ANSWERS_SINCE;
    let lately = access.requests().rev().take_while(|request| request.at >= since);
    let answered = lately.filter(|request| !matches!(request.outcome, Outcome::Pending | Outcome::Withdrawn));
    let own = access.pending().chain(answered).filter(|request| request.person == visitor.person);
    own.take(SHOWN)
        .map(|request| {
            let (outcome, because) = became(visitor, request);
            Asked {
                id: request.id.to_string(),
                title: visitor.title(request.secret),
                at: When::moment(request.at.0, visitor.now.0, &visitor.zone),
                outcome,
                because,
            }
        })
        .collect()
}

/// What became of a request, and why. What it was granted may be over by now.
fn became(visitor: &Visitor, request: &Request) -> ((Tone, &'static str), String) {
    if let Some(over) = visitor.state.access.grant_by(request).filter(|grant| !grant.is_live(visitor.now)) {
        let because = over.revoked.as_ref().map(|revoked| revoked.reason.clone());
        return (standing_of(over, visitor.now), because.unwrap_or_default());
    }
    let because =
        if let Outcome::Denied(because) = &request.outcome { because.clone() } else { String::new() };
    (outcome_of(&request.outcome), because)
}

fn ending(visitor: &Visitor) -> Vec<Ending> {
    let grants = visitor.state.access.grants_of(visitor.person);
    let soon = grants.filter(|grant| grant.ends_soon(visitor.now));
    soon.map(|grant| Ending {
        id: grant.id.to_string(),
        secret: grant.secret.to_string(),
        title: visitor.title(grant.secret),
        ends: When::moment(grant.ends.0, visitor.now.0, &visitor.zone),
    })
    .collect()
}

/// What a programme begins with, for whoever can begin it: sentence, address, button.
fn first_steps(visitor: &Visitor) -> Vec<(&'static str, &'static str, &'static str)> {
    let state = &visitor.state;
    let mut steps = Vec::new();
    if state.people.len() < 2 && visitor.is(people::KEEPERS) {
        steps.push((
            "Enter the people who work here, one by one or from a file.",
            "/people/import",
            "Add people",
        ));
    }
    if state.agreements.is_empty() && visitor.is(PUBLISHERS) {
        let why = "Publish the confidentiality agreement that people sign before anything opens for them.";
        steps.push((why, "/agreements/new", "Publish an agreement"));
    }
    let counsel = || {
        let active = state.people.iter().filter(|person| person.is_active(visitor.now));
        active.filter(|person| PUBLISHERS.iter().any(|role| person.roles.contains(role))).count()
    };
    if state.people.len() > 1 && visitor.is(people::ROLE_GIVERS) && counsel() == 0 {
        let why = "Say who is counsel: they accept secrets, and publish the agreement that people sign before anything opens for them.";
        steps.push((why, "/people", "Give a role"));
    }
    if state.secrets.is_empty() {
        let why = "Put the first trade secret forward. Start with the one that would hurt most.";
        steps.push((why, "/secrets/new", "Put a secret forward"));
    }
    steps
}

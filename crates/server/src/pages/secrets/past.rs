//! A secret as it stood at a past moment: what it was, its documents, who could open it and why.

use super::list::state_of;
use super::{badge, known};
use crate::app::App;
use crate::format;
use crate::frame::Frame;
use crate::marks;
use crate::moment;
use crate::parts::{EntryLink, Errors, Mark, Tab, Tier as TierBadge, Tone, When};
use crate::respond::{PageResult, as_errors, render, sentence};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::access::{self, why};
use program::documents::Kept;
use program::secrets::Secret;
use program::{PersonId, Refusal, Time, sight};
use serde::Deserialize;
use service::AsOf;

/// Which moment: a day and a time of day as people type them, or an instant as links name it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    day: String,
    clock: String,
    at: String,
}

#[derive(Template)]
#[template(path = "secrets/past.html")]
struct PastPage {
    frame: Frame,
    trail: Vec<Tab>,
    secret: String,
    /// What it is called today, where the moment cannot be shown.
    today: String,
    past: Option<Past>,
    asked: Asked,
    errors: Errors,
}

/// What stood then.
struct Past {
    when: String,
    title: String,
    tier: TierBadge,
    status: (Tone, &'static str),
    owner: String,
    department: String,
    summary: String,
    versions: Vec<(u32, When, String, EntryLink)>,
    documents: Vec<(String, String, &'static str)>,
    rows: Vec<Row>,
    /// Nobody needed a grant: everybody is listed.
    everybody: bool,
    opens: String,
}

/// How somebody stood.
struct Row {
    name: String,
    opens: bool,
    grant: String,
    marks: Vec<Mark>,
}

/// May the visitor look back at this secret?
pub(crate) fn looks_back(visitor: &Visitor, secret: &Secret) -> bool {
    sight::may_read_history(&visitor.state, &visitor.actor, visitor.now, secret.id.into())
}

/// `GET /secrets/{id}/as-of?day=&clock=` or `?at=`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let secret = known(&visitor, &id)?;
    let mut errors = Errors::default();
    let past = match read(&visitor, &asked) {
        Ok(Some(time)) => match app.service.as_of(&visitor.actor, secret.id, time).await {
            Ok(past) => stood(&app, &visitor, &past),
            Err(error) => {
                errors.0.extend(as_errors(error)?.0);
                None
            }
        },
        // Who may look back is asked even where no moment is named yet.
        Ok(None) => {
            app.service.as_of(&visitor.actor, secret.id, visitor.now).await?;
            None
        }
        Err(refusal) => {
            errors.add("day", sentence(&refusal));
            None
        }
    };
    for error in &mut errors.0 {
        error.field = "day".to_owned();
    }
    let base = format!("/secrets/{}", secret.id);
    let page = PastPage {
        frame: visitor.frame(&format!("{} as it stood", secret.id), "/secrets"),
        trail: vec![
            Tab::new("/secrets", "Register", false),
            Tab::new(base.clone(), secret.id.to_string(), false),
            Tab::new(format!("{base}/as-of"), "As it stood", true),
        ],
        secret: secret.id.to_string(),
        today: secret.profile.title.to_string(),
        past,
        asked,
        errors,
    };
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(status, &page)
}

fn read(visitor: &Visitor, asked: &Asked) -> Result<Option<Time>, Refusal> {
    if asked.at.trim().is_empty() {
        return moment::read(&asked.day, &asked.clock, &visitor.zone, visitor.now);
    }
    Time::parse(&asked.at).map(Some).map_err(|error| Refusal::input("as_of", error.to_string()))
}

fn stood(app: &App, visitor: &Visitor, past: &AsOf) -> Option<Past> {
    let state = &past.state;
    let secret = state.secrets.get(past.secret)?;
    // People are called as they were called then, as long as anything is left of it.
    let name = |person: PersonId| {
        state.people.get(person).map_or_else(|| visitor.name(person), |person| person.name.to_string())
    };
    let shown = visitor.shown(secret);
    let gate = app.service.gate();
    let who = access::who(state, gate, secret.id, past.time);
    let opens = who.iter().filter(|row| row.opens).count();
    let asks = state.access.requirement(secret.tier()).conditions;
    let rows = who.iter().map(|row| {
        let (_, because) = why(state, gate, row.person, secret.id, past.time, None);
        Row {
            name: name(row.person),
            opens: row.opens,
            grant: row.grant.map(|grant| grant.to_string()).unwrap_or_default(),
            marks: marks::marks_then(visitor, &because),
        }
    });
    let versions = secret.versions.iter().rev().map(|version| {
        let by = version.person.map_or_else(|| "The operator".to_owned(), name);
        let entry = visitor.entry(version.position, &[secret.id.into()], version.person);
        (version.number, visitor.moment(version.at), by, entry)
    });
    let documents = state.documents.of(secret.id).map(|document| {
        let gone = visitor.state.documents.get(document.id).is_some_and(|now| now.destroyed.is_some());
        let (size, word) = match (&document.withdrawn, &document.kept) {
            _ if document.destroyed.is_some() => ("–".to_owned(), "destroyed"),
            // It was there then, and nobody can read it now.
            (_, Kept::Vault { size, .. }) if gone => (format::size(*size), "destroyed since"),
            (Some(_), _) => ("–".to_owned(), "withdrawn"),
            (None, Kept::Vault { size, .. }) => (format::size(*size), "sealed in the vault"),
            (None, Kept::Elsewhere { .. }) => ("–".to_owned(), "kept elsewhere"),
        };
        (format!("{} ({})", document.name, document.id), size, word)
    });
    Some(Past {
        when: visitor.when(past.time),
        title: secret.profile.title.to_string(),
        tier: badge(secret.tier()),
        status: state_of(secret.status),
        owner: name(secret.profile.owner),
        department: secret.profile.department.to_string(),
        summary: shown.profile.summary.to_string(),
        versions: versions.collect(),
        documents: documents.collect(),
        everybody: !asks.contains(gate::Condition::Grant),
        opens: format!("{opens} of {}", format::count(rows.len() as u64, "person", "people")),
        rows: rows.collect(),
    })
}

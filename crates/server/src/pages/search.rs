//! Search over everything the visitor may see: secrets, people, documents, agreements, requests. Exact, in memory.

use crate::frame::Frame;
use crate::pages::table::contains;
use crate::respond::{PageResult, render};
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use program::people::READERS;
use program::retention::RETENTION_READERS;
use program::secrets::Secret;
use program::{AgreementId, Subject, agreements};
use serde::Deserialize;

/// How many results of each sort the page shows; their lists show all of them.
const SHOWN: usize = 10;

/// The route of the search.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/search", Rule::Person, page)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
}

#[derive(Template)]
#[template(path = "search/search.html")]
struct SearchPage {
    frame: Frame,
    q: String,
    sorts: Vec<Sort>,
    found: u64,
}

/// The results of one sort.
struct Sort {
    name: &'static str,
    total: u64,
    hits: Vec<Hit>,
    /// Where all of them are listed, where there is such a list.
    all: Option<String>,
}

struct Hit {
    href: String,
    title: String,
    about: String,
}

/// `GET /search?q=`. The id of a thing leads straight to it.
async fn page(visitor: Visitor, Query(asked): Query<Asked>) -> PageResult {
    let q = asked.q.trim();
    if let Some(to) = q.parse::<Subject>().ok().and_then(|subject| direct(&visitor, subject)) {
        return Ok(Redirect::to(&to).into_response());
    }
    let sorts = if q.is_empty() {
        Vec::new()
    } else {
        let sorts = [
            secrets_like(&visitor, q),
            people(&visitor, q),
            documents(&visitor, q),
            agreed(&visitor, q),
            requests(&visitor, q),
        ];
        sorts.into_iter().filter(|sort| sort.total > 0).collect()
    };
    let mut frame = visitor.frame("Search", "/search");
    frame.query = q.to_owned();
    let page = SearchPage { frame, q: q.to_owned(), found: sorts.iter().map(|sort| sort.total).sum(), sorts };
    render(StatusCode::OK, &page)
}

/// Where the page of this is, where the visitor may see it.
fn direct(visitor: &Visitor, subject: Subject) -> Option<String> {
    if !visitor.sees(subject) {
        return None;
    }
    let area = match subject {
        Subject::SecretId(_) => "secrets",
        Subject::PersonId(_) => "people",
        Subject::DocumentId(_) => "documents",
        Subject::RequestId(_) => "requests",
        Subject::GrantId(_) => "grants",
        Subject::AgreementId(id) => return Some(agreement_link(visitor, id)),
        Subject::HoldId(_) if visitor.is(RETENTION_READERS) => {
            return Some(format!("/retention/holds?q={subject}"));
        }
        // The owner of what is held sees it there.
        Subject::HoldId(id) => {
            return visitor.state.retention.hold(id).and_then(|hold| direct(visitor, hold.about));
        }
        Subject::AccountId(_) | Subject::SessionId(_) | Subject::TokenId(_) => return None,
    };
    Some(format!("/{area}/{subject}"))
}

/// Gathers the first hits, and counts all.
fn sort<T>(
    name: &'static str,
    all: Option<String>,
    found: impl Iterator<Item = T>,
    hit: impl Fn(T) -> Hit,
) -> Sort {
    let mut sort = Sort { name, total: 0, hits: Vec::new(), all };
    for one in found {
        sort.total = sort.total.saturating_add(1);
        if sort.hits.len() < SHOWN {
            sort.hits.push(hit(one));
        }
    }
    sort
}

fn list(path: &str, q: &str) -> Option<String> {
    Some(format!("{path}?q={}", crate::respond::encoded(q)))
}

fn secrets_like(visitor: &Visitor, q: &str) -> Sort {
    let fits = |secret: &&Secret| {
        let profile = &secret.profile;
        let text = [profile.title.as_str(), profile.summary.as_str(), profile.department.as_str()];
        text.iter().any(|text| contains(text, q)) && visitor.sees(secret.id)
    };
    sort("Secrets", list("/secrets", q), visitor.state.secrets.iter().filter(fits), |secret| Hit {
        href: format!("/secrets/{}", secret.id),
        title: secret.profile.title.to_string(),
        about: format!("{} · {} · {}", secret.id, secret.tier().name(), secret.profile.department),
    })
}

fn people(visitor: &Visitor, q: &str) -> Sort {
    let all = visitor.state.people.iter().filter(|person| {
        let texts = [person.name.as_str(), person.mail.as_str(), person.department.as_str()];
        texts.iter().any(|text| contains(text, q)) && visitor.sees(person.id)
    });
    let to = visitor.is(READERS).then(|| list("/people", q)).flatten();
    sort("People", to, all, |person| Hit {
        href: format!("/people/{}", person.id),
        title: person.name.to_string(),
        about: format!("{} · {}", person.id, person.department),
    })
}

fn documents(visitor: &Visitor, q: &str) -> Sort {
    let all = visitor.state.documents.iter();
    let all = all.filter(|document| contains(&document.name, q) && visitor.sees(document.id));
    sort("Documents", None, all, |document| Hit {
        href: format!("/documents/{}", document.id),
        title: document.name.clone(),
        about: format!(
            "{} · {}{}",
            document.id,
            visitor.title(document.secret),
            if document.destroyed.is_some() { " · destroyed" } else { "" }
        ),
    })
}

/// The page of an agreement that the visitor may see: its own for those who run them, the signing or the list of one's own
/// for whoever it is for.
fn agreement_link(visitor: &Visitor, id: AgreementId) -> String {
    if visitor.is(agreements::READERS) {
        format!("/agreements/{id}")
    } else if visitor.state.agreements.is_assigned(visitor.person, id) {
        format!("/agreements/{id}/sign")
    } else {
        "/my/agreements".to_owned()
    }
}

fn agreed(visitor: &Visitor, q: &str) -> Sort {
    let fits = visitor.state.agreements.iter().filter(|agreement| contains(agreement.title(), q));
    let seen = fits.filter(|agreement| visitor.sees(agreement.id));
    sort("Agreements", None, seen, |agreement| Hit {
        href: agreement_link(visitor, agreement.id),
        title: agreement.title().to_owned(),
        about: format!("{} · version {}", agreement.id, agreement.versions.len()),
    })
}

fn requests(visitor: &Visitor, q: &str) -> Sort {
    let all = visitor.state.access.requests().rev().filter(|request| {
        let text = || {
            format!("{} {} {}", visitor.name(request.person), visitor.title(request.secret), request.purpose)
        };
        visitor.sees(request.id) && contains(&text(), q)
    });
    sort("Requests", list("/requests", q), all, |request| Hit {
        href: format!("/requests/{}", request.id),
        title: format!("{} asks for {}", visitor.name(request.person), visitor.title(request.secret)),
        about: format!("{} · {}", request.id, visitor.day(request.at)),
    })
}

//! Who may open what: requests and their answers, grants and their end, emergencies, "who can?" and "why can't I?".

mod act;
mod emergency;
mod grant;
mod grants;
mod request;
mod requests;
mod who;
mod why;

pub(crate) use grants::{SEES_OPENINGS, is_unused};

use crate::errors::PageError;
use crate::pages::secrets::id;
use crate::parts::Tab;
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use program::access::{Grant, Request};
use program::people::Role;
use program::secrets::{self, Secret};
use program::{Command, GrantId, PersonId, RequestId, SecretId};

/// Who sees every request and grant: those who answer for access, and the auditor.
const WATCHERS: &[Role] = &[Role::Counsel, Role::SecurityOfficer, Role::Auditor];
/// Who sees every grant: besides them, those who see people out.
const GRANT_WATCHERS: &[Role] = &[Role::Counsel, Role::SecurityOfficer, Role::Auditor, Role::HumanResources];

/// Every route of access. One request or grant is open to everybody signed in: to those it is not for, it does not exist.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/requests", Rule::Person, requests::page)
        .get("/requests.csv", Rule::Person, requests::csv)
        .get("/requests.json", Rule::Person, requests::json)
        .get("/requests/{id}", Rule::Person, request::page)
        .post("/requests/{id}/approve", Rule::Person, request::approve)
        .get("/requests/{id}/refuse", Rule::Person, request::ask_refuse)
        .post("/requests/{id}/refuse", Rule::Person, request::refuse)
        .get("/requests/{id}/withdraw", Rule::Person, request::ask_withdraw)
        .post("/requests/{id}/withdraw", Rule::Person, request::withdraw)
        .get("/secrets/{id}/emergency", Rule::Person, emergency::form)
        .post("/secrets/{id}/emergency", Rule::Person, emergency::take)
        .get("/grants", Rule::Person, grants::page)
        .get("/grants.csv", Rule::Person, grants::csv)
        .get("/grants.json", Rule::Person, grants::json)
        .get("/grants/{id}", Rule::Person, grant::page)
        .get("/grants/{id}/revoke", Rule::Person, grant::ask_revoke)
        .post("/grants/{id}/revoke", Rule::Person, grant::revoke)
        .get("/grants/{id}/justify", Rule::Person, grant::ask_justify)
        .post("/grants/{id}/justify", Rule::Person, grant::justify)
        .get("/grants/{id}/look", Rule::Person, grant::ask_look)
        .post("/grants/{id}/look", Rule::Person, grant::look)
        .get("/secrets/{id}/who", Rule::Person, who::page)
        .get("/secrets/{id}/who.csv", Rule::Person, who::csv)
        .get("/secrets/{id}/who.json", Rule::Person, who::json)
        .get("/access/why", Rule::Person, why::page)
}

/// A secret's title, or its id alone to somebody who handles the access to it and may not know what it is.
pub(crate) fn subject_title(visitor: &Visitor, secret: SecretId) -> String {
    let found = visitor.state.secrets.get(secret);
    let seen = found.filter(|found| secrets::may_see(&visitor.state, &visitor.actor, visitor.now, found));
    seen.map_or_else(|| secret.to_string(), |found| found.profile.title.to_string())
}

fn owns(visitor: &Visitor, secret: SecretId) -> bool {
    visitor.state.secrets.get(secret).is_some_and(|secret| secret.profile.owner == visitor.person)
}

/// May the visitor see this request: their own, one for their secret, or all of them by role?
pub(crate) fn sees_request(visitor: &Visitor, request: &Request) -> bool {
    request.person == visitor.person || owns(visitor, request.secret) || visitor.is(WATCHERS)
}

/// May the visitor see this grant?
pub(crate) fn sees_grant(visitor: &Visitor, grant: &Grant) -> bool {
    grant.person == visitor.person || owns(visitor, grant.secret) || visitor.is(GRANT_WATCHERS)
}

fn known_request<'a>(visitor: &'a Visitor, text: &str) -> Result<(&'a Request, &'a Secret), PageError> {
    let found =
        visitor.state.access.request(id::<RequestId>(text)?).filter(|found| sees_request(visitor, found));
    let secret = found.and_then(|found| visitor.state.secrets.get(found.secret));
    found.zip(secret).ok_or(PageError::NotFound)
}

fn known_grant<'a>(visitor: &'a Visitor, text: &str) -> Result<(&'a Grant, &'a Secret), PageError> {
    let found = visitor.state.access.grant(id::<GrantId>(text)?).filter(|found| sees_grant(visitor, found));
    let secret = found.and_then(|found| visitor.state.secrets.get(found.secret));
    found.zip(secret).ok_or(PageError::NotFound)
}

/// May the visitor ask how others stand with a secret? Its owner, and those who answer for access.
fn sees_others(visitor: &Visitor, secret: &Secret) -> bool {
    secret.profile.owner == visitor.person || visitor.is(WATCHERS)
}

/// May the visitor ask how this person stands with this secret?
fn sees_why(visitor: &Visitor, person: PersonId, secret: &Secret) -> bool {
    person == visitor.person || sees_others(visitor, secret) || visitor.is(&[Role::HumanResources])
}

/// Would this be allowed now? Asked of the rules themselves, so that no page offers what they refuse.
fn allowed(visitor: &Visitor, command: impl Into<Command>) -> bool {
    program::decide(&visitor.state, &visitor.actor, visitor.now, &command.into()).is_ok()
}

/// Where a page lies: the list, the thing itself.
fn trail(list: &str, label: &str, href: String, title: String) -> Vec<Tab> {
    vec![Tab::new(list, label, false), Tab::new(href, title, true)]
}

/// Rows as CSV (RFC 4180). What a spreadsheet would run as a formula is set off with an apostrophe.
fn csv_of<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let tame = |cell: String| {
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
    };
    let mut written = out.write_record(head);
    for row in rows {
        written = written.and_then(|()| out.write_record(row.into_iter().map(tame)));
    }
    // Writing into memory does not fail; a row of another length would, and tests have no such row.
    written.and_then(|()| out.into_inner().map_err(|error| error.into_error().into())).unwrap_or_default()
}

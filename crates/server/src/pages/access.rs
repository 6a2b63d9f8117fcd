//! Who may open what: requests and their answers, grants and their end, emergencies, "who can?" and "why can't I?".

mod act;
mod emergency;
mod grant;
mod grants;
mod request;
mod requests;
mod who;
mod why;

pub(crate) use grants::standing_of;
pub(crate) use requests::outcome_of;

use crate::errors::PageError;
use crate::pages::secrets::id;
use crate::parts::Tab;
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use program::access::{self, Grant, Request};
use program::secrets::Secret;
use program::{GrantId, PersonId, RequestId};

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

fn known_request<'a>(visitor: &'a Visitor, text: &str) -> Result<(&'a Request, &'a Secret), PageError> {
    let found = visitor.state.access.request(id::<RequestId>(text)?).filter(|found| visitor.sees(found.id));
    let secret = found.and_then(|found| visitor.state.secrets.get(found.secret));
    found.zip(secret).ok_or(PageError::NotFound)
}

fn known_grant<'a>(visitor: &'a Visitor, text: &str) -> Result<(&'a Grant, &'a Secret), PageError> {
    let found = visitor.state.access.grant(id::<GrantId>(text)?).filter(|found| visitor.sees(found.id));
    let secret = found.and_then(|found| visitor.state.secrets.get(found.secret));
    found.zip(secret).ok_or(PageError::NotFound)
}

/// May the visitor ask how this person stands with this secret?
fn sees_why(visitor: &Visitor, person: PersonId, secret: &Secret) -> bool {
    access::may_ask_why(&visitor.state, &visitor.actor, visitor.now, person, secret)
}

/// Where a page lies: the list, the thing itself.
fn trail(list: &str, label: &str, href: String, title: String) -> Vec<Tab> {
    vec![Tab::new(list, label, false), Tab::new(href, title, true)]
}

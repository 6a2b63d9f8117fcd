//! "Why can't I?": one person and one secret, every condition that is asked, and what can be done about those that fail.

use super::{sees_why, trail};
use crate::app::App;
use crate::errors::PageError;
use crate::frame::Frame;
use crate::marks;
use crate::pages::people::named;
use crate::pages::secrets::{badge, known};
use crate::parts::{Errors, Mark, Tab, Tier as TierBadge, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use program::access::{Circumstances, why};
use program::{PersonId, Time};
use serde::Deserialize;

/// About whom and what; without a person, about the visitor.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    person: String,
    secret: String,
}

#[derive(Template)]
#[template(path = "access/why.html")]
struct WhyPage {
    frame: Frame,
    trail: Vec<Tab>,
    secret: String,
    title: String,
    tier: TierBadge,
    own: bool,
    name: String,
    opens: bool,
    failing: u64,
    until: Option<When>,
    marks: Vec<Mark>,
    asks_others: bool,
    emergency: bool,
    typed: String,
    errors: Errors,
}

/// `GET /access/why?person=&secret=`
pub(super) async fn page(app: State<App>, visitor: Visitor, Query(asked): Query<Question>) -> PageResult {
    let secret = known(&visitor, &asked.secret)?;
    let mut errors = Errors::default();
    let person = match asked.person.trim() {
        "" => visitor.person,
        // The directory is not for everybody: who may not ask about others learns nothing from a name they guess.
        typed if visitor.oversees(secret.id) => named(&visitor.state, typed).unwrap_or_else(|wrong| {
            errors.add("person", wrong);
            visitor.person
        }),
        typed => typed.parse::<PersonId>().map_err(|_| PageError::NotFound)?,
    };
    if visitor.state.people.get(person).is_none() || !sees_why(&visitor, person, secret) {
        return Err(PageError::NotFound);
    }
    let own = person == visitor.person;
    let circumstances =
        Circumstances { second_factor_at: visitor.actor.second_factor_at, address: visitor.actor.address };
    let circumstances = own.then_some(circumstances);
    let (decision, because) =
        why(&visitor.state, app.service.gate(), person, secret.id, visitor.now, circumstances);
    let requirement = visitor.state.access.requirement(secret.tier());
    let grant_fails = because.iter().any(|one| !one.met && one.condition == gate::Condition::Grant);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = WhyPage {
        frame: visitor.frame(&format!("Why {} opens or not", secret.profile.title), "/secrets"),
        trail: trail("/secrets", "Register", format!("/secrets/{}", secret.id), secret.id.to_string()),
        secret: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        tier: badge(secret.tier()),
        own,
        name: visitor.name(person),
        opens: decision.allowed(),
        failing: because.iter().filter(|one| !one.met).count() as u64,
        until: decision.valid_until().filter(|_| decision.allowed()).map(|until| visitor.moment(Time(until))),
        marks: marks::marks_of(&visitor, person, &because),
        asks_others: visitor.oversees(secret.id),
        emergency: own && grant_fails && requirement.emergency_minutes > 0,
        typed: asked.person,
        errors,
    };
    render(status, &page)
}

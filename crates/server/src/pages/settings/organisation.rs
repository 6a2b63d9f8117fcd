//! The organisation's name and time zone.

use crate::app::App;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::parts::Errors;
use crate::respond::{PageResult, as_errors, capital, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use program::{Line, OrganisationCommand};
use serde::Deserialize;

/// What was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    name: String,
    zone: String,
}

#[derive(Template)]
#[template(path = "settings/organisation.html")]
struct OrganisationPage {
    frame: Frame,
    value: Typed,
    errors: Errors,
}

/// `GET /settings/organisation`
pub(super) async fn page(visitor: Visitor) -> PageResult {
    let organisation = &visitor.state.organisation;
    let value = Typed { name: organisation.name.clone(), zone: organisation.zone.clone() };
    show(&visitor, StatusCode::OK, value, Errors::default())
}

/// `POST /settings/organisation`
pub(super) async fn change(
    app: State<App>,
    visitor: Visitor,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let name = match Line::new(&typed.name) {
        Ok(name) => name,
        Err(error) => {
            let mut errors = Errors::default();
            errors.add("name", capital(&error.to_string()));
            return show(&visitor, StatusCode::UNPROCESSABLE_ENTITY, typed, errors);
        }
    };
    let command = OrganisationCommand::Change { name, zone: typed.zone.trim().to_owned() };
    match app.service.act(&visitor.actor, command).await {
        Ok(done) => {
            Ok(recorded("/settings/organisation", &done, "The organisation's name and zone were changed."))
        }
        Err(error) => show(&visitor, StatusCode::UNPROCESSABLE_ENTITY, typed, as_errors(error)?),
    }
}

fn show(visitor: &Visitor, status: StatusCode, value: Typed, errors: Errors) -> PageResult {
    let frame = visitor.frame("Organisation", super::requirements::NAV);
    render(status, &OrganisationPage { frame, value, errors })
}

//! The one form behind every act on access: what will happen, what is asked, and a button that says it.

use crate::app::App;
use crate::form::is_confirmed;
use crate::frame::Frame;
use crate::parts::{Choice, Errors, Mark, Tab, Tone};
use crate::respond::{PageResult, as_errors, capital, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::http::StatusCode;
use program::Text;
use program::access::Command;
use serde::Deserialize;

/// Everything that the forms of access may carry; each reads what it asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub(super) purpose: String,
    pub(super) reason: String,
    pub(super) in_order: String,
    pub(super) confirm: String,
}

/// A field of several lines.
pub(super) struct Area {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) help: &'static str,
    pub(super) value: String,
    pub(super) required: bool,
}

#[derive(Template)]
#[template(path = "access/act.html")]
pub(super) struct ActPage {
    pub(super) frame: Frame,
    pub(super) trail: Vec<Tab>,
    pub(super) heading: String,
    pub(super) tone: Tone,
    pub(super) says_title: String,
    pub(super) says: Vec<String>,
    pub(super) quote: String,
    pub(super) marks: Vec<Mark>,
    pub(super) action: String,
    pub(super) choices: Vec<Choice>,
    pub(super) area: Option<Area>,
    pub(super) confirm: Option<String>,
    pub(super) submit: &'static str,
    pub(super) kind: &'static str,
    pub(super) back: String,
    pub(super) errors: Errors,
}

impl ActPage {
    /// A form with a heading, where it is sent, and what its button says.
    pub(super) fn new(
        visitor: &Visitor,
        heading: String,
        action: String,
        submit: &'static str,
        back: String,
    ) -> Self {
        Self {
            frame: visitor.frame(&heading, "/requests"),
            trail: Vec::new(),
            heading,
            tone: Tone::Calm,
            says_title: "What will happen".to_owned(),
            says: Vec::new(),
            quote: String::new(),
            marks: Vec::new(),
            action,
            choices: Vec::new(),
            area: None,
            confirm: None,
            submit,
            kind: "primary",
            back,
            errors: Errors::default(),
        }
    }

    /// The page as it is first asked for.
    pub(super) fn show(self) -> PageResult {
        render(StatusCode::OK, &self)
    }

    /// Does what the form asks and goes to `to`; where it is refused, the page again.
    pub(super) async fn run(
        self,
        app: &App,
        visitor: &Visitor,
        command: Command,
        to: &str,
        said: impl Into<String>,
    ) -> PageResult {
        match app.service.act(&visitor.actor, command).await {
            Ok(done) => Ok(recorded(to, &done, said)),
            Err(error) => self.again(as_errors(error)?),
        }
    }

    /// The page again, with what is wrong; nothing typed is lost.
    pub(super) fn again(mut self, errors: Errors) -> PageResult {
        self.errors = errors;
        render(StatusCode::UNPROCESSABLE_ENTITY, &self)
    }
}

/// A text that has to be there.
pub(super) fn text(errors: &mut Errors, field: &str, typed: &str) -> Option<Text> {
    match Text::new(typed) {
        Ok(text) => Some(text),
        Err(error) => {
            errors.add(field, capital(&error.to_string()));
            None
        }
    }
}

/// A text that may be left out.
pub(super) fn remark(errors: &mut Errors, field: &str, typed: &str) -> Option<Text> {
    if typed.trim().is_empty() { None } else { text(errors, field, typed) }
}

/// Was the name typed that the form asked for?
pub(super) fn confirmed(errors: &mut Errors, typed: &str, wanted: &str) {
    if !is_confirmed(typed, wanted) {
        errors.add("confirm", format!("Type “{wanted}” to go on"));
    }
}

//! Keys that may still be somewhere: deleting them now, and saying that a folder of them is no more.

use super::holds::{status, trail};
use crate::app::App;
use crate::errors::PageError;
use crate::form::{SafeForm, is_confirmed};
use crate::frame::{Flash, FlashKind, Frame};
use crate::pages::people::{complain, line, text};
use crate::parts::{Errors, Tab, When};
use crate::respond::{PageResult, recorded, render, said};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Query, State};
use program::retention::{Command, Place};
use serde::Deserialize;

/// `POST /retention/finish`: looks again in every place in which keys may still be.
pub(super) async fn finish(State(app): State<App>, visitor: Visitor) -> PageResult {
    let receipts = app.service.finish_destructions(&visitor.actor).await?;
    let open = app.service.state().retention.destructions().filter(|one| one.is_open()).count();
    let entry = receipts.first().map(|recorded| recorded.position);
    let (kind, text) = match (open, entry) {
        (0, _) => (FlashKind::Done, "No key is left that ought to be gone"),
        (_, Some(_)) => {
            (FlashKind::Warning, "Some keys were deleted; others may still be where this page says")
        }
        (_, None) => (
            FlashKind::Failed,
            "Nothing could be deleted: no place in which keys may still be can be reached yet",
        ),
    };
    Ok(said("/retention", Flash { kind, text: text.to_owned(), entry }))
}

/// What is typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    keys: String,
    reason: String,
    confirm: String,
}

#[derive(Template)]
#[template(path = "retention/forget.html")]
struct ForgetPage {
    frame: Frame,
    trail: Vec<Tab>,
    keys: String,
    version: u32,
    when: When,
    /// How much was destroyed whose keys may still be in this folder.
    waiting: u64,
    typed: Typed,
    errors: Errors,
}

/// `GET /retention/forget?keys=`
pub(super) async fn ask_forget(visitor: Visitor, Query(typed): Query<Typed>) -> PageResult {
    let place = known(&visitor, &typed.keys)?;
    forget_page(&visitor, place, Typed::default(), Errors::default())
}

/// `POST /retention/forget`
pub(super) async fn forget(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let place = known(&visitor, &typed.keys)?;
    let mut errors = Errors::default();
    let keys = line(&mut errors, "keys", "Folder", &typed.keys);
    let reason = text(&mut errors, "reason", "What became of it", &typed.reason);
    if !is_confirmed(&typed.confirm, place.keys.as_str()) {
        errors.add("confirm", format!("Type “{}” to go on.", place.keys));
    }
    if let (Some(keys), Some(reason), true) = (keys, reason, errors.is_empty()) {
        match app.service.act(&visitor.actor, Command::ForgetPlace { keys, reason }).await {
            Ok(done) => {
                return Ok(recorded("/retention", &done, "Nobody looks for keys in that folder any more"));
            }
            Err(error) => complain(error, &mut errors)?,
        }
    }
    forget_page(&visitor, place, typed, errors)
}

fn forget_page(visitor: &Visitor, place: &Place, typed: Typed, errors: Errors) -> PageResult {
    let here = format!("/retention/forget?keys={}", crate::respond::encoded(place.keys.as_str()));
    let waiting = visitor.state.retention.destructions().filter(|one| {
        let mut left = one.receipt.iter().flat_map(|receipt| &receipt.left);
        left.any(|left| left.place == place.keys.as_str())
    });
    let page = ForgetPage {
        frame: visitor.frame("A folder of keys is no more", "/retention"),
        trail: trail(&here, "A folder of keys is no more"),
        keys: place.keys.to_string(),
        version: place.version,
        when: visitor.moment(place.at),
        waiting: waiting.count() as u64,
        typed,
        errors,
    };
    render(status(&page.errors), &page)
}

fn known<'a>(visitor: &'a Visitor, keys: &str) -> Result<&'a Place, PageError> {
    visitor.state.retention.places().find(|place| place.keys.as_str() == keys).ok_or(PageError::NotFound)
}

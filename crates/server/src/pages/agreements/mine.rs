//! "My agreements": what waits for one's signature, and what one has signed.

use super::{covers_for_signer, standing};
use crate::frame::Frame;
use crate::parts::{Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::http::StatusCode;

#[derive(Template)]
#[template(path = "agreements/mine.html")]
struct MinePage {
    frame: Frame,
    waiting: Vec<Waiting>,
    signed: Vec<Signed>,
    declined: Vec<Declined>,
}

struct Waiting {
    id: String,
    title: String,
    covers: String,
    again: bool,
    opened: bool,
    late: bool,
    due: Option<When>,
}

struct Signed {
    id: String,
    title: String,
    version: u32,
    tone: Tone,
    standing: String,
    at: When,
    ends: Option<When>,
    entry: u64,
    scanned: bool,
}

struct Declined {
    title: String,
    at: When,
    reason: String,
}

pub(super) async fn page(visitor: Visitor) -> PageResult {
    let (state, now, zone, me) = (&visitor.state, visitor.now, visitor.zone.as_str(), visitor.person);
    let mut waiting: Vec<_> = state.agreements.assignments_of(me).collect();
    waiting.sort_by_key(|(agreement, assignment)| {
        (assignment.due.unwrap_or(program::Time::LATEST), agreement.id)
    });
    let waiting = waiting.into_iter().filter_map(|(agreement, assignment)| {
        let version = agreement.newest()?;
        let opened = state.agreements.opened(me, agreement.id);
        Some(Waiting {
            id: agreement.id.to_string(),
            title: agreement.title().to_owned(),
            covers: covers_for_signer(&version.covers),
            again: state.agreements.signature(me, agreement.id).is_some(),
            opened: opened.is_some_and(|opened| opened.version == version.number),
            late: assignment.due.is_some_and(|due| due <= now),
            due: assignment.due.map(|due| When::day(due.0.saturating_sub(1), now.0, zone)),
        })
    });
    let signed = state.agreements.iter().filter_map(|agreement| {
        let signature = state.agreements.signature(me, agreement.id)?;
        let stands = standing(state, me, agreement, now);
        let version = agreement.version(signature.version)?;
        Some(Signed {
            id: agreement.id.to_string(),
            title: version.title.to_string(),
            version: signature.version,
            tone: stands.tone(),
            standing: stands.words(&visitor),
            at: When::moment(signature.at.0, now.0, zone),
            ends: signature.ends.map(|ends| When::day(ends.0.saturating_sub(1), now.0, zone)),
            entry: signature.position,
            scanned: signature.paper.is_some(),
        })
    });
    let declined = state.agreements.iter().filter_map(|agreement| {
        let declined = state.agreements.assignment(me, agreement.id)?.declined.as_ref()?;
        Some(Declined {
            title: agreement.title().to_owned(),
            at: When::moment(declined.at.0, now.0, zone),
            reason: declined.reason.to_string(),
        })
    });
    let page = MinePage {
        waiting: waiting.collect(),
        signed: signed.collect(),
        declined: declined.collect(),
        frame: visitor.frame("My agreements", "/my/agreements"),
    };
    render(StatusCode::OK, &page)
}

//! The history of one object as every page shows it: who did what and when, each line with the entry that proves it.
//!
//! ```text
//! handler:   history: history_of(&app.service, &visitor, secret.id, query.before, 50).await?
//! template:  {% import "partials/history.html" as past %} {{ past::history(history, "/secrets/S-1/history") }}
//! ```

use crate::errors::PageError;
use crate::parts::{HistoryRow, Tone, When};
use crate::visitor::Visitor;
use program::{Rule, Subject, Via};
use service::{EntryView, HistoryFilter, Service, ServiceError};

/// A page of the history of one object, the newest entry first.
#[derive(Debug, Clone)]
pub struct History {
    /// The entries.
    pub rows: Vec<HistoryRow>,
    /// Where the next page begins, where there is one: the value of `before`.
    pub next: Option<u64>,
    /// The visitor may not see all of it: these are their own acts alone.
    pub own_only: bool,
}

/// What happened to `subject`, as far as this visitor may know it: all of it, or else what they did with it themselves.
///
/// # Errors
/// The record could not be read.
pub async fn history_of(
    service: &Service,
    visitor: &Visitor,
    subject: impl Into<Subject>,
    before: Option<u64>,
    limit: usize,
) -> Result<History, PageError> {
    let mut filter =
        HistoryFilter { subjects: vec![subject.into()], before, limit, ..HistoryFilter::default() };
    let (page, own_only) = match service.history(&visitor.actor, &filter).await {
        Err(ServiceError::Refused(refusal)) if refusal.rule == Rule::Role => {
            filter.actor = Some(visitor.person);
            (service.history(&visitor.actor, &filter).await?, true)
        }
        other => (other?, false),
    };
    let rows = page.entries.iter().map(|entry| row(visitor, entry)).collect();
    Ok(History { rows, next: page.next, own_only })
}

/// One entry as a line of a history.
#[must_use]
pub fn row(visitor: &Visitor, entry: &EntryView) -> HistoryRow {
    let (who, what) = split(visitor, entry);
    HistoryRow {
        entry: entry.position,
        when: When::moment(entry.time.0, visitor.now.0, &visitor.zone),
        who,
        what,
        detail: String::new(),
        tone: tone(&entry.kind),
    }
}

/// The sentence of an entry begins with who did it; a history sets that apart.
fn split(visitor: &Visitor, entry: &EntryView) -> (Option<String>, String) {
    let name = entry.by.as_ref().and_then(|by| match (by.person, &by.via) {
        (Some(person), _) => Some(visitor.name(person)),
        (None, Via::Shell { os_user }) => Some(format!("The operator ({os_user})")),
        (None, Via::Link) => None,
        (None, _) => Some("Ringfence".to_owned()),
    });
    let rest = name
        .as_deref()
        .and_then(|name| entry.sentence.strip_prefix(name))
        .and_then(|rest| rest.strip_prefix(' '));
    match rest.map(str::to_owned) {
        Some(rest) => (name, rest),
        None => (None, entry.sentence.clone()),
    }
}

/// What an entry of this kind means at a glance. A kind that nobody classed is calm.
#[must_use]
pub fn tone(kind: &str) -> Tone {
    match kind {
        "document.opened"
        | "secret.read"
        | "secret.accepted"
        | "access.granted"
        | "access.approved"
        | "agreement.signed"
        | "agreement.paper-recorded"
        | "evidence.anchored"
        | "retention.backed-up"
        | "person.reinstated" => Tone::Good,
        "access.emergency-taken"
        | "hold.placed"
        | "retention.restored"
        | "evidence.key-rotated"
        | "secret.returned"
        | "organisation.clock-jumped"
        | "evidence.exported"
        | "agreement.declined"
        | "account.recovery-used"
        | "account.second-factor-removed" => Tone::Warn,
        "document.refused"
        | "document.withdrawn"
        | "document.destroyed"
        | "person.erased"
        | "secret.refused"
        | "secret.retired"
        | "access.denied"
        | "access.revoked"
        | "person.suspended"
        | "person.ended"
        | "account.sign-in-failed"
        | "account.closed" => Tone::Bad,
        _ => Tone::Calm,
    }
}

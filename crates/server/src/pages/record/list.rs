//! The record as a list: who did what when, filtered by person, object, kind and time.

use crate::app::App;
use crate::errors::PageError;
use crate::frame::Frame;
use crate::pages::history::row;
use crate::parts::{Chip, Choice, Errors, HistoryRow, ListState};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use program::{Date, PersonId, Rule, Subject};
use service::{HistoryFilter, HistoryPage, Service, ServiceError};

/// The kinds that can be asked for, as the record calls them.
const KINDS: [&str; 69] = [
    "secret.submitted",
    "secret.accepted",
    "secret.returned",
    "secret.revised",
    "secret.reviewed",
    "secret.retired",
    "secret.read",
    "secret.refused",
    "document.added",
    "document.registered",
    "document.withdrawn",
    "document.destroyed",
    "document.opened",
    "document.refused",
    "access.requirements-set",
    "access.requested",
    "access.approved",
    "access.denied",
    "access.withdrawn",
    "access.granted",
    "access.revoked",
    "access.emergency-taken",
    "access.emergency-justified",
    "access.emergency-reviewed",
    "agreement.published",
    "agreement.assigned",
    "agreement.opened",
    "agreement.signed",
    "agreement.declined",
    "agreement.assignment-cancelled",
    "agreement.withdrawn",
    "person.added",
    "person.changed",
    "person.cleared",
    "person.roles-set",
    "person.suspended",
    "person.reinstated",
    "person.ended",
    "person.erased",
    "account.invited",
    "account.opened",
    "account.password-changed",
    "account.reset-offered",
    "account.second-factor-set",
    "account.second-factor-removed",
    "account.recovery-used",
    "account.sign-in-failed",
    "account.closed",
    "account.session-started",
    "account.session-confirmed",
    "account.session-ended",
    "account.token-issued",
    "account.token-revoked",
    "evidence.witnesses-set",
    "evidence.authorities-set",
    "evidence.anchored",
    "evidence.exported",
    "evidence.key-rotated",
    "hold.placed",
    "hold.lifted",
    "retention.shredded",
    "retention.backed-up",
    "retention.place-forgotten",
    "retention.restored",
    "organisation.founded",
    "organisation.changed",
    "organisation.clock-jumped",
    "organisation.passphrase-changed",
    "organisation.recovery-renewed",
];

/// Entries on a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "record/list.html")]
struct ListPage {
    frame: Frame,
    list: ListState,
    chips: Vec<Chip>,
    kinds: Vec<Choice>,
    rows: Vec<Row>,
    newest: Option<String>,
    earlier: Option<String>,
    own_only: bool,
    entries: u64,
    errors: Errors,
}

struct Row {
    line: HistoryRow,
    kind: String,
}

/// `GET /record`
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let list = ListState::new("/record", query);
    let mut errors = Errors::default();
    let asked = filter(&visitor, &list, &mut errors);
    let (page, own_only) = if errors.is_empty() {
        find(&app.service, &visitor, asked).await?
    } else {
        (HistoryPage { entries: Vec::new(), next: None }, false)
    };
    let kinds = KINDS.iter().map(|kind| Choice::new(kind, &in_words(kind), "", list.get("kind")));
    let shown = ListPage {
        frame: visitor.frame("Record", "/record"),
        chips: chips(&visitor, &list),
        kinds: kinds.collect(),
        rows: page
            .entries
            .iter()
            .map(|entry| Row { line: row(&visitor, entry), kind: entry.kind.clone() })
            .collect(),
        newest: (!list.get("before").is_empty()).then(|| list.with("before", "")),
        earlier: page.next.map(|next| list.with("before", &next.to_string())),
        own_only,
        entries: visitor.state.size,
        errors,
        list,
    };
    let status = if shown.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(status, &shown)
}

/// A page of what the visitor may see of what they asked for; where that is not all of it, what they did themselves.
pub(super) async fn find(
    service: &Service,
    visitor: &Visitor,
    mut filter: HistoryFilter,
) -> Result<(HistoryPage, bool), PageError> {
    match service.history(&visitor.actor, &filter).await {
        Err(ServiceError::Refused(refusal)) if refusal.rule == Rule::Role => {
            if filter.actor.is_some_and(|actor| actor != visitor.person) {
                return Err(refusal.into());
            }
            filter.actor = Some(visitor.person);
            Ok((service.history(&visitor.actor, &filter).await?, true))
        }
        other => Ok((other?, false)),
    }
}

/// The filter that an address asks for, or what is wrong with it.
pub(super) fn filter(visitor: &Visitor, list: &ListState, errors: &mut Errors) -> HistoryFilter {
    let zone = &visitor.state.organisation.zone;
    let mut day = |name: &str| {
        let text = list.get(name);
        let read = (!text.is_empty()).then(|| Date::parse(text));
        read.and_then(|date| date.map_err(|error| errors.add(name, error.to_string())).ok())
    };
    let since = day("since").map(|date| date.start(zone));
    let until = day("until").map(|date| date.end(zone));
    let actor = person(visitor, list.get("person"));
    if actor.is_none() && !list.get("person").is_empty() {
        errors.add(
            "person",
            format!("Nobody here is “{}”: give a mail address, or a number such as P-7.", list.get("person")),
        );
    }
    let about = list.get("about").trim();
    let subject: Option<Subject> =
        about.to_uppercase().parse().ok().or_else(|| person(visitor, about).map(Subject::from));
    if subject.is_none() && !about.is_empty() {
        errors.add(
            "about",
            format!("Nothing here is called “{about}”: give a number such as S-1, D-3 or P-7."),
        );
    }
    HistoryFilter {
        kinds: Some(list.get("kind"))
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        actor,
        subjects: subject.into_iter().collect(),
        since,
        until,
        before: list.get("before").parse().ok(),
        limit: ROWS,
    }
}

fn person(visitor: &Visitor, text: &str) -> Option<PersonId> {
    let people = &visitor.state.people;
    let by_id = text.trim().parse::<PersonId>().ok().filter(|id| people.get(*id).is_some());
    by_id.or_else(|| people.by_mail(text.trim()).map(|person| person.id))
}

/// `document.opened` as a choice: `Document: opened`.
pub(crate) fn in_words(kind: &str) -> String {
    let (area, what) = kind.split_once('.').unwrap_or((kind, ""));
    format!("{}: {}", crate::respond::capital(area), what.replace('-', " "))
}

fn chips(visitor: &Visitor, list: &ListState) -> Vec<Chip> {
    let name = person(visitor, list.get("person"))
        .map_or_else(|| list.get("person").to_owned(), |id| visitor.name(id));
    let words = [
        ("person", format!("By {name}")),
        ("about", format!("About {}", list.get("about"))),
        ("kind", in_words(list.get("kind"))),
        ("since", format!("From {}", list.get("since"))),
        ("until", format!("To {}", list.get("until"))),
    ];
    words.iter().filter_map(|(name, shown)| list.chip(name, shown)).collect()
}

//! One person: who they are, what they signed, what they were granted, and what happened.

use super::erase::erased;
use super::{engagement_name, path, role_name, standing};
use crate::app::App;
use crate::errors::PageError;
use crate::frame::Frame;
use crate::pages::agreements::standing as standing_with;
use crate::pages::history::{History, history_of};
use crate::pages::retention::{HoldRow, holds_on};
use crate::parts::{Choice, EntryLink, Tab, Tier, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::access;
use program::agreements::ASKERS;
use program::people::{CLEARERS, KEEPERS, Person, READERS, ROLE_GIVERS, SUSPENDERS};
use program::{PersonId, accounts, duties_of, may_read_duty};
use serde::Deserialize;

/// How many of those who report to somebody are shown by name.
const REPORTS_SHOWN: usize = 20;
/// Entries on a page of a history.
const ENTRIES: usize = 50;

/// What stands above every tab.
struct Head {
    id: String,
    name: String,
    what: String,
    tone: Tone,
    standing: String,
    suspended: Option<String>,
    /// Address, words, class.
    actions: Vec<(String, &'static str, &'static str)>,
    tabs: Vec<Tab>,
    /// Legal holds on their data that the visitor may know of.
    holds: Vec<HoldRow>,
}

#[derive(Template)]
#[template(path = "people/overview.html")]
struct OverviewPage {
    frame: Frame,
    trail: Vec<Tab>,
    head: Head,
    mail: String,
    engagement: &'static str,
    department: String,
    job: String,
    /// Name, and address where the visitor may look.
    manager: Option<(String, String)>,
    starts: When,
    ends: Option<When>,
    added: When,
    reports: Vec<(String, String)>,
    more_reports: usize,
    clearance: u8,
    roles: String,
    account: String,
    duties: Vec<(String, Option<When>)>,
}

#[derive(Template)]
#[template(path = "people/agreements.html")]
struct AgreementsPage {
    frame: Frame,
    trail: Vec<Tab>,
    head: Head,
    asks: bool,
    rows: Vec<AgreementRow>,
}

struct AgreementRow {
    title: String,
    href: String,
    tone: Tone,
    standing: String,
    reason: String,
    version: String,
    at: Option<When>,
    ends: Option<When>,
    endless: &'static str,
    entry: Option<EntryLink>,
}

#[derive(Template)]
#[template(path = "people/access.html")]
struct AccessPage {
    frame: Frame,
    trail: Vec<Tab>,
    head: Head,
    grants: Vec<GrantRow>,
    hidden: u64,
    /// Id, title, tier.
    opens: Vec<(String, String, Tier)>,
    secrets: Vec<Choice>,
}

struct GrantRow {
    secret: String,
    title: String,
    tier: Tier,
    purpose: String,
    ends: When,
    tone: Tone,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "people/history.html")]
struct HistoryTab {
    frame: Frame,
    trail: Vec<Tab>,
    head: Head,
    history: History,
    here: String,
}

/// Where a page of a history begins.
#[derive(Debug, Deserialize)]
pub(super) struct From {
    before: Option<u64>,
}

pub(super) async fn overview(visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    if visitor.state.people.is_erased(id) && visitor.sees(id) {
        return erased(&visitor, id);
    }
    let person = look(&visitor, id)?;
    let (state, now, zone) = (&visitor.state, visitor.now, visitor.zone.as_str());
    let link = |id: PersonId| {
        let shown = visitor.sees(id);
        (visitor.name(id), if shown { path(id) } else { String::new() })
    };
    let reports = state.people.iter().filter(|other| other.manager == Some(id) && visitor.sees(other.id));
    let reports: Vec<(String, String)> = reports.map(|other| link(other.id)).collect();
    let roles: Vec<&str> = person.roles.iter().map(|role| role_name(*role)).collect();
    let duties = duties_of(state, id, now).into_iter();
    let duties = duties.filter(|duty| may_read_duty(state, &visitor.actor, now, duty));
    let page = OverviewPage {
        mail: person.mail.to_string(),
        engagement: engagement_name(person.engagement),
        department: person.department.to_string(),
        job: person.job.as_ref().map(ToString::to_string).unwrap_or_default(),
        manager: person.manager.map(link),
        starts: When::day(person.starts.0, now.0, zone),
        ends: person.ends.map(|ends| When::day(ends.0.saturating_sub(1), now.0, zone)),
        added: When::moment(person.added.0, now.0, zone),
        more_reports: reports.len().saturating_sub(REPORTS_SHOWN),
        reports: reports.into_iter().take(REPORTS_SHOWN).collect(),
        clearance: person.clearance,
        roles: if roles.is_empty() { "None".to_owned() } else { roles.join(", ") },
        account: account(&visitor, id),
        duties: duties
            .map(|duty| (duty.text, duty.due.map(|due| When::moment(due.0, now.0, zone))))
            .collect(),
        frame: visitor.frame(person.name.as_str(), "/people"),
        trail: trail(&visitor, person),
        head: head(&visitor, person, ""),
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn agreements(visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    let person = look(&visitor, id)?;
    let (state, now, zone) = (&visitor.state, visitor.now, visitor.zone.as_str());
    let reads = visitor.is(program::agreements::READERS);
    let rows = state.agreements.iter().filter_map(|agreement| {
        let stands = standing_with(state, id, agreement, now);
        if stands.is_nothing() {
            return None;
        }
        let signature = state.agreements.signature(id, agreement.id);
        let ends = signature.and_then(|signature| signature.ends);
        Some(AgreementRow {
            title: agreement.title().to_owned(),
            href: if reads { format!("/agreements/{}", agreement.id) } else { String::new() },
            tone: stands.tone(),
            standing: stands.words(&visitor),
            reason: stands.reason().to_owned(),
            version: signature.map(|signature| signature.version.to_string()).unwrap_or_default(),
            at: signature.map(|signature| When::moment(signature.at.0, now.0, zone)),
            ends: ends.map(|ends| When::day(ends.0.saturating_sub(1), now.0, zone)),
            endless: if signature.is_some() { "No end" } else { "" },
            entry: signature
                .map(|signature| visitor.entry(signature.position, &[id.into(), agreement.id.into()], None)),
        })
    });
    let page = AgreementsPage {
        rows: rows.collect(),
        asks: visitor.is(ASKERS),
        frame: visitor.frame(person.name.as_str(), "/people"),
        trail: trail(&visitor, person),
        head: head(&visitor, person, "agreements"),
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn access(State(app): State<App>, visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    let person = look(&visitor, id)?;
    let (state, now, zone) = (&visitor.state, visitor.now, visitor.zone.as_str());
    let mut hidden = 0_u64;
    let mut grants: Vec<GrantRow> = Vec::new();
    for grant in state.access.grants_of(id) {
        let shown = visitor.sees(grant.id) && visitor.sees(grant.secret);
        let Some(secret) = state.secrets.get(grant.secret).filter(|_| shown) else {
            hidden = hidden.saturating_add(1);
            continue;
        };
        let (tone, word) = match grant {
            grant if grant.revoked.is_some() => (Tone::Bad, "Revoked"),
            grant if now < grant.from => (Tone::Calm, "To come"),
            grant if grant.ends <= now => (Tone::Calm, "Ended"),
            grant if grant.emergency.is_some() => (Tone::Warn, "Emergency"),
            _ => (Tone::Good, "Live"),
        };
        grants.push(GrantRow {
            secret: secret.id.to_string(),
            title: secret.profile.title.to_string(),
            tier: tier(secret.tier()),
            purpose: grant.purpose.clone(),
            ends: When::moment(grant.ends.0, now.0, zone),
            tone,
            state: word,
        });
    }
    let opens = access::openable(state, app.service.gate(), id, now, None);
    let opens =
        opens.into_iter().filter(|secret| access::may_ask_why(state, &visitor.actor, now, id, secret));
    let opens =
        opens.map(|secret| (secret.id.to_string(), secret.profile.title.to_string(), tier(secret.tier())));
    let secrets = state.secrets.iter();
    let secrets =
        secrets.filter(|secret| access::may_ask_why(state, &visitor.actor, now, id, secret)).take(500);
    let secrets =
        secrets.map(|secret| Choice::new(&secret.id.to_string(), secret.profile.title.as_str(), "", ""));
    let page = AccessPage {
        grants,
        hidden,
        opens: opens.collect(),
        secrets: secrets.collect(),
        frame: visitor.frame(person.name.as_str(), "/people"),
        trail: trail(&visitor, person),
        head: head(&visitor, person, "access"),
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn history(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<PersonId>,
    Query(from): Query<From>,
) -> PageResult {
    let person = look(&visitor, id)?;
    let page = HistoryTab {
        history: history_of(&app.service, &visitor, id, from.before, ENTRIES).await?,
        here: format!("{}/history", path(id)),
        frame: visitor.frame(person.name.as_str(), "/people"),
        trail: trail(&visitor, person),
        head: head(&visitor, person, "history"),
    };
    render(StatusCode::OK, &page)
}

/// The person, where the visitor may look at them.
fn look(visitor: &Visitor, id: PersonId) -> Result<&Person, PageError> {
    visitor.state.people.get(id).filter(|person| visitor.sees(person.id)).ok_or(PageError::NotFound)
}

fn trail(visitor: &Visitor, person: &Person) -> Vec<Tab> {
    let own = Tab::new(path(person.id), person.name.as_str(), true);
    if visitor.is(READERS) { vec![Tab::new("/people", "People", false), own] } else { vec![own] }
}

fn head(visitor: &Visitor, person: &Person, tab: &str) -> Head {
    let (word, tone, standing) = standing(person, visitor);
    let state = &visitor.state;
    let own = path(person.id);
    let signed = state.agreements.iter();
    let signed =
        signed.filter(|agreement| !state.agreements.signatures(person.id, agreement.id).is_empty()).count();
    let grants = state.access.grants_of(person.id).filter(|grant| grant.is_live(visitor.now)).count();
    let job = person.job.as_ref().map_or_else(String::new, |job| format!("{job}, "));
    Head {
        id: person.id.to_string(),
        name: person.name.to_string(),
        what: format!("{job}{}", person.department),
        tone,
        standing,
        suspended: person
            .suspended
            .as_ref()
            .map(|suspension| format!("Since {}. {}", visitor.when(suspension.since), suspension.reason)),
        actions: actions(visitor, person, word),
        holds: holds_on(visitor, &[person.id.into()]),
        tabs: vec![
            Tab::new(own.clone(), "Overview", tab.is_empty()),
            Tab::counted(format!("{own}/agreements"), "Agreements", signed as u64, tab == "agreements"),
            Tab::counted(format!("{own}/access"), "Access", grants as u64, tab == "access"),
            Tab::new(format!("{own}/history"), "History", tab == "history"),
        ],
    }
}

/// What the visitor may do about this person; what a rule would refuse in any case is not offered.
fn actions(visitor: &Visitor, person: &Person, standing: &str) -> Vec<(String, &'static str, &'static str)> {
    let own = path(person.id);
    let other = visitor.person != person.id;
    let left = standing == "left";
    let suspended = person.suspended.is_some();
    let all = [
        (visitor.is(KEEPERS), "edit", "Change", "secondary"),
        (visitor.is(CLEARERS) && other && !left, "clearance", "Clearance", "secondary"),
        (visitor.is(ROLE_GIVERS) && other && !left, "roles", "Roles", "secondary"),
        (visitor.is(SUSPENDERS) && !suspended && !left, "suspend", "Suspend", "secondary"),
        (visitor.is(KEEPERS) && suspended && other, "reinstate", "Reinstate", "secondary"),
        (visitor.is(KEEPERS) && !left, "end", "End", "secondary"),
        (visitor.is(KEEPERS) && left && other, "erase", "Erase", "secondary"),
    ];
    let offered = all.into_iter().filter(|(may, ..)| *may);
    offered.map(|(_, word, words, class)| (format!("{own}/{word}"), words, class)).collect()
}

fn account(visitor: &Visitor, id: PersonId) -> String {
    if !accounts::may_see_of(&visitor.state, &visitor.actor, visitor.now, id) {
        return "Shown to those who run accounts".to_owned();
    }
    let Some(account) = visitor.state.accounts.of(id) else {
        return "None: they do not sign in".to_owned();
    };
    let factor =
        if account.second_factor.is_some() { "with a second factor" } else { "without a second factor" };
    match (account.closed, account.is_open(), account.last_sign_in) {
        (Some(closed), ..) => format!("Closed on {}", visitor.day(closed)),
        (None, false, _) => "Invited, not opened yet".to_owned(),
        (None, true, Some(last)) => format!("Open, {factor}; last signed in {}", visitor.when(last)),
        (None, true, None) => format!("Open, {factor}; never signed in"),
    }
}

fn tier(tier: program::secrets::Tier) -> Tier {
    match tier {
        program::secrets::Tier::Confidential => Tier::Confidential,
        program::secrets::Tier::Restricted => Tier::Restricted,
        program::secrets::Tier::CrownJewel => Tier::CrownJewel,
    }
}

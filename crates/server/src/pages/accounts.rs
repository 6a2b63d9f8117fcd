//! Who may sign in: inviting, offering a new password, taking away a lost second factor, ending sessions, closing.

use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::guard::Seen;
use crate::pages::table::{csv_file, json_file};
use crate::parts::{Chip, Choice, Column, Errors, ListState, Pager, Tone, When};
use crate::respond::{PageResult, as_errors, capital, recorded, render};
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::accounts::{Account, Command, ENDERS, INVITERS, KEEPERS, READERS};
use program::people::Person;
use program::{PersonId, Text, Time};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The standings one can filter by: word in the address, words on the page.
const STANDINGS: [(&str, &str); 5] = [
    ("open", "Open"),
    ("invited", "Invited"),
    ("bare", "Open, without a second factor"),
    ("none", "No account"),
    ("closed", "Closed"),
];

/// The routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/accounts", Rule::Roles(READERS), list)
        .get("/accounts.csv", Rule::Roles(READERS), csv)
        .get("/accounts.json", Rule::Roles(READERS), json)
        .get("/accounts/{person}", Rule::Roles(READERS), one)
        .post("/accounts/{person}/invite", Rule::Roles(INVITERS), invite)
        .post("/accounts/{person}/reset", Rule::Roles(KEEPERS), reset)
        .post("/accounts/{person}/remove-second-factor", Rule::Roles(KEEPERS), remove_second_factor)
        .post("/accounts/{person}/end-sessions", Rule::Roles(ENDERS), end_sessions)
        .post("/accounts/{person}/close", Rule::Roles(KEEPERS), close)
}

#[derive(Template)]
#[template(path = "accounts/list.html")]
struct ListPage {
    frame: Frame,
    list: ListState,
    standings: Vec<Choice>,
    chips: Vec<Chip>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    person: PersonId,
    name: String,
    mail: String,
    tone: Tone,
    standing: String,
    factor: bool,
    open: bool,
    sessions: usize,
    last: Option<When>,
}

#[derive(Template)]
#[template(path = "accounts/one.html")]
struct OnePage {
    frame: Frame,
    errors: Errors,
    row: Row,
    may_invite: bool,
    may_reset: bool,
    may_end: bool,
    may_close: bool,
    reason: String,
}

#[derive(Template)]
#[template(path = "accounts/link.html")]
struct LinkPage {
    frame: Frame,
    person: PersonId,
    name: String,
    link: Zeroizing<String>,
    reset: bool,
}

async fn list(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/accounts", query);
    let people = matching(&visitor, &list);
    let (pager, shown) = list.page_of(&people);
    let rows = shown.iter().map(|person| row(&visitor, person)).collect();
    let standing = list.words("standing", &STANDINGS);
    let chips = [list.chip("q", &format!("“{}”", list.get("q"))), list.chip("standing", standing)];
    let page = ListPage {
        frame: visitor.frame("Accounts", "/accounts"),
        standings: list.choices("standing", &STANDINGS),
        chips: chips.into_iter().flatten().collect(),
        columns: vec![
            list.column("Person", "name"),
            list.plain("Account"),
            list.plain("Second factor"),
            list.plain("Sessions").numeric(),
            list.column("Last sign-in", "last"),
        ],
        rows,
        pager,
        list,
    };
    render(StatusCode::OK, &page)
}

/// The people that fit the search, in the order asked for.
fn matching<'a>(visitor: &'a Visitor, list: &ListState) -> Vec<&'a Person> {
    let wanted = list.get("q").to_lowercase();
    let mut people: Vec<&Person> = visitor
        .state
        .people
        .iter()
        .filter(|person| {
            let text = format!("{} {} {}", person.name, person.mail, person.id).to_lowercase();
            text.contains(&wanted)
        })
        .filter(|person| list.get("standing").is_empty() || fits(visitor, person, list.get("standing")))
        .collect();
    let last =
        |person: &Person| visitor.state.accounts.of(person.id).and_then(|account| account.last_sign_in);
    match list.get("sort") {
        "last" => people.sort_by_key(|person| last(person)),
        "-last" => people.sort_by_key(|person| std::cmp::Reverse(last(person))),
        "-name" => people.sort_by_key(|person| std::cmp::Reverse(person.name.as_str().to_lowercase())),
        _ => people.sort_by_key(|person| person.name.as_str().to_lowercase()),
    }
    people
}

/// An account as it is exported.
#[derive(Serialize)]
struct Exported {
    person: String,
    name: String,
    mail: String,
    account: String,
    second_factor: bool,
    sessions: usize,
    last_sign_in: Option<String>,
}

fn exported(visitor: &Visitor, query: Vec<(String, String)>) -> Vec<Exported> {
    let one = |person: &Person| {
        let row = row(visitor, person);
        let last = account(visitor, person).and_then(|account| account.last_sign_in);
        Exported {
            person: row.person.to_string(),
            name: row.name,
            mail: row.mail,
            account: row.standing,
            second_factor: row.factor,
            sessions: row.sessions,
            last_sign_in: last.map(Time::rfc3339),
        }
    };
    matching(visitor, &ListState::new("/accounts", query)).into_iter().map(one).collect()
}

async fn csv(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let head = ["person", "name", "mail", "account", "second_factor", "sessions", "last_sign_in"];
    let rows = exported(&visitor, query).into_iter().map(|row| {
        let (factor, sessions) = (row.second_factor.to_string(), row.sessions.to_string());
        vec![
            row.person,
            row.name,
            row.mail,
            row.account,
            factor,
            sessions,
            row.last_sign_in.unwrap_or_default(),
        ]
    });
    csv_file("accounts.csv", &head, rows)
}

async fn json(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    json_file("accounts.json", &exported(&visitor, query))
}

async fn one(visitor: Visitor, Path(person): Path<String>) -> PageResult {
    page(&visitor, &person, Errors::default(), "", StatusCode::OK)
}

fn page(visitor: &Visitor, person: &str, errors: Errors, reason: &str, status: StatusCode) -> PageResult {
    let person = find(visitor, person)?;
    let row = row(visitor, person);
    let own = person.id == visitor.person;
    let administers = visitor.is(KEEPERS);
    let page = OnePage {
        frame: visitor.frame(person.name.as_str(), "/accounts"),
        errors,
        may_invite: !row.open && visitor.is(INVITERS),
        may_reset: row.open && administers,
        may_end: row.sessions > 0 && visitor.is(ENDERS),
        may_close: administers
            && !own
            && account(visitor, person).is_some_and(|account| account.closed.is_none()),
        row,
        reason: reason.to_owned(),
    };
    render(status, &page)
}

async fn invite(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    visitor: Visitor,
    Path(person): Path<String>,
) -> PageResult {
    let id = find(&visitor, &person)?.id;
    match app.service.invite(&visitor.actor, id).await {
        Ok(token) => link(&visitor, &seen, id, &token, false),
        Err(error) => page(&visitor, &person, as_errors(error)?, "", StatusCode::UNPROCESSABLE_ENTITY),
    }
}

async fn reset(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    visitor: Visitor,
    Path(person): Path<String>,
) -> PageResult {
    let id = find(&visitor, &person)?.id;
    let account = known(&visitor, &person)?.id;
    match app.service.offer_reset(&visitor.actor, account).await {
        Ok(token) => link(&visitor, &seen, id, &token, true),
        Err(error) => page(&visitor, &person, as_errors(error)?, "", StatusCode::UNPROCESSABLE_ENTITY),
    }
}

/// The link is in the answer itself and nowhere else: it must not wait in a cookie for a redirect.
fn link(visitor: &Visitor, seen: &Seen, person: PersonId, token: &str, reset: bool) -> PageResult {
    let link = Zeroizing::new(format!("{}/invite/{token}", seen.arrival.origin));
    let frame = Frame { flash: None, ..visitor.frame("A link to hand over", "/accounts") };
    render(StatusCode::OK, &LinkPage { frame, person, name: visitor.name(person), link, reset })
}

#[derive(Deserialize)]
struct Because {
    reason: String,
    #[serde(default)]
    confirm: String,
}

async fn remove_second_factor(
    State(app): State<App>,
    visitor: Visitor,
    Path(person): Path<String>,
    SafeForm(form): SafeForm<Because>,
) -> PageResult {
    let account = known(&visitor, &person)?.id;
    let done = match Text::new(&form.reason) {
        Ok(reason) => app.service.act(&visitor.actor, Command::RemoveSecondFactor { account, reason }).await,
        Err(error) => return back(&visitor, &person, "reason", &error.to_string(), &form.reason),
    };
    match done {
        Ok(done) => Ok(recorded(
            &format!("/accounts/{person}"),
            &done,
            "The second factor was taken away, and their sessions have ended.",
        )),
        Err(error) => {
            page(&visitor, &person, as_errors(error)?, &form.reason, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

async fn end_sessions(State(app): State<App>, visitor: Visitor, Path(person): Path<String>) -> PageResult {
    let account = known(&visitor, &person)?.id;
    match app.service.act(&visitor.actor, Command::EndAllSessions { account }).await {
        Ok(done) => Ok(recorded(&format!("/accounts/{person}"), &done, "Their sessions have ended.")),
        Err(error) => page(&visitor, &person, as_errors(error)?, "", StatusCode::UNPROCESSABLE_ENTITY),
    }
}

async fn close(
    State(app): State<App>,
    visitor: Visitor,
    Path(person): Path<String>,
    SafeForm(form): SafeForm<Because>,
) -> PageResult {
    let account = known(&visitor, &person)?.id;
    let name = find(&visitor, &person)?.name.to_string();
    if form.confirm.trim() != name {
        return back(
            &visitor,
            &person,
            "confirm",
            &format!("type the name exactly as it stands: {name}"),
            &form.reason,
        );
    }
    let done = match Text::new(&form.reason) {
        Ok(reason) => app.service.act(&visitor.actor, Command::Close { account, reason }).await,
        Err(error) => {
            return back(&visitor, &person, "close-reason", &error.to_string(), &form.reason);
        }
    };
    match done {
        Ok(done) => Ok(recorded(&format!("/accounts/{person}"), &done, "The account is closed.")),
        Err(error) => {
            page(&visitor, &person, as_errors(error)?, &form.reason, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

fn back(visitor: &Visitor, person: &str, field: &str, text: &str, reason: &str) -> PageResult {
    let mut errors = Errors::default();
    errors.add(field, capital(text));
    page(visitor, person, errors, reason, StatusCode::UNPROCESSABLE_ENTITY)
}

fn find<'a>(visitor: &'a Visitor, person: &str) -> Result<&'a Person, PageError> {
    let id: PersonId = person.parse().map_err(|_| PageError::NotFound)?;
    visitor.state.people.get(id).ok_or(PageError::NotFound)
}

fn account<'a>(visitor: &'a Visitor, person: &Person) -> Option<&'a Account> {
    visitor.state.accounts.of(person.id)
}

fn known<'a>(visitor: &'a Visitor, person: &str) -> Result<&'a Account, PageError> {
    account(visitor, find(visitor, person)?).ok_or(PageError::NotFound)
}

fn fits(visitor: &Visitor, person: &Person, standing: &str) -> bool {
    let account = account(visitor, person);
    match standing {
        "none" => account.is_none(),
        "closed" => account.is_some_and(|account| account.closed.is_some()),
        "open" => account.is_some_and(Account::is_open),
        "bare" => account.is_some_and(|account| account.is_open() && account.second_factor.is_none()),
        "invited" => account.is_some_and(|account| !account.is_open() && account.closed.is_none()),
        _ => true,
    }
}

fn row(visitor: &Visitor, person: &Person) -> Row {
    let account = account(visitor, person);
    let (tone, standing) = match account {
        None => (Tone::Calm, "No account".to_owned()),
        Some(account) if account.closed.is_some() => (Tone::Calm, "Closed".to_owned()),
        Some(account) => match (account.is_open(), account.waits(visitor.now), &account.invite) {
            (true, Some(until), _) => (Tone::Bad, format!("Locked until {}", visitor.when(until))),
            (true, None, _) => (Tone::Good, "Open".to_owned()),
            (false, _, Some(invite)) if visitor.now < invite.ends => {
                (Tone::Warn, format!("Invited, good until {}", visitor.day(invite.ends)))
            }
            (false, ..) => (Tone::Warn, "The invitation has ended".to_owned()),
        },
    };
    let sessions = account.map_or(0, |account| {
        visitor.state.accounts.sessions_of(account.id).filter(|session| visitor.now < session.ends).count()
    });
    Row {
        person: person.id,
        name: person.name.to_string(),
        mail: person.mail.to_string(),
        tone,
        standing,
        factor: account.is_some_and(|account| account.second_factor.is_some()),
        open: account.is_some_and(Account::is_open),
        sessions,
        last: account.and_then(|account| account.last_sign_in).map(|at| visitor.moment(at)),
    }
}

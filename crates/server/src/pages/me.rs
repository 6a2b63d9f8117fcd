//! One's own account: password, second factor, sessions, tokens for the REST API.

use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeForm;
use crate::frame::{Frame, SecondFactor};
use crate::parts::{Choice, Errors, When};
use crate::respond::{PageResult, as_errors, capital, encoded, recorded, render, safe_next, said};
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use program::accounts::{Account, Command, FRESH_PROOF, SessionEnd, TokenScope};
use program::{Date, Line, Refusal, SessionId, Text, TokenId, Via};
use qrcode::{QrCode, render::svg};
use serde::Deserialize;
use service::NewSecondFactor;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

const SCOPES: [(TokenScope, &str, &str, &str); 3] = [
    (TokenScope::Read, "read", "Read", "Everything you may see that is not sealed."),
    (TokenScope::Write, "write", "Change", "What you may change here, a program with this token may change."),
    (
        TokenScope::Open,
        "open",
        "Open documents",
        "Through the gate, and never where a second factor is asked for.",
    ),
];

/// The routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/me", Rule::Person, overview)
        .post("/me/password", Rule::Person, password)
        .get("/me/second-factor", Rule::Person, second_factor_page)
        .post("/me/second-factor", Rule::Person, second_factor)
        .get("/me/confirm", Rule::Person, confirm_page)
        .post("/me/confirm", Rule::Person, confirm)
        .post("/me/sessions/{id}/end", Rule::Person, end_session)
        .post("/me/sessions/end-others", Rule::Person, end_others)
        .post("/me/tokens", Rule::Person, issue_token)
        .post("/me/tokens/{id}/revoke", Rule::Person, revoke_token)
}

#[derive(Template)]
#[template(path = "me/overview.html")]
struct Overview {
    frame: Frame,
    errors: Errors,
    mail: String,
    recovery_left: usize,
    sessions: Vec<SessionRow>,
    tokens: Vec<TokenRow>,
    token_name: String,
    token_ends: String,
    scopes: Vec<Choice>,
}

struct SessionRow {
    id: SessionId,
    current: bool,
    address: String,
    how: &'static str,
    started: When,
    ends: When,
}

struct TokenRow {
    id: TokenId,
    name: String,
    scopes: String,
    issued: When,
    ends: When,
    ended: bool,
}

#[derive(Template)]
#[template(path = "me/second-factor.html")]
struct SecondFactorPage {
    frame: Frame,
    errors: Errors,
    first: bool,
    replaces: bool,
    picture: String,
    secret: Zeroizing<String>,
}

#[derive(Template)]
#[template(path = "me/recovery.html")]
struct RecoveryPage {
    frame: Frame,
    codes: Vec<Zeroizing<String>>,
}

#[derive(Template)]
#[template(path = "me/confirm.html")]
struct ConfirmPage {
    frame: Frame,
    errors: Errors,
    next: String,
}

#[derive(Template)]
#[template(path = "me/token.html")]
struct TokenPage {
    frame: Frame,
    label: String,
    token: Zeroizing<String>,
    until: String,
}

/// What was typed on `/me`, to be shown again.
#[derive(Default, Deserialize)]
#[serde(default)]
struct NewToken {
    token_name: String,
    token_ends: String,
    scopes: Vec<String>,
}

async fn overview(visitor: Visitor) -> PageResult {
    shown(&visitor, Errors::default(), &NewToken::default(), StatusCode::OK)
}

fn shown(visitor: &Visitor, errors: Errors, typed: &NewToken, status: StatusCode) -> PageResult {
    let account = own(visitor)?;
    let state = &visitor.state;
    let live = |session: &&program::accounts::Session| visitor.now < session.ends;
    let current = session_of(visitor);
    let sessions = state.accounts.sessions_of(account.id).filter(live).map(|session| SessionRow {
        id: session.id,
        current: Some(session.id) == current,
        address: session.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string()),
        how: method(session.method),
        started: visitor.moment(session.started),
        ends: visitor.moment(session.ends),
    });
    let tokens = state.accounts.tokens_of(account.id).map(|token| TokenRow {
        id: token.id,
        name: token.name.to_string(),
        scopes: scope_words(&token.scopes),
        issued: visitor.date(token.issued),
        ends: visitor.moment(token.ends),
        ended: token.ends <= visitor.now,
    });
    let page = Overview {
        frame: visitor.frame("My account", "/me"),
        errors,
        mail: visitor.me().map_or_else(String::new, |me| me.mail.to_string()),
        recovery_left: account.second_factor.as_ref().map_or(0, |factor| factor.recovery.len()),
        sessions: sessions.collect(),
        tokens: tokens.collect(),
        token_name: typed.token_name.clone(),
        token_ends: typed.token_ends.clone(),
        scopes: SCOPES
            .iter()
            .map(|(_, word, label, help)| Choice {
                chosen: typed.scopes.iter().any(|typed| typed == word),
                ..Choice::new(word, label, help, "")
            })
            .collect(),
    };
    render(status, &page)
}

#[derive(Deserialize)]
struct Password {
    old: Zeroizing<String>,
    password: Zeroizing<String>,
    again: Zeroizing<String>,
}

async fn password(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(form): SafeForm<Password>,
) -> PageResult {
    let mut errors = Errors::default();
    if *form.password == *form.again {
        match app.service.change_password(&visitor.actor, form.old, form.password).await {
            Ok(()) => {
                let text = "Your password is changed. Your other sessions have ended.";
                return Ok(said(
                    "/me",
                    crate::frame::Flash { entry: None, ..crate::frame::Flash::recorded(text, 0) },
                ));
            }
            Err(error) => errors = as_errors(error)?,
        }
    } else {
        errors.add("again", "The two passwords are not the same");
    }
    shown(&visitor, errors, &NewToken::default(), StatusCode::UNPROCESSABLE_ENTITY)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct First {
    first: String,
}

async fn second_factor_page(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<First>,
) -> PageResult {
    let account = own(&visitor)?;
    let fresh = visitor.actor.second_factor_at.is_some_and(|at| visitor.now - at <= FRESH_PROOF);
    if account.second_factor.is_some() && !fresh {
        return Ok(Redirect::to("/me/confirm?next=%2Fme%2Fsecond-factor").into_response());
    }
    let new = app.service.new_second_factor(&visitor.actor)?;
    factor_page(&visitor, &new, Errors::default(), !query.first.is_empty(), StatusCode::OK)
}

fn factor_page(
    visitor: &Visitor,
    new: &NewSecondFactor,
    errors: Errors,
    first: bool,
    status: StatusCode,
) -> PageResult {
    let code = QrCode::new(new.address.as_bytes()).map_err(|_| PageError::Internal)?;
    let picture = code.render::<svg::Color>().min_dimensions(220, 220).build();
    let picture = picture.split_once("?>").map_or(picture.clone(), |(_, svg)| svg.to_owned());
    let page = SecondFactorPage {
        frame: visitor.frame("Second factor", "/me"),
        errors,
        first,
        replaces: own(visitor)?.second_factor.is_some(),
        picture,
        secret: new.secret.clone(),
    };
    render(status, &page)
}

#[derive(Deserialize)]
struct Factor {
    secret: Zeroizing<String>,
    code: Zeroizing<String>,
}

/// The recovery codes are in the answer itself and nowhere else: they must not wait in a cookie for a redirect.
async fn second_factor(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(form): SafeForm<Factor>,
) -> PageResult {
    match app.service.set_second_factor(&visitor.actor, &form.secret, &form.code).await {
        Ok(codes) => {
            let frame = Frame { flash: None, ..visitor.frame("Your recovery codes", "/me") };
            render(StatusCode::OK, &RecoveryPage { frame, codes })
        }
        Err(error) => {
            let errors = as_errors(error)?;
            // The same secret again, so that what was scanned stays good.
            let other = app.service.new_second_factor(&visitor.actor)?;
            let plain =
                form.secret.len() <= 64 && form.secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let secret = if plain { form.secret } else { other.secret.clone() };
            let address = Zeroizing::new(other.address.replace(other.secret.as_str(), &secret));
            let new = NewSecondFactor { secret, address };
            factor_page(&visitor, &new, errors, false, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Next {
    next: String,
}

async fn confirm_page(visitor: Visitor, Query(query): Query<Next>) -> PageResult {
    let next = safe_next(&query.next).to_owned();
    if visitor.second_factor() == SecondFactor::Absent {
        return Ok(Redirect::to("/me/second-factor?first=yes").into_response());
    }
    let frame = visitor.frame("Show your second factor", "/me");
    render(StatusCode::OK, &ConfirmPage { frame, errors: Errors::default(), next })
}

#[derive(Deserialize)]
struct Confirm {
    code: Zeroizing<String>,
    #[serde(default)]
    next: String,
}

async fn confirm(State(app): State<App>, visitor: Visitor, SafeForm(form): SafeForm<Confirm>) -> PageResult {
    let next = safe_next(&form.next).to_owned();
    match app.service.confirm_second_factor(&visitor.actor, &form.code).await {
        Ok(()) => Ok(Redirect::to(&next).into_response()),
        Err(error) => {
            let mut errors = as_errors(error)?;
            errors.0.iter_mut().for_each(|error| error.field = "code".to_owned());
            let frame = visitor.frame("Show your second factor", "/me");
            render(StatusCode::UNPROCESSABLE_ENTITY, &ConfirmPage { frame, errors, next })
        }
    }
}

async fn end_session(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let session: SessionId = id.parse().map_err(|_| PageError::NotFound)?;
    let account = own(&visitor)?.id;
    let command = Command::EndSession { account, session, reason: SessionEnd::Revoked };
    let done = app.service.act(&visitor.actor, command).await?;
    Ok(recorded("/me", &done, "The session has ended."))
}

async fn end_others(State(app): State<App>, visitor: Visitor) -> PageResult {
    let account = own(&visitor)?.id;
    let current = session_of(&visitor);
    let others = visitor.state.accounts.sessions_of(account).map(|session| session.id);
    let mut last = None;
    for session in others.filter(|id| Some(*id) != current) {
        let command = Command::EndSession { account, session, reason: SessionEnd::Revoked };
        last = Some(app.service.act(&visitor.actor, command).await?);
    }
    match last {
        Some(done) => Ok(recorded("/me", &done, "All your other sessions have ended.")),
        None => Ok(Redirect::to("/me").into_response()),
    }
}

async fn issue_token(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(form): SafeForm<NewToken>,
) -> PageResult {
    let mut errors = Errors::default();
    let name =
        Line::new(&form.token_name).map_err(|error| errors.add("token_name", capital(&error.to_string())));
    let ends =
        Date::parse(&form.token_ends).map_err(|error| errors.add("token_ends", capital(&error.to_string())));
    let scopes: BTreeSet<TokenScope> = SCOPES
        .iter()
        .filter(|(_, word, ..)| form.scopes.iter().any(|typed| typed == word))
        .map(|(scope, ..)| *scope)
        .collect();
    if let (Ok(name), Ok(ends)) = (name, ends) {
        let ends = ends.end(&visitor.zone);
        match app.service.issue_token(&visitor.actor, name.clone(), scopes, ends).await {
            Ok(token) => {
                let frame = Frame { flash: None, ..visitor.frame("A new token", "/me") };
                let page = TokenPage { frame, label: name.to_string(), token, until: visitor.when(ends) };
                return render(StatusCode::OK, &page);
            }
            Err(error) => {
                for error in as_errors(error)?.0 {
                    let field = match error.field.as_str() {
                        "name" => "token_name",
                        "ends" => "token_ends",
                        other => other,
                    };
                    errors.add(field, error.text);
                }
            }
        }
    }
    shown(&visitor, errors, &form, StatusCode::UNPROCESSABLE_ENTITY)
}

async fn revoke_token(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let token: TokenId = id.parse().map_err(|_| PageError::NotFound)?;
    let account = own(&visitor)?.id;
    let reason = Text::new("Revoked by its holder.").map_err(|_| PageError::Internal)?;
    let done = app.service.act(&visitor.actor, Command::RevokeToken { account, token, reason }).await?;
    Ok(recorded("/me", &done, "The token is revoked: it opens nothing from now on."))
}

fn own(visitor: &Visitor) -> Result<&Account, PageError> {
    let account = visitor.actor.account.and_then(|id| visitor.state.accounts.get(id));
    account.ok_or_else(|| Refusal::unknown("your account").into())
}

const fn session_of(visitor: &Visitor) -> Option<SessionId> {
    match visitor.actor.via {
        Via::Browser { session } => Some(session),
        _ => None,
    }
}

pub(super) const fn method(method: program::accounts::Method) -> &'static str {
    match method {
        program::accounts::Method::Password => "Password alone",
        program::accounts::Method::PasswordAndCode => "Password and code",
        program::accounts::Method::PasswordAndRecoveryCode => "Password and recovery code",
    }
}

fn scope_words(scopes: &BTreeSet<TokenScope>) -> String {
    let words = SCOPES.iter().filter(|(scope, ..)| scopes.contains(scope)).map(|(_, _, label, _)| *label);
    words.collect::<Vec<_>>().join(", ")
}

/// Where somebody is sent who has to show the second factor first.
#[must_use]
pub fn confirm_first(next: &str) -> String {
    format!("/me/confirm?next={}", encoded(next))
}

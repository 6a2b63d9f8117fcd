//! The pages before signing in: set-up, invitation, signing in with its second step; and signing out.

use crate::app::App;
use crate::cookies::Cookie;
use crate::errors::{PageError, bare};
use crate::form::SafeForm;
use crate::frame::Bare;
use crate::guard::Seen;
use crate::parts::Errors;
use crate::proof;
use crate::respond::{PageResult, as_errors, encoded, render, safe_next};
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use program::accounts::{Command, SessionEnd};
use program::people::Mail;
use program::{Line, Via};
use serde::Deserialize;
use service::{SignInOutcome, SignedIn};
use zeroize::Zeroizing;

/// The routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/sign-in", Rule::Public, sign_in_page)
        .post("/sign-in", Rule::Public, sign_in)
        .get("/sign-in/code", Rule::Public, code_page)
        .post("/sign-in/code", Rule::Public, code)
        .post("/sign-out", Rule::Person, sign_out)
        .get("/set-up", Rule::Public, set_up_page)
        .post("/set-up", Rule::Public, set_up)
        .get("/invite/{token}", Rule::Public, invite_page)
        .post("/invite/{token}", Rule::Public, invite)
}

#[derive(Template)]
#[template(path = "door/sign-in.html")]
struct SignInPage {
    frame: Bare,
    errors: Errors,
    note: &'static str,
    mail: String,
    next: String,
}

#[derive(Template)]
#[template(path = "door/code.html")]
struct CodePage {
    frame: Bare,
    errors: Errors,
    mail: String,
    next: String,
}

#[derive(Template)]
#[template(path = "door/set-up.html")]
struct SetUpPage {
    frame: Bare,
    errors: Errors,
    token: String,
    full_name: String,
    mail: String,
    department: String,
}

#[derive(Template)]
#[template(path = "door/invite.html")]
struct InvitePage {
    frame: Bare,
    errors: Errors,
    token: String,
    person: String,
    mail: String,
}

/// Where signing in leads, and how one came there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Way {
    next: String,
    ended: String,
    out: String,
    opened: String,
}

async fn sign_in_page(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    Query(way): Query<Way>,
) -> PageResult {
    let next = safe_next(&way.next).to_owned();
    if seen.actor.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    let note = if !way.ended.is_empty() {
        "Your session has ended. Sign in to go on where you were."
    } else if !way.out.is_empty() {
        "You are signed out."
    } else if !way.opened.is_empty() {
        "Your password is set. Sign in with it."
    } else {
        ""
    };
    let frame = framed(&app, &seen, "Sign in");
    render(StatusCode::OK, &SignInPage { frame, errors: Errors::default(), note, mail: String::new(), next })
}

#[derive(Deserialize)]
struct SignIn {
    mail: String,
    password: Zeroizing<String>,
    #[serde(default)]
    next: String,
}

async fn sign_in(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    SafeForm(form): SafeForm<SignIn>,
) -> PageResult {
    let next = safe_next(&form.next).to_owned();
    match app.service.sign_in(&form.mail, form.password.clone(), None, seen.arrival.address).await {
        Ok(SignInOutcome::Done(signed_in)) => Ok(enter(&app, &seen, &signed_in, &next)),
        Ok(SignInOutcome::NeedsCode) => {
            let name = app.pending.hold(&form.mail, form.password).ok_or(PageError::Internal)?;
            let to = format!("/sign-in/code?next={}", encoded(&next));
            let mut response = Redirect::to(&to).into_response();
            append(&mut response, Cookie::Step.set(&name, 300, seen.arrival.secure));
            Ok(response)
        }
        Err(error) => {
            let errors = as_errors(error)?;
            let frame = framed(&app, &seen, "Sign in");
            render(
                StatusCode::UNPROCESSABLE_ENTITY,
                &SignInPage { frame, errors, note: "", mail: form.mail, next },
            )
        }
    }
}

async fn code_page(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    Query(way): Query<Way>,
    headers: HeaderMap,
) -> PageResult {
    let next = safe_next(&way.next).to_owned();
    let Some((_, mail, _)) = step(&app, &seen, &headers) else {
        return Ok(again(&next));
    };
    let frame = framed(&app, &seen, "Second factor");
    render(StatusCode::OK, &CodePage { frame, errors: Errors::default(), mail, next })
}

#[derive(Deserialize)]
struct Code {
    code: Zeroizing<String>,
    #[serde(default)]
    next: String,
}

async fn code(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    headers: HeaderMap,
    SafeForm(form): SafeForm<Code>,
) -> PageResult {
    let next = safe_next(&form.next).to_owned();
    let Some((name, mail, password)) = step(&app, &seen, &headers) else {
        return Ok(again(&next));
    };
    match app.service.sign_in(&mail, password, Some(&form.code), seen.arrival.address).await {
        Ok(SignInOutcome::Done(signed_in)) => {
            app.pending.forget(&name);
            Ok(enter(&app, &seen, &signed_in, &next))
        }
        Ok(SignInOutcome::NeedsCode) => Ok(again(&next)),
        Err(error) => {
            let mut errors = as_errors(error)?;
            errors.0.iter_mut().for_each(|error| error.field = "code".to_owned());
            let frame = framed(&app, &seen, "Second factor");
            render(StatusCode::UNPROCESSABLE_ENTITY, &CodePage { frame, errors, mail, next })
        }
    }
}

async fn sign_out(State(app): State<App>, Extension(seen): Extension<Seen>, visitor: Visitor) -> PageResult {
    if let (Some(account), Via::Browser { session }) = (visitor.actor.account, &visitor.actor.via) {
        let command = Command::EndSession { account, session: *session, reason: SessionEnd::SignedOut };
        app.service.act(&visitor.actor, command).await?;
    }
    let mut response = Redirect::to("/sign-in?out=yes").into_response();
    append(&mut response, Cookie::Session.clear(seen.arrival.secure));
    append(&mut response, Cookie::Flash.clear(seen.arrival.secure));
    Ok(response)
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    token: String,
}

async fn set_up_page(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    Query(link): Query<Link>,
) -> PageResult {
    if !app.service.is_set_up_link(&link.token) {
        return Err(PageError::NotFound);
    }
    let page = SetUpPage {
        frame: framed(&app, &seen, "Set up Ringfence"),
        errors: Errors::default(),
        token: link.token,
        full_name: String::new(),
        mail: String::new(),
        department: String::new(),
    };
    render(StatusCode::OK, &page)
}

#[derive(Deserialize)]
struct SetUp {
    token: String,
    name: String,
    mail: String,
    department: String,
    password: Zeroizing<String>,
    again: Zeroizing<String>,
}

async fn set_up(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    SafeForm(form): SafeForm<SetUp>,
) -> PageResult {
    let mut errors = Errors::default();
    let name = Line::new(&form.name)
        .map_err(|error| errors.add("name", crate::respond::capital(&error.to_string())));
    let mail = Mail::new(&form.mail)
        .map_err(|error| errors.add("mail", crate::respond::capital(&error.to_string())));
    let department = Line::new(&form.department)
        .map_err(|error| errors.add("department", crate::respond::capital(&error.to_string())));
    if *form.password != *form.again {
        errors.add("again", "The two passwords are not the same");
    }
    if let (Ok(name), Ok(mail), Ok(department), true) = (name, mail, department, errors.is_empty()) {
        let password = form.password.clone();
        let address = seen.arrival.address;
        match app.service.set_up(&form.token, name, mail, department, password, address).await {
            Ok(signed_in) => return Ok(enter(&app, &seen, &signed_in, "/me/second-factor?first=yes")),
            Err(error) => errors = as_errors(error)?,
        }
    }
    let page = SetUpPage {
        frame: framed(&app, &seen, "Set up Ringfence"),
        errors,
        token: form.token,
        full_name: form.name,
        mail: form.mail,
        department: form.department,
    };
    render(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn invite_page(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    Path(token): Path<String>,
) -> PageResult {
    invitation(&app, &seen, token, Errors::default(), StatusCode::OK)
}

#[derive(Deserialize)]
struct NewPassword {
    password: Zeroizing<String>,
    again: Zeroizing<String>,
}

async fn invite(
    State(app): State<App>,
    Extension(seen): Extension<Seen>,
    Path(token): Path<String>,
    SafeForm(form): SafeForm<NewPassword>,
) -> PageResult {
    let mut errors = Errors::default();
    if *form.password != *form.again {
        errors.add("again", "The two passwords are not the same");
        return invitation(&app, &seen, token, errors, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let invited = app.service.invited(&token);
    let mail =
        invited.and_then(|id| app.service.state().people.get(id).map(|person| person.mail.to_string()));
    if let Err(error) = app.service.accept_invite(&token, form.password.clone(), seen.arrival.address).await {
        return invitation(&app, &seen, token, as_errors(error)?, StatusCode::UNPROCESSABLE_ENTITY);
    }
    // Signed in at once where there is no second factor to ask for; a new password does not stand in for one.
    let entered = match &mail {
        Some(mail) => app.service.sign_in(mail, form.password, None, seen.arrival.address).await,
        None => return Ok(Redirect::to("/sign-in?opened=yes").into_response()),
    };
    match entered {
        Ok(SignInOutcome::Done(signed_in)) => {
            Ok(enter(&app, &seen, &signed_in, "/me/second-factor?first=yes"))
        }
        Ok(SignInOutcome::NeedsCode) | Err(_) => Ok(Redirect::to("/sign-in?opened=yes").into_response()),
    }
}

fn invitation(app: &App, seen: &Seen, token: String, errors: Errors, status: StatusCode) -> PageResult {
    let state = app.service.state();
    let person =
        app.service.invited(&token).and_then(|id| state.people.get(id)).ok_or(PageError::NotFound)?;
    let page = InvitePage {
        frame: framed(app, seen, "Choose a password"),
        errors,
        token,
        person: person.name.to_string(),
        mail: person.mail.to_string(),
    };
    render(status, &page)
}

/// The try that waits for its code: its name, the mail address, the password.
fn step(app: &App, seen: &Seen, headers: &HeaderMap) -> Option<(String, String, Zeroizing<String>)> {
    let name = Cookie::Step.read(headers, seen.arrival.secure)?;
    let held = app.pending.find(&name)?;
    Some((name, held.mail, held.password))
}

fn again(next: &str) -> Response {
    Redirect::to(&format!("/sign-in?ended=yes&next={}", encoded(next))).into_response()
}

/// Gives the browser its session, and leads on.
fn enter(app: &App, seen: &Seen, signed_in: &SignedIn, next: &str) -> Response {
    let secure = seen.arrival.secure;
    let seconds = (signed_in.ends - app.service.now()) / 1000;
    let mut response = Redirect::to(next).into_response();
    append(&mut response, Cookie::Session.set(&signed_in.token, seconds, secure));
    append(&mut response, Cookie::Form.clear(secure));
    append(&mut response, Cookie::Step.clear(secure));
    response
}

fn framed(app: &App, seen: &Seen, title: &str) -> Bare {
    bare(app, title, proof::form(&seen.binding))
}

fn append(response: &mut Response, cookie: Option<axum::http::HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

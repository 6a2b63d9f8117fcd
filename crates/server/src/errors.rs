//! What goes wrong, as a page that says what happened and what can be done, and nothing of the inside.

use crate::app::App;
use crate::frame::{Bare, Frame};
use crate::marks;
use crate::respond::{capital, sentence};
use crate::visitor::Visitor;
use askama::Template;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use program::accounts::TokenScope;
use program::people::Role;
use program::{Refusal, Rule};
use serde_json::json;
use service::ServiceError;
use std::sync::Arc;

/// Why there is no page. The guard turns it into one, with the frame where somebody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// No such page or thing, or none this visitor may know of.
    #[error("there is no such page")]
    NotFound,
    /// A rule, the gate, the disk.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A template could not be filled in.
    #[error("a page could not be made: {0}")]
    Template(#[from] askama::Error),
    /// The request makes no sense.
    #[error("{0}")]
    BadRequest(&'static str),
    /// The form was not sent from our own page, or its page was too old.
    #[error("this form was not sent from a page of ours, or that page was too old")]
    Forged,
    /// Nobody is signed in (any more), and something was to be changed.
    #[error("nobody is signed in")]
    SignedOut,
    /// The page is for others.
    #[error("this page is for other roles")]
    NotForRole(&'static [Role]),
    /// More bytes than are taken here.
    #[error("this is larger than what is taken here")]
    TooLarge,
    /// The REST API was called without a good token.
    #[error("a token is needed: send it as `Authorization: Bearer rf_…`")]
    NoToken,
    /// The token does not have this scope.
    #[error("this token may not be used for that")]
    Scope(TokenScope),
    /// A fault of ours.
    #[error("something went wrong here")]
    Internal,
}

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        Self::Service(refusal.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl PageError {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Forged | Self::NotForRole(_) | Self::Scope(_) => StatusCode::FORBIDDEN,
            Self::SignedOut | Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Template(_) | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Service(error) => service_status(error),
        }
    }

    /// Title, and sentences.
    fn words(&self) -> (String, String) {
        let two = |title: &str, text: &str| (title.to_owned(), text.to_owned());
        match self {
            Self::NotFound => not_here(),
            Self::BadRequest(text) => ("This cannot be read".to_owned(), format!("{}.", capital(text))),
            Self::Forged => two(
                "This form was not taken",
                "It did not come from a page of this site, or that page had been open for too long. Nothing was changed. \
                 Go back, load the page again, and send the form once more.",
            ),
            Self::SignedOut => two(
                "You are not signed in",
                "Your session has ended, so nothing was changed. Sign in, and send the form again.",
            ),
            Self::NotForRole(roles) => {
                let names: Vec<&str> = roles.iter().map(|role| role.with_article()).collect();
                let who = names.join(" or ");
                (
                    "This page is not for you".to_owned(),
                    format!("It is for {who}. Ask one of them if you need something done."),
                )
            }
            Self::TooLarge => {
                two("This is too large", "It is larger than what is taken here. Nothing was kept.")
            }
            Self::NoToken | Self::Scope(_) => {
                ("Not allowed".to_owned(), format!("{}.", capital(&self.to_string())))
            }
            Self::Template(_) | Self::Internal => two(
                "Something went wrong here",
                "The fault is ours. What you see may be out of date: load the page again and look before you try once more.",
            ),
            Self::Service(error) => service_words(error),
        }
    }
}

fn service_status(error: &ServiceError) -> StatusCode {
    match error {
        ServiceError::Refused(refusal) => match refusal.rule {
            Rule::Unknown => StatusCode::NOT_FOUND,
            Rule::Role | Rule::OwnCase | Rule::Gate | Rule::SignIn => StatusCode::FORBIDDEN,
            Rule::Standing | Rule::Taken | Rule::Hold => StatusCode::CONFLICT,
            Rule::Input => StatusCode::UNPROCESSABLE_ENTITY,
        },
        ServiceError::Shut(_) => StatusCode::FORBIDDEN,
        ServiceError::Full => StatusCode::INSUFFICIENT_STORAGE,
        ServiceError::Upload(_) => StatusCode::BAD_REQUEST,
        ServiceError::Storage(_) | ServiceError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        ServiceError::Damaged(_) | ServiceError::Content(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn service_words(error: &ServiceError) -> (String, String) {
    let two = |title: &str, text: &str| (title.to_owned(), text.to_owned());
    match error {
        ServiceError::Refused(refusal) if refusal.rule == Rule::Unknown => not_here(),
        ServiceError::Refused(refusal) => ("This was not done".to_owned(), sentence(refusal)),
        ServiceError::Shut(shut) => (
            "You may not open this now".to_owned(),
            format!("Every condition has to be met. That you asked is recorded as entry {}.", shut.entry),
        ),
        ServiceError::Full | ServiceError::Stopping | ServiceError::Upload(_) => {
            ("This was not done".to_owned(), format!("{}.", capital(&error.to_string())))
        }
        ServiceError::Damaged(_) => two(
            "The record is damaged",
            "It does not prove what it should, so nothing more is shown or written. Tell whoever runs this installation.",
        ),
        ServiceError::Content(_) => two(
            "This does not open",
            "Its sealed content is damaged or was destroyed. Tell whoever runs this installation.",
        ),
        ServiceError::Storage(_) => two(
            "The record does not answer",
            "It could not be read or written just now. Look whether your act is in the record before you try again.",
        ),
    }
}

/// The same words whether it never was or may not be seen.
fn not_here() -> (String, String) {
    (
        "There is nothing here for you".to_owned(),
        "Nothing has this address, or it is not yours to see. Check the address, or ask whoever gave it to you.".to_owned(),
    )
}

#[derive(Template)]
#[template(path = "errors/page.html")]
struct Framed {
    frame: Frame,
    text: String,
    marks: Vec<crate::parts::Mark>,
    entry: Option<u64>,
    id: Option<String>,
}

#[derive(Template)]
#[template(path = "errors/unframed.html")]
struct Unframed {
    frame: Bare,
    text: String,
    sign_in: bool,
    id: Option<String>,
}

/// The page for somebody who is signed in.
pub(crate) fn framed_page(visitor: &Visitor, error: &PageError, id: &str) -> Response {
    log(error, id);
    let (title, text) = error.words();
    let (marks, entry) = match error {
        PageError::Service(ServiceError::Shut(shut)) => {
            (marks::marks(visitor, &shut.because), Some(shut.entry))
        }
        _ => (Vec::new(), None),
    };
    let page = Framed { frame: visitor.frame(&title, ""), text, marks, entry, id: shown(error, id) };
    html(error.status(), &page)
}

/// The page for anybody.
pub(crate) fn bare_page(app: &App, error: &PageError, id: &str) -> Response {
    log(error, id);
    let (title, text) = error.words();
    let sign_in = matches!(error, PageError::SignedOut | PageError::NotFound);
    html(
        error.status(),
        &Unframed { frame: bare(app, &title, String::new()), text, sign_in, id: shown(error, id) },
    )
}

/// The frame of a page before signing in.
pub(crate) fn bare(app: &App, title: &str, csrf: String) -> Bare {
    let name = app.service.state().organisation.name.clone();
    Bare {
        organisation: if name.is_empty() { "Ringfence".to_owned() } else { name },
        title: title.to_owned(),
        language: "en".to_owned(),
        csrf,
        flash: None,
        wide: false,
    }
}

/// For programs: RFC 9457.
pub(crate) fn problem(error: &PageError) -> Response {
    log(error, "");
    let status = error.status();
    let (title, _) = error.words();
    let mut body =
        json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail(error) });
    if let (PageError::Service(service), Some(map)) = (error, body.as_object_mut()) {
        if let Some(rule) = service.rule() {
            map.insert("rule".to_owned(), json!(rule));
        }
        match service {
            ServiceError::Refused(refusal) => {
                map.insert("remedy".to_owned(), json!(refusal.remedy));
                map.insert("field".to_owned(), json!(refusal.field));
            }
            ServiceError::Shut(shut) => {
                map.insert("entry".to_owned(), json!(shut.entry));
                map.insert("because".to_owned(), json!(shut.because));
            }
            _ => {}
        }
    }
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// What went wrong, without what only the log may say.
fn detail(error: &PageError) -> String {
    match error {
        PageError::Service(
            ServiceError::Storage(_) | ServiceError::Damaged(_) | ServiceError::Content(_),
        )
        | PageError::Template(_) => error.words().1,
        other => other.to_string(),
    }
}

/// The number to quote, where somebody has to look into it.
fn shown(error: &PageError, id: &str) -> Option<String> {
    error.status().is_server_error().then(|| id.to_owned())
}

fn log(error: &PageError, id: &str) {
    if error.status().is_server_error() {
        tracing::error!(%error, id, "a request failed");
    }
}

fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "something went wrong here\n").into_response(),
    }
}

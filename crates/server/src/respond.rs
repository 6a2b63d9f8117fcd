//! Answers: a page, a redirect with a message, a form shown again with what is wrong.

use crate::errors::PageError;
use crate::frame::{Flash, FlashKind};
use crate::parts::Errors;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use program::{Refusal, Rule};
use service::{Done, ServiceError};

/// What a handler of a page gives.
pub type PageResult = Result<Response, PageError>;

/// Renders a page.
///
/// # Errors
/// The template failed.
pub fn render(status: StatusCode, page: &impl Template) -> PageResult {
    Ok((status, Html(page.render()?)).into_response())
}

/// Leads to `to`, where `text` is shown with the number of the entry: "The grant was revoked. Recorded as entry 41."
pub fn recorded(to: &str, done: &Done, text: impl Into<String>) -> Response {
    said(to, Flash { kind: FlashKind::Done, text: text.into(), entry: done.position() })
}

/// Leads to `to`, where a message is shown.
pub fn said(to: &str, flash: Flash) -> Response {
    let mut response = Redirect::to(to).into_response();
    response.extensions_mut().insert(flash);
    response
}

/// What is wrong with a form, to show it again with status 422 and everything as it was typed. What the form cannot help
/// (unknown, not allowed, the disk) stays an error. Where no field is named, the error stands on top, under `form`.
///
/// # Errors
/// What the person cannot put right in this form.
pub fn as_errors(error: impl Into<ServiceError>) -> Result<Errors, PageError> {
    match error.into() {
        ServiceError::Refused(refusal) if !matches!(refusal.rule, Rule::Unknown | Rule::Role) => {
            let mut errors = Errors::default();
            errors.add(refusal.field.unwrap_or("form"), sentence(&refusal));
            Ok(errors)
        }
        ServiceError::Upload(text) => {
            let mut errors = Errors::default();
            errors.add("file", capital(&text));
            Ok(errors)
        }
        other => Err(other.into()),
    }
}

/// A refusal as sentences: what, and what to do about it.
#[must_use]
pub fn sentence(refusal: &Refusal) -> String {
    let message = plain(&refusal.message);
    match &refusal.remedy {
        Some(remedy) => format!("{}. {}.", capital(&message), capital(&plain(remedy))),
        None => format!("{}.", capital(&message)),
    }
}

/// The text with a capital letter in front.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Lets a page of ours show this answer inside itself, as it shows a PDF.
#[must_use]
pub fn embeddable(mut response: Response) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; plugin-types application/pdf; frame-ancestors 'self'";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    response
}

/// A local path to go back to, or `/`: never another site, whatever the address said.
#[must_use]
pub fn safe_next(next: &str) -> &str {
    let local = next.starts_with('/') && !next.starts_with("//") && next.len() <= 2000;
    let plain = next.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    if local && plain { next } else { "/" }
}

/// A text as a value of a query.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Our messages set what people typed in backticks; on a page these are quotation marks.
fn plain(text: &str) -> String {
    let mut open = false;
    text.chars()
        .map(|c| match c {
            '`' => {
                open = !open;
                if open { '“' } else { '”' }
            }
            other => other,
        })
        .collect()
}

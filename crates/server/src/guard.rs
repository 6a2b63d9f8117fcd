//! Stands before every handler: who is it, does the route's rule let them, was the form sent from our own page. And after
//! it: errors become pages, messages become cookies.

use crate::app::{App, LARGEST_FORM};
use crate::arrival::Arrival;
use crate::cookies::Cookie;
use crate::errors::{self, PageError};
use crate::frame::Flash;
use crate::observe::RequestId;
use crate::proof;
use crate::respond;
use crate::routes::{Body, Rule};
use crate::visitor::Visitor;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{self, MethodRouter};
use program::Actor;
use program::accounts::TokenScope;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use zeroize::Zeroizing;

/// The largest body of a form before signing in.
const LARGEST_PUBLIC_FORM: usize = 64 << 10;
/// How long a form may take to arrive.
const FORM_WITHIN: std::time::Duration = std::time::Duration::from_secs(60);
/// How long a message waits for the next page, in seconds.
const FLASH_LASTS: i64 = 60;
/// How long a form before signing in may lie open, in seconds.
const FORM_LASTS: i64 = 12 * 3600;

/// Who sent a request, and what its forms are bound to.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) actor: Option<Actor>,
    /// The token of the session, or of the form cookie before signing in.
    pub(crate) binding: Arc<Zeroizing<String>>,
    pub(crate) flash: Option<Flash>,
    pub(crate) arrival: Arrival,
    pub(crate) id: String,
}

/// Whoever called the REST API with a good token.
#[derive(Debug, Clone)]
pub struct ApiCaller {
    /// Who.
    pub actor: Actor,
    /// What the token may be used for.
    pub scopes: std::collections::BTreeSet<TokenScope>,
}

/// Puts the rule before a route.
pub(crate) fn protected(rule: Rule, body: Body, routed: MethodRouter<App>) -> MethodRouter<App> {
    routed.route_layer(from_fn(move |request: Request, next: Next| guard(rule, body, request, next)))
}

/// What answers where there is no route: with the frame for somebody who is signed in.
pub(crate) fn missing() -> MethodRouter<App> {
    let answer = routing::any(|| async { PageError::NotFound });
    answer.layer(from_fn(|request: Request, next: Next| guard(Rule::Public, Body::None, request, next)))
}

async fn guard(rule: Rule, body: Body, mut request: Request, next: Next) -> Response {
    let parts = request.extensions();
    let (Some(app), Some(arrival)) = (parts.get::<App>().cloned(), parts.get::<Arrival>().cloned()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Rule::Api(scope) = rule {
        return api(&app, &arrival, scope, request, next).await;
    }
    let id = parts.get::<RequestId>().map_or_else(String::new, |id| id.0.clone());
    let held = Cookie::Session.read(request.headers(), arrival.secure);
    let actor = match &held {
        Some(token) => app.service.session(token, arrival.address).await,
        None => Ok(None),
    };
    let (actor, fault) = match actor {
        Ok(actor) => (actor, None),
        Err(error) => (None, Some(PageError::from(error))),
    };
    let form = Cookie::Form.read(request.headers(), arrival.secure);
    let fresh = form.is_none();
    // Pages before signing in are bound to their own cookie even for somebody who is signed in: signing in again there
    // must not depend on a session that may end in between.
    let bound = if rule == Rule::Public { form.or_else(proof::random) } else { held.clone() };
    let binding = Arc::new(Zeroizing::new(bound.unwrap_or_default()));
    let flash = flash(request.headers(), &arrival, held.as_deref());
    let shown = flash.is_some();
    let seen = Seen { actor, binding, flash, arrival, id };
    let lost = held.is_some() && seen.actor.is_none() && fault.is_none();
    let mut response = match fault {
        Some(fault) => fault.into_response(),
        None => match admit(&app, rule, body, &seen, &mut request, lost).await {
            Ok(()) => {
                request.extensions_mut().insert(seen.clone());
                next.run(request).await
            }
            Err(response) => *response,
        },
    };
    if let Some(error) = response.extensions_mut().remove::<Arc<PageError>>() {
        count(&app, &error);
        response = page(&app, &error, &seen);
    }
    cookies(&mut response, rule, &seen, Left { fresh, shown, lost });
    response
}

/// What is to be done about cookies: a form cookie was made, a message was there, a session has ended.
struct Left {
    fresh: bool,
    shown: bool,
    lost: bool,
}

async fn admit(
    app: &App,
    rule: Rule,
    body: Body,
    seen: &Seen,
    request: &mut Request,
    lost: bool,
) -> Result<(), Box<Response>> {
    let refuse = |error: PageError| Err(Box::new(error.into_response()));
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if !safe && !from_here(request.headers(), &seen.arrival) {
        return refuse(PageError::Forged);
    }
    match (rule, &seen.actor) {
        (Rule::Public, _) => {}
        (_, None) if safe => {
            let at = request.uri().path_and_query().map_or("/", |at| at.as_str());
            let next = respond::encoded(at);
            let ended = if lost { "&ended=yes" } else { "" };
            return Err(Box::new(Redirect::to(&format!("/sign-in?next={next}{ended}")).into_response()));
        }
        (_, None) => return refuse(PageError::SignedOut),
        (Rule::Roles(roles), Some(actor)) => {
            if !actor.holds(&app.service.state(), app.service.now(), roles) {
                return refuse(PageError::NotForRole(roles));
            }
        }
        (Rule::Person | Rule::Api(_), Some(_)) => {}
    }
    if body != Body::Form {
        return Ok(());
    }
    let most = if rule == Rule::Public { LARGEST_PUBLIC_FORM } else { LARGEST_FORM };
    let taken = std::mem::take(request.body_mut());
    let bytes = match tokio::time::timeout(FORM_WITHIN, axum::body::to_bytes(taken, most)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return refuse(PageError::TooLarge),
        Err(_) => return refuse(PageError::BadRequest("the form took too long to arrive")),
    };
    if !carries_proof(&bytes, &seen.binding) {
        return refuse(PageError::Forged);
    }
    *request.body_mut() = bytes.into();
    Ok(())
}

/// Browsers say where a request was started (Fetch Metadata); older ones say at least the origin. What says neither is no
/// browser, and has the form's token to show.
fn from_here(headers: &HeaderMap, arrival: &Arrival) -> bool {
    let read = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (read("sec-fetch-site"), read("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin.eq_ignore_ascii_case(&arrival.origin),
        (None, None) => true,
    }
}

fn carries_proof(body: &[u8], binding: &str) -> bool {
    let Ok(pairs) = serde_html_form::from_bytes::<Vec<(String, String)>>(body) else {
        return false;
    };
    let mut given = pairs.iter().filter(|(name, _)| name == "csrf");
    match (given.next(), given.next()) {
        (Some((_, given)), None) => !binding.is_empty() && proof::is_form(binding, given),
        _ => false,
    }
}

fn flash(headers: &HeaderMap, arrival: &Arrival, held: Option<&str>) -> Option<Flash> {
    let signed = Cookie::Flash.read(headers, arrival.secure)?;
    serde_json::from_slice(&proof::open(held?, &signed)?).ok()
}

fn count(app: &App, error: &PageError) {
    if matches!(error, PageError::Forged) {
        app.metrics.forged.fetch_add(1, Ordering::Relaxed);
    }
}

fn page(app: &App, error: &PageError, seen: &Seen) -> Response {
    match Visitor::of(app, seen) {
        Some(visitor) => errors::framed_page(&visitor, error, &seen.id),
        None => errors::bare_page(app, error, &seen.id),
    }
}

fn cookies(response: &mut Response, rule: Rule, seen: &Seen, left: Left) {
    let secure = seen.arrival.secure;
    let moved = response.status().is_redirection();
    let said = response.extensions_mut().remove::<Flash>();
    let said =
        said.and_then(|flash| serde_json::to_vec(&flash).ok()).map(|text| proof::sign(&seen.binding, &text));
    let said = said.and_then(|signed| Cookie::Flash.set(&signed, FLASH_LASTS, secure));
    let forget = (left.shown && !moved && said.is_none()).then(|| Cookie::Flash.clear(secure)).flatten();
    let bind = (rule == Rule::Public && left.fresh && !moved)
        .then(|| Cookie::Form.set(&seen.binding, FORM_LASTS, secure))
        .flatten();
    // A handler that has just set a session must not have it taken away again.
    let ended = (left.lost && rule != Rule::Public).then(|| Cookie::Session.clear(secure)).flatten();
    for header in [said, forget, bind, ended].into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, header);
    }
}

async fn api(app: &App, arrival: &Arrival, scope: TokenScope, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    let Some((actor, scopes)) = token.and_then(|token| app.service.token(token, arrival.address)) else {
        return errors::problem(&PageError::NoToken);
    };
    if !scopes.contains(&scope) {
        return errors::problem(&PageError::Scope(scope));
    }
    request.extensions_mut().insert(ApiCaller { actor, scopes });
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<Arc<PageError>>() {
        count(app, &error);
        response = errors::problem(&error);
    }
    response
}

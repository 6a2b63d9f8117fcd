//! What a request carries: who calls, the ids in its path, its query and its body. Whatever is wrong becomes a [`Problem`].

use super::problem::Problem;
use super::types::Scope;
use crate::app::App;
use crate::guard::ApiCaller;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use program::accounts::TokenScope;
use program::{Actor, PersonId, State, Time, TokenId, Via};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The longest body that is read as a whole, unless a route says otherwise, in bytes.
pub(super) const MOST: u64 = 1 << 20;

/// Who calls: the person who issued the token, with what it may be used for.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) actor: Actor,
    pub(super) person: PersonId,
    pub(super) token: TokenId,
    pub(super) scopes: BTreeSet<TokenScope>,
    /// One state for the whole answer.
    pub(super) state: Arc<State>,
    pub(super) now: Time,
}

/// The ids in the path.
pub(super) struct At<T>(pub(super) T);

/// The query.
pub(super) struct Ask<T>(pub(super) T);

/// A JSON body of at most [`MOST`] bytes.
pub(super) struct Body<T>(pub(super) T);

impl Caller {
    /// The organisation's time zone, in which days begin and end.
    pub(super) fn zone(&self) -> &str {
        &self.state.organisation.zone
    }

    pub(super) fn scopes(&self) -> Vec<Scope> {
        self.scopes.iter().copied().map(Scope).collect()
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // Put there by the guard before the route; where it is missing, nobody is let in.
        let ApiCaller { actor, scopes } =
            parts.extensions.get::<ApiCaller>().cloned().ok_or_else(Problem::no_token)?;
        let (Some(person), Via::Api { token }) = (actor.person, &actor.via) else {
            return Err(Problem::no_token());
        };
        let token = *token;
        Ok(Self { actor, person, token, scopes, state: app.service.state(), now: app.service.now() })
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(found) = Path::<T>::from_request_parts(parts, app)
            .await
            .map_err(|error| Problem::plain(StatusCode::NOT_FOUND, error.body_text()))?;
        Ok(Self(found))
    }
}

impl<T: DeserializeOwned> FromRequestParts<App> for Ask<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Query(found) = Query::<T>::from_request_parts(parts, app)
            .await
            .map_err(|error| Problem::input(None, error.body_text()))?;
        Ok(Self(found))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        require_json(request.headers())?;
        Ok(Self(parse(&read(request, MOST).await?)?))
    }
}

/// Refuses a body that is not said to be JSON: a form of another site cannot say so without asking first.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    if media_type(headers).is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    Err(Problem::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this takes `Content-Type: application/json`"))
}

/// The media type of the body, without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

/// Reads JSON, and names the field at fault. Nesting ends at 128 levels (serde_json's own limit).
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() {
            let field = Some(field).filter(|field| field != "." && field != "?");
            Problem::input(field.as_deref(), reason(&error))
        } else {
            not_json(&error)
        }
    })?;
    json.end().map_err(|error| not_json(&error))?;
    Ok(parsed)
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::plain(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}"))
}

/// What serde found wrong, without the line and column that mean nothing to whoever built the body with a library.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

/// The whole body, of at most `most` bytes.
pub(super) async fn read(request: Request, most: u64) -> Result<Bytes, Problem> {
    let said = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > most) {
        return Err(Problem::too_large(most));
    }
    let mut pieces = request.into_body().into_data_stream();
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await {
        let broken = |error| Problem::plain(StatusCode::BAD_REQUEST, format!("the body broke off: {error}"));
        let piece = piece.map_err(broken)?;
        if (all.len() as u64).saturating_add(piece.len() as u64) > most {
            return Err(Problem::too_large(most));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.into())
}

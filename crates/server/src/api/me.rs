//! Whoever calls: their person, what their token may be used for, what waits for them; and how the service is.

use super::collect::Area;
use super::extract::Caller;
use super::people::Person;
use super::problem::Problem;
use super::types::{AccountId, Scope, Stamp, TokenId};
use crate::app::App;
use axum::Json;
use axum::extract::State;
use program::{Duty as Due, Refusal, duties_of};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(me)).read(routes!(duties)).read(routes!(status))
}

/// Whoever calls.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    person: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    /// The token that this request came with.
    token: TokenId,
    /// What it may be used for.
    scopes: Vec<Scope>,
    /// The organisation's name.
    organisation: String,
    /// Its time zone, in which days begin and end.
    #[schema(example = "Europe/Oslo")]
    zone: String,
}

/// One thing that waits for you.
#[derive(Debug, Serialize, ToSchema)]
struct Duty {
    /// What, in a word.
    #[schema(example = "sign-agreement")]
    task: String,
    /// The id of what it is about.
    #[schema(example = "A-1")]
    about: String,
    /// In words.
    #[schema(example = "Sign `Employee confidentiality agreement`")]
    text: String,
    /// By when, where there is a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Stamp>,
}

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"version": "0.1.0", "entries": 1041, "waiting": 0, "time": "2026-03-31T15:00:00.000Z"}))]
struct ServiceStatus {
    version: &'static str,
    /// Entries in the record.
    entries: u64,
    /// Acts waiting to be recorded.
    waiting: usize,
    /// The time, as entries would carry it now.
    time: Stamp,
}

/// Who you are here, and what this token may be used for.
#[utoipa::path(get, path = "/api/v1/me", operation_id = "get", responses((status = 200, description = "You.", body = Me)))]
async fn me(caller: Caller) -> Result<Json<Me>, Problem> {
    let person = caller.state.people.get(caller.person).ok_or_else(|| Refusal::unknown(caller.person))?;
    Ok(Json(Me {
        person: Person::of(&caller, person),
        account: caller.actor.account.map(AccountId),
        token: caller.token.into(),
        scopes: caller.scopes(),
        organisation: caller.state.organisation.name.clone(),
        zone: caller.zone().to_owned(),
    }))
}

/// What waits for you, the earliest due first.
#[utoipa::path(get, path = "/api/v1/me/duties", responses((status = 200, description = "Everything that waits.", body = Vec<Duty>)))]
async fn duties(caller: Caller) -> Json<Vec<Duty>> {
    Json(duties_of(&caller.state, caller.person, caller.now).into_iter().map(Duty::from).collect())
}

/// How the service is.
#[utoipa::path(get, path = "/api/v1/status", responses((status = 200, description = "It answers.", body = ServiceStatus)))]
async fn status(State(app): State<App>, caller: Caller) -> Json<ServiceStatus> {
    let status = app.service.status();
    Json(ServiceStatus {
        version: env!("CARGO_PKG_VERSION"),
        entries: status.entries,
        waiting: status.waiting,
        time: Stamp(caller.now),
    })
}

impl From<Due> for Duty {
    fn from(duty: Due) -> Self {
        let task = serde_json::to_value(duty.task).ok();
        let task = task.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        Self { task, about: duty.about.to_string(), text: duty.text, due: duty.due.map(Stamp) }
    }
}

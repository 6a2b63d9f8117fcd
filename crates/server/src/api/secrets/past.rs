//! A secret as it stood at a past moment.

use super::{Secret, WhoRow};
use crate::api::documents::Document;
use crate::api::extract::{Ask, At, Caller};
use crate::api::problem::Problem;
use crate::api::types::{SecretId, Stamp, When};
use crate::app::App;
use axum::Json;
use axum::extract::State;
use program::{Refusal, access, secrets as domain};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A past moment.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct AsOfQuery {
    /// As it stood at this instant, or at the end of this day; now where absent.
    #[param(inline)]
    pub(in crate::api) as_of: Option<When>,
}

/// Which moment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PastQuery {
    /// The instant, or the end of a day.
    #[param(inline)]
    time: When,
}

/// A secret as it stood, its documents, and who could open it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PastSecret {
    /// The moment.
    time: Stamp,
    secret: Secret,
    /// The documents it had, the oldest first.
    documents: Vec<Document>,
    /// Who could open it, and who had been granted it but could not.
    who: Vec<WhoRow>,
}

/// A secret as it stood at a past moment. For its owner and those who oversee the programme.
#[utoipa::path(get, path = "/api/v1/secrets/{id}/as-of", params(("id" = SecretId, Path), PastQuery), responses((status = 200, description = "As it stood.", body = PastSecret)))]
pub(super) async fn as_of(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Ask(query): Ask<PastQuery>,
) -> Result<Json<PastSecret>, Problem> {
    let past = app.service.as_of(&caller.actor, id.0, query.time.last(caller.zone())).await?;
    let secret = past.state.secrets.get(id.0).ok_or_else(|| Refusal::unknown(id.0))?;
    let whole = domain::may_see_whole(&caller.state, &caller.actor, caller.now, secret);
    let who = access::who(&past.state, app.service.gate(), id.0, past.time);
    Ok(Json(PastSecret {
        time: Stamp(past.time),
        secret: Secret::new(&domain::shown(&caller.state, &caller.actor, caller.now, secret), whole),
        documents: past.state.documents.of(id.0).map(Document::from).collect(),
        who: who.into_iter().map(WhoRow::from).collect(),
    }))
}

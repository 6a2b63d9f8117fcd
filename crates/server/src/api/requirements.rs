//! Requirements: what each tier asks of whoever opens its secrets.

use super::answer::Receipt;
use super::collect::Area;
use super::extract::{At, Body, Caller};
use super::problem::Problem;
use super::types::{Condition, Network, Text, Tier};
use crate::app::App;
use axum::Json;
use axum::extract::State;
use program::access::{self as domain, Command};
use program::{Refusal, secrets};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(list)).read(routes!(get)).write(routes!(set))
}

/// What a tier asks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Requirement {
    /// The conditions that the gate asks.
    conditions: Vec<Condition>,
    /// The clearance level that a person needs, 0 to 9.
    #[schema(maximum = 9)]
    clearance: u8,
    /// How many people approve a grant.
    #[schema(minimum = 1, maximum = 5)]
    approvals: u8,
    /// How fresh a second factor has to be, in minutes.
    #[schema(minimum = 1, maximum = 1440)]
    second_factor_minutes: u32,
    /// The address ranges from which documents open, where `network` is asked.
    #[serde(default)]
    networks: Vec<Network>,
    /// How long emergency access lasts, in minutes; 0 allows none.
    #[schema(maximum = 1440)]
    emergency_minutes: u32,
    /// The longest that a grant may last, in days.
    #[schema(minimum = 1, maximum = 3660)]
    longest_grant_days: u32,
    /// May everybody find these secrets in the register, and ask for access?
    listed: bool,
}

/// A tier and what it asks.
#[derive(Debug, Serialize, ToSchema)]
struct TierRequirement {
    tier: Tier,
    requirement: Requirement,
}

/// A change of what a tier asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "requirement": {
        "conditions": ["suspension", "employment", "clearance", "grant", "agreement", "second-factor"],
        "clearance": 2,
        "approvals": 2,
        "second_factor_minutes": 60,
        "emergency_minutes": 15,
        "longest_grant_days": 92,
        "listed": false
    },
    "reason": "Two people approve from now on."
}))]
struct Change {
    /// All of it, as it shall be.
    requirement: Requirement,
    reason: Text,
}

/// What every tier asks, the lowest first. For those who run a part of the programme.
#[utoipa::path(get, path = "/api/v1/requirements", responses((status = 200, description = "One row for each tier.", body = Vec<TierRequirement>)))]
async fn list(caller: Caller) -> Result<Json<Vec<TierRequirement>>, Problem> {
    may_read(&caller)?;
    Ok(Json(secrets::Tier::ALL.into_iter().map(|tier| TierRequirement::of(&caller, tier)).collect()))
}

/// What one tier asks. For those who run a part of the programme.
#[utoipa::path(get, path = "/api/v1/requirements/{tier}", params(("tier" = Tier, Path)), responses((status = 200, description = "What it asks.", body = TierRequirement)))]
async fn get(caller: Caller, At(tier): At<Tier>) -> Result<Json<TierRequirement>, Problem> {
    may_read(&caller)?;
    Ok(Json(TierRequirement::of(&caller, tier.0)))
}

/// Change what a tier asks. For administrators and the security officer.
#[utoipa::path(put, path = "/api/v1/requirements/{tier}", params(("tier" = Tier, Path)), request_body = Change, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn set(
    State(app): State<App>,
    caller: Caller,
    At(tier): At<Tier>,
    Body(Change { requirement, reason }): Body<Change>,
) -> Result<Receipt, Problem> {
    let requirement = Box::new(requirement.into());
    let command = Command::SetRequirement { tier: tier.0, requirement, reason: reason.0 };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

fn may_read(caller: &Caller) -> Result<(), Refusal> {
    caller.actor.require(&caller.state, caller.now, domain::REQUIREMENT_READERS, "read what a tier asks")
}

impl TierRequirement {
    fn of(caller: &Caller, tier: secrets::Tier) -> Self {
        let asked = caller.state.access.requirement(tier);
        let requirement = Requirement {
            conditions: asked.conditions.iter().map(Condition).collect(),
            clearance: asked.clearance,
            approvals: asked.approvals,
            second_factor_minutes: asked.second_factor_minutes,
            networks: asked.networks.iter().copied().map(Network).collect(),
            emergency_minutes: asked.emergency_minutes,
            longest_grant_days: asked.longest_grant_days,
            listed: asked.listed,
        };
        Self { tier: tier.into(), requirement }
    }
}

impl From<Requirement> for domain::Requirement {
    fn from(asked: Requirement) -> Self {
        Self {
            conditions: asked.conditions.into_iter().map(|condition| condition.0).collect(),
            clearance: asked.clearance,
            approvals: asked.approvals,
            second_factor_minutes: asked.second_factor_minutes,
            networks: asked.networks.into_iter().map(|network| network.0).collect(),
            emergency_minutes: asked.emergency_minutes,
            longest_grant_days: asked.longest_grant_days,
            listed: asked.listed,
        }
    }
}

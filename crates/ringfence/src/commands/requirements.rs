//! `ringfence requirements`: what each tier asks of whoever opens its documents.

use crate::commands::secret::tier;
use crate::errors::Failure;
use crate::lookup;
use crate::session::{Options, Session};
use clap::{Args, Subcommand};
use gate::{Condition, NetworkRange};
use program::Refusal;
use program::access::Command;
use program::secrets::Tier;
use serde_json::{Value, json};

/// Requirements.
#[derive(Debug, Subcommand)]
pub(crate) enum Requirements {
    /// The table
    Show,
    /// Change what a tier asks; what is not given stays as it is
    Set(Box<Set>),
}

/// Change what a tier asks.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// confidential, restricted or crown-jewel
    #[arg(value_parser = tier)]
    tier: Tier,
    /// Why
    #[arg(long)]
    reason: String,
    /// Ask this condition; may be given several times
    #[arg(long = "ask", value_name = "CONDITION")]
    ask: Vec<Condition>,
    /// Ask this condition no more
    #[arg(long = "drop", value_name = "CONDITION")]
    drop: Vec<Condition>,
    /// The clearance a person needs, 0 to 9
    #[arg(long)]
    clearance: Option<u8>,
    /// How many people approve a grant, 1 to 5
    #[arg(long)]
    approvals: Option<u8>,
    /// How fresh a second factor has to be, in minutes
    #[arg(long, value_name = "MINUTES")]
    second_factor: Option<u32>,
    /// An address range from which documents open; replaces those named before
    #[arg(long = "network", value_name = "RANGE", value_parser = range)]
    networks: Vec<NetworkRange>,
    /// How long emergency access lasts, in minutes; 0 allows none
    #[arg(long, value_name = "MINUTES")]
    emergency: Option<u32>,
    /// The longest that a grant may last, in days
    #[arg(long, value_name = "DAYS")]
    longest_grant: Option<u32>,
    /// May everybody find these secrets in the register, and ask for access?
    #[arg(long)]
    listed: Option<bool>,
}

impl Requirements {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        match self {
            Requirements::Show => show(&session)?,
            Requirements::Set(set) => set.run(&session).await?,
        }
        session.close().await;
        Ok(())
    }
}

impl Set {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let mut requirement = (*session.state().access.requirement(self.tier)).clone();
        for condition in self.ask {
            requirement.conditions.insert(condition);
        }
        for condition in self.drop {
            requirement.conditions.remove(condition);
        }
        requirement.clearance = self.clearance.unwrap_or(requirement.clearance);
        requirement.approvals = self.approvals.unwrap_or(requirement.approvals);
        requirement.second_factor_minutes = self.second_factor.unwrap_or(requirement.second_factor_minutes);
        if !self.networks.is_empty() {
            requirement.networks = self.networks;
        }
        requirement.emergency_minutes = self.emergency.unwrap_or(requirement.emergency_minutes);
        requirement.longest_grant_days = self.longest_grant.unwrap_or(requirement.longest_grant_days);
        requirement.listed = self.listed.unwrap_or(requirement.listed);
        if requirement == *session.state().access.requirement(self.tier) {
            return Err(Refusal::input("tier", "nothing would change")
                .remedy("name what the tier shall ask")
                .into());
        }
        let reason = lookup::text("reason", &self.reason)?;
        session
            .act(Command::SetRequirement { tier: self.tier, requirement: Box::new(requirement), reason })
            .await
    }
}

fn show(session: &Session) -> Result<(), Failure> {
    let state = session.state();
    let tiers = Tier::ALL.map(|tier| (tier, state.access.requirement(tier)));
    session.out.either(
        || {
            let rows =
                tiers.iter().map(|(tier, requirement)| json!({ "tier": tier, "requirement": **requirement }));
            Value::Array(rows.collect())
        },
        |out| {
            let rows: Vec<Vec<String>> = tiers
                .iter()
                .map(|(tier, requirement)| {
                    let asked: Vec<&str> = requirement.conditions.iter().map(Condition::as_str).collect();
                    vec![
                        tier.name().to_owned(),
                        requirement.clearance.to_string(),
                        requirement.approvals.to_string(),
                        format!("{} min", requirement.emergency_minutes),
                        format!("{} days", requirement.longest_grant_days),
                        asked.join(", "),
                    ]
                })
                .collect();
            out.table(&["Tier", "Clearance", "Approvals", "Emergency", "Longest grant", "Asks"], &rows)
        },
    )
}

fn range(text: &str) -> Result<NetworkRange, String> {
    NetworkRange::parse(text).map_err(|error| error.to_string())
}

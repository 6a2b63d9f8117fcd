//! `ringfence account`: accounts to sign in with.

use crate::commands::person;
use crate::errors::Failure;
use crate::lookup;
use crate::session::{Options, Session};
use clap::Subcommand;
use program::Refusal;
use program::accounts::{Account as Known, Command};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// Accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Invite a person to open an account: prints a one-time link, good for seven days
    Invite {
        /// Who
        person: String,
        /// Where the server is reached, in front of the link
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8484")]
        at: String,
    },
    /// Offer a one-time link to set a new password
    Reset {
        /// Whose
        person: String,
        /// Where the server is reached, in front of the link
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8484")]
        at: String,
    },
    /// Take away the second factor of somebody who lost it
    RemoveSecondFactor {
        /// Whose
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Close an account for good
    Close {
        /// Whose
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// List accounts
    List,
}

impl Account {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        let found = |text: &str| lookup::person(&session.state(), text);
        let account = |text: &str| {
            let person = found(text)?;
            let account = session.state().accounts.of(person).map(|account| account.id);
            account.ok_or_else(|| Failure::from(Refusal::unknown(format!("the account of {person}"))))
        };
        match self {
            Account::Invite { person, at } => {
                let token = session.service.invite(&session.actor, found(&person)?).await?;
                link(&session, &at, &token)?;
            }
            Account::Reset { person, at } => {
                let token = session.service.offer_reset(&session.actor, account(&person)?).await?;
                link(&session, &at, &token)?;
            }
            Account::RemoveSecondFactor { person, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::RemoveSecondFactor { account: account(&person)?, reason }).await?;
            }
            Account::Close { person, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::Close { account: account(&person)?, reason }).await?;
            }
            Account::List => list(&session)?,
        }
        session.close().await;
        Ok(())
    }
}

fn link(session: &Session, at: &str, token: &Zeroizing<String>) -> Result<(), Failure> {
    let address = Zeroizing::new(format!("{}/invite/{}", at.trim_end_matches('/'), token.as_str()));
    session.out.either(
        || json!({ "link": address.as_str() }),
        |out| {
            out.line(address.as_str())?;
            out.line(out.dim("Good once, for seven days. It is not kept: hand it over now."))
        },
    )
}

fn list(session: &Session) -> Result<(), Failure> {
    let state = session.state();
    let accounts: Vec<&Known> = state.accounts.iter().collect();
    let standing = |account: &Known| if account.is_open() { "open" } else { "not open" };
    session.out.either(
        || {
            let accounts = accounts.iter().map(|account| {
                json!({
                    "id": account.id,
                    "person": account.person,
                    "open": account.is_open(),
                    "second_factor": account.second_factor.is_some(),
                })
            });
            Value::Array(accounts.collect())
        },
        |out| {
            let rows: Vec<Vec<String>> = accounts
                .iter()
                .map(|account| {
                    let factor = if account.second_factor.is_some() { "yes" } else { "no" };
                    vec![
                        account.id.to_string(),
                        person::name(&state, account.person),
                        standing(account).to_owned(),
                        factor.to_owned(),
                    ]
                })
                .collect();
            out.table(&["Id", "Person", "Standing", "Second factor"], &rows)
        },
    )
}

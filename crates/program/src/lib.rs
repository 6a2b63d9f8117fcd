//! The rules of a trade-secret programme: what can happen, what it adds up to, and who may make it happen.
//!
//! Everything here is pure. The clock, random numbers, digests of files and the network are arguments; nothing is
//! read or written. One folder per area of the programme, each with the same rooms:
//!
//! | room | holds |
//! |---|---|
//! | `mod.rs` | what the area is for, the demands it meets, the law behind it |
//! | `events.rs` | the facts that can be recorded, in the past tense |
//! | `state.rs` | what those facts add up to: `apply` |
//! | `commands.rs` | what people may do: `decide` |
//! | `sight.rs` | who may know what |
//! | `duties.rs` | what is due by now, where the area has any |
//!
//! [`decide`] turns a wish into events or a [`Refusal`]; [`State::apply`] turns events into state. There is no third way
//! to change anything.

pub mod access;
pub mod accounts;
pub mod agreements;
pub mod documents;
pub mod evidence;
pub mod people;
pub mod retention;
pub mod secrets;
pub mod sight;

mod actor;
mod as_of;
mod command;
mod describe;
mod duty;
mod event;
mod ids;
mod organisation;
mod refusal;
mod state;
mod table;
mod text;
mod time;
mod told;

pub use actor::{Actor, Via};
pub use as_of::BEARING;
pub use command::{Command, OrganisationCommand, decide};
pub use describe::{describe, describe_to, hidden_fields, name};
pub use duty::{Duty, Task, duties_of, may_read_duty, overdue};
pub use event::{Event, EventError, Recorded, Scope};
pub use ids::{
    AccountId, AgreementId, DocumentId, GrantId, HoldId, IdError, PersonId, RequestId, SecretId, SessionId,
    Subject, TokenId,
};
pub use organisation::{Organisation, OrganisationEvent};
pub use refusal::{Refusal, Rule};
pub use state::State;
pub use text::{Digest, DigestError, Line, Text, TextError};
pub use time::{DAY, Date, HOUR, MINUTE, Time, TimeError};
pub use told::{Told, told};

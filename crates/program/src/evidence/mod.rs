//! Evidence: who outside has seen the record, and what was cut out of it for a stranger to check.
//!
//! Demands S2 and I3. A record that its owner alone keeps proves little: he could have written another. So the signed head
//! of the record is shown to *witnesses* (C2SP tlog-witness), who cosign only what continues what they have seen, and to
//! time-stamping *authorities* (RFC 3161); what they answered is an *anchor*, itself an entry, and so covered by the
//! next. A bundle that leaves the house is an entry too: FRE 902(13) and (14) let records of a reliable process
//! authenticate themselves, and what was handed over is part of that process.

mod commands;
mod duties;
mod events;
mod sight;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{Command, EXPORTERS, KEEPERS, KEY_KEEPERS, decide, may_export};
pub(crate) use duties::duties;
pub use events::{Authority, Event, RevocationList, Stamp, Witness};
pub use sight::{ANCHOR_READERS, may_see_anchors};
pub use state::{Anchor, Evidence, HeldList, KeyChange, Outlook, Progress, Signer, Standing};

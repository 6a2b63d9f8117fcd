//! Agreements that bind people to keep secrets: their texts and versions, who was asked to sign, and who did.
//!
//! Meets the signing part of demand G2. Misappropriation turns on a duty to keep the secret (18 U.S.C. § 1839(5)), and
//! an agreement before access is the measure courts look for first (§ 1839(3)(A)). An electronic signature holds where
//! five things can be shown (ESIGN, 15 U.S.C. § 7001; UETA §§ 5, 7, 9, 12):
//!
//! | to be shown | kept here as |
//! |---|---|
//! | intent to sign | the typed name, which has to be the signer's own, and that the text was read to its end |
//! | consent to do it electronically | the exact sentence agreed to: [`CONSENT`] |
//! | attribution to a person | the signed-in actor of the entry, and a second factor where the agreement asks for one |
//! | association with the text | the SHA-256 of the exact bytes shown, the same as that of the published version |
//! | retention | the sealed text, and an entry that nobody can alter |
//!
//! What somebody is bound by is what they signed: a signature covers what its own version covers, whatever later
//! versions say.

mod assign;
mod commands;
mod cover;
mod duties;
mod events;
mod sight;
mod sign;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{ASKERS, Command, PUBLISHERS, Publication, Signing, decide};
pub use cover::{Coverage, cover, covering};
pub(crate) use duties::duties;
pub use events::{Covers, Event, Media, Method, Shown, TextRef};
pub use sight::{READERS, may_read, may_see, signature_at};
pub use sign::{CONSENT, SECOND_FACTOR_WITHIN, may_sign};
pub use state::{
    Agreement, Agreements, Assignment, Declined, Opened, Signature, Standing, Version, Withdrawn,
};

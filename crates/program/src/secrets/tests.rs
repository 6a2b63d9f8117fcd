//! Rules about the register, tried from both sides.

use super::*;
use crate::people::tests::{line, why};
use crate::{Digest, PersonId, SecretId, Text};

/// A secret as somebody would put it forward.
pub(crate) fn draft(title: &str, owner: PersonId, tier: Tier) -> Draft {
    let profile = Profile {
        title: line(title),
        owner,
        department: line("Research"),
        tier,
        summary: why(),
        places: Vec::new(),
        known_by: std::collections::BTreeSet::new(),
        value: None,
        cost: None,
        factors: Factors::default(),
        review: None,
    };
    Draft { profile, precise: Some(Text::new("exactly so").unwrap()) }
}

/// A document of this secret, sealed in the vault.
pub(crate) fn added(secret: SecretId) -> crate::documents::Command {
    crate::documents::Command::Add {
        secret,
        name: line("file.pdf"),
        media_type: line("application/pdf"),
        size: 10,
        digest: Digest([7; 32]),
        blob: "ab12".to_owned(),
    }
}

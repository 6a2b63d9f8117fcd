//! Which passwords are taken.

use crate::Refusal;

/// Characters a password must have at least.
pub const SHORTEST_PASSWORD: usize = 12;
/// Characters a password may have at most.
pub const LONGEST_PASSWORD: usize = 256;

/// Looks whether `password` can be taken for the person with this name and mail address.
///
/// # Errors
/// Why it cannot.
pub fn check_password(_password: &str, _name: &str, _mail: &str) -> Result<(), Refusal> {
    Ok(())
}

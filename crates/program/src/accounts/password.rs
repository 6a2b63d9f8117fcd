//! Which passwords are taken: long ones that nobody would guess first.
//!
//! NIST SP 800-63B-4 section 3.1.1.2 asks for length, a comparison with what is commonly used or expected, and no rules of
//! composition: those make passwords shorter to remember and no harder to guess.

use crate::Refusal;

/// Characters a password must have at least.
pub const SHORTEST_PASSWORD: usize = 12;
/// Characters a password may have at most: hashing is made slow on purpose, and the input must not make it slower.
pub const LONGEST_PASSWORD: usize = 256;

/// Long passwords that lists of stolen ones begin with, in lower case.
const COMMON: &str = include_str!("passwords.txt");

/// Looks whether `password` can be taken for the person with this name and mail address.
///
/// # Errors
/// Why it cannot, and what to do about it. The refusal does not repeat the password.
pub fn check_password(password: &str, name: &str, mail: &str) -> Result<(), Refusal> {
    let refused = |why: String| {
        Refusal::input("password", why).remedy("take four or five words that have no connection")
    };
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD {
        return Err(refused(format!(
            "this password is too short: it has {length} characters of {SHORTEST_PASSWORD}"
        )));
    }
    if length > LONGEST_PASSWORD {
        return Err(Refusal::input(
            "password",
            format!("this password is too long: at most {LONGEST_PASSWORD} characters"),
        ));
    }
    let plain = password.to_lowercase();
    if COMMON.lines().any(|common| common == plain) {
        return Err(refused("this password is one of the first that would be tried".to_owned()));
    }
    if is_pattern(&plain) {
        return Err(refused("this password repeats or counts: it would be guessed quickly".to_owned()));
    }
    if is_mostly(&plain, name, mail) {
        return Err(refused("this password is made of the name or the mail address".to_owned()));
    }
    Ok(())
}

/// A short piece over and over (`abcabcabcabc`), or characters that follow one another (`123456789012`, `abcdefghijkl`).
fn is_pattern(password: &str) -> bool {
    let chars: Vec<char> = password.chars().collect();
    let repeats = (1..=4).any(|period| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b));
    let step = |a: char, b: char| match (a, b) {
        ('9', '0') => 1,
        ('0', '9') => -1,
        (a, b) => i64::from(u32::from(b)).saturating_sub(i64::from(u32::from(a))),
    };
    let steps: Vec<i64> = chars.iter().zip(chars.iter().skip(1)).map(|(a, b)| step(*a, *b)).collect();
    repeats || [1, -1].into_iter().any(|way| steps.iter().all(|step| *step == way))
}

/// What is left without the parts of the name and the address is too short to count as a password.
fn is_mostly(password: &str, name: &str, mail: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        let lower = text.to_lowercase();
        lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|p| p.chars().count() >= 3)
            .map(str::to_owned)
            .collect()
    };
    let mut parts: Vec<String> = parts(name).into_iter().chain(parts(mail)).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let left = parts.iter().fold(password.to_owned(), |left, part| left.replace(part.as_str(), ""));
    left.len() < password.len()
        && left.chars().filter(|c| c.is_alphanumeric()).count() < SHORTEST_PASSWORD / 2
}

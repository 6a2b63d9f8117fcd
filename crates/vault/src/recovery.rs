//! A recovery key for paper: 256 random bits written so that a typing error is found and located.
//!
//! 52 letters of Crockford's base32 (no I, L, O, U) carry the key and a 4-bit check over all of it.
//! They stand in 13 groups of four, each followed by a check letter over the group and its place: a
//! weighted sum in the field of 32 elements, which misses no single wrong letter, no two letters
//! exchanged within a group and no two groups exchanged.

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::{Zeroize, Zeroizing};

use crate::key::{KEY_LEN, Key, SealError, fill_random};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS: usize = 13;
const DATA_LETTERS: usize = 4;
const GROUP_LETTERS: usize = DATA_LETTERS + 1;

/// 256 random bits that open the root key when the passphrase is lost. Erased when dropped.
pub struct RecoveryKey {
    bytes: Zeroizing<[u8; KEY_LEN]>,
}

/// What was typed is not a recovery key. Groups are counted from one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryTypo {
    /// A group has a wrong letter, too many or too few, or stands in the wrong place.
    #[error("group {0} of the recovery key is mistyped; compare it with the paper")]
    Group(usize),
    /// Letters are missing or there are too many.
    #[error("a recovery key has 65 letters in 13 groups, {0} letters were typed")]
    Length(usize),
    /// Each group is plausible, the whole is not.
    #[error("the recovery key is mistyped in more than one letter; compare it with the paper")]
    Whole,
}

impl RecoveryKey {
    /// A fresh random recovery key.
    ///
    /// # Errors
    /// Only where the system has no randomness to give.
    pub fn generate() -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        fill_random(bytes.as_mut_slice())?;
        Ok(Self { bytes })
    }

    /// Reads what was printed. Case, spaces and dashes do not matter; O is read as 0, I and L as 1.
    ///
    /// # Errors
    /// A [`RecoveryTypo`] that says where to look.
    pub fn parse(typed: &str) -> Result<Self, RecoveryTypo> {
        let groups = split_groups(typed)?;
        let mut bits = Zeroizing::new([0; KEY_LEN + 1]);
        let mut at = 0;
        for (place, group) in groups.iter().enumerate() {
            let typo = RecoveryTypo::Group(place + 1);
            let mut letters = Zeroizing::new([0; GROUP_LETTERS]);
            if group.len() != GROUP_LETTERS {
                return Err(typo);
            }
            for (value, letter) in letters.iter_mut().zip(group.iter()) {
                match letter_value(*letter) {
                    Some(found) => *value = found,
                    None => return Err(typo),
                }
            }
            let Some((check, data)) = letters.split_last() else {
                return Err(typo);
            };
            if *check != check_value(place, data) {
                return Err(typo);
            }
            for value in data {
                put_five_bits(bits.as_mut_slice(), at, *value);
                at += 5;
            }
        }
        let (bytes, check) = bits.split_first_chunk::<KEY_LEN>().ok_or(RecoveryTypo::Whole)?;
        if check != [whole_check(bytes)] {
            return Err(RecoveryTypo::Whole);
        }
        Ok(Self { bytes: Zeroizing::new(*bytes) })
    }

    /// The key for paper: 13 groups of five letters joined by dashes.
    pub fn to_printed(&self) -> Zeroizing<String> {
        let mut bits = Zeroizing::new([0; KEY_LEN + 1]);
        for (to, from) in bits.iter_mut().zip(self.bytes.iter().chain([&whole_check(&self.bytes)])) {
            *to = *from;
        }
        let mut text = Zeroizing::new(String::with_capacity(GROUPS * (GROUP_LETTERS + 1)));
        for place in 0..GROUPS {
            if place > 0 {
                text.push('-');
            }
            let mut data = Zeroizing::new([0; DATA_LETTERS]);
            for (letter, value) in data.iter_mut().enumerate() {
                *value = five_bits(bits.as_slice(), (place * DATA_LETTERS + letter) * 5);
            }
            for value in data.iter().chain([&check_value(place, data.as_slice())]) {
                text.push(ALPHABET.get(usize::from(*value)).map_or('?', |letter| char::from(*letter)));
            }
        }
        text
    }

    /// The key that wraps the root key.
    pub(crate) fn wrapping_key(&self) -> Key {
        Key::from_bytes(&self.bytes).derive("root recovery")
    }
}

/// The 13 groups as typed if they were set apart, else cut by counting.
fn split_groups(typed: &str) -> Result<Zeroizing<Vec<Vec<u8>>>, RecoveryTypo> {
    let apart = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}');
    let words: Zeroizing<Vec<Vec<u8>>> =
        Zeroizing::new(typed.split(apart).filter(|word| !word.is_empty()).map(ascii_letters).collect());
    if words.len() == GROUPS {
        return Ok(words);
    }
    let mut letters = Zeroizing::new(words.concat());
    if letters.len() != GROUPS * GROUP_LETTERS {
        return Err(RecoveryTypo::Length(letters.len()));
    }
    let groups = letters.chunks(GROUP_LETTERS).map(<[u8]>::to_vec).collect();
    letters.zeroize();
    Ok(Zeroizing::new(groups))
}

/// One byte for each letter typed; what is not ASCII becomes a byte that is no letter.
fn ascii_letters(word: &str) -> Vec<u8> {
    word.chars().map(|letter| u8::try_from(letter).ok().filter(u8::is_ascii).unwrap_or(b'?')).collect()
}

fn letter_value(letter: u8) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.iter().position(|known| *known == letter).and_then(|at| u8::try_from(at).ok())
}

/// The sum over the group's letters of letter times place (2, 3, 4, 5), plus the group's own number.
fn check_value(place: usize, data: &[u8]) -> u8 {
    let start = u8::try_from(place).unwrap_or(0);
    data.iter().zip(2u8..).fold(start, |sum, (value, weight)| sum ^ field_product(*value, weight))
}

/// Product in GF(2⁵) modulo x⁵ + x² + 1.
fn field_product(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        b >>= 1;
        a <<= 1;
        if a & 0x20 != 0 {
            a ^= 0x25;
        }
    }
    product
}

/// Four bits of SHA-256 over the key, in the upper half of the byte that follows it.
fn whole_check(bytes: &[u8; KEY_LEN]) -> u8 {
    digest(&SHA256, bytes).as_ref().first().map_or(0, |first| first & 0xf0)
}

fn five_bits(bits: &[u8], at: usize) -> u8 {
    (at..at + 5).fold(0, |value, bit| {
        let byte = bits.get(bit / 8).copied().unwrap_or(0);
        value << 1 | (byte >> (7 - bit % 8) & 1)
    })
}

fn put_five_bits(bits: &mut [u8], at: usize, value: u8) {
    for (bit, shift) in (at..at + 5).zip([4, 3, 2, 1, 0]) {
        if let Some(byte) = bits.get_mut(bit / 8) {
            *byte |= (value >> shift & 1) << (7 - bit % 8);
        }
    }
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;

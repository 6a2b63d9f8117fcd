//! A checkpoint in a few words, to be read out over the telephone or written on paper: its size, and eight words.
//!
//! The words are of the English list of BIP-39 (2,048 words, no two of which begin with the same four letters), eleven bits each: the
//! first 88 bits of SHA-256 over the checkpoint's text. To make another record with the same words takes as many tries as 88
//! bits ask for, and the size with them says which entries are meant.

use crate::error::ServiceError;
use crate::house::Service;
use bip39::Language;
use ledger::Checkpoint;
use program::Refusal;

const WORDS: usize = 8;
const BITS: usize = 11;

/// The words of a checkpoint.
fn words(checkpoint: &Checkpoint) -> Vec<&'static str> {
    let text = format!("{}\n{}\n{}\n", checkpoint.origin, checkpoint.size, checkpoint.root.to_base64());
    let digest = ledger::sha256(text.as_bytes()).0;
    let bit = |n: usize| digest.get(n / 8).is_some_and(|byte| byte >> (7 - n % 8) & 1 == 1);
    let list = Language::English.word_list();
    let number = |word: usize| {
        let bits = word * BITS..(word + 1) * BITS;
        bits.fold(0_usize, |number, n| number << 1 | usize::from(bit(n)))
    };
    (0..WORDS).filter_map(|word| list.get(number(word)).copied()).collect()
}

impl Service {
    /// The newest checkpoint in words: `812 abandon ability …`.
    ///
    /// # Errors
    /// The record could not be read.
    pub fn checkpoint_in_words(&self) -> Result<String, ServiceError> {
        let checkpoint = self.open_kept(&self.checkpoint()).map_err(ServiceError::Storage)?;
        Ok(format!("{} {}", checkpoint.size, words(&checkpoint).join(" ")))
    }

    /// Checks that the record continues the one whose checkpoint was kept in words: how many entries that had.
    ///
    /// # Errors
    /// These are no such words; or the record is not the continuation of that one, with its size.
    pub async fn continues_words(&self, kept: &str) -> Result<u64, ServiceError> {
        let kept = kept.to_lowercase();
        let mut parts = kept.split_whitespace();
        let unread = |why: &str| {
            Refusal::input("against", why.to_owned())
                .remedy("give the number and the eight words, as `record checkpoint` printed them")
        };
        let size = parts.next().and_then(|size| size.parse::<u64>().ok());
        let size = size.ok_or_else(|| unread("this does not begin with a number of entries"))?;
        let given: Vec<&str> = parts.collect();
        if given.len() != WORDS {
            return Err(unread(&format!("these are {} words and not {WORDS}", given.len())).into());
        }
        if let Some(word) = given.iter().find(|word| !Language::English.word_list().contains(word)) {
            return Err(unread(&format!("`{word}` is not a word of the list")).into());
        }
        let journal = &self.house.journal;
        let here = journal.head().size;
        if size > here {
            let reason = format!("the record was cut: it once had {size} entries and now has {here}");
            return Err(journal::Damage::at(here, reason).into());
        }
        let root = journal.consistency(size).await?.old_root;
        let origin = journal.origin().to_owned();
        if words(&Checkpoint { origin, size, root, extensions: Vec::new() }) != given {
            let reason = "the entries before it are not those whose words were kept";
            return Err(journal::Damage::at(size, reason).into());
        }
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed apart: `printf 'example.com/log\n3\n%s\n' "$(printf '\1%.0s' {1..32} | base64)" | sha256sum`, in groups of 11 bits.
    #[test]
    fn the_words_are_the_first_88_bits_of_the_digest() {
        let root = ledger::Digest([1; 32]);
        let checkpoint =
            Checkpoint { origin: "example.com/log".to_owned(), size: 3, root, extensions: Vec::new() };
        let told = words(&checkpoint);
        let digest = ledger::sha256(b"example.com/log\n3\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n").0;
        let bits: Vec<char> =
            digest.iter().flat_map(|byte| format!("{byte:08b}").chars().collect::<Vec<_>>()).collect();
        let list = Language::English.word_list();
        for (word, bits) in told.iter().zip(bits.chunks(11)) {
            let number = usize::from_str_radix(&bits.iter().collect::<String>(), 2).unwrap();
            assert_eq!(*word, list[number]);
        }
        let other = words(&Checkpoint { size: 4, ..checkpoint });
        assert_ne!(told, other);
    }
}

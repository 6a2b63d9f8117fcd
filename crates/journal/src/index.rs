//! Which entries of a segment have a kind, an actor or a subject: an inverted index, sealed as a whole when the segment is full.
//!
//! A term is known by 64 bits of its SHA-256. Two terms that meet there give a false hit, never a missed
//! one, and every hit is checked against its entry before it is answered.

use std::collections::BTreeMap;

use crate::codec::{Malformed, Reader, Writer};

/// One searchable property of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Term<'a> {
    Kind(&'a str),
    Actor(&'a str),
    Subject(&'a str),
}

impl Term<'_> {
    pub(crate) fn hash(self) -> u64 {
        let (class, text) = match self {
            Term::Kind(text) => (b'k', text),
            Term::Actor(text) => (b'a', text),
            Term::Subject(text) => (b's', text),
        };
        let mut input = Vec::with_capacity(1 + text.len());
        input.push(class);
        input.extend_from_slice(text.as_bytes());
        let mut short = [0; 8];
        for (to, from) in short.iter_mut().zip(ledger::sha256(&input).0) {
            *to = from;
        }
        u64::from_be_bytes(short)
    }
}

/// The index of one segment: term to ascending offsets from the segment's first position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Postings(BTreeMap<u64, Vec<u32>>);

impl Postings {
    pub(crate) fn add(&mut self, offset: u32, terms: &[u64]) {
        for &term in terms {
            let offsets = self.0.entry(term).or_default();
            if offsets.last() != Some(&offset) {
                offsets.push(offset);
            }
        }
    }

    pub(crate) fn offsets(&self, term: u64) -> &[u32] {
        self.0.get(&term).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.number(self.0.len() as u64);
        for (term, offsets) in &self.0 {
            w.raw(&term.to_be_bytes());
            w.number(offsets.len() as u64);
            let mut last = 0;
            for &offset in offsets {
                w.number(u64::from(offset - last));
                last = offset;
            }
        }
        w.0
    }
}

/// The index of a full segment as it is kept for reading: three flat tables, found by halving.
#[derive(Debug, Default)]
pub(crate) struct SegmentIndex {
    terms: Vec<u64>,
    /// Where each term's offsets end; they begin where those of the term before end.
    ends: Vec<usize>,
    offsets: Vec<u32>,
}

impl SegmentIndex {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let mut index = Self::default();
        for _ in 0..r.count()? {
            index.terms.push(u64::from_be_bytes(r.array()?));
            let mut last: u32 = 0;
            for _ in 0..r.count()? {
                let step = u32::try_from(r.number()?).map_err(|_| Malformed)?;
                last = last.checked_add(step).ok_or(Malformed)?;
                index.offsets.push(last);
            }
            index.ends.push(index.offsets.len());
        }
        r.end()?;
        Ok(index)
    }

    pub(crate) fn offsets(&self, term: u64) -> &[u32] {
        let Ok(at) = self.terms.binary_search(&term) else {
            return &[];
        };
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let end = self.ends.get(at).copied().unwrap_or_default();
        self.offsets.get(start.copied().unwrap_or_default()..end).unwrap_or_default()
    }

    /// How many bytes it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        16 * self.terms.len() + 4 * self.offsets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_index_survives_encoding(entries in prop::collection::vec(prop::collection::vec(0u64..20, 0..5), 0..100)) {
            let mut postings = Postings::default();
            for (offset, terms) in entries.iter().enumerate() {
                postings.add(offset as u32, terms);
            }
            let index = SegmentIndex::decode(&postings.encode()).unwrap();
            for term in 0..20 {
                let brute: Vec<u32> = entries.iter().enumerate()
                    .filter(|(_, terms)| terms.contains(&term)).map(|(i, _)| i as u32).collect();
                prop_assert_eq!(postings.offsets(term), brute.as_slice());
                prop_assert_eq!(index.offsets(term), brute.as_slice());
            }
        }

        #[test]
        fn a_hostile_index_never_panics(bytes: Vec<u8>) {
            let _ = SegmentIndex::decode(&bytes);
        }
    }

    #[test]
    fn a_kind_is_not_a_subject() {
        assert_ne!(Term::Kind("x").hash(), Term::Subject("x").hash());
        assert_ne!(Term::Actor("x").hash(), Term::Subject("x").hash());
    }
}

//! What every parser of this crate is fed with: valid input, a little altered.

use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Clone, Debug)]
enum Edit {
    Replace(Index, u8),
    Flip(Index, u32),
    Insert(Index, u8),
    Remove(Index),
    Repeat(Index, Index),
    CutBefore(Index),
    CutAfter(Index),
}

/// Bytes as `valid`, but for one to three edits, which may undo one another.
pub(crate) fn altered(valid: impl AsRef<[u8]>) -> impl Strategy<Value = Vec<u8>> {
    let valid = valid.as_ref().to_vec();
    // Bytes that mean something to one parser or another are tried more often.
    let byte = || prop_oneof![any::<u8>(), prop::sample::select(&b"\n \t+=/~-.\"0123456789aA\\{}[],:"[..])];
    let edit = prop_oneof![
        (any::<Index>(), byte()).prop_map(|(at, to)| Edit::Replace(at, to)),
        (any::<Index>(), 0u32..8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        (any::<Index>(), byte()).prop_map(|(at, new)| Edit::Insert(at, new)),
        any::<Index>().prop_map(Edit::Remove),
        any::<(Index, Index)>().prop_map(|(from, to)| Edit::Repeat(from, to)),
        any::<Index>().prop_map(Edit::CutBefore),
        any::<Index>().prop_map(Edit::CutAfter),
    ];
    prop::collection::vec(edit, 1..4)
        .prop_map(move |edits| edits.into_iter().fold(valid.clone(), |bytes, edit| apply(bytes, &edit)))
}

fn apply(mut bytes: Vec<u8>, edit: &Edit) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    let length = bytes.len();
    match edit {
        Edit::Replace(at, to) => bytes[at.index(length)] = *to,
        Edit::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
        Edit::Insert(at, new) => bytes.insert(at.index(length + 1), *new),
        Edit::Remove(at) => drop(bytes.remove(at.index(length))),
        Edit::Repeat(from, to) => {
            let (from, to) = (from.index(length), to.index(length));
            let again = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.splice(to..to, again);
        }
        Edit::CutBefore(at) => drop(bytes.drain(..at.index(length))),
        Edit::CutAfter(at) => bytes.truncate(at.index(length)),
    }
    bytes
}

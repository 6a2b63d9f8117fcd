use super::*;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use proptest::prelude::*;

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| ((7 * i + i / 251) % 256) as u8).collect()
}

fn seal(key: &Key, context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sealer = Sealer::new(key, context).unwrap();
    sealer.push(plaintext, &mut out).unwrap();
    sealer.finish(&mut out).unwrap();
    out
}

/// What came out before the outcome was known, and the outcome.
fn open(key: &Key, context: &[u8], sealed: &[u8], step: usize) -> (Vec<u8>, Result<(), ChunkError>) {
    let mut out = Vec::new();
    let mut opener = Opener::new(key, context);
    for part in sealed.chunks(step) {
        if let Err(error) = opener.push(part, &mut out) {
            return (out, Err(error));
        }
    }
    let outcome = opener.finish(&mut out);
    (out, outcome)
}

fn open_range(
    key: &Key,
    context: &[u8],
    sealed: &[u8],
    range: Range<u64>,
    step: usize,
) -> Result<Vec<u8>, ChunkError> {
    let plan = RangePlan::new(range, sealed.len() as u64)?;
    let access = RandomAccess::new(key, context, sealed.first_chunk().unwrap())?;
    let mut opener = access.open(&plan);
    let mut out = Vec::new();
    for part in sealed[plan.ciphertext.start as usize..plan.ciphertext.end as usize].chunks(step) {
        opener.push(part, &mut out)?;
    }
    opener.finish(&mut out)?;
    Ok(out)
}

/// The vectors were made by another implementation: see `tests/vectors/cobblestone256.py`.
#[test]
fn sealing_and_opening_agree_with_pyca_cobblestone_256() {
    let vectors = include_str!("../tests/vectors/cobblestone256.txt");
    assert!(vectors.lines().count() >= 16);
    for line in vectors.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let hex = |at: usize| HEXLOWER.decode(fields[at].trim_matches('-').as_bytes()).unwrap();
        let plaintext = bytes(fields[0].parse().unwrap());
        let key = Key::from_bytes(hex(1).as_slice().try_into().unwrap());
        let header: Header = hex(3).try_into().unwrap();

        let mut sealed = Vec::new();
        let mut sealer = Sealer::with_salt(&key, &hex(2), *header.first_chunk().unwrap()).unwrap();
        for part in plaintext.chunks(5000) {
            sealer.push(part, &mut sealed).unwrap();
        }
        sealer.finish(&mut sealed).unwrap();

        assert_eq!(sealed[..HEADER_LEN], header);
        assert_eq!(sealed[sealed.len() - 16..], hex(5));
        assert_eq!(digest(&SHA256, &sealed).as_ref(), hex(4));
        assert_eq!(open(&key, &hex(2), &sealed, 4097), (plaintext, Ok(())));
    }
}

#[test]
fn lengths_agree_and_impossible_ones_are_refused() {
    for (plain, sealed) in [(0, 72), (1, 73), (16383, 16455), (16384, 16472), (20480, 20568)] {
        assert_eq!(ciphertext_len(plain), Ok(sealed));
        assert_eq!(plaintext_len(sealed), Ok(plain));
    }
    for bad in [0, 55, 56, 71, 56 + 16400, 56 + 16400 + 15] {
        assert_eq!(plaintext_len(bad), Err(ChunkError::Truncated), "{bad}");
    }
    assert_eq!(ciphertext_len(1 << 52), Err(ChunkError::TooLong));
    assert_eq!(plaintext_len(u64::MAX), Err(ChunkError::TooLong));
    assert!(ciphertext_len((1 << 52) - 1).is_ok());
}

#[test]
fn no_chunk_is_numbered_past_two_to_the_38th() {
    let key = Key::generate().unwrap();
    let mut sealer = Sealer::new(&key, b"").unwrap();
    let mut out = Vec::new();
    sealer.chunk = MAX_CHUNKS - 1;
    sealer.push(&bytes(CHUNK_LEN), &mut out).unwrap();
    let before = out.len();
    assert_eq!(sealer.push(&bytes(CHUNK_LEN), &mut out), Err(ChunkError::TooLong));
    assert_eq!(out.len(), before);
    assert_eq!(sealer.finish(&mut out), Err(ChunkError::TooLong));
}

#[test]
fn a_message_cut_anywhere_is_refused_and_yields_whole_chunks_only() {
    let key = Key::generate().unwrap();
    let plaintext = bytes(2 * CHUNK_LEN + 100);
    let sealed = seal(&key, b"d", &plaintext);
    let near =
        [0, 1, HEADER_LEN, HEADER_LEN + SEALED_CHUNK_LEN, HEADER_LEN + 2 * SEALED_CHUNK_LEN, sealed.len()];
    let cuts =
        near.iter().flat_map(|&at| at.saturating_sub(40)..at + 40).chain((0..sealed.len()).step_by(97));
    for cut in cuts.filter(|&cut| cut < sealed.len()) {
        let (out, outcome) = open(&key, b"d", &sealed[..cut], 8192);
        assert!(outcome.is_err(), "cut at {cut}");
        assert_eq!(out.len() % CHUNK_LEN, 0);
        assert!(plaintext.starts_with(&out));
    }
}

#[test]
fn chunks_swapped_repeated_dropped_or_from_another_message_are_refused() {
    let key = Key::generate().unwrap();
    let plaintext = bytes(3 * CHUNK_LEN + 5);
    let sealed = seal(&key, b"d", &plaintext);
    let other = seal(&key, b"d", &plaintext);
    let part = |from: &[u8], chunk: usize| {
        let start = HEADER_LEN + chunk * SEALED_CHUNK_LEN;
        from[start..(start + SEALED_CHUNK_LEN).min(from.len())].to_vec()
    };
    let head = sealed[..HEADER_LEN].to_vec();
    let forgeries = [
        (0, vec![part(&sealed, 1), part(&sealed, 0), part(&sealed, 2), part(&sealed, 3)]),
        (1, vec![part(&sealed, 0), part(&sealed, 0), part(&sealed, 2), part(&sealed, 3)]),
        (2, vec![part(&sealed, 0), part(&sealed, 1), part(&sealed, 3)]),
        (1, vec![part(&sealed, 0), part(&other, 1), part(&sealed, 2), part(&sealed, 3)]),
        (4, vec![part(&sealed, 0), part(&sealed, 1), part(&sealed, 2), part(&sealed, 3), part(&sealed, 3)]),
    ];
    for (good, parts) in forgeries {
        let forged = [head.clone(), parts.concat()].concat();
        let (out, outcome) = open(&key, b"d", &forged, 10_000);
        assert!(outcome.is_err());
        assert!(out.len() <= good * CHUNK_LEN && plaintext.starts_with(&out));
    }
}

#[test]
fn an_opener_that_failed_yields_nothing_more() {
    let key = Key::generate().unwrap();
    let sealed = seal(&key, b"d", &bytes(3 * CHUNK_LEN));
    let mut bad = sealed.clone();
    bad[HEADER_LEN] ^= 1;
    let mut opener = Opener::new(&key, b"d");
    let mut out = Vec::new();
    assert!(opener.push(&bad[..HEADER_LEN + SEALED_CHUNK_LEN], &mut out).is_err());
    assert!(opener.push(&sealed[HEADER_LEN..HEADER_LEN + SEALED_CHUNK_LEN], &mut out).is_err());
    assert!(opener.finish(&mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn a_cut_message_is_noticed_by_a_range_that_reaches_the_supposed_end() {
    let key = Key::generate().unwrap();
    let sealed = seal(&key, b"d", &bytes(3 * CHUNK_LEN));
    let cut = &sealed[..HEADER_LEN + 2 * SEALED_CHUNK_LEN + 500];
    let end = plaintext_len(cut.len() as u64).unwrap();
    assert!(open_range(&key, b"d", cut, end..end, 1000).is_err());
    assert!(open_range(&key, b"d", cut, 0..end, 1000).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_flipped_byte_wrong_key_or_wrong_context_is_refused(
        len in 0usize..60_000, at in any::<prop::sample::Index>(), flip in 1u8.., step in 1usize..40_000,
    ) {
        let key = Key::generate().unwrap();
        let plaintext = bytes(len);
        let sealed = seal(&key, b"document/1", &plaintext);
        prop_assert_eq!(sealed.len() as u64, ciphertext_len(len as u64).unwrap());
        prop_assert_eq!(open(&key, b"document/1", &sealed, step), (plaintext.clone(), Ok(())));

        let mut bad = sealed.clone();
        let at = at.index(sealed.len());
        bad[at] ^= flip;
        let (out, outcome) = open(&key, b"document/1", &bad, step);
        prop_assert!(outcome.is_err());
        let authentic = at.saturating_sub(HEADER_LEN) / SEALED_CHUNK_LEN * CHUNK_LEN;
        prop_assert!(out.len() <= authentic && plaintext.starts_with(&out));

        let stranger = Key::generate().unwrap();
        prop_assert_eq!(open(&stranger, b"document/1", &sealed, step), (vec![], Err(ChunkError::WrongKey)));
        prop_assert_eq!(open(&key, b"document/2", &sealed, step), (vec![], Err(ChunkError::WrongKey)));
    }

    #[test]
    fn pushing_in_any_pieces_gives_a_message_that_opens(
        pieces in prop::collection::vec(0usize..40_000, 0..6), step in 1usize..40_000,
    ) {
        let key = Key::generate().unwrap();
        let plaintext = bytes(pieces.iter().sum());
        let (mut rest, mut sealed) = (&plaintext[..], Vec::new());
        let mut sealer = Sealer::new(&key, b"c").unwrap();
        for piece in pieces {
            sealer.push(&rest[..piece], &mut sealed).unwrap();
            rest = &rest[piece..];
        }
        sealer.finish(&mut sealed).unwrap();
        prop_assert_eq!(open(&key, b"c", &sealed, step), (plaintext, Ok(())));
    }

    #[test]
    fn a_range_opens_to_the_slice_and_a_damaged_one_to_nothing_wrong(
        len in 0usize..120_000, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(),
        step in 1usize..50_000, at in any::<prop::sample::Index>(),
    ) {
        let key = Key::generate().unwrap();
        let plaintext = bytes(len);
        let sealed = seal(&key, b"c", &plaintext);
        let (a, b) = (a.index(len + 1), b.index(len + 1));
        let (start, end) = (a.min(b), a.max(b));
        let range = start as u64..end as u64;
        prop_assert_eq!(open_range(&key, b"c", &sealed, range.clone(), step).unwrap(), &plaintext[start..end]);
        let beyond = open_range(&key, b"c", &sealed, range.start..len as u64 + 1, step);
        let refused = matches!(beyond, Err(ChunkError::OutOfRange { .. }));
        prop_assert!(refused);

        let mut bad = sealed.clone();
        bad[at.index(sealed.len())] ^= 1;
        if let Ok(out) = open_range(&key, b"c", &bad, range, step) {
            prop_assert_eq!(out, &plaintext[start..end], "only damage outside the range may go unseen");
        }
    }
}

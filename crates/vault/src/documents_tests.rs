use super::*;
use proptest::prelude::*;

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| ((7 * i + i / 251) % 256) as u8).collect()
}

fn world() -> (tempfile::TempDir, SealedBlobs, Key) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).unwrap();
    (folder, SealedBlobs::new(blobs), Key::generate().unwrap())
}

async fn put(sealed: &SealedBlobs, key: &Key, context: &[u8], content: &[u8]) -> BlobId {
    let pieces: Vec<_> = content.chunks(700_001).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let (id, len) = sealed.put(key, context, stream::iter(pieces)).await.unwrap();
    assert_eq!(len, content.len() as u64);
    id
}

/// What was yielded, and whether the stream ended well.
async fn read(document: &Document, range: Range<u64>) -> (Vec<u8>, Result<(), DocumentError>) {
    let mut out = Vec::new();
    let mut stream = std::pin::pin!(document.read_range(range).unwrap());
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => out.extend_from_slice(&piece),
            Err(error) => return (out, Err(error)),
        }
    }
    (out, Ok(()))
}

#[tokio::test]
async fn a_document_reads_back_whole_and_in_part() {
    let (_folder, sealed, key) = world();
    for len in [0, 1, CHUNK_LEN, 3_000_000] {
        let content = bytes(len);
        let id = put(&sealed, &key, b"document/1", &content).await;
        let document = sealed.open(&key, b"document/1", id).await.unwrap();
        assert_eq!(document.len(), len as u64);
        let (whole, outcome) = read(&document, 0..len as u64).await;
        assert!(outcome.is_ok() && whole == content);
        assert!(document.read_range(0..len as u64 + 1).is_err());
    }
}

#[tokio::test]
async fn the_blob_of_another_document_or_under_another_key_does_not_open() {
    let (_folder, sealed, key) = world();
    let id = put(&sealed, &key, b"document/1", b"the formula").await;
    let wrong = |error| matches!(error, Some(DocumentError::Sealed(ChunkError::WrongKey)));
    assert!(wrong(sealed.open(&key, b"document/2", id).await.err()));
    assert!(wrong(sealed.open(&Key::generate().unwrap(), b"document/1", id).await.err()));
}

#[tokio::test]
async fn nothing_of_the_plaintext_is_on_disk() {
    let (folder, sealed, key) = world();
    let id = put(&sealed, &key, b"d", &b"the secret formula ".repeat(5000)).await;
    let stored = std::fs::read(folder.path().join(id.to_string())).unwrap();
    assert!(!stored.windows(6).any(|window| window == b"secret"));
}

#[tokio::test]
async fn a_document_cut_at_any_length_does_not_open() {
    let (folder, sealed, key) = world();
    let id = put(&sealed, &key, b"d", &bytes(2 * CHUNK_LEN)).await;
    let path = folder.path().join(id.to_string());
    let whole = std::fs::read(&path).unwrap();
    let chunk_ends = [HEADER_LEN, HEADER_LEN + CHUNK_LEN + 16, HEADER_LEN + 2 * (CHUNK_LEN + 16)];
    let cuts = (0..whole.len()).step_by(331).chain(chunk_ends.iter().flat_map(|end| end - 3..end + 16));
    for cut in cuts.filter(|cut| *cut < whole.len()) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(sealed.open(&key, b"d", id).await.is_err(), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_document_whose_source_fails_is_not_kept() {
    let (folder, sealed, key) = world();
    let source = stream::iter([Ok(Bytes::from(bytes(9_000_000))), Err(std::io::Error::other("gone"))]);
    assert!(matches!(sealed.put(&key, b"d", source).await, Err(DocumentError::Source(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_range_is_the_slice_and_damage_never_yields_a_false_byte(
        len in 1usize..2_500_000, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (folder, sealed, key) = world();
            let content = bytes(len);
            let id = put(&sealed, &key, b"d", &content).await;
            let (a, b) = (a.index(len + 1), b.index(len + 1));
            let (start, end) = (a.min(b), a.max(b));
            let range = start as u64..end as u64;
            let document = sealed.open(&key, b"d", id).await.unwrap();
            let (out, outcome) = read(&document, range.clone()).await;
            assert!(outcome.is_ok() && out == content[start..end]);

            let path = folder.path().join(id.to_string());
            let mut stored = std::fs::read(&path).unwrap();
            let at = at.index(stored.len());
            stored[at] ^= flip;
            std::fs::write(&path, &stored).unwrap();
            let (whole, outcome) = read(&document, 0..len as u64).await;
            assert!(outcome.is_err() != (at < HEADER_LEN), "the header was read before it was damaged");
            assert!(content.starts_with(&whole));
            let (out, _) = read(&document, range).await;
            assert!(content[start..end].starts_with(&out));
        });
    }
}

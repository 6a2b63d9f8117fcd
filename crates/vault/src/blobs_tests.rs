use super::*;
use futures::StreamExt;

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| ((7 * i + i / 251) % 256) as u8).collect()
}

async fn store(blobs: &Blobs, content: &[u8]) -> BlobId {
    let mut writer = blobs.create().await.unwrap();
    for piece in content.chunks(100_003) {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    let (id, size) = writer.finish().await.unwrap();
    assert_eq!(size, content.len() as u64);
    id
}

async fn read(blobs: &Blobs, id: BlobId, range: Range<u64>) -> Result<Vec<u8>, StorageError> {
    let stream = blobs.read(id, range).await?;
    let parts: Vec<Bytes> = stream.try_collect().await?;
    Ok(parts.concat())
}

fn files(folder: &FolderPath) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_blob_reads_back_whole_and_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path().join("new/blobs")).unwrap();
    for len in [0, 1, PART_LEN - 1, PART_LEN, PART_LEN + 1, 2 * PART_LEN + 77] {
        let content = bytes(len);
        let id = store(&blobs, &content).await;
        assert_eq!(blobs.size(id).await.unwrap(), len as u64);
        assert!(read(&blobs, id, 0..len as u64).await.unwrap() == content);
        let part = len as u64 / 3..len as u64 / 2;
        assert!(
            read(&blobs, id, part.clone()).await.unwrap() == content[part.start as usize..part.end as usize]
        );
        let beyond = read(&blobs, id, 0..len as u64 + 1).await;
        assert!(matches!(beyond, Err(StorageError::OutOfRange { .. })));
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    assert_eq!(blobs.list().await.unwrap().len(), 6);
}

#[tokio::test]
async fn an_unfinished_aborted_or_failed_blob_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).unwrap();
    let mut writer = blobs.create().await.unwrap();
    writer.write(bytes(PART_LEN + 5).into()).await.unwrap();
    assert_eq!(blobs.list().await.unwrap(), []);
    assert_eq!(files(folder.path()).len(), 1, "the staging file is there and not listed");
    writer.abort().await;
    assert!(files(folder.path()).is_empty());

    let broken = stream::iter([Ok(Bytes::from(bytes(PART_LEN + 5))), Err(StorageError::Broken)]);
    assert!(blobs.put::<StorageError>(broken).await.is_err());
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn a_deleted_blob_is_gone_and_deleting_it_again_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).unwrap();
    let id = store(&blobs, b"secret").await;
    blobs.delete(id).await.unwrap();
    blobs.delete(id).await.unwrap();
    assert!(matches!(blobs.size(id).await, Err(StorageError::NotFound(missing)) if missing == id));
    assert!(matches!(read(&blobs, id, 0..1).await, Err(StorageError::NotFound(_))));
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn a_blob_cut_short_underneath_is_an_error_not_a_shorter_blob() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).unwrap();
    let id = store(&blobs, &bytes(3 * READ_LEN as usize)).await;
    let mut stream = std::pin::pin!(blobs.read(id, 0..3 * READ_LEN).await.unwrap());
    assert!(stream.next().await.unwrap().is_ok());
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join(id.to_string())).unwrap();
    file.set_len(2 * READ_LEN - 1).unwrap();
    assert!(stream.next().await.unwrap().is_err());
}

#[tokio::test]
async fn a_sweep_takes_old_orphans_and_staging_files_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).unwrap();
    let (kept, orphan) = (store(&blobs, b"kept").await, store(&blobs, b"orphan").await);
    let staging = format!("{}#1", BlobId::generate().unwrap());
    std::fs::write(folder.path().join(&staging), b"half").unwrap();
    for foreign in ["README", "notes#1", "0123#2"] {
        std::fs::write(folder.path().join(foreign), b"not ours").unwrap();
    }
    assert_eq!(blobs.list().await.unwrap().len(), 2);

    assert_eq!(blobs.sweep(|id| *id == kept, 0).await.unwrap(), Swept::default(), "all are too young");
    let later = blobs.list().await.unwrap().iter().map(|blob| blob.modified_ms).max().unwrap() + 60_000;
    let swept = blobs.sweep(|id| *id == kept, later).await.unwrap();
    assert_eq!(swept, Swept { blobs: 1, staging: 1, bytes: 10 });
    assert_eq!(read(&blobs, kept, 0..4).await.unwrap(), b"kept");
    assert!(matches!(blobs.size(orphan).await, Err(StorageError::NotFound(_))));
    let mut left = files(folder.path());
    left.sort();
    let mut expected = vec!["README".to_owned(), "notes#1".to_owned(), "0123#2".to_owned(), kept.to_string()];
    expected.sort();
    assert_eq!(left, expected);
}

#[test]
fn only_32_lower_case_digits_name_a_blob() {
    for bad in
        ["", "00", "g0000000000000000000000000000000", "A0000000000000000000000000000000", "../etc/passwd"]
    {
        assert_eq!(bad.parse::<BlobId>(), Err(BadBlobId), "{bad}");
    }
    assert!("0".repeat(33).parse::<BlobId>().is_err() && "0".repeat(31).parse::<BlobId>().is_err());
}

#[tokio::test]
async fn a_blob_is_copied_as_it_is_once() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) =
        (Blobs::local(folder.path().join("a")).unwrap(), Blobs::local(folder.path().join("b")).unwrap());
    for len in [0, 5, 2 * PART_LEN + 77] {
        let content = bytes(len);
        let id = store(&from, &content).await;
        assert!(from.copy(id, &to).await.unwrap());
        assert!(read(&to, id, 0..len as u64).await.unwrap() == content);
        assert!(!from.copy(id, &to).await.unwrap(), "it is there already");
    }
    let absent = "00".repeat(16).parse().unwrap();
    assert!(matches!(from.copy(absent, &to).await, Err(StorageError::NotFound(_))));
    assert_eq!(files(&folder.path().join("b")).len(), 3, "nothing half done is left");
}

#[tokio::test]
async fn what_was_cut_short_is_copied_again() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) =
        (Blobs::local(folder.path().join("a")).unwrap(), Blobs::local(folder.path().join("b")).unwrap());
    let id = store(&from, &bytes(1000)).await;
    std::fs::write(folder.path().join("b").join(id.to_string()), b"half").unwrap();
    assert!(from.copy(id, &to).await.unwrap());
    assert!(read(&to, id, 0..1000).await.unwrap() == bytes(1000));
}

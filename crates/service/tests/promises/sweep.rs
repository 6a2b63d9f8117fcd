//! Sweeping: what a crash or a broken upload left behind is removed, and nothing that anybody needs ever is.

use crate::support::{RECIPE, begin, company, line, open, paper, read, shell, sign};
use bytes::Bytes;
use futures::channel::mpsc;
use program::DAY;
use service::Upload;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn blobs(folder: &Path) -> BTreeSet<PathBuf> {
    let listed = std::fs::read_dir(folder.join("blobs")).unwrap();
    listed.map(|entry| entry.unwrap().path()).collect()
}

/// Makes a file look as old as this.
fn age(path: &Path, milliseconds: i64) {
    let before = Duration::from_millis(milliseconds.unsigned_abs());
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - before).unwrap();
}

fn leave(folder: &Path, name: &str, milliseconds: i64) -> PathBuf {
    let path = folder.join("blobs").join(name);
    std::fs::write(&path, b"sealed").unwrap();
    age(&path, milliseconds);
    path
}

#[tokio::test]
async fn old_orphans_go_and_young_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    let before = blobs(folder.path());
    let orphan = leave(folder.path(), &"0a".repeat(16), DAY + 1000);
    let staging = leave(folder.path(), &format!("{}#1", "0b".repeat(16)), DAY + 1000);
    let young = leave(folder.path(), &"0c".repeat(16), DAY - 60_000);
    let under_way = leave(folder.path(), &format!("{}#1", "0d".repeat(16)), DAY - 60_000);
    let foreign = leave(folder.path(), "notes.txt", 30 * DAY);
    let swept = c.service.sweep().await.unwrap();
    assert_eq!((swept.blobs, swept.staging, swept.bytes), (1, 1, 12));
    assert!(!orphan.exists() && !staging.exists());
    for path in [young, under_way, foreign] {
        assert!(path.exists(), "{} was swept", path.display());
        std::fs::remove_file(path).unwrap();
    }
    assert_eq!(blobs(folder.path()), before);
    assert_eq!(c.service.sweep().await.unwrap(), Default::default(), "there was nothing left");
}

#[tokio::test]
async fn what_an_entry_names_is_never_swept_however_old() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    sign(&c.service, c.agreement, c.owner).await.unwrap();
    // An agreement that another process published, and a version that is not the newest any more.
    let other = open(folder.path()).await;
    publish(&other, Some(c.agreement), "Confidentiality agreement").await;
    publish(&other, None, "Another agreement").await;
    other.record_paper(&crate::support::operator(), paper(c.agreement, c.engineer)).await.unwrap();
    let all = blobs(folder.path());
    all.iter().for_each(|path| age(path, 400 * DAY));
    assert_eq!(c.service.sweep().await.unwrap(), Default::default());
    assert_eq!(blobs(folder.path()), all);
    assert_eq!(read(&c.service, c.owner, c.document).await.unwrap(), RECIPE.as_bytes());
    for (agreement, version) in [(c.agreement, 1), (c.agreement, 2), (program::AgreementId(2), 1)] {
        c.service.agreement_text(&crate::support::operator(), agreement, version).await.unwrap();
    }
}

async fn publish(service: &service::Service, agreement: Option<program::AgreementId>, title: &str) {
    let new = service::NewVersion {
        agreement,
        title: line(title),
        bytes: b"# Confidentiality\n\nYou keep our secrets well.".to_vec(),
        covers: program::agreements::Covers::Everything,
        term_days: None,
        resign: false,
        due: None,
        second_factor: false,
        note: None,
    };
    service.publish_agreement(&crate::support::operator(), new).await.unwrap();
}

#[tokio::test]
async fn an_upload_under_way_survives_a_sweep_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    let other = open(folder.path()).await;
    let before = blobs(folder.path());
    // No room to wait in: each piece is taken before the next is sent.
    let (sender, content) = mpsc::channel(0);
    let upload = Upload { secret: c.secret, name: line("long.bin"), media_type: line("application/x") };
    let (service, owner) = (c.service.clone(), c.owner);
    let adding =
        tokio::spawn(async move { service.add_document(&shell(owner), upload, content).await.unwrap() });
    let piece = vec![7u8; 1 << 20];
    let mut sender = sender;
    for _ in 0..12 {
        futures::SinkExt::send(&mut sender, Ok::<_, std::io::Error>(Bytes::from(piece.clone())))
            .await
            .unwrap();
    }
    assert!(blobs(folder.path()).len() > before.len(), "a part of it is on the disk");
    assert_eq!(other.sweep().await.unwrap(), Default::default());
    drop(sender);
    let done = adding.await.unwrap();
    // Recorded, and unknown to the other process until it looks: it looks before it sweeps.
    blobs(folder.path()).iter().for_each(|path| age(path, 2 * DAY));
    assert_eq!(other.sweep().await.unwrap(), Default::default());
    let program::Event::Documents(added) = done.event().unwrap() else { panic!("not added") };
    sign(&c.service, c.agreement, c.owner).await.unwrap();
    let bytes = read(&other, c.owner, added.about().0).await.unwrap();
    assert_eq!(bytes.len(), 12 << 20);
}

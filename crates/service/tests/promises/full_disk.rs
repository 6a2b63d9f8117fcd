//! A disk that fills up: a clear refusal, nothing half done, and it all works again once there is room.
//!
//! The disk is a small tmpfs, for which the test needs to be root; without that it says so and shows nothing.

use crate::support::{
    Company, RECIPE, approve, ask, begin, company, line, passphrase, read, shell, sign, text,
};
use bytes::Bytes;
use futures::stream;
use program::access;
use service::{Service, ServiceError, Upload};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Room on the small disk, in MiB.
const ROOM: usize = 24;

/// A small disk, unmounted when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={ROOM}m");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output()
            .unwrap();
        if mount.status.success() {
            return Some(Self { folder });
        }
        eprintln!(
            "SKIPPED: a tmpfs cannot be mounted here ({})",
            String::from_utf8_lossy(&mount.stderr).trim()
        );
        None
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let ballast = self.folder.path().join("ballast");
        let mut file = std::fs::File::create(ballast).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while std::io::Write::write_all(&mut file, &vec![b'x'; size]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.folder.path().join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

async fn with_access(folder: &Path) -> Company {
    let c = company(begin(folder).await).await;
    sign(&c.service, c.agreement, c.engineer).await.unwrap();
    let request = ask(&c.service, c.engineer, c.secret).await;
    approve(&c.service, c.owner, request).await.unwrap();
    c
}

fn blobs(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("blobs")).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_opens_nothing_and_forgets_nothing() {
    let Some(disk) = SmallDisk::mount() else { return };
    let c = with_access(&disk.data()).await;
    disk.fill();
    let mut refused = 0;
    for _ in 0..200 {
        match read(&c.service, c.engineer, c.document).await {
            // Room inside the database's own file lasts for a while.
            Ok(bytes) => assert_eq!(bytes, RECIPE.as_bytes()),
            Err(ServiceError::Full) => refused += 1,
            Err(ServiceError::Storage(_)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 0, "the disk was never full");
    disk.free();
    assert_eq!(read(&c.service, c.engineer, c.document).await.unwrap(), RECIPE.as_bytes());
    let revoked = access::Command::Request { secret: c.secret, purpose: text("Once more."), ends: None };
    c.service.act(&shell(c.counsel), revoked).await.unwrap();
    drop(c);
    let config = service::Config::local(disk.data());
    Service::verify(&config, &passphrase(), |_, _| {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_larger_than_the_disk_leaves_nothing_behind() {
    let Some(disk) = SmallDisk::mount() else { return };
    let c = with_access(&disk.data()).await;
    let (before, size) = (blobs(&disk.data()), c.service.state().size);
    let upload =
        Upload { secret: c.secret, name: line("huge.bin"), media_type: line("application/octet-stream") };
    // Ten GiB are announced; the disk is full long before.
    let endless = stream::iter((0..10_240).map(|_| Ok(Bytes::from(vec![7u8; 1 << 20]))));
    let refused = c.service.add_document(&shell(c.owner), upload, endless).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Full), "{refused}");
    assert_eq!(blobs(&disk.data()), before, "a part of the upload was kept");
    assert_eq!(c.service.state().size, size, "something was recorded");
    assert_eq!(read(&c.service, c.engineer, c.document).await.unwrap(), RECIPE.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let c = with_access(folder.path()).await;
    let (before, size) = (blobs(folder.path()), c.service.state().size);
    let upload =
        Upload { secret: c.secret, name: line("half.bin"), media_type: line("application/octet-stream") };
    let broken =
        stream::iter([Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("the line was cut"))]);
    let refused = c.service.add_document(&shell(c.owner), upload, broken).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Upload(_)), "{refused}");
    let stranger = Upload { secret: c.secret, name: line("x.bin"), media_type: line("text/plain") };
    let refused = c
        .service
        .add_document(&shell(c.engineer), stranger, stream::iter([Ok(Bytes::from_static(b"x"))]))
        .await;
    assert!(matches!(refused, Err(ServiceError::Refused(_))), "somebody with a grant may read, not add");
    assert_eq!((blobs(folder.path()), c.service.state().size), (before, size));
}

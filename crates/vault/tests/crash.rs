//! A process killed or a disk filled up in the middle of a write leaves a blob whole or not at all.
//!
//! The tests run this same binary again as the process that is killed or has no room.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a whole file of tests")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;
use futures::TryStreamExt;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use vault::{BlobId, Blobs, StorageError, Swept};

const FOLDER: &str = "VAULT_TEST_FOLDER";
const MIB: usize = 1024 * 1024;

/// Its length first, so that a reader can tell a cut or holed blob from a whole one.
fn content(len: usize) -> Vec<u8> {
    let mut bytes = (len as u64).to_be_bytes().to_vec();
    bytes.extend((bytes.len()..len).map(|i| ((11 * i + i / 251) % 255 + 1) as u8));
    bytes
}

async fn store(blobs: &Blobs, content: &[u8]) -> Result<BlobId, StorageError> {
    let mut writer = blobs.create().await?;
    for piece in content.chunks(300_007) {
        if let Err(error) = writer.write(Bytes::copy_from_slice(piece)).await {
            writer.abort().await;
            return Err(error);
        }
    }
    Ok(writer.finish().await?.0)
}

async fn read(blobs: &Blobs, id: BlobId) -> Vec<u8> {
    let size = blobs.size(id).await.unwrap();
    let parts: Vec<Bytes> = blobs.read(id, 0..size).await.unwrap().try_collect().await.unwrap();
    parts.concat()
}

fn this_test(name: &str, command: &mut Command, folder: &Path) {
    command.args(["--exact", name, "--nocapture", "--ignored", "--test-threads=1"]).env(FOLDER, folder);
}

fn folder_of_child() -> PathBuf {
    std::env::var_os(FOLDER).expect("runs only as the child of another test").into()
}

#[tokio::test]
#[ignore = "the process that is killed"]
async fn child_that_writes_until_killed() {
    let blobs = Blobs::local(folder_of_child()).unwrap();
    for round in 0usize.. {
        let len = [9, 70_000, 3 * MIB, 9 * MIB, 17 * MIB][round % 5] + round;
        let id = store(&blobs, &content(len)).await.unwrap();
        writeln!(std::io::stdout(), "\ndone {id} {len}").unwrap();
    }
}

#[tokio::test]
async fn a_process_killed_while_writing_leaves_whole_blobs_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).unwrap();
    let mut random = TestRunner::default();
    for _ in 0..12 {
        let (finished, pause_us) = (1usize..9, 0u64..40_000).new_tree(&mut random).unwrap().current();
        let mut command = Command::new(std::env::current_exe().unwrap());
        this_test("child_that_writes_until_killed", &mut command, folder.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut reported = Vec::new();
        while reported.len() < finished {
            let line = lines.next().expect("the child writes until it is killed").unwrap();
            reported.extend(report(&line));
        }
        std::thread::sleep(std::time::Duration::from_micros(pause_us));
        child.kill().unwrap();
        child.wait().unwrap();
        // The last line may be cut by the kill: then it does not parse.
        reported.extend(lines.map_while(Result::ok).filter_map(|line| report(&line)));

        let listed = blobs.list().await.unwrap();
        for (id, len) in reported {
            let found = listed.iter().find(|blob| blob.id == id).expect("a finished blob stays");
            assert_eq!(found.size, len);
        }
        for blob in &listed {
            let bytes = read(&blobs, blob.id).await;
            assert!(bytes == content(blob.size as usize), "a listed blob is whole");
        }
        blobs.sweep(|_| true, i64::MAX).await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), listed.len(), "no staging file stays");
        for blob in listed {
            blobs.delete(blob.id).await.unwrap();
        }
    }
}

fn report(line: &str) -> Option<(BlobId, u64)> {
    let (id, len) = line.strip_prefix("done ")?.split_once(' ')?;
    Some((id.parse().ok()?, len.parse().ok()?))
}

#[tokio::test]
#[ignore = "the process that has no room for 12 MiB"]
async fn child_without_room() {
    let folder = folder_of_child();
    let blobs = Blobs::local(&folder).unwrap();
    let small = store(&blobs, &content(10_000)).await.unwrap();
    // One fails in a later part, one in the last part, at `finish`.
    for len in [30 * MIB, 13 * MIB] {
        let outcome = store(&blobs, &content(len)).await;
        assert!(matches!(outcome, Err(StorageError::Full)), "{outcome:?}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing of the large blob is left");
    }
    assert!(read(&blobs, small).await == content(10_000));
    let again = store(&blobs, &content(7 * MIB)).await.unwrap();
    assert!(read(&blobs, again).await == content(7 * MIB));
    assert_eq!(blobs.sweep(|_| true, i64::MAX).await.unwrap(), Swept::default());
}

/// A small file system of its own where the machine lets us mount one, else a limit on file size.
#[test]
#[cfg(unix)]
fn a_full_disk_is_said_so_and_leaves_nothing_behind() {
    const MOUNTED: &str =
        r#"mount -t tmpfs -o size=12m none "$VAULT_TEST_FOLDER" || exit 77; exec "$0" "$@""#;
    const LIMITED: &str = r#"trap "" XFSZ; ulimit -f 24576 || exit 77; exec "$0" "$@""#;
    let attempts: [(&str, &[&str]); 2] =
        [("unshare", &["--map-root-user", "--mount", "sh", "-c", MOUNTED]), ("sh", &["-c", LIMITED])];
    let mut tried = 0;
    for (program, arguments) in attempts {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command.args(arguments).arg(std::env::current_exe().unwrap());
        this_test("child_without_room", &mut command, folder.path());
        let Ok(output) = command.output() else { continue };
        match output.status.code() {
            Some(0) => tried += 1,
            Some(101) => panic!("{program}: {}", String::from_utf8_lossy(&output.stdout)),
            other => eprintln!("SKIPPED: no small disk by `{program}` (status {other:?})"),
        }
    }
    assert!(tried > 0, "neither a small file system nor a file size limit could be had on this machine");
}

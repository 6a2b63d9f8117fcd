//! A witness in a process of its own, logs to show it, and a plain HTTP client.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use ledger::{
    AddCheckpoint, Checkpoint, Digest, Frontier, HashSource, SignedNote, SigningKey, TileError, TileId,
    VerifierKey, consistency_proof, leaf_hash, sign_checkpoint,
};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use witness::{Folder, Settings};

pub(crate) const LOG: &str = "log.example";
const FOLDER: &str = "WITNESS_UNDER_TEST";

/// A log of which each letter is an entry.
struct Letters(Vec<Digest>);

impl HashSource for Letters {
    fn tile(&self, id: TileId) -> Result<Vec<Digest>, TileError> {
        let below = 1usize << (8 * u32::from(id.level));
        let first = id.index as usize * 256 * below;
        let hashes = (0..usize::from(id.width)).map(|n| {
            let mut tree = Frontier::new();
            self.0[first + n * below..first + (n + 1) * below].iter().for_each(|leaf| tree.push(*leaf));
            tree.root()
        });
        Ok(hashes.collect())
    }
}

pub(crate) fn key(origin: &str) -> SigningKey {
    SigningKey::from_seed(origin, &[1; 32]).unwrap()
}

pub(crate) fn note(origin: &str, entries: &str) -> SignedNote {
    let mut tree = Frontier::new();
    entries.bytes().for_each(|letter| tree.push(leaf_hash(&[letter])));
    let (size, root) = (tree.size(), tree.root());
    let checkpoint = Checkpoint { origin: origin.to_owned(), size, root, extensions: Vec::new() };
    sign_checkpoint(&checkpoint, &key(origin)).unwrap()
}

/// The request of a log whose entries went on from the first `old`.
pub(crate) fn request(origin: &str, old: usize, entries: &str) -> Vec<u8> {
    let leaves = Letters(entries.bytes().map(|letter| leaf_hash(&[letter])).collect());
    let proof = consistency_proof(old as u64, entries.len() as u64, &leaves).unwrap_or_default();
    AddCheckpoint::new(old as u64, proof, note(origin, entries)).unwrap().to_string().into_bytes()
}

/// What the witness answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) body: String,
}

/// A witness that trusts one log, in a folder that outlives its process.
pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) verifier: VerifierKey,
}

/// A witness that serves in a process of its own, which is killed when this is dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Folder::create(folder.path(), "witness.example").unwrap();
        made.trust(key(LOG).verifier(), false).unwrap();
        Self { verifier: made.verifier().clone(), folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn log_folder(&self) -> PathBuf {
        self.folder().join("logs").join(hash(LOG))
    }

    /// Starts this very program again, as a witness.
    pub(crate) fn serve(&self) -> Serving {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "serves_for_the_other_tests", "--ignored", "--nocapture"])
            .env(FOLDER, self.folder())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said =
            lines.map(Result::unwrap).find_map(|line| Some(line.split_once("listening at ")?.1.to_owned()));
        Serving { child, address: said.unwrap().parse().unwrap() }
    }
}

/// Serves from the folder that the environment names, until the process is killed.
pub(crate) fn serve_here() {
    let folder = Folder::open(Path::new(&std::env::var_os(FOLDER).unwrap())).unwrap();
    let settings = Settings { listen: ([127, 0, 0, 1], 0).into(), behind_proxy: Vec::new() };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listening = witness::bind(folder, settings).await.unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "listening at {}", listening.address()).unwrap();
        listening.run(std::future::pending()).await;
    });
}

impl Serving {
    /// Ends the process at once (SIGKILL), whatever it is doing.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn add(&self, body: &[u8]) -> Answer {
        add(self.address, body).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        send(self.address, format!("GET {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n").as_bytes())
            .unwrap()
    }

    /// What is shown to monitors.
    pub(crate) fn shown(&self) -> Answer {
        self.get(&format!("/{}/checkpoint", hash(LOG)))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn hash(origin: &str) -> String {
    ledger::sha256(origin.as_bytes()).to_hex()
}

/// Sends a checkpoint; nothing where the witness was gone before it answered in full.
pub(crate) fn add(address: SocketAddr, body: &[u8]) -> Option<Answer> {
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    send(address, &[head.as_bytes(), body].concat())
}

/// Sends bytes and reads until the witness closes the connection.
pub(crate) fn send(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    // It may refuse before it has read all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    // An answer that broke off is none.
    let length: Option<usize> = field("content-length").and_then(|length| length.parse().ok());
    (length == Some(body.len())).then(|| Answer {
        status,
        kind: field("content-type").unwrap_or_default(),
        body: body.to_owned(),
    })
}

//! Data folders to try the binary on, and what it answers.

#![allow(unreachable_pub, dead_code, reason = "a test binary exports nothing; each test uses some of it")]

pub mod company;
pub mod http;
pub mod serve;

pub use company::Company;

use serde_json::Value;
use service::{Config, Passphrase, Service};
use std::ffi::OsStr;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What seals every record here.
pub const PASSPHRASE: &str = "correct horse battery staple";
/// A sentence of the document that the sealed one holds.
pub const RECIPE: &str = "The bath is aged for 46 hours at 18.5 degrees before the first dip.";
/// The binary.
pub const RINGFENCE: &str = env!("CARGO_BIN_EXE_ringfence");

/// A place with a data folder in it, and room for files beside it; gone when dropped.
pub struct Folder {
    place: TempDir,
}

/// How a run of the binary ended.
pub struct Answer {
    pub code: Option<i32>,
    pub bytes: Vec<u8>,
    pub err: String,
    asked: String,
}

impl Folder {
    /// Nothing in it yet.
    pub fn empty() -> Self {
        Self { place: TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap() }
    }

    /// A copy of the company that all tests begin with.
    pub fn company() -> Self {
        let folder = Self::empty();
        copy(&Company::shared().folder, &folder.data());
        folder
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// A path beside the data folder.
    pub fn beside(&self, name: impl AsRef<Path>) -> PathBuf {
        self.place.path().join(name)
    }

    /// A file beside the data folder.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.beside(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Another such place with the same in its data folder.
    pub fn copy(&self) -> Self {
        let other = Self::empty();
        copy(&self.data(), &other.data());
        other
    }

    /// The binary on this folder, with the passphrase. It is ended where it does not end by itself: a test that would
    /// hang fails instead.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=1", "120", RINGFENCE]).args(arguments).stdin(Stdio::null());
        for variable in ["RINGFENCE_JOURNAL", "RINGFENCE_LISTEN", "RINGFENCE_NEW_PASSPHRASE", "NO_COLOR"] {
            command.env_remove(variable);
        }
        command
            .env("RINGFENCE_DATA", self.data())
            .env("RINGFENCE_PASSPHRASE", PASSPHRASE)
            .env("HOME", self.place.path())
            .env("XDG_DATA_HOME", self.place.path().join("share"))
            .env("COLUMNS", "110")
            .current_dir(self.place.path());
        command
    }

    /// Runs the binary to its end.
    pub fn run<S: AsRef<OsStr> + Debug>(&self, arguments: &[S]) -> Answer {
        Answer::of(&mut self.command(arguments), format!("{arguments:?}"))
    }

    /// As [`Folder::run`], with `input` on standard input.
    pub fn run_with<S: AsRef<OsStr> + Debug>(&self, arguments: &[S], input: &[u8]) -> Answer {
        let path = self.beside("standard-input");
        std::fs::write(&path, input).unwrap();
        let mut command = self.command(arguments);
        command.stdin(std::fs::File::open(path).unwrap());
        Answer::of(&mut command, format!("{arguments:?}"))
    }

    /// Verifies all of the record, and says how many entries it has.
    pub fn whole(&self) -> u64 {
        // Of a copy: connections of this process would go on closing while the next step begins.
        let seen = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for name in ["record.db", "record.db-wal", "keys.db", "keys.db-wal"] {
            let from = self.data().join(name);
            if from.exists() {
                std::fs::copy(from, seen.path().join(name)).unwrap();
            }
        }
        let config = Config::local(seen.path());
        let verified =
            runtime().block_on(Service::verify(&config, &Passphrase::new(PASSPHRASE.to_owned()), |_, _| {}));
        let verified = verified.unwrap_or_else(|error| panic!("the record is not whole: {error}"));
        verified.entries
    }

    /// How many sealed files there are, those half written among them.
    pub fn blobs(&self) -> usize {
        std::fs::read_dir(self.data().join("blobs")).map_or(0, Iterator::count)
    }

    /// One entry as JSON tells it.
    pub fn entry(&self, position: u64) -> Value {
        self.run(&["record", "show", &position.to_string(), "--json"]).json()
    }

    /// The newest entry.
    pub fn last(&self) -> Value {
        self.entry(self.whole() - 1)
    }
}

impl Answer {
    pub fn of(command: &mut Command, asked: String) -> Self {
        let output = command.output().unwrap();
        let err = String::from_utf8(output.stderr).expect("standard error is UTF-8");
        let code = output.status.code();
        assert_ne!(code, Some(124), "{asked} did not end by itself");
        assert!(!err.contains("panicked"), "{asked} panicked: {err}");
        Self { code, bytes: output.stdout, err, asked }
    }

    /// It was done; what it printed.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}: {}", self.asked, self.err);
        String::from_utf8(self.bytes).expect("standard output is UTF-8")
    }

    /// It was done; the one JSON document that it printed.
    #[track_caller]
    pub fn json(self) -> Value {
        let asked = self.asked.clone();
        let text = self.done();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{asked}: {error} in {text}"))
    }

    /// It was not done, for this reason: nothing on standard output, and standard error says why.
    #[track_caller]
    pub fn fails(self, code: i32) -> String {
        let printed = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.code, Some(code), "{}: {}{printed}", self.asked, self.err);
        assert_eq!(printed, "", "{} printed something although it failed", self.asked);
        assert!(!self.err.trim().is_empty(), "{} does not say why it failed", self.asked);
        self.err
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Compares with a file beside the tests that a person has read; `RINGFENCE_UPDATE=1` writes it.
#[track_caller]
pub fn as_read(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    if std::env::var_os("RINGFENCE_UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(text.lines()).position(|(kept, now)| kept != now);
    let line = differs.unwrap_or_else(|| kept.lines().count().min(text.lines().count()));
    assert!(
        kept == text,
        "{name} is not what it was from line {} on:\n  was: {:?}\n  is:  {:?}\nRead it, and keep it with RINGFENCE_UPDATE=1",
        line + 1,
        kept.lines().nth(line),
        text.lines().nth(line)
    );
}

use super::*;
use crate::Trusted;
use ledger::{
    Checkpoint, Digest, Frontier, HashSource, SigningKey, TILE_WIDTH, TileError, TileId, consistency_proof,
    leaf_hash, sign_checkpoint,
};
use std::path::{Path, PathBuf};

const NOW: u64 = 1_800_000_000;

/// A log of which each letter is an entry.
struct Letters(Vec<Digest>);

impl Letters {
    fn of(entries: &str) -> Self {
        Self(entries.bytes().map(|letter| leaf_hash(&[letter])).collect())
    }
}

impl HashSource for Letters {
    fn tile(&self, id: TileId) -> Result<Vec<Digest>, TileError> {
        assert!(id.level == 0 && id.index == 0 && self.0.len() < usize::from(TILE_WIDTH));
        Ok(self.0[..usize::from(id.width)].to_vec())
    }
}

fn log(name: &str) -> SigningKey {
    SigningKey::from_seed(name, &[1; 32]).unwrap()
}

fn note(origin: &str, entries: &str) -> SignedNote {
    let mut tree = Frontier::new();
    Letters::of(entries).0.into_iter().for_each(|leaf| tree.push(leaf));
    let (size, root) = (tree.size(), tree.root());
    let checkpoint = Checkpoint { origin: origin.to_owned(), size, root, extensions: Vec::new() };
    sign_checkpoint(&checkpoint, &log(origin)).unwrap()
}

/// The request of a log whose entries went on from the first `old`.
fn request(origin: &str, old: usize, entries: &str) -> Vec<u8> {
    let proof =
        consistency_proof(old as u64, entries.len() as u64, &Letters::of(entries)).unwrap_or_default();
    AddCheckpoint::new(old as u64, proof, note(origin, entries)).unwrap().to_string().into_bytes()
}

/// A witness that trusts two logs.
struct World {
    folder: tempfile::TempDir,
    witness: Option<Witness>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Folder::create(folder.path(), "witness.example").unwrap();
        for origin in ["log.example", "other.example"] {
            assert_eq!(made.trust(log(origin).verifier(), false).unwrap(), Trusted::NewLog);
        }
        let witness = Some(Witness::begin(made).unwrap());
        Self { folder, witness }
    }

    fn restart(&mut self) {
        self.witness = None;
        self.witness = Some(Witness::begin(Folder::open(self.folder.path()).unwrap()).unwrap());
    }

    fn witness(&self) -> &Witness {
        self.witness.as_ref().unwrap()
    }

    fn add_at(&self, now: u64, origin: &str, old: usize, entries: &str) -> Result<Signature, AddError> {
        self.witness().add(&request(origin, old, entries), now)
    }

    fn add(&self, old: usize, entries: &str) -> u16 {
        self.add_at(NOW, "log.example", old, entries).map_or_else(|error| error.status(), |_| 200)
    }

    fn of(&self, origin: &str) -> PathBuf {
        self.folder.path().join("logs").join(log::hash(origin))
    }

    fn shown(&self) -> Option<SignedNote> {
        self.witness().checkpoint(&log::hash("log.example")).unwrap()
    }

    fn refused(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.of("log.example").join("refused")).into_iter().flatten();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }
}

#[test]
fn what_was_cosigned_is_shown_with_the_signatures_of_the_log_and_the_witness_alone() {
    let world = World::new();
    assert_eq!(world.shown(), None);
    // Somebody puts a line of their own below.
    let stranger = SigningKey::from_seed("stranger.example", &[7; 32]).unwrap();
    let entries = note("log.example", "abc");
    let line = SignedNote::sign(entries.text(), &[&stranger]).unwrap().signatures()[0].clone();
    let body = AddCheckpoint::new(0, Vec::new(), entries.clone().with_signature(line).unwrap()).unwrap();
    let given = world.witness().add(body.to_string().as_bytes(), NOW).unwrap();
    let shown = world.shown().unwrap();
    assert_eq!(shown, entries.with_signature(given).unwrap());
    let known = [log("log.example").verifier().clone(), world.witness().folder().verifier().clone()];
    assert_eq!(shown.verify_all(&known).unwrap().len(), 2);
    assert_eq!(shown.cosignatures(&known).unwrap(), [(known[1].clone(), NOW)]);
    for hash in [
        "",
        "..",
        &log::hash("nobody"),
        &log::hash("log.example").to_uppercase(),
        &log::hash("other.example"),
    ] {
        assert!(world.witness().checkpoint(hash).unwrap().is_none(), "{hash}");
    }
}

#[test]
fn a_promise_outlives_a_restart() {
    let mut world = World::new();
    assert_eq!(world.add(0, "abc"), 200);
    world.restart();
    assert_eq!(world.add(0, "ab"), 409);
    assert_eq!(world.add(3, "abx"), 422);
    assert_eq!(world.add(3, "abxdef"), 422);
    assert_eq!(world.add(3, "abcdef"), 200);
    world.restart();
    assert_eq!(world.add(3, "abcdef"), 409);
    assert_eq!(world.add(6, "abcdef"), 200);
    assert_eq!(
        world.witness().folder().logs().unwrap()[0]
            .latest
            .as_ref()
            .unwrap()
            .as_ref()
            .unwrap()
            .checkpoint
            .size,
        6
    );
}

#[test]
fn what_is_lost_or_damaged_is_no_beginning() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 9] = [
        ("gone", |log| std::fs::remove_file(log.join("latest")).unwrap()),
        ("empty", |log| std::fs::write(log.join("latest"), "").unwrap()),
        ("cut", |log| {
            let text = std::fs::read(log.join("latest")).unwrap();
            std::fs::write(log.join("latest"), &text[..text.len() / 2]).unwrap();
        }),
        ("edited", |log| {
            let text = std::fs::read_to_string(log.join("latest")).unwrap();
            std::fs::write(log.join("latest"), text.replace("\n3\n", "\n2\n")).unwrap();
        }),
        ("without our cosignature", |log| {
            std::fs::write(log.join("latest"), note("log.example", "a").to_string()).unwrap()
        }),
        ("not UTF-8", |log| std::fs::write(log.join("latest"), b"\xff\xfe").unwrap()),
        ("too large", |log| std::fs::write(log.join("latest"), vec![b'x'; 2 << 20]).unwrap()),
        ("another log's", |log| {
            std::fs::write(log.join("latest"), "nothing was cosigned yet\nother.example\n").unwrap();
        }),
        ("a folder", |log| {
            std::fs::remove_file(log.join("latest")).unwrap();
            std::fs::create_dir(log.join("latest")).unwrap();
        }),
    ];
    for (harm, do_harm) in harms {
        for restart in [false, true] {
            let mut world = World::new();
            assert_eq!(world.add(0, "abc"), 200);
            do_harm(&world.of("log.example"));
            if restart {
                world.restart();
            }
            for (old, entries) in [(0, "abc"), (3, "abc"), (3, "abcd"), (0, "x"), (2, "abcd")] {
                assert_eq!(world.add(old, entries), 500, "{harm}");
            }
            assert!(world.witness().checkpoint(&log::hash("log.example")).is_err(), "{harm}");
            let logs = world.witness().folder().logs().unwrap();
            assert!(logs[0].latest.is_err() && logs[1].latest.is_ok(), "{harm}");
            // Trusting the log again does not make it new.
            let folder = Folder::open(world.folder.path()).unwrap();
            assert_eq!(folder.trust(log("log.example").verifier(), false).unwrap(), Trusted::Already);
            assert_eq!(world.add(0, "abc"), 500, "{harm}");
            // Other logs go on.
            assert!(world.add_at(NOW, "other.example", 0, "x").is_ok(), "{harm}");
        }
    }
}

#[test]
fn lost_keys_of_a_log_are_no_permission() {
    let world = World::new();
    assert_eq!(world.add(0, "abc"), 200);
    let keys = world.of("log.example").join("keys");
    let written = std::fs::read_to_string(&keys).unwrap();
    let other = format!("{}\n", log("other.example").verifier());
    for harm in [String::new(), "x\n".into(), written.trim_end().to_owned(), other] {
        std::fs::write(&keys, harm).unwrap();
        assert_eq!(world.add(3, "abcd"), 500);
    }
    std::fs::remove_file(&keys).unwrap();
    assert_eq!(world.add(3, "abcd"), 500);
    assert!(world.witness().folder().logs().unwrap().iter().any(|log| log.latest.is_err()));
    std::fs::write(&keys, written).unwrap();
    assert_eq!(world.add(3, "abcd"), 200);
}

#[test]
fn nothing_is_cosigned_that_could_not_be_written() {
    let mut world = World::new();
    assert_eq!(world.add(0, "abc"), 200);
    // A folder stands where the new file would be written.
    let in_the_way = world.of("log.example").join(".latest.new");
    std::fs::create_dir(&in_the_way).unwrap();
    assert!(matches!(
        world.add_at(NOW, "log.example", 3, "abcd"),
        Err(AddError::Folder(FolderError::Disk { .. }))
    ));
    // Nobody knows what the disk holds now: not even what could be written is, until the next start.
    std::fs::remove_dir(&in_the_way).unwrap();
    assert!(matches!(world.add_at(NOW, "log.example", 3, "abcd"), Err(AddError::Doubtful)));
    assert!(world.witness().checkpoint(&log::hash("log.example")).is_err());
    assert!(world.add_at(NOW, "other.example", 0, "x").is_ok());
    world.restart();
    assert_eq!(world.add(3, "abcd"), 200);
}

#[test]
fn what_a_crash_left_behind_is_written_over() {
    let mut world = World::new();
    assert_eq!(world.add(0, "abc"), 200);
    std::fs::write(world.of("log.example").join(".latest.new"), "half a checkp").unwrap();
    let half = world.folder.path().join("logs").join(format!(".{}.new", log::hash("third.example")));
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("keys"), "half a k").unwrap();
    world.restart();
    assert_eq!(world.add(3, "abcd"), 200);
    assert!(world.add_at(NOW, "third.example", 0, "a").is_err_and(|error| error.status() == 404));
    assert_eq!(
        world.witness().folder().trust(log("third.example").verifier(), true).unwrap(),
        Trusted::NewLog
    );
    assert!(world.add_at(NOW, "third.example", 0, "a").is_ok());
}

#[test]
fn one_process_decides_for_a_folder() {
    let world = World::new();
    let another = Witness::begin(Folder::open(world.folder.path()).unwrap());
    assert!(matches!(another, Err(FolderError::Busy(_))));
}

#[test]
fn a_log_may_have_several_keys_and_they_are_trusted_while_the_witness_serves() {
    let world = World::new();
    let (text, next) = (
        note("log.example", "abc").text().to_owned(),
        SigningKey::from_seed("log.example", &[2; 32]).unwrap(),
    );
    let signed = |keys: &[&SigningKey]| {
        AddCheckpoint::new(0, Vec::new(), SignedNote::sign(text.clone(), keys).unwrap()).unwrap().to_string()
    };
    let ask = |keys: &[&SigningKey]| {
        world.witness().add(signed(keys).as_bytes(), NOW).map_or_else(|error| error.status(), |_| 200)
    };
    assert_eq!(ask(&[&next]), 403);
    let folder = Folder::open(world.folder.path()).unwrap();
    // It may as well be another log that is called the same.
    assert!(matches!(folder.trust(next.verifier(), false), Err(FolderError::AnotherKey(_))));
    assert_eq!(ask(&[&next]), 403);
    assert_eq!(folder.trust(next.verifier(), true).unwrap(), Trusted::AnotherKey);
    assert_eq!(folder.trust(next.verifier(), true).unwrap(), Trusted::Already);
    assert_eq!(ask(&[&next]), 200);
    assert_eq!(world.shown().unwrap().signatures().len(), 2);
    assert!(matches!(folder.trust(folder.verifier(), true), Err(FolderError::NotALog(_))));
    for seed in 3..=16 {
        let more = SigningKey::from_seed("log.example", &[seed; 32]).unwrap();
        assert_eq!(folder.trust(more.verifier(), true).unwrap(), Trusted::AnotherKey);
    }
    let one_more = SigningKey::from_seed("log.example", &[17; 32]).unwrap();
    assert!(matches!(folder.trust(one_more.verifier(), true), Err(FolderError::ManyKeys(_))));
}

#[test]
fn times_do_not_run_backwards() {
    let world = World::new();
    let at = |now, old, entries| {
        let line = world.add_at(now, "log.example", old, entries)?;
        let shown = world.shown().unwrap();
        assert_eq!(shown.signatures().last(), Some(&line));
        Ok::<u64, AddError>(shown.cosignatures(&[world.witness().folder().verifier().clone()]).unwrap()[0].1)
    };
    assert_eq!(at(NOW, 0, "abc").unwrap(), NOW);
    assert_eq!(at(NOW + 5, 3, "abc").unwrap(), NOW + 5);
    // A clock that was set back a little, and one that is wrong.
    assert_eq!(at(NOW, 3, "abcd").unwrap(), NOW + 5);
    assert!(matches!(at(NOW - 3600, 4, "abcde"), Err(AddError::Clock { last, .. }) if last == NOW + 5));
    assert!(matches!(at(0, 4, "abcde"), Err(AddError::Clock { .. })));
    assert_eq!(at(NOW + 6, 4, "abcde").unwrap(), NOW + 6);
    // No time at all is none to bear.
    assert!(matches!(world.add_at(0, "other.example", 0, "a"), Err(AddError::Clock { .. })));
    assert!(world.add_at(1, "other.example", 0, "a").is_ok());
}

#[test]
fn a_fork_is_kept_for_people_to_look_at_once_and_rubbish_is_bounded() {
    let world = World::new();
    assert_eq!(world.add(0, "abc"), 200);
    // Neither a replay of what was cosigned nor a wrong size tells against the log.
    for (old, entries) in [(0, "abc"), (0, "ab"), (2, "abcd"), (4, "abc")] {
        assert_ne!(world.add(old, entries), 200);
    }
    assert!(world.refused().is_empty());
    for (old, entries) in [(3, "abx"), (3, "abx"), (0, "aby"), (5, "abz"), (3, "xxxx")] {
        assert_ne!(world.add(old, entries), 200);
    }
    let logs = world.witness().folder().logs().unwrap();
    assert_eq!((logs[0].forks, logs[0].unproven), (3, 1));
    let text = std::fs::read_to_string(&world.refused()[0]).unwrap();
    let known = [log("log.example").verifier().clone()];
    for part in ["latest checkpoint that this witness had cosigned ==\n", "request that was refused ==\n"] {
        let note = text.split(part).nth(1).unwrap().split("\n== ").next().unwrap();
        let note = note.find("log.example").and_then(|at| note.get(at..)).unwrap();
        assert!(SignedNote::parse(note).unwrap().verify(&known).is_ok(), "{note}");
    }
    // Whoever has seen the log's checkpoints can send them with proofs that do not hold.
    for n in 4..120 {
        let sent = AddCheckpoint::new(3, Vec::new(), note("log.example", &"q".repeat(n))).unwrap();
        assert_eq!(world.witness().add(sent.to_string().as_bytes(), NOW).unwrap_err().status(), 422);
    }
    let logs = world.witness().folder().logs().unwrap();
    assert_eq!((logs[0].forks, logs[0].unproven), (3, 64));
    // A fork is still kept.
    assert_eq!(world.add(3, "zzz"), 422);
    assert_eq!(world.witness().folder().logs().unwrap()[0].forks, 4);
    assert_eq!(world.add(3, "abcd"), 200);
}

#[test]
fn of_requests_at_once_no_two_are_granted_that_contradict_each_other() {
    for round in 0..8 {
        let world = World::new();
        assert_eq!(world.add(0, "a"), 200);
        // The race of the specification, and a fork: from one entry to two, to four, and to another two.
        let granted: Vec<&str> = std::thread::scope(|scope| {
            let wishes = ["ab", "abcd", "ax", "axyz", "abc", "a"].into_iter().cycle().skip(round).take(24);
            let ask = |entries: &'static str| (world.add(1, entries) == 200).then_some(entries);
            let askers: Vec<_> = wishes.map(|entries| scope.spawn(move || ask(entries))).collect();
            askers.into_iter().filter_map(|asker| asker.join().unwrap()).collect()
        });
        for (one, other) in granted.iter().flat_map(|one| granted.iter().map(move |other| (one, other))) {
            assert!(one.starts_with(other) || other.starts_with(one), "{granted:?}");
        }
        // Who asked to go on from one entry found one entry: the same size again, and one that is larger.
        assert!(granted.iter().filter(|entries| entries.len() > 1).count() <= 1, "{granted:?}");
        let size = granted.iter().map(|entries| entries.len()).max().unwrap_or(1);
        let latest: Checkpoint = world.shown().unwrap().text().parse().unwrap();
        assert_eq!(latest.size, size as u64);
    }
}

#[test]
fn a_witness_begins_in_a_folder_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("something"), "else").unwrap();
    assert!(matches!(Folder::create(folder.path(), "w"), Err(FolderError::NotEmpty(_))));
    assert!(matches!(Folder::open(folder.path()), Err(FolderError::Absent(_))));
    let new = folder.path().join("deep/in/there");
    assert!(matches!(Folder::create(&new, "not a name"), Err(FolderError::Name(_))));
    let made = Folder::create(&new, "w").unwrap();
    assert!(matches!(Folder::create(&new, "w"), Err(FolderError::NotEmpty(_))));
    assert_eq!(Folder::open(&new).unwrap().verifier(), made.verifier());
    assert!(made.logs().unwrap().is_empty());
}

//! What is destroyed stays destroyed, whatever copy comes back; and a copy that comes back is all of it.

use crate::support::{
    Company, RECIPE, SCAN, add, begin, company, line, open, operator, paper, passphrase, read, shell, sign,
    text,
};
use futures::TryStreamExt;
use ledger::bundle::{self, Options, Verdict};
use program::retention::Receipt;
use program::{Actor, DocumentId, Subject, documents, people, retention, secrets};
use service::{BackedUp, BackupPlan, Config, OpenError, Passphrase, Restored, Service, ServiceError};
use std::path::{Path, PathBuf};

/// A company in `data`, and folders for its copies and keys.
struct World {
    root: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn plan(&self) -> BackupPlan {
        BackupPlan { place: self.at("copies"), keys: self.at("keys") }
    }

    async fn company(&self) -> Company {
        let c = company(begin(&self.at("data")).await).await;
        sign(&c.service, c.agreement, c.owner).await.unwrap();
        sign(&c.service, c.agreement, c.engineer).await.unwrap();
        c
    }

    async fn back_up(&self, service: &Service) -> BackedUp {
        service.back_up(&operator(), &self.plan(), |_| {}).await.unwrap()
    }

    async fn restore(&self, from: &BackedUp, into: &str) -> Result<Restored, OpenError> {
        let config = Config::local(self.at(into));
        Service::restore(config, &from.folder, &self.at("keys"), &passphrase(), &operator(), |_| {}).await
    }
}

async fn destroy(c: &Company, document: DocumentId) -> Receipt {
    let withdraw = documents::Command::Withdraw { document, reason: text("Not used any more.") };
    c.service.act(&shell(c.owner), withdraw).await.unwrap();
    let destroyed = c.service.destroy_document(&shell(c.owner), document, text("Not used.")).await.unwrap();
    destroyed.receipt
}

/// Ends the engineer's employment and erases their data.
async fn erase(c: &Company) -> Receipt {
    let end = people::Command::End { person: c.engineer, ends: None, reason: text("Left.") };
    c.service.act(&operator(), end).await.unwrap();
    c.service.erase_person(&operator(), c.engineer, text("Asked for it.")).await.unwrap().receipt
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn left(receipt: &Receipt) -> Vec<&str> {
    receipt.left.iter().map(|left| left.place.as_str()).collect()
}

fn is_gone(answer: Result<Vec<u8>, ServiceError>) -> bool {
    matches!(&answer, Err(ServiceError::Content(why)) if why.contains("destroyed"))
        || matches!(&answer, Err(ServiceError::Refused(refusal)) if refusal.message.contains("destroyed"))
}

#[tokio::test]
async fn a_destroyed_document_comes_back_from_no_copy_of_any_age() {
    let w = World::new();
    let c = w.company().await;
    let other = add(&c.service, c.owner, c.secret, b"what stays").await;
    let first = w.back_up(&c.service).await;
    // A copy made by hand, as an administrator makes it: record and sealed files, with the keys in their own file left out.
    let by_hand = w.at("by-hand");
    std::fs::create_dir(&by_hand).unwrap();
    for name in ["record.db", "record.db-wal"] {
        std::fs::copy(w.at("data").join(name), by_hand.join(name)).unwrap();
    }
    copy_folder(&w.at("data").join("blobs"), &by_hand.join("blobs"));
    let second = w.back_up(&c.service).await;
    assert!(second.fresh == 0 && first.fresh == first.files, "sealed files are copied once");
    let elsewhere = open(&w.at("data")).await;
    assert_eq!(read(&elsewhere, c.owner, c.document).await.unwrap(), RECIPE.as_bytes());

    let receipt = destroy(&c, c.document).await;
    assert_eq!(left(&receipt), Vec::<&str>::new());
    let places: Vec<(&str, u64, u32)> =
        receipt.done.iter().map(|done| (done.place.as_str(), done.keys, done.versions)).collect();
    let keys = w.at("keys").canonicalize().unwrap();
    assert_eq!(places, [("the record's own keys", 1, 1), (keys.to_str().unwrap(), 2, 2)]);
    assert!(is_gone(read(&c.service, c.owner, c.document).await));
    assert!(
        is_gone(read(&elsewhere, c.owner, c.document).await),
        "another process, which had opened it before"
    );
    assert_eq!(read(&c.service, c.owner, other).await.unwrap(), b"what stays");
    drop((c.service, elsewhere));
    let verified = Service::verify(&Config::local(w.at("data")), &passphrase(), |_, _| {}).await.unwrap();
    assert_eq!(verified.erased, 0, "the record is whole");

    for (copy, into) in [(&first, "first"), (&second, "second")] {
        let restored = w.restore(copy, into).await.unwrap();
        assert_eq!((restored.destroyed, restored.version), (1, 2));
        let back = open(&w.at(into)).await;
        assert!(is_gone(read(&back, c.owner, c.document).await), "{into}");
        assert_eq!(read(&back, c.owner, other).await.unwrap(), b"what stays");
    }
    std::fs::copy(w.at("data").join("keys.db"), by_hand.join("keys.db")).unwrap();
    let back = open(&by_hand).await;
    assert!(is_gone(read(&back, c.owner, c.document).await));
    assert_eq!(read(&back, c.owner, other).await.unwrap(), b"what stays");
}

#[tokio::test]
async fn an_erased_person_is_gone_from_record_states_and_copies_and_the_rest_verifies() {
    let w = World::new();
    let c = w.company().await;
    c.service.record_paper(&operator(), paper(c.agreement, c.engineer)).await.unwrap();
    let signed = c.service.state().agreements.signature(c.engineer, c.agreement).unwrap().position;
    let grant = crate::support::ask(&c.service, c.engineer, c.secret).await;
    crate::support::approve(&c.service, c.owner, grant).await.unwrap();
    read(&c.service, c.engineer, c.document).await.unwrap();
    c.service.snapshot().await.unwrap();
    let copy = w.back_up(&c.service).await;
    let elsewhere = open(&w.at("data")).await;

    assert_eq!(left(&erase(&c).await), Vec::<&str>::new());
    elsewhere.refresh().await.unwrap();
    let fresh = open(&w.at("data")).await;
    for service in [&c.service, &elsewhere, &fresh] {
        assert!(service.state().people.is_erased(c.engineer));
        let entry = service.entry(&operator(), signed).await.unwrap();
        assert!(entry.fields.is_empty() && entry.sentence.contains("destroyed"), "{}", entry.sentence);
        assert!(service.paper_scan(&operator(), c.agreement, signed).await.is_err());
    }
    let told = |service: &Service| format!("{:?}", service.state());
    assert_eq!(told(&c.service), told(&fresh), "whoever starts now knows what whoever has run since knows");
    assert_eq!(told(&c.service), told(&elsewhere));
    // What they did is still there, under their number.
    let who = c.service.state();
    assert!(who.access.any_grant(c.engineer, c.secret));
    let verdict = {
        let wanted = service::Exporting {
            secret: c.secret,
            as_of: None,
            fields: service::ShownFields::default(),
            existence: None,
            documents: Default::default(),
            agreements: true,
            recipient: line("District Court"),
            purpose: text("Exhibit 4"),
        };
        let bundle = c.service.export(&shell(c.counsel), &wanted).await.unwrap();
        let pieces: Vec<bytes::Bytes> = bundle.stream().unwrap().try_collect().await.unwrap();
        bundle::verify_bytes(&pieces.concat(), &Options::default())
    };
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
    drop((c.service, elsewhere, fresh));
    let verified = Service::verify(&Config::local(w.at("data")), &passphrase(), |_, _| {}).await.unwrap();
    assert!(verified.erased >= 4, "{}", verified.erased);

    let restored = w.restore(&copy, "back").await.unwrap();
    assert!(
        restored.verification.erased >= 4 && restored.destroyed == 0,
        "no entry that can be read names the scan"
    );
    let back = open(&w.at("back")).await;
    assert!(back.state().people.get(c.engineer).is_none());
    // The copy is older than the erasure and does not tell of it: still nobody is given the number, and with it the key's tag.
    let next = crate::support::join(&back, "Nora New", &[], 0).await;
    assert!(next > c.engineer && back.state().people.get(next).is_some());
    drop(back);
    let verified = Service::verify(&Config::local(w.at("back")), &passphrase(), |_, _| {}).await.unwrap();
    assert!(verified.erased >= 4);
    for place in ["data", "back", "copies", "keys"] {
        assert!(!holds(&w.at(place), b"Eva Engineer") && !holds(&w.at(place), SCAN), "{place}");
    }
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn a_folder_of_keys_that_cannot_be_reached_is_told_and_finished_later() {
    let w = World::new();
    let c = w.company().await;
    let copy = w.back_up(&c.service).await;
    std::fs::rename(w.at("keys"), w.at("unplugged")).unwrap();
    // An empty folder in its place is not the one that it was.
    std::fs::create_dir(w.at("keys")).unwrap();
    let keys = w.at("keys").canonicalize().unwrap();
    let receipt = destroy(&c, c.document).await;
    assert_eq!(left(&receipt), [keys.to_str().unwrap()]);
    assert!(c.service.finish_destructions(&operator()).await.unwrap().is_empty(), "nothing new to tell");
    let refused = c.service.finish_destructions(&shell(c.counsel)).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Refused(_)), "whoever looks after copies does it: {refused}");
    std::fs::remove_dir(w.at("keys")).unwrap();
    std::fs::rename(w.at("unplugged"), w.at("keys")).unwrap();
    let receipts = c.service.finish_destructions(&operator()).await.unwrap();
    assert_eq!(receipts.len(), 1);
    let state = c.service.state();
    assert!(!state.retention.destruction(c.document.into()).unwrap().is_open());
    let restored = w.restore(&copy, "back").await.unwrap();
    assert_eq!(restored.destroyed, 1);
}

/// Stopped after the decision and before any key was deleted: whoever starts next does it.
#[tokio::test]
async fn what_was_decided_and_interrupted_is_finished() {
    let w = World::new();
    let c = w.company().await;
    let withdraw = documents::Command::Withdraw { document: c.document, reason: text("Old.") };
    c.service.act(&shell(c.owner), withdraw).await.unwrap();
    let destroy = documents::Command::Destroy { document: c.document, reason: text("Old.") };
    c.service.act(&shell(c.owner), destroy).await.unwrap();
    drop(c.service);
    let again = open(&w.at("data")).await;
    assert!(is_gone(read(&again, c.owner, c.document).await), "nothing opens from the decision on");
    assert_eq!(again.finish_destructions(&operator()).await.unwrap().len(), 1);
    let subject = Subject::from(c.document);
    let receipt = again.state().retention.destruction(subject).unwrap().receipt.clone().unwrap();
    assert_eq!(receipt.done.first().unwrap().keys, 1);
    assert!(again.finish_destructions(&operator()).await.unwrap().is_empty());
}

#[tokio::test]
async fn under_hold_nothing_is_destroyed_by_anybody() {
    let w = World::new();
    let c = w.company().await;
    let about = Subject::from(c.secret);
    let hold = retention::Command::PlaceHold { about, reason: text("Dispute with a supplier.") };
    assert!(c.service.act(&shell(c.owner), hold.clone()).await.is_err(), "counsel decides on that");
    c.service.act(&shell(c.counsel), hold).await.unwrap();
    let withdraw = documents::Command::Withdraw { document: c.document, reason: text("Old.") };
    c.service.act(&shell(c.owner), withdraw).await.unwrap();
    for actor in [shell(c.owner), shell(c.counsel), operator()] {
        let refused = c.service.destroy_document(&actor, c.document, text("Old.")).await.unwrap_err();
        assert!(matches!(&refused, ServiceError::Refused(r) if r.rule == program::Rule::Hold), "{refused}");
    }
    drop(c.service);
    let again = open(&w.at("data")).await;
    let key = again.finish_destructions(&operator()).await.unwrap();
    assert!(key.is_empty());
}

#[tokio::test]
async fn a_copy_made_while_everybody_works_is_whole() {
    let w = World::new();
    let c = w.company().await;
    let work = async {
        for n in 0..60 {
            add(&c.service, c.owner, c.secret, format!("note {n}").as_bytes()).await;
        }
    };
    let (copy, ()) = tokio::join!(w.back_up(&c.service), work);
    let restored = w.restore(&copy, "back").await.unwrap();
    assert_eq!((restored.verification.entries, restored.destroyed), (copy.size, 0));
    assert!(restored.files >= 2, "the agreement's text and the first document at least");
    let back = open(&w.at("back")).await;
    let documents: Vec<DocumentId> = back.state().documents.iter().map(|document| document.id).collect();
    for document in documents {
        read(&back, c.owner, document).await.unwrap();
    }
    // The copy goes on as a record of its own: it says that it was put back, and new acts follow.
    let last = back
        .history(&operator(), &service::HistoryFilter { limit: 100, ..Default::default() })
        .await
        .unwrap();
    assert!(last.entries.iter().any(|entry| entry.kind == "retention.restored"));
    add(&back, c.owner, c.secret, b"after it").await;
}

#[tokio::test]
async fn a_copy_that_is_not_all_there_is_refused_and_nothing_is_kept() {
    let w = World::new();
    let c = w.company().await;
    let copy = w.back_up(&c.service).await;
    let taken = w.restore(&copy, "data").await.unwrap_err();
    assert!(matches!(taken, OpenError::Present(_)), "{taken}");
    w.back_up(&c.service).await;
    drop(c.service);

    let refused = async |what: &str, reason: &str| {
        let error = w.restore(&copy, "back").await.unwrap_err();
        assert!(error.to_string().contains(reason), "{what}: {error}");
        assert!(!w.at("back").join("record.db").exists() && !w.at("back").join("keys.db").exists(), "{what}");
        assert!(!w.at("back").join("blobs").exists(), "{what}");
    };
    // The keys of a version before the copy's.
    let newest = w.at("keys").join("keys-000002.txt");
    let older = w.at("keys").join("keys-000001.txt");
    let (two, one) = (std::fs::read(&newest).unwrap(), std::fs::read(&older).unwrap());
    std::fs::remove_file(&newest).unwrap();
    std::fs::remove_file(&older).unwrap();
    refused("no keys", "no keys").await;
    std::fs::write(&older, &one).unwrap();
    let about = copy.folder.join("backup.json");
    let said = std::fs::read_to_string(&about).unwrap();
    std::fs::write(&about, said.replace("\"version\": 1", "\"version\": 2")).unwrap();
    refused("older keys", "keys are missing").await;
    std::fs::write(&about, said.replace(&format!("\"size\": {}", copy.size), "\"size\": 3")).unwrap();
    refused("another size", "says it has 3 entries").await;
    std::fs::write(&about, &said).unwrap();
    let mut damaged = two.clone();
    damaged[200] ^= 1;
    std::fs::write(&newest, &damaged).unwrap();
    refused("damaged keys", "digest").await;
    std::fs::write(&newest, &two).unwrap();
    // A byte of the record, and a sealed file.
    let record = copy.folder.join("record.db");
    let whole = std::fs::read(&record).unwrap();
    let mut cut = whole.clone();
    for at in (4096 + 100..cut.len()).step_by(4096) {
        cut[at] ^= 1;
    }
    std::fs::write(&record, &cut).unwrap();
    assert!(w.restore(&copy, "back").await.is_err());
    assert!(!w.at("back").join("record.db").exists());
    std::fs::write(&record, &whole).unwrap();
    let file = std::fs::read_dir(w.at("copies").join("blobs")).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    refused("a sealed file is missing", "lacks the sealed file").await;
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&file, &changed).unwrap();
    assert!(w.restore(&copy, "back").await.is_err());
    std::fs::write(&file, &bytes).unwrap();
    let wrong = Passphrase::new("another passphrase altogether".to_owned());
    let config = Config::local(w.at("back"));
    let error = Service::restore(config, &copy.folder, &w.at("keys"), &wrong, &operator(), |_| {}).await;
    assert!(matches!(error, Err(OpenError::WrongPassphrase)));
    assert!(!w.at("back").join("keys.db").exists());
    w.restore(&copy, "back").await.unwrap();
}

#[tokio::test]
async fn copies_are_made_by_administrators_into_folders_apart() {
    let w = World::new();
    let c = w.company().await;
    let refused = async |actor: &Actor, place: PathBuf, keys: PathBuf| {
        let plan = BackupPlan { place, keys };
        let error = c.service.back_up(actor, &plan, |_| {}).await.unwrap_err();
        assert!(matches!(error, ServiceError::Refused(_)), "{error}");
        error.to_string()
    };
    assert!(refused(&shell(c.owner), w.at("a"), w.at("b")).await.contains("only"));
    assert!(!w.at("a").exists(), "asked before anything is made");
    refused(&operator(), w.at("a"), w.at("a")).await;
    refused(&operator(), w.at("a"), w.at("a/keys")).await;
    refused(&operator(), w.at("data/copies"), w.at("keys")).await;
    refused(&operator(), w.at("copies"), w.at("data/keys")).await;
    let made = w.back_up(&c.service).await;
    assert!(!std::fs::read(made.folder.join("record.db")).unwrap().is_empty());
    assert!(!made.folder.join("record.db-wal").exists(), "one whole file");
    // Keys of another record in the same folder would be taken for this one's.
    let other = company(begin(&w.at("other")).await).await;
    let plan = BackupPlan { place: w.at("other-copies"), keys: w.at("keys") };
    let error = other.service.back_up(&operator(), &plan, |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("another record"), "{error}");
    assert_eq!(
        std::fs::read_dir(w.at("other-copies")).unwrap().count(),
        1,
        "nothing but sealed files is left"
    );
    let accepted = secrets::Command::Retire { secret: c.secret, reason: text("x") };
    c.service.act(&shell(c.counsel), accepted).await.unwrap();
}

//! Copies, holds and destruction, as somebody at a shell meets them.

use crate::support::company::{CARL, EVA, OLGA};
use crate::support::{Answer, Folder};
use std::path::{Path, PathBuf};

/// A company with a copy beside it: the folder of that copy, and of the copies of the keys.
fn copied() -> (Folder, PathBuf, String) {
    let folder = Folder::company();
    let (out, keys) = (text(&folder.beside("copies")), text(&folder.beside("keys")));
    let made = folder.run(&["backup", "--out", &out, "--keys", &keys, "--json"]).json();
    let copy = PathBuf::from(made["folder"].as_str().unwrap());
    (folder, copy, keys)
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn restore(folder: &Folder, copy: &Path, keys: &str, into: &Path) -> Answer {
    let arguments = ["restore", "--from", &text(copy), "--keys", keys, "--data", &text(into)];
    folder.run(&arguments)
}

#[test]
fn a_document_is_destroyed_and_no_copy_brings_it_back() {
    let (folder, copy, keys) = copied();
    let open = ["document", "open", "D-1", "--as", EVA];
    assert!(!folder.run(&open).done().is_empty());
    let refused = folder.run(&["document", "destroy", "D-1", "--reason", "Old.", "--as", OLGA]).fails(1);
    assert!(refused.contains("withdraw it first"), "{refused}");
    folder.run(&["document", "withdraw", "D-1", "--reason", "Old.", "--as", OLGA]).done();
    folder.run(&["hold", "place", "S-1", "--reason", "A dispute.", "--as", CARL]).done();
    let held = folder.run(&["document", "destroy", "D-1", "--reason", "Old.", "--as", OLGA]).fails(1);
    assert!(held.contains("legal hold (H-1)"), "{held}");
    assert!(folder.run(&["hold", "list"]).done().contains("in force"));
    folder.run(&["hold", "lift", "H-1", "--reason", "Settled.", "--as", CARL]).done();
    let told = folder.run(&["document", "destroy", "D-1", "--reason", "Old.", "--as", OLGA]).done();
    assert!(told.contains("Nobody can read it again"), "{told}");
    let gone = folder.run(&open).fails(1);
    assert!(gone.contains("destroyed"), "{gone}");
    assert!(folder.run(&["document", "list"]).done().contains("destroyed"));
    assert!(folder.run(&["retention", "show"]).done().contains("deleted in the record's own keys"));
    folder.whole();

    let into = folder.beside("back");
    let told = restore(&folder, &copy, &keys, &into).done();
    assert!(told.contains("all is as it was recorded") && told.contains("1 files"), "{told}");
    let back = text(&into);
    let gone = folder.run(&["document", "open", "D-1", "--as", EVA, "--data", &back]).fails(3);
    assert!(gone.contains("destroyed"), "{gone}");
    folder.run(&["record", "verify", "--data", &back]).done();
    let taken = restore(&folder, &copy, &keys, &into).fails(1);
    assert!(taken.contains("already holds a record"), "{taken}");
}

#[test]
fn what_cannot_be_reached_is_told_until_it_is_done() {
    let (folder, _, keys) = copied();
    std::fs::rename(&keys, folder.beside("unplugged")).unwrap();
    folder.run(&["document", "withdraw", "D-1", "--reason", "Old.", "--as", OLGA]).done();
    let told = folder.run(&["document", "destroy", "D-1", "--reason", "Old.", "--as", OLGA]).done();
    assert!(told.contains("NOT EVERYWHERE YET") && told.contains("retention finish"), "{told}");
    assert!(folder.run(&["retention", "show"]).done().contains("MAY STILL BE IN"));
    assert!(folder.run(&["retention", "finish"]).done().contains("may still be somewhere"));
    std::fs::rename(folder.beside("unplugged"), &keys).unwrap();
    assert!(folder.run(&["retention", "finish"]).done().contains("No key is left"));
    folder.run(&["retention", "forget", "/never", "--reason", "x"]).fails(2);
    folder.run(&["retention", "forget", &keys, "--reason", "The disk was shredded."]).done();
}

#[test]
fn a_copy_that_is_damaged_or_elsewhere_is_refused_in_words() {
    let (folder, copy, keys) = copied();
    let into = folder.beside("back");
    let absent = restore(&folder, &folder.beside("nothing"), &keys, &into).fails(3);
    assert!(absent.contains("cannot be used"), "{absent}");
    let swapped = restore(&folder, &copy, &text(&copy), &into).fails(3);
    assert!(swapped.contains("there are no keys"), "{swapped}");
    assert!(!into.join("record.db").exists());
    let inside = text(&folder.data().join("copies"));
    let refused = folder.run(&["backup", "--out", &inside, "--keys", &keys]).fails(2);
    assert!(refused.contains("data folder"), "{refused}");
    let theirs = folder.run(&["backup", "--out", &inside, "--keys", &keys, "--as", OLGA]).fails(1);
    assert!(theirs.contains("only"), "{theirs}");
    std::fs::remove_file(folder.data().join("keys.db")).unwrap();
    let lost = folder.run(&["person", "list"]).fails(3);
    assert!(lost.contains("keys are missing") && lost.contains("restore"), "{lost}");
}

#[test]
fn the_key_that_signs_is_replaced_and_an_old_checkpoint_still_counts() {
    let folder = Folder::company();
    let kept = text(&folder.beside("kept"));
    folder.run(&["record", "checkpoint", "--out", &kept]).done();
    let before = folder.run(&["record", "checkpoint", "--json"]).json();
    folder.run(&["record", "rotate-key", "--reason", "Yearly.", "--as", OLGA]).fails(1);
    folder.run(&["record", "rotate-key", "--reason", "Yearly."]).done();
    let after = folder.run(&["record", "checkpoint", "--json"]).json();
    assert_ne!(before["verifier"], after["verifier"]);
    folder.run(&["record", "verify", "--against", &kept]).done();
    folder.run(&["hold", "place", "S-1", "--reason", "Another act.", "--as", CARL]).done();
    folder.whole();
}

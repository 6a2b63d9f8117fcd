//! The whole story at a shell, as `README.md` begins it: from `init` to `record verify`, with nothing but the binary.

use crate::support::{Answer, Folder};

/// What `act` recorded: `entry    7  …`.
#[track_caller]
fn recorded(folder: &Folder, act: &[&str]) -> String {
    let told = folder.run(act).done();
    assert!(told.starts_with("entry "), "{act:?} does not say what it recorded: {told}");
    told
}

#[test]
fn from_init_to_an_opened_document() {
    let folder = Folder::empty();
    let begun = folder.run(&["init", "--name", "Halden Optics", "--zone", "Europe/Oslo"]).done();
    assert!(begun.contains("Recovery key") && begun.contains("ringfence serve"), "{begun}");

    let csv = folder.file(
        "people.csv",
        "name,mail,engagement,department,clearance,roles,starts\n\
         Olga Owner,olga@x.example,employee,Coating,3,,2020-01-01\n\
         Carl Counsel,carl@x.example,employee,Legal,3,counsel,2020-01-01\n\
         Eva Engineer,eva@x.example,employee,Coating,2,,2020-01-01\n",
    );
    let preview = folder.run(&["person", "import", &csv, "--dry-run"]).done();
    assert!(preview.contains("3 would be added, 0 changed, 0 are like that already."), "{preview}");
    recorded(&folder, &["person", "import", &csv]);
    assert!(folder.run(&["person", "list", "--active"]).done().contains("Eva Engineer"));

    let text = folder.file("terms.md", "# Confidentiality\n\nYou keep our secrets.\n");
    recorded(
        &folder,
        &["agreement", "publish", &text, "--title", "Confidentiality", "--as", "carl@x.example"],
    );
    recorded(&folder, &["agreement", "assign", "Confidentiality", "--everyone"]);
    for (mail, name) in [("olga@x.example", "Olga Owner"), ("eva@x.example", "eva  engineer")] {
        assert!(
            folder.run(&["agreement", "show", "A-1", "--as", mail]).done().contains("You keep our secrets.")
        );
        recorded(
            &folder,
            &["agreement", "sign", "A-1", "--name", name, "--read-to-end", "--consent", "--as", mail],
        );
    }

    let precise = folder.file("precise.txt", "Titania sol, aged for 46 hours.");
    let add =
        ["secret", "add", "--title", "Lumafilm bath", "--owner", "olga@x.example", "--tier", "confidential"];
    let more = ["--summary", "How the bath is made.", "--precise-file", &precise, "--as", "olga@x.example"];
    recorded(&folder, &[&add[..], &more[..]].concat());
    recorded(&folder, &["secret", "accept", "Lumafilm bath", "--as", "Carl Counsel"]);
    let document = folder.file("bath.md", "46 hours at 18.5 degrees");
    recorded(&folder, &["document", "add", "S-1", &document, "--as", "olga@x.example"]);

    let why = folder.run(&["access", "why", "Eva Engineer", "S-1"]).done();
    assert!(
        why.contains("does not open for Eva Engineer (P-3)") && why.contains("Ask for access to S-1"),
        "{why}"
    );
    let asked = recorded(
        &folder,
        &["access", "request", "S-1", "--purpose", "To repair it.", "--as", "eva@x.example"],
    );
    assert!(asked.contains("S-1"), "{asked}");
    let waiting = folder.run(&["access", "requests", "--pending"]).done();
    assert!(waiting.contains("waits for 1 more"), "{waiting}");
    let request = waiting.lines().nth(1).unwrap().split(' ').next().unwrap().to_owned();
    recorded(&folder, &["access", "approve", &request, "--as", "olga@x.example"]);
    assert_eq!(
        folder.run(&["document", "open", "bath.md", "--as", "eva@x.example"]).done(),
        "46 hours at 18.5 degrees"
    );
    assert!(folder.run(&["access", "who", "S-1"]).done().contains("Eva Engineer (P-3)"));
    assert!(folder.run(&["access", "mine", "--as", "eva@x.example"]).done().contains("bath.md"));
    recorded(&folder, &["person", "end", "eva@x.example", "--reason", "She moved on."]);
    folder.run(&["document", "open", "D-1", "--as", "eva@x.example"]).fails(1);

    let listed = folder.run(&["record", "list", "--about", "P-3", "--limit", "3"]).done();
    assert!(listed.contains("document.refused") && listed.contains("There is more: --before"), "{listed}");
    assert!(folder.run(&["record", "show", "1", "--proof"]).done().contains("checkpoint"));
    let verified = folder.run(&["record", "verify"]).done();
    assert!(verified.starts_with(&format!("The record is whole: {} entries", folder.whole())), "{verified}");
}

#[test]
fn a_lost_passphrase_is_replaced_with_the_printed_recovery_key() {
    let folder = Folder::empty();
    let begun = folder.run(&["init", "--name", "X", "--zone", "UTC", "--json"]).json();
    let printed = folder.file("recovery", begun["recovery_key"].as_str().unwrap());
    let new = folder.file("new", "a new passphrase for everybody\n");
    let recover = ["passphrase", "recover", "--recovery-file", &printed, "--new-passphrase-file", &new];
    // One key in 600 has no letter out of a fixed few: the first letter is there always.
    let right = begun["recovery_key"].as_str().unwrap();
    let other = if right.starts_with('B') { "D" } else { "B" };
    let mistyped = folder.file("mistyped", format!("{other}{}", &right[1..]));
    let wrong = ["passphrase", "recover", "--recovery-file", &mistyped, "--new-passphrase-file", &new];
    let said = folder.run(&wrong).fails(4);
    assert!(said.contains("recovery key"), "{said}");
    folder.run(&recover).done();
    folder.run(&["person", "list"]).fails(4);
    let given = ["person", "list", "--passphrase-file", &new];
    folder.run(&given).done();
    // What somebody who copied the folder could not know: the environment has the old one still.
    let changed = ["passphrase", "change", "--passphrase-file", &new];
    let mut command = folder.command(&changed);
    command.env("RINGFENCE_NEW_PASSPHRASE", "a third passphrase, for a while");
    Answer::of(&mut command, "change".to_owned()).done();
    folder.run(&given).fails(4);
}

#[test]
fn the_demonstration_plays_its_story_and_leaves_a_record_that_verifies() {
    let folder = Folder::empty();
    let data = folder.beside("demo");
    let told = folder.run(&["demo", "--data", data.to_str().unwrap()]).done();
    assert!(told.matches("refused, ").count() >= 2, "it shows refusals and why: {told}");
    assert!(told.contains("verified") && told.trim_end().ends_with("proves."), "{told}");
    let passphrase = folder.file("passphrase", "halden optics demonstration");
    let verify = ["record", "verify", "--data", data.to_str().unwrap(), "--passphrase-file", &passphrase];
    assert!(folder.run(&verify).done().starts_with("The record is whole"));
    let again = folder.run(&["demo", "--data", data.to_str().unwrap()]).fails(2);
    assert!(again.contains("is not empty"), "{again}");
}

#[test]
fn of_those_who_begin_at_once_one_begins_and_the_others_are_told() {
    for _ in 0..3 {
        let folder = Folder::empty();
        let begin = |name: &str| {
            let mut command = folder.command(&["init", "--name", name, "--zone", "UTC"]);
            std::thread::spawn(move || Answer::of(&mut command, "init".to_owned()))
        };
        let begun: Vec<_> = ["A", "B", "C", "D"].map(begin).into_iter().collect();
        let answers: Vec<Answer> = begun.into_iter().map(|one| one.join().unwrap()).collect();
        let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.code == Some(0));
        assert_eq!(done.len(), 1, "{:?}", answers.iter().map(|answer| &answer.err).collect::<Vec<_>>());
        for answer in refused {
            assert!(
                answer.code == Some(1) && answer.err.contains("already holds a record"),
                "{}",
                answer.err
            );
        }
        assert!(folder.whole() >= 1, "the keys are those of the record");
    }
}

#[test]
fn an_init_that_was_interrupted_can_be_done_again() {
    let folder = Folder::empty();
    for _ in 0..12 {
        let mut child = folder.command(&["init", "--name", "X", "--zone", "UTC"]);
        child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = child.spawn().unwrap();
        // As soon as there is a file, or the run has ended: somewhere in the middle of making the record.
        while !folder.data().join("record.db").exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let all = format!("kill -9 $(pgrep -P {0}) {0} 2>/dev/null", child.id());
        std::process::Command::new("sh").args(["-c", &all]).status().unwrap();
        child.wait().unwrap();
        let answer = folder.run(&["init", "--name", "X", "--zone", "UTC"]);
        if answer.code == Some(1) {
            assert!(answer.err.contains("already holds a record"), "{}", answer.err);
        } else {
            answer.done();
        }
        assert!(folder.whole() >= 1, "the record was never begun");
        folder.run(&["person", "list"]).done();
        std::fs::remove_dir_all(folder.data()).unwrap();
    }
}

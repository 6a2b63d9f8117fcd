//! A record that was tampered with: every command refuses it with exit code 3, and says where it is wrong.

use crate::support::company::{EVA, PEOPLE};
use crate::support::{Company, Folder};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Runs Python on the record's database, behind the program's back. `db` is the connection.
fn tamper(folder: &Folder, script: &str) {
    tamper_with(&record(folder), script);
}

fn tamper_with(database: &Path, script: &str) {
    let script = format!(
        "import sqlite3, sys\n\
         db = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
         def flip(table, column, where, at):\n\
         \x20   (old,) = db.execute(f'SELECT {{column}} FROM {{table}} WHERE {{where}}').fetchone()\n\
         \x20   new = bytearray(old); new[at] ^= 1\n\
         \x20   assert db.execute(f'UPDATE {{table}} SET {{column}} = ? WHERE {{where}}', (bytes(new),)).rowcount == 1\n\
         {script}\n\
         db.execute('PRAGMA wal_checkpoint(TRUNCATE)')\n\
         db.close()"
    );
    let mut python = Command::new("python3");
    let output = python.arg("-c").arg(script).arg(database).output().expect("python3 is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn record(folder: &Folder) -> std::path::PathBuf {
    folder.data().join("record.db")
}

/// What `record verify` says about a damaged record.
#[track_caller]
fn damage(folder: &Folder) -> Value {
    let said = folder.run(&["record", "verify", "--json"]).fails(3);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["error"]["rule"], "damaged");
    assert!(
        said["error"]["remedy"].as_str().is_some_and(|remedy| remedy.contains("ringfence restore")),
        "{said}"
    );
    said["error"].clone()
}

/// Every other command refuses such a record too, and none of them mends it by writing.
#[track_caller]
fn refused_by_all(folder: &Folder, why: &str) {
    let commands: [&[&str]; 8] = [
        &["person", "list"],
        &["access", "who", "S-1"],
        &["document", "open", "D-1", "--as", EVA],
        &["person", "add", "--name", "X", "--mail", "x@x.example", "--department", "X"],
        &["record", "list"],
        &["record", "checkpoint"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["recovery", "renew"],
    ];
    for command in commands {
        let answer = folder.run(command);
        assert_eq!(answer.code, Some(3), "{command:?} after {why}: {}", answer.err);
        answer.fails(3);
    }
}

#[test]
fn a_changed_byte_of_any_entry_is_found_with_its_position() {
    let company = Folder::company();
    let size = company.whole();
    for position in 0..size {
        let folder = company.copy();
        let column = if position % 2 == 0 { "head" } else { "fields" };
        let at = position * 7 % 40;
        tamper(&folder, &format!("flip('entries', '{column}', 'position = {position}', {at})"));
        let error = damage(&folder);
        assert_eq!(error["entry"], position, "{column} of {position}: {error}");
        assert!(error["message"].as_str().unwrap().contains(&format!("entry {position}")), "{error}");
        if position % 10 == 3 {
            refused_by_all(&folder, &format!("a changed byte in {column} of {position}"));
        }
    }
}

#[test]
fn a_record_that_was_cut_swapped_or_filled_is_found_with_its_position() {
    let company = Folder::company();
    let size = company.whole();
    let last = size - 1;
    let middle = size / 2;
    let cases: [(String, u64); 12] = [
        (format!("DELETE FROM entries WHERE position = {last}"), last),
        (format!("DELETE FROM entries WHERE position >= {middle}"), middle),
        (format!("DELETE FROM entries WHERE position = {middle}"), middle),
        ("DELETE FROM entries WHERE position = 0".to_owned(), 0),
        ("DELETE FROM entries".to_owned(), 0),
        (format!("DELETE FROM entries WHERE position = {last}; UPDATE head SET size = {last}"), last),
        (
            format!(
                "UPDATE entries SET position = CASE position WHEN {middle} THEN -2 ELSE -1 END WHERE position IN ({middle}, {middle} + 1);\
                 UPDATE entries SET position = CASE position WHEN -2 THEN {middle} + 1 ELSE {middle} END WHERE position < 0"
            ),
            middle,
        ),
        (format!("UPDATE entries SET time = time + 1 WHERE position = {middle}"), middle),
        (
            format!(
                "INSERT INTO entries SELECT {size}, time, head, fields FROM entries WHERE position = {last}"
            ),
            size,
        ),
        ("UPDATE head SET size = size + 1".to_owned(), size),
        ("UPDATE head SET time = time - 1".to_owned(), size),
        ("UPDATE head SET checkpoint = (SELECT head FROM entries WHERE position = 0)".to_owned(), size),
    ];
    for (sql, position) in cases {
        let folder = company.copy();
        tamper(&folder, &format!("db.executescript('''{sql}''')"));
        let error = damage(&folder);
        assert_eq!(error["entry"], position, "after {sql}: {error}");
        refused_by_all(&folder, &sql);
    }
}

#[test]
fn an_older_head_does_not_fit_the_entries_after_it() {
    let folder = Folder::company();
    let before = folder.copy();
    let size = folder.whole();
    for mail in &PEOPLE[1..4] {
        folder.run(&["person", "suspend", mail, "--reason", "A test."]).done();
    }
    // The head as it truly was, signature and all.
    let attach = format!("db.execute('ATTACH ? AS old', ({:?},))\n", record(&before).to_str().unwrap());
    let put_back =
        "db.execute('DELETE FROM main.head'); db.execute('INSERT INTO main.head SELECT * FROM old.head')";
    tamper(&folder, &(attach + put_back));
    assert_eq!(damage(&folder)["entry"], size);
    refused_by_all(&folder, "an older head");
}

#[test]
fn altered_keys_are_damage_and_never_an_erasure() {
    let company = Folder::company();
    let mut unseen = 0;
    for key in 0..keys(&company) {
        let folder = company.copy();
        let nth = format!("rowid = (SELECT rowid FROM keys ORDER BY rowid LIMIT 1 OFFSET {key})");
        tamper_with(&folder.data().join("keys.db"), &format!("flip('keys', 'wrapped', '{nth}', 40)"));
        let commands: [&[&str]; 3] =
            [&["record", "verify"], &["document", "open", "D-1", "--as", EVA], &["agreement", "show", "A-1"]];
        let codes = commands.map(|command| folder.run(command).code);
        assert!(codes.iter().all(|code| matches!(code, Some(0 | 3 | 4))), "key {key}: {codes:?}");
        unseen += usize::from(codes == [Some(0); 3]);
    }
    assert_eq!(unseen, 1, "all but the key of D-2, which opens for nobody at a shell");
}

/// How many sealed keys there are.
fn keys(folder: &Folder) -> usize {
    let folder = folder.copy();
    let count = folder.beside("count");
    let path = count.to_str().unwrap();
    tamper_with(
        &folder.data().join("keys.db"),
        &format!("open({path:?}, 'w').write(str(db.execute('SELECT COUNT(*) FROM keys').fetchone()[0]))"),
    );
    let keys = std::fs::read_to_string(count).unwrap().parse().unwrap();
    assert!(keys > 10, "only {keys} keys");
    keys
}

#[test]
fn a_file_that_was_cut_or_overwritten_is_damaged() {
    let company = Folder::company();
    // Everything into the one file, so that the log beside it mends nothing.
    tamper(&company, "");
    let whole = std::fs::read(record(&company)).unwrap();
    let half = &whole[..whole.len() / 2 / 4096 * 4096];
    let torn = &whole[..whole.len() - 1000];
    let zeroed = [&whole[..8192], &vec![0; whole.len() - 8192]].concat();
    let noise: Vec<u8> = whole.iter().map(|byte| byte ^ 0x5a).collect();
    for (what, bytes) in [("half of it", half), ("a torn page", torn), ("zeroes", &zeroed), ("noise", &noise)]
    {
        let folder = company.copy();
        for beside in ["record.db-wal", "record.db-shm"] {
            let _ = std::fs::remove_file(folder.data().join(beside));
        }
        std::fs::write(record(&folder), bytes).unwrap();
        for command in
            [&["record", "verify"][..], &["person", "list"], &["document", "open", "D-1", "--as", EVA]]
        {
            let said = folder.run(command);
            assert_eq!(said.code, Some(3), "{command:?} with {what}: {}", said.err);
            assert!(said.fails(3).contains("ringfence restore"));
        }
    }
}

#[test]
fn a_sealed_document_that_was_changed_or_is_gone_is_damage() {
    let company = Folder::company();
    let big = company.file("big.bin", vec![7; 3 << 20]);
    let before = blobs(&company.data());
    company.run(&["document", "add", "S-1", &big]).done();
    let blob = blobs(&company.data()).into_iter().find(|blob| !before.contains(blob)).unwrap();
    let name = Path::new(&blob).file_name().unwrap().to_owned();
    let open = ["document", "open", "big.bin", "--as", EVA, "--out", "opened.bin"];
    let sealed = std::fs::read(&blob).unwrap();
    let flipped = |at: usize| {
        let mut bytes = sealed.clone();
        bytes[at] ^= 1;
        Some(bytes)
    };
    let cases = [
        ("its first byte", flipped(0)),
        ("its middle", flipped(sealed.len() / 2)),
        ("its last byte", flipped(sealed.len() - 1)),
        ("its half", Some(sealed[..sealed.len() / 2].to_vec())),
        ("nothing", Some(Vec::new())),
        ("no file", None),
    ];
    for (what, bytes) in cases {
        let folder = company.copy();
        let path = folder.data().join("blobs").join(&name);
        match bytes {
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        let entries = folder.whole();
        let said = folder.run(&open).fails(3);
        assert!(said.contains("ringfence restore"), "{what} of the sealed file: {said}");
        assert!(!folder.beside("opened.bin").exists(), "a part was left as if it were the whole");
        assert!(folder.whole() >= entries);
    }
    company.run(&open).done();
    assert_eq!(std::fs::read(company.beside("opened.bin")).unwrap(), vec![7; 3 << 20]);
}

fn blobs(data: &Path) -> Vec<String> {
    let listed = std::fs::read_dir(data.join("blobs")).unwrap();
    listed.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned()).collect()
}

#[test]
fn a_whole_record_verifies_and_its_checkpoint_is_over_all_of_it() {
    let folder = Folder::company();
    let verified = folder.run(&["record", "verify", "--json"]).json();
    assert_eq!(verified["entries"], folder.whole());
    assert_eq!(verified["opened"], verified["entries"]);
    let checkpoint = folder.run(&["record", "checkpoint"]).done();
    assert_eq!(checkpoint.lines().nth(1), Some(verified["entries"].to_string().as_str()), "{checkpoint}");
    assert!(Company::shared().folder.is_dir());
}

#[test]
fn a_record_put_back_to_an_older_state_is_found_with_a_checkpoint_kept_elsewhere() {
    let folder = Folder::company();
    let before = folder.copy();
    let early = folder.file("early", folder.run(&["record", "checkpoint"]).done());
    folder.run(&["person", "suspend", EVA, "--reason", "A test."]).done();
    let kept = folder.file("kept", folder.run(&["record", "checkpoint"]).done());
    let continued = folder.run(&["record", "verify", "--against", &early, "--json"]).json();
    assert_eq!(continued["continues"], before.whole());
    folder.run(&["record", "verify", "--against", &kept]).done();

    // By itself the older state is consistent, and nobody who sees only that can know.
    before.run(&["record", "verify"]).done();
    let said = before.run(&["record", "verify", "--against", &kept]).fails(3);
    assert!(said.contains(&format!("entry {}: the record was cut", before.whole())), "{said}");
    // Then it goes on as if nothing had been.
    before.run(&["person", "suspend", PEOPLE[0], "--reason", "Another."]).fails(1);
    for mail in &PEOPLE[1..5] {
        before.run(&["person", "suspend", mail, "--reason", "Another."]).done();
    }
    let said = before.run(&["record", "verify", "--against", &kept]).fails(3);
    assert!(said.contains("not those that the kept checkpoint was signed over"), "{said}");

    // The same by words, as they are read out over the telephone.
    let words = before.run(&["record", "checkpoint", "--json"]).json()["words"].as_str().unwrap().to_owned();
    before.run(&["record", "verify", "--against-words", &words.to_uppercase()]).done();
    folder.run(&["record", "verify", "--against-words", &words]).fails(3);
    let (number, list) = words.split_once(' ').unwrap();
    let mut other: Vec<&str> = list.split(' ').collect();
    other.rotate_left(1);
    let wrong = format!("{number} {}", other.join(" "));
    let said = before.run(&["record", "verify", "--against-words", &wrong]).fails(3);
    assert!(said.contains("whose words were kept"), "{said}");
    let said = before.run(&["record", "verify", "--against-words", &format!("{number} abandon")]).fails(2);
    assert!(said.contains("eight words"), "{said}");
    let many = words.replacen(number, "99999", 1);
    let said = before.run(&["record", "verify", "--against-words", &many]).fails(3);
    assert!(said.contains("was cut"), "{said}");

    let other = folder.file("other", "ringfence.local/record\n5\nAAAA\n");
    let said = folder.run(&["record", "verify", "--against", &other]).fails(2);
    assert!(said.contains("no checkpoint of this record"), "{said}");
}

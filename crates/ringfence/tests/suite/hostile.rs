//! Input that is wrong, torn, huge or meant to harm: refused with what, why and what to do, and nothing half done.

use crate::support::Folder;
use crate::support::company::{EVA, OLGA};

const HEAD: &str = "name,mail,engagement,department,starts,ends\n";

/// Refused as bad input, saying all of these; the record is what it was, and whole.
#[track_caller]
fn refused(folder: &Folder, arguments: &[&str], says: &[&str]) -> String {
    let (entries, blobs) = (folder.whole(), folder.blobs());
    let said = folder.run(arguments).fails(2);
    for words in says {
        assert!(said.contains(words), "{arguments:?} does not say `{words}`: {said}");
    }
    assert_eq!((folder.whole(), folder.blobs()), (entries, blobs), "{arguments:?} left something behind");
    said
}

/// A file of people that cannot be taken: neither for a preview nor for good.
#[track_caller]
fn people(folder: &Folder, bytes: impl AsRef<[u8]>, says: &[&str]) -> String {
    let file = folder.file("people.csv", bytes);
    refused(folder, &["person", "import", &file, "--dry-run"], says);
    refused(folder, &["person", "import", &file], says)
}

#[test]
fn fifty_wrong_rows_are_all_named() {
    let folder = Folder::company();
    let mut csv = HEAD.to_owned();
    for row in 0..50 {
        csv.push_str(&match row % 5 {
            0 => format!("Good Person,good{row}@x.example,employee,Coating,2026-01-05,\n"),
            1 => format!("No Mail {row},,employee,Coating,2026-01-05,\n"),
            2 => format!("Bad Day,day{row}@x.example,employee,Coating,05.01.2026,\n"),
            3 => format!("No Such,such{row}@x.example,robot,Coating,2026-01-05,\n"),
            _ => format!("Too Many,cells{row}@x.example,employee,Coating,2026-01-05,,,x\n"),
        });
    }
    let said = people(&folder, &csv, &["40 of 50 rows cannot be taken", "nothing was imported"]);
    for row in 0..50 {
        let named = said.lines().any(|line| line.trim().starts_with(&format!("line {}: ", row + 2)));
        assert_eq!(named, row % 5 != 0, "line {} of the file: {said}", row + 2);
    }
}

#[test]
fn a_latin_1_file_is_refused_with_every_line_that_is_wrong() {
    let folder = Folder::company();
    let mut csv = HEAD.as_bytes().to_vec();
    for row in 0..100 {
        let name: &[u8] = if row % 2 == 0 { b"J\xfcrgen" } else { b"Anna" };
        csv.extend_from_slice(name);
        csv.extend_from_slice(format!(",p{row}@x.example,employee,Coating,2026-01-05,\n").as_bytes());
    }
    let said = people(&folder, &csv, &["not UTF-8", "0xFC", "save it as UTF-8"]);
    let numbers: Vec<usize> =
        said.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
    for row in 0..100 {
        assert_eq!(numbers.contains(&(row + 2)), row % 2 == 0, "line {} of the file: {said}", row + 2);
    }
}

#[test]
fn files_that_are_no_table_of_people_are_refused() {
    let folder = Folder::company();
    let utf16: Vec<u8> = HEAD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    people(&folder, [&b"\xff\xfe"[..], &utf16].concat(), &["UTF-16", "save it as UTF-8"]);
    people(&folder, "", &["is empty", "name, mail, engagement"]);
    people(&folder, "\n\n\n", &["is empty"]);
    people(&folder, "\u{FEFF}", &["is empty"]);
    people(&folder, "name;mail\nA;a@x.example\n", &["missing: engagement, department, starts"]);
    people(&folder, "name,mail,salary\n", &["`salary` is not a column"]);
    people(&folder, "name,mail,name\n", &["twice"]);
    people(&folder, vec![b'x'; 100 << 20], &["larger than"]);
    people(&folder, vec![b'x'; 16 << 20], &["is not a column"]);
    people(&folder, format!("{HEAD}A\0B,a@x.example,employee,Coating,2026-01-05,\n"), &["line 2", "U+0000"]);
    people(&folder, [HEAD.as_bytes(), b"\"open,a@x.example"].concat(), &["line 2"]);
}

#[test]
fn a_refusal_shows_no_more_of_a_file_than_it_has_to() {
    let folder = Folder::company();
    let said = people(&folder, vec![b'x'; 16 << 20], &["is not a column"]);
    assert!(said.len() < 2000, "{} bytes were said", said.len());
    let said = people(&folder, format!("{HEAD}\u{1b}[31m,a,b,c,d,\n"), &["line 2"]);
    assert!(!said.contains('\u{1b}'), "control characters reach the terminal: {said:?}");
}

#[test]
fn people_whose_data_contradict_each_other_are_refused() {
    let folder = Folder::company();
    let row = |text: &str| format!("{HEAD}{text}\n");
    people(
        &folder,
        row("A,a@x.example,employee,C,2026-01-05,\nB,A@X.example,employee,C,2026-01-05,"),
        &["line 3", "line 2 has this address already"],
    );
    people(
        &folder,
        row("A,a@x.example,employee,C,2026-01-05,2026-01-01"),
        &["line 2", "not after the start"],
    );
    people(&folder, row("A,a@x.example,employee,C,2020-01-05,2021-01-01"), &["line 2", "has passed"]);
    people(&folder, row("A,a@x.example,contractor,C,2026-01-05,"), &["line 2", "needs an end date"]);
    people(&folder, row("A,not-an-address,employee,C,2026-01-05,"), &["line 2", "is not a mail address"]);
    people(
        &folder,
        row(&format!("{},a@x.example,employee,C,2026-01-05,", "n".repeat(10_000))),
        &["line 2", "too long: 10000 characters"],
    );
    people(&folder, row("A \u{202E}nigmdA,a@x.example,employee,C,2026-01-05,"), &["line 2", "U+202E"]);
}

#[test]
fn one_mail_address_is_one_person_in_whatever_case() {
    let folder = Folder::company();
    let known = folder
        .file("people.csv", format!("{HEAD}Eva Engineer,EVA@HALDEN.EXAMPLE,employee,Glazes,1970-01-01,\n"));
    let preview = folder.run(&["person", "import", &known, "--dry-run", "--json"]).json();
    assert_eq!((&preview["added"], &preview["changed"]), (&0.into(), &1.into()), "{preview}");
    let entries = folder.whole();
    let arguments = ["person", "add", "--name", "E", "--mail", "EVA@halden.example", "--department", "C"];
    let said = folder.run(&arguments).fails(1);
    assert!(said.contains("is the mail address of `P-7` already"), "{said}");
    assert_eq!(folder.whole(), entries);
}

#[test]
fn names_of_every_script_come_back_as_they_were() {
    let folder = Folder::company();
    let names = [
        "ليلى الحدادي",
        "שרה כהן",
        "Zo\u{308}e D\u{301}a",
        "山田 太郎",
        "O'Brien-\"X\"",
        "Łukasz Żółć",
        "𝒜lice 🔥",
    ];
    for (number, name) in names.iter().enumerate() {
        let mail = format!("n{number}@x.example");
        folder.run(&["person", "add", "--name", name, "--mail", &mail, "--department", "C"]).done();
        assert_eq!(folder.run(&["person", "show", &mail, "--json"]).json()["name"], **name);
        assert_eq!(folder.run(&["person", "show", name, "--json"]).json()["mail"], mail);
    }
    // And through a file, out and in again: nothing changes.
    let exported = folder.run(&["person", "export"]).done();
    let file = folder.file("export.csv", &exported);
    let preview = folder.run(&["person", "import", &file, "--dry-run", "--json"]).json();
    assert_eq!((&preview["added"], &preview["changed"]), (&0.into(), &0.into()), "{preview}");
    let add = ["person", "add", "--mail", "n@x.example", "--department", "C", "--name"];
    refused(&folder, &[&add[..], &["\u{202E}evA"]].concat(), &["U+202E", "remove it"]);
    refused(&folder, &[&add[..], &["A\u{7}B"]].concat(), &["U+0007"]);
    refused(&folder, &[&add[..], &["A\nB"]].concat(), &["U+000A"]);
    refused(&folder, &[&add[..], &[&"x".repeat(201)]].concat(), &["201 characters", "at most 200"]);
    folder.run(&[&add[..], &[&"ж".repeat(200)]].concat()).done();
}

#[test]
fn a_nul_byte_is_refused_wherever_a_file_can_bring_one() {
    let folder = Folder::company();
    let nul = folder.file("nul.txt", "before\0after\n");
    let add = ["secret", "add", "--title", "x", "--owner", OLGA, "--tier", "restricted", "--summary", "x"];
    refused(&folder, &[&add[..], &["--precise-file", &nul]].concat(), &["U+0000"]);
    refused(&folder, &["agreement", "publish", &nul, "--title", "x"], &["control characters"]);
    refused(&folder, &["person", "import", &nul], &["column"]);
    let json = folder.file(
        "nul.json",
        r#"[{"title":"a\u0000b","owner":"olga@halden.example","department":"C","tier":"restricted","summary":"x"}]"#,
    );
    refused(&folder, &["secret", "import", &json], &["line 1", "U+0000"]);
    let recover = ["passphrase", "recover", "--recovery-file", &nul, "--new-passphrase-file", &nul];
    assert!(folder.run(&recover).fails(4).contains("recovery key"));
    // A document is bytes: it keeps them.
    folder.run(&["document", "add", "S-1", &nul]).done();
    assert_eq!(folder.run(&["document", "open", "nul.txt", "--as", EVA]).done(), "before\0after\n");
}

#[test]
fn files_of_secrets_that_cannot_be_taken_name_each_row() {
    let folder = Folder::company();
    let secrets = |bytes: &[u8], says: &[&str]| {
        let file = folder.file("secrets", bytes);
        refused(&folder, &["secret", "import", &file, "--dry-run"], says);
        refused(&folder, &["secret", "import", &file], says);
    };
    let head = "title,owner,department,tier,summary\n";
    let good = "A,olga@halden.example,C,restricted,x\n";
    let rows = format!(
        "{head}{good},olga@halden.example,C,restricted,x\nB,nobody@x.example,C,restricted,x\nC,olga@halden.example,C,top,x\n"
    );
    secrets(rows.as_bytes(), &["3 of 4 rows cannot be taken", "line 3: ", "line 4: ", "line 5: "]);
    secrets(head.as_bytes(), &["holds no secrets"]);
    secrets(b"[]", &["holds no secrets"]);
    secrets(b"[{", &["JSON"]);
    secrets(b"{}", &["JSON"]);
    secrets("[".repeat(100_000).as_bytes(), &["JSON"]);
    secrets(&[head.as_bytes(), b"J\xfcrgen,olga@halden.example,C,restricted,x\n"].concat(), &["not UTF-8"]);
    secrets(&vec![b'['; 65 << 20], &["larger than"]);
    secrets(&vec![b' '; 20 << 20], &["larger than"]);
}

#[test]
fn a_preview_says_what_would_be_done_and_does_nothing() {
    let folder = Folder::company();
    let entries = folder.whole();
    let rows = "Nora New,nora@x.example,employee,Coating,2026-01-05,\n\
                Eva Engineer,eva@halden.example,employee,Glazes,1970-01-01,\n";
    let file = folder.file("people.csv", format!("{HEAD}{rows}"));
    let told = folder.run(&["person", "import", &file, "--dry-run"]).done();
    for words in ["Nora New", "nora@x.example", "Eva Engineer", "department", "1 would be added, 1 changed"] {
        assert!(told.contains(words), "the preview does not say `{words}`: {told}");
    }
    let said = folder.run(&["person", "import", &file, "--dry-run", "--as", EVA]).fails(1);
    assert!(said.contains("only"), "who may not import is told so in the preview: {said}");
    assert_eq!(folder.whole(), entries);
    folder.run(&["person", "import", &file]).done();
    assert_eq!(folder.run(&["person", "show", "nora@x.example", "--json"]).json()["department"], "Coating");
    let again = folder.run(&["person", "import", &file, "--json"]).json();
    assert_eq!((&again["same"], &again["added"]), (&2.into(), &0.into()), "{again}");
    let secrets = folder.file(
        "secrets.csv",
        "title,owner,department,tier,summary\nSlurry,olga@halden.example,C,restricted,It holds.\n",
    );
    let told = folder.run(&["secret", "import", &secrets, "--dry-run"]).done();
    assert!(told.contains("Slurry"), "{told}");
    folder.run(&["secret", "import", &secrets, "--dry-run", "--as", EVA]).fails(1);
}

#[test]
fn standard_input_is_taken_for_a_dash() {
    let folder = Folder::company();
    let csv = format!("{HEAD}Nora New,nora@x.example,employee,Coating,2026-01-05,\n");
    folder.run_with(&["person", "import", "-"], csv.as_bytes()).done();
    folder.run_with(&["agreement", "publish", "-", "--title", "Terms"], b"# Terms\n").done();
    let said = folder.run_with(&["person", "import", "-"], b"").fails(2);
    assert!(said.contains("is empty"), "{said}");
}

#[test]
fn a_passphrase_that_cannot_seal_is_refused_before_anything_is_made() {
    let folder = Folder::empty();
    let cases: [(&[u8], &str); 5] = [
        (b"", "is empty"),
        (b"\nsecond line\n", "is empty"),
        (b"short\n", "too short"),
        (b"\xff\xfe\xfd\n", "not UTF-8"),
        (b"eleven char", "too short"),
    ];
    for (bytes, says) in cases {
        let file = folder.file("passphrase", bytes);
        let said = folder.run(&["init", "--name", "X", "--passphrase-file", &file]).fails(2);
        assert!(said.contains(says), "{said}");
        assert!(!folder.data().exists(), "a data folder was made");
    }
    for (name, zone, says) in
        [("", "UTC", "empty"), ("A\tB", "UTC", "U+0009"), ("X", "Mars/Olympus", "time zone")]
    {
        let said = folder.run(&["init", "--name", name, "--zone", zone]).fails(2);
        assert!(said.contains(says), "{said}");
        assert!(!folder.data().exists(), "`{name}` in `{zone}` left a data folder behind");
    }
    folder.run(&["init", "--name", "X", "--zone", "UTC"]).done();
    assert_eq!(folder.whole(), 1);
}

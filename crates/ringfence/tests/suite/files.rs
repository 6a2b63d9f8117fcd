//! Files on their way in and out: agreements, scans, documents, and what is opened into a file.

use crate::support::company::{EVA, OLGA};
use crate::support::{Folder, RECIPE};
use std::process::Command;

/// The smallest whole PDF.
pub(super) const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n\
0000000052 00000 n \n0000000101 00000 n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n";

/// A file that cannot be taken: said with these words, as bad input, and nothing is left behind.
#[track_caller]
fn untaken(folder: &Folder, arguments: &[&str], says: &str) {
    let (entries, blobs) = (folder.whole(), folder.blobs());
    let said = folder.run(arguments).fails(2);
    assert!(said.contains(says), "{arguments:?} does not say `{says}`: {said}");
    assert_eq!((folder.whole(), folder.blobs()), (entries, blobs), "{arguments:?} left something behind");
}

fn fifo(folder: &Folder) -> String {
    let path = folder.beside("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_is_no_agreement_is_not_taken_for_one() {
    let folder = Folder::company();
    let half = &PDF.as_bytes()[..PDF.len() / 2];
    let large_pdf = [PDF.as_bytes(), &vec![b' '; 21 << 20], b"%%EOF\n"].concat();
    let cases: [(&str, Vec<u8>, &str); 12] = [
        ("a.zip", zip(), "neither PDF nor UTF-8 text"),
        ("text.zip", b"PK\x03\x04 stored".to_vec(), "control characters"),
        ("half.pdf", half.to_vec(), "the PDF is not whole"),
        ("begun.pdf", b"%PDF-".to_vec(), "the PDF is not whole"),
        ("large.pdf", large_pdf, "larger than 20 MiB"),
        ("empty.md", Vec::new(), "the text is empty"),
        ("blank.md", b" \n\t\n".to_vec(), "the text is empty"),
        ("latin1.md", b"# Vertraulichkeit f\xfcr alle\n".to_vec(), "neither PDF nor UTF-8 text"),
        ("utf16.md", b"\xff\xfe#\0 \0A\0".to_vec(), "neither PDF nor UTF-8 text"),
        ("nul.md", b"# Terms\n\0\n".to_vec(), "control characters"),
        ("long.md", vec![b'a'; (1 << 20) + 1], "longer than 1 MiB"),
        ("200.md", vec![b'a'; 200 << 20], "is larger than"),
    ];
    for (name, bytes, says) in cases {
        let path = folder.file(name, bytes);
        untaken(&folder, &["agreement", "publish", &path, "--title", name], says);
        std::fs::remove_file(path).unwrap();
    }
    let path = folder.file("scan.zip", zip());
    untaken(&folder, &["agreement", "paper", "A-1", EVA, &path, "--signed-on", "2026-02-02"], "neither PDF");
    let half = folder.file("scan.pdf", half);
    untaken(&folder, &["agreement", "paper", "A-1", EVA, &half, "--signed-on", "2026-02-02"], "not whole");
}

/// A real archive: 10 MiB of zeroes in 10 KiB.
fn zip() -> Vec<u8> {
    let script = "import io, sys, zipfile\n\
                  out = io.BytesIO()\n\
                  with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('agreement.md', bytes(10 << 20))\n\
                  sys.stdout.buffer.write(out.getvalue())";
    let made = Command::new("python3").args(["-c", script]).output().expect("python3 is installed");
    assert!(made.status.success() && made.stdout.len() < 64 << 10);
    made.stdout
}

#[test]
fn only_files_are_taken_as_files() {
    let folder = Folder::company();
    let fifo = fifo(&folder);
    let inside = folder.beside("a/folder");
    std::fs::create_dir_all(&inside).unwrap();
    let inside = inside.to_str().unwrap();
    let missing = folder.beside("missing").to_str().unwrap().to_owned();
    let paths: [(&str, &str); 5] = [
        (inside, "is a folder"),
        (&fifo, "is not a file"),
        ("/dev/zero", "is not a file"),
        ("/dev/null", "is not a file"),
        (&missing, "cannot be read"),
    ];
    for (path, says) in paths {
        untaken(&folder, &["document", "add", "S-1", path], says);
        untaken(&folder, &["agreement", "publish", path, "--title", "New"], says);
        untaken(&folder, &["person", "import", path], says);
        untaken(&folder, &["secret", "import", path], says);
        let add =
            ["secret", "add", "--title", "x", "--owner", OLGA, "--tier", "restricted", "--summary", "x"];
        untaken(&folder, &[&add[..], &["--precise-file", path]].concat(), says);
    }
}

#[test]
fn of_several_documents_all_are_looked_at_before_one_is_taken() {
    let folder = Folder::company();
    let good = folder.file("good.md", "good");
    let missing = folder.beside("vanished.md").to_str().unwrap().to_owned();
    untaken(&folder, &["document", "add", "S-1", &good, &missing], "vanished.md");
    untaken(&folder, &["document", "add", "S-1", &good, &missing, "--json"], "vanished.md");
    let nameless = folder.file(&"n".repeat(201), "a name of 201 letters");
    untaken(&folder, &["document", "add", "S-1", &good, &nameless], "too long");
}

#[test]
fn a_file_that_may_not_be_read_is_not() {
    let folder = Folder::company();
    let shut = folder.file("shut.md", "shut");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    std::fs::set_permissions(&shut, mode).unwrap();
    if std::fs::read(&shut).is_ok() {
        eprintln!("SKIPPED: this user may read every file");
        return;
    }
    untaken(&folder, &["document", "add", "S-1", &shut], "cannot be read");
}

#[test]
fn an_empty_document_is_a_document() {
    let folder = Folder::company();
    let empty = folder.file("empty.txt", "");
    folder.run(&["document", "add", "S-1", &empty, "--as", OLGA]).done();
    assert_eq!(folder.run(&["document", "open", "empty.txt", "--as", EVA]).done(), "");
}

#[test]
fn a_document_opens_onto_standard_output_or_into_a_new_file() {
    let folder = Folder::company();
    let answer = folder.run(&["document", "open", "D-1", "--as", EVA]);
    let entry = folder.whole() - 1;
    assert!(answer.err.contains(&format!("recorded as entry {entry}")), "{}", answer.err);
    assert_eq!(answer.done(), RECIPE);

    let out = folder.beside("opened.md");
    let arguments = ["document", "open", "bath.md", "--as", EVA, "--out", out.to_str().unwrap()];
    assert_eq!(folder.run(&arguments).done(), "");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), RECIPE);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&out).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "others on this machine may read what was opened for one");
}

#[test]
fn an_opening_that_could_go_nowhere_is_not_made() {
    let folder = Folder::company();
    let nowhere = folder.beside("no/such/folder/out.md");
    let open = ["document", "open", "D-1", "--as", EVA];
    untaken(&folder, &[&open[..], &["--out", nowhere.to_str().unwrap()]].concat(), "cannot be written");
    untaken(&folder, &[&open[..], &["--json"]].concat(), "--out");
}

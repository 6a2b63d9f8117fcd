//! `--json` of every command: one document on standard output, of a shape that scripts can rely on.

use super::help::leaves;
use super::witness::Witnessing;
use crate::support::company::{CARL, EVA, KIM, OLGA, SVEN};
use crate::support::{Answer, Company, Folder, PASSPHRASE, as_read};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// Not asked here: what runs until it is told to stop (`two_processes.rs` and `witness.rs` ask it), what measures for minutes, and what
/// needs a second factor, which only a browser sets up.
const APART: [&str; 9] = [
    "serve",
    "witness serve",
    "bench gate",
    "bench journal",
    "bench vault",
    "bench boot",
    "bench http",
    "bench evidence",
    "account remove-second-factor",
];

/// A certificate that issued itself; nobody has its key any more.
const ROOT: &str = include_str!("../support/root.pem");

/// Asks one command after the other, and keeps the shape of what each answered.
struct Round {
    folder: Folder,
    leaves: Vec<String>,
    seen: BTreeSet<String>,
    shapes: String,
}

impl Round {
    fn ask(&mut self, asked: &[&str]) -> Value {
        let arguments: Vec<&str> = asked.iter().copied().chain(["--json"]).collect();
        let mut command = self.folder.command(&arguments);
        command.env("RINGFENCE_NEW_PASSPHRASE", PASSPHRASE);
        let document = Answer::of(&mut command, format!("{arguments:?}")).json();
        let words = asked.join(" ");
        let named = |leaf: &&String| words == **leaf || words.starts_with(&format!("{leaf} "));
        let leaf = self.leaves.iter().find(named).unwrap_or_else(|| panic!("{words} is not in the help"));
        let mut lines = BTreeMap::new();
        shape(&document, String::new(), &mut lines);
        let flags = asked.iter().filter(|word| word.starts_with("--") && **word != "--data");
        let flags: Vec<&str> = flags.copied().collect();
        writeln!(self.shapes, "{}", [&[leaf.as_str()], flags.as_slice()].concat().join(" ")).unwrap();
        for (place, sorts) in lines {
            writeln!(self.shapes, "  {place}: {}", Vec::from_iter(sorts).join("|")).unwrap();
        }
        self.seen.insert(leaf.clone());
        document
    }
}

#[test]
fn every_command_prints_one_document_of_the_shape_that_was_read() {
    let folder = Folder::company();
    let leaves = leaves(&folder);
    let mut round = Round { folder, leaves, seen: BTreeSet::new(), shapes: String::new() };
    begin(&mut round);
    people(&mut round);
    secrets(&mut round);
    agreements(&mut round);
    access(&mut round);
    evidence(&mut round);
    the_rest(&mut round);
    retention(&mut round);
    witness(&mut round);
    let missing: Vec<&String> = round
        .leaves
        .iter()
        .filter(|leaf| !round.seen.contains(*leaf) && !APART.contains(&leaf.as_str()))
        .collect();
    assert!(missing.is_empty(), "no test asks these for JSON: {missing:?}");
    as_read("json.txt", &round.shapes);
    round.folder.whole();
}

/// Where in a document which sorts of values stand.
fn shape(value: &Value, place: String, lines: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let sort = match value {
        Value::Null => "null",
        Value::Bool(_) => "yes/no",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(all) => {
            all.iter().for_each(|one| shape(one, format!("{place}[]"), lines));
            "list"
        }
        // What an entry holds is the record's own format, which has tests of its own.
        Value::Object(_) if place.ends_with(".fields") || place.ends_with(".shown") => "object",
        Value::Object(fields) => {
            fields.iter().for_each(|(name, one)| shape(one, format!("{place}.{name}"), lines));
            "object"
        }
    };
    lines.entry(if place.is_empty() { ".".to_owned() } else { place }).or_default().insert(sort);
}

fn begin(round: &mut Round) {
    let begun = path(round, "begun");
    let demo = path(round, "demo");
    round.ask(&["init", "--name", "Another", "--zone", "UTC", "--data", &begun]);
    round.ask(&["demo", "--data", &demo]);
    round.ask(&["completions", "bash"]);
}

fn people(round: &mut Round) {
    let file = round.folder.file(
        "people.csv",
        "name,mail,engagement,department,starts\nNora New,nora@halden.example,employee,Coating,2026-01-05\n",
    );
    round.ask(&[
        "person",
        "add",
        "--name",
        "Ida New",
        "--mail",
        "ida@halden.example",
        "--department",
        "Coating",
    ]);
    round.ask(&["person", "import", &file, "--dry-run"]);
    round.ask(&["person", "import", &file]);
    round.ask(&["person", "list"]);
    round.ask(&["person", "show", KIM]);
    round.ask(&["person", "export"]);
    let ida = "ida@halden.example";
    round.ask(&["person", "clear", ida, "2", "--reason", "She needs it."]);
    round.ask(&["person", "roles", ida, "auditor"]);
    round.ask(&["person", "suspend", ida, "--reason", "A question."]);
    round.ask(&["person", "reinstate", ida, "--reason", "Answered."]);
    round.ask(&["person", "end", ida, "--reason", "She left."]);
}

fn secrets(round: &mut Round) {
    let file = round.folder.file(
        "secrets.json",
        r#"[{"title":"Slurry","owner":"olga@halden.example","department":"Coating","tier":"restricted","summary":"It holds."}]"#,
    );
    let note = round.folder.file("note.md", "A note.");
    let other = round.folder.file("other.md", "Another.");
    let out = path(round, "opened.md");
    let add = ["secret", "add", "--title", "Frit", "--owner", OLGA, "--tier", "confidential"];
    let more = ["--summary", "A frit.", "--system", "ERP", "--value", "250000 EUR: a guess"];
    let last = ["--factor", "measures=4: locked", "--known-by", EVA];
    round.ask(&[&add[..], &more[..], &last[..]].concat());
    round.ask(&["secret", "import", &file, "--dry-run"]);
    round.ask(&["secret", "import", &file]);
    round.ask(&["secret", "list"]);
    round.ask(&["secret", "show", "S-4"]);
    round.ask(&["secret", "show", "S-1", "--precise", "--as", OLGA]);
    round.ask(&["secret", "return", "S-3", "--reason", "Which kiln?"]);
    round.ask(&["secret", "revise", "S-3", "--summary", "The small kiln.", "--as", OLGA]);
    round.ask(&["secret", "accept", "S-4"]);
    round.ask(&["secret", "review", "S-4", "--next", &in_days(90)]);
    round.ask(&["secret", "export"]);
    round.ask(&["document", "add", "S-1", &note, &other, "--as", OLGA]);
    round.ask(&["document", "register", "S-1", "--name", "rig", "--place", "Room 4"]);
    round.ask(&["document", "open", "D-1", "--out", &out, "--as", EVA]);
    round.ask(&["document", "withdraw", "D-3", "--reason", "Old."]);
    round.ask(&["document", "list"]);
    round.ask(&["secret", "retire", "S-4", "--reason", "Published."]);
}

fn agreements(round: &mut Round) {
    let text = round.folder.file("terms.md", "# Terms\n\nYou keep them.\n");
    let other = round.folder.file("better.md", "# Terms\n\nYou keep them well.\n");
    let scan = round.folder.file("scan.pdf", super::files::PDF);
    round.ask(&["agreement", "publish", &text, "--title", "Terms"]);
    round.ask(&["agreement", "publish", &other, "--agreement", "A-2"]);
    round.ask(&["agreement", "show", "A-2"]);
    round.ask(&["agreement", "assign", "A-2", CARL, SVEN, KIM]);
    let sign = ["agreement", "sign", "A-2", "--name", "Kim Contractor", "--read-to-end", "--consent"];
    round.ask(&[&sign[..], &["--as", KIM]].concat());
    round.ask(&["agreement", "decline", "A-2", "--reason", "Too long.", "--as", CARL]);
    round.ask(&["agreement", "cancel", "A-2", SVEN, "--reason", "A mistake."]);
    round.ask(&["agreement", "paper", "A-2", EVA, &scan, "--signed-on", "2026-02-02"]);
    round.ask(&["agreement", "list", "--person", KIM]);
    round.ask(&["agreement", "withdraw", "A-2", "--reason", "Replaced."]);
}

fn access(round: &mut Round) {
    let company = Company::shared();
    round.ask(&["access", "requests"]);
    round.ask(&["access", "grants"]);
    round.ask(&["access", "approve", &company.pending, "--as", OLGA]);
    round.ask(&["access", "revoke", &company.grant, "--reason", "Done."]);
    let asked = round.ask(&["access", "request", "S-1", "--purpose", "To dip it.", "--as", EVA]);
    round.ask(&["access", "take-back", asked["request"].as_str().unwrap(), "--as", EVA]);
    let asked = round.ask(&["access", "request", "S-1", "--purpose", "After all.", "--as", EVA]);
    let request = asked["request"].as_str().unwrap();
    round.ask(&["access", "refuse", request, "--reason", "Not now.", "--as", OLGA]);
    let taken = round.ask(&["access", "emergency", "S-1", "--purpose", "The bath boils.", "--as", EVA]);
    let grant = taken["grant"].as_str().unwrap();
    round.ask(&["access", "justify", grant, "--account", "It was cooled.", "--as", EVA]);
    round.ask(&["access", "review", grant, "--as", OLGA]);
    round.ask(&["access", "who", "S-1"]);
    round.ask(&["access", "why", KIM, "S-1"]);
    round.ask(&["access", "mine", OLGA]);
}

fn evidence(round: &mut Round) {
    let (bundle, proof, salt) =
        (path(round, "bundle.zip"), path(round, "proof.zip"), path(round, "salt.json"));
    let (field, tiles) = (path(round, "field.tlog-proof"), path(round, "tiles"));
    let root = round.folder.file("root.pem", ROOT);
    let for_whom = ["--recipient", "A court", "--purpose", "Exhibit 4"];
    round.ask(&["evidence", "plan", "--secret", "S-1", "--redact", "purpose"]);
    let export = ["evidence", "export", "--secret", "S-1", "--as-of", &in_days(0), "--out", &bundle];
    // Until the end of today is still to come.
    round.folder.run(&[&export[..], &for_whom[..]].concat()).fails(2);
    round.ask(&[&["evidence", "export", "--secret", "S-1", "--out", &bundle][..], &for_whom[..]].concat());
    let prove = ["evidence", "prove", "--secret", "S-1", "--out", &proof, "--salt-out", &salt];
    round.ask(&[&prove[..], &for_whom[..]].concat());
    round.ask(&["evidence", "check", &proof]);
    let witness = path(round, "outside");
    let made = round
        .folder
        .run(&["witness", "init", "--name", "outside.example", "--data", &witness, "--json"])
        .json();
    let key = made["verifier"].as_str().unwrap();
    let log = round.folder.run(&["record", "checkpoint", "--json"]).json();
    let trust = ["witness", "trust", log["verifier"].as_str().unwrap(), "--data", &witness];
    round.folder.run(&trust).done();
    let serving = Witnessing::start(Path::new(&witness));
    let address = format!("http://{}/", serving.address());
    let add = ["evidence", "witness", "add", "Outside", "--address", &address, "--key", key];
    round.ask(&[&add[..], &["--reason", "Counsel cosigns."]].concat());
    round.ask(&["evidence", "witness", "list"]);
    round.ask(&["evidence", "anchor"]);
    round.ask(&["evidence", "status"]);
    drop(serving);
    round.ask(&["evidence", "witness", "remove", "Outside", "--reason", "It does not answer."]);
    let add =
        ["evidence", "authority", "add", "A stamp", "--address", "http://127.0.0.1:9/", "--root", &root];
    round.ask(&[&add[..], &["--reason", "Times are stamped."]].concat());
    round.ask(&["evidence", "authority", "list"]);
    round.ask(&["evidence", "authority", "remove", "A stamp", "--reason", "It does not answer."]);
    round.ask(&["record", "prove", "1", "--fields", "person", "--out", &field]);
    round.ask(&["record", "tiles", "--out", &tiles]);
    let past = "2026-01-01";
    round.folder.run(&["access", "who", "S-1", "--as-of", past]).fails(2);
}

fn the_rest(round: &mut Round) {
    round.ask(&["requirements", "show"]);
    round.ask(&["requirements", "set", "restricted", "--approvals", "2", "--reason", "An audit."]);
    round.ask(&["account", "list"]);
    round.ask(&["account", "invite", KIM]);
    round.ask(&["account", "reset", EVA]);
    round.ask(&["account", "close", EVA, "--reason", "She left."]);
    round.ask(&["record", "list", "--limit", "3"]);
    round.ask(&["record", "show", "1", "--proof"]);
    let kept = round.ask(&["record", "checkpoint"]);
    assert!(kept["checkpoint"].as_str().unwrap().ends_with('\n'), "a signed note ends in a line end");
    round.ask(&["record", "verify"]);
    let kept = round.folder.file("checkpoint", kept["checkpoint"].as_str().unwrap());
    round.ask(&["record", "verify", "--against", &kept]);
    round.ask(&["passphrase", "change"]);
    let renewed = round.ask(&["recovery", "renew"]);
    let printed = round.folder.file("recovery", renewed["recovery_key"].as_str().unwrap());
    round.ask(&["passphrase", "recover", "--recovery-file", &printed]);
}

fn retention(round: &mut Round) {
    let (out, keys) = (path(round, "copies"), path(round, "keys"));
    let made = round.ask(&["backup", "--out", &out, "--keys", &keys]);
    round.ask(&["hold", "place", "S-1", "--reason", "A dispute."]);
    round.ask(&["hold", "list"]);
    round.ask(&["hold", "lift", "H-1", "--reason", "Settled."]);
    round.ask(&["document", "withdraw", "D-2", "--reason", "Old."]);
    round.ask(&["document", "destroy", "D-2", "--reason", "Old."]);
    round.ask(&["person", "end", KIM, "--reason", "The contract is over."]);
    round.ask(&["person", "erase", KIM, "--reason", "Asked for."]);
    round.ask(&["retention", "show"]);
    round.ask(&["retention", "finish"]);
    let back = path(round, "back");
    let copy = made["folder"].as_str().unwrap();
    round.ask(&["restore", "--from", copy, "--keys", &keys, "--data", &back]);
    let folder = Path::new(&keys).canonicalize().unwrap();
    round.ask(&["retention", "forget", folder.to_str().unwrap(), "--reason", "The disk is gone."]);
    round.ask(&["record", "rotate-key", "--reason", "Yearly."]);
}

fn witness(round: &mut Round) {
    let data = path(round, "witness");
    round.ask(&["witness", "init", "--name", "witness.example", "--data", &data]);
    let kept = round.folder.run(&["record", "checkpoint", "--json"]).json();
    let (checkpoint, key) = (kept["checkpoint"].as_str().unwrap(), kept["verifier"].as_str().unwrap());
    round.ask(&["witness", "trust", key, "--data", &data]);
    round.ask(&["witness", "list", "--data", &data]);
    let cosigned = Witnessing::start(Path::new(&data)).add(&format!("old 0\n\n{checkpoint}"));
    assert_eq!(cosigned.0, 200, "{}", cosigned.1);
    round.ask(&["witness", "list", "--data", &data]);
}

fn path(round: &Round, name: &str) -> String {
    round.folder.beside(name).to_str().unwrap().to_owned()
}

/// A day from now on, as an argument.
fn in_days(days: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    (program::Time(i64::try_from(now.as_millis()).unwrap()) + days * program::DAY).date("UTC")
}

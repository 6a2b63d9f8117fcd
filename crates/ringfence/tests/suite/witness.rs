//! `ringfence witness`: what outside counsel runs, beside the record of an organisation that wants to be believed.

use crate::support::{Folder, RINGFENCE};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running `ringfence witness serve`; told to stop when dropped.
pub(super) struct Witnessing {
    child: Child,
    address: String,
}

impl Witnessing {
    pub(super) fn start(data: &Path) -> Self {
        let mut child = Command::new(RINGFENCE)
            .args(["witness", "serve", "--listen", "127.0.0.1:0", "--json", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // One JSON document over several lines, as soon as it serves.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut document = String::new();
        for line in lines {
            document.push_str(&line);
            if line == "}" {
                break;
            }
        }
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert!(document["verifier"].as_str().unwrap().contains('+'), "{document}");
        let address = document["address"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Self { child, address }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Shows it a checkpoint; the status and the body of its answer.
    pub(super) fn add(&self, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = "POST /add-checkpoint HTTP/1.1\r\nhost: witness\r\nconnection: close";
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Witnessing {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn outside_counsel_witnesses_the_record_and_a_copy_that_goes_its_own_way_is_refused() {
    let folder = Folder::company();
    let counsel = folder.beside("counsel");
    let data = counsel.to_str().unwrap();
    let run = |arguments: &[&str]| folder.run(&[&["witness"], arguments, &["--data", data]].concat());
    let key = run(&["init", "--name", "counsel.example/witness"]).done();
    assert!(key.starts_with("counsel.example/witness+") && key.lines().count() == 1, "{key}");
    let kept = folder.run(&["record", "checkpoint", "--json"]).json();
    let (checkpoint, verifier) = (kept["checkpoint"].as_str().unwrap(), kept["verifier"].as_str().unwrap());
    assert!(run(&["trust", verifier]).done().contains("nothing of it was cosigned yet"));
    assert!(run(&["trust", verifier]).done().contains("as before"));
    assert!(run(&["list"]).done().contains("none yet"));

    let witness = Witnessing::start(&counsel);
    let (status, line) = witness.add(&format!("old 0\n\n{checkpoint}"));
    assert!(status == 200 && line.starts_with("— counsel.example/witness "), "{status} {line}");
    // The same record from an older copy of its folder, with other entries from there on.
    let other = folder.copy();
    for (folder, name) in [(&folder, "this"), (&other, "that")] {
        folder.run(&["document", "register", "S-1", "--name", name, "--place", "Room 4"]).done();
    }
    let size: usize = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let now = |folder: &Folder| {
        let kept = folder.run(&["record", "checkpoint", "--json"]).json();
        kept["checkpoint"].as_str().unwrap().to_owned()
    };
    for checkpoint in [now(&folder), now(&other)] {
        assert_eq!(witness.add(&format!("old 0\n\n{checkpoint}")), (409, format!("{size}\n")));
        // Without a proof that it goes on from there.
        assert_eq!(witness.add(&format!("old {size}\n\n{checkpoint}")).0, 422);
    }
    // Whoever serves decides alone, and others may look meanwhile.
    assert!(run(&["serve"]).fails(1).contains("another process serves"));
    let listed = run(&["list", "--json"]).json();
    let log = &listed["logs"][0];
    assert_eq!((log["latest"]["size"].as_u64(), log["unproven"].as_u64()), (Some(size as u64), Some(2)));
    assert!(log["latest"]["checkpoint"].as_str().unwrap().ends_with(&line), "{log}");
    drop(witness);

    std::fs::write(counsel.join("key"), "PRIVATE").unwrap();
    assert!(run(&["list"]).fails(3).contains("does not hold a witness's key"));
    folder.whole();
}

#[test]
fn a_witness_needs_a_folder_a_name_and_a_key_of_the_right_kind() {
    let folder = Folder::empty();
    let data = folder.beside("witness");
    let data = data.to_str().unwrap();
    let run = |arguments: &[&str]| folder.run(&[&["witness"], arguments, &["--data", data]].concat());
    for arguments in [&["list"][..], &["serve"]] {
        assert!(run(arguments).fails(2).contains("ringfence witness init"));
    }
    assert!(run(&["init", "--name", "two words"]).fails(2).contains("cannot name a key"));
    let own = run(&["init", "--name", "witness.example"]).done();
    assert!(run(&["init", "--name", "witness.example"]).fails(1).contains("is not empty"));
    assert!(run(&["trust", own.trim_end()]).fails(2).contains("trust the log's own"));
    assert!(run(&["trust", "nonsense"]).fails(2).contains("is not an Ed25519 verifier key"));
    assert!(run(&["serve", "--listen", "0.0.0.0:0"]).fails(2).contains("plain HTTP"));
    let mode = |mode: &str| {
        assert!(Command::new("chmod").args([mode, &format!("{data}/key")]).status().unwrap().success());
    };
    mode("644");
    assert!(run(&["list"]).fails(1).contains("chmod 600"));
    mode("600");
    // Two records of one name, of which the witness could serve one.
    let one = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    run(&["trust", one]).done();
    let other = ledger::SigningKey::from_seed("example.com/foo", &[1; 32]).unwrap().verifier().to_string();
    assert!(run(&["trust", &other]).fails(1).contains("--new-key"));
    assert!(run(&["trust", &other, "--new-key"]).done().contains("by this key too"));
    assert!(run(&["list"]).done().contains("example.com/foo"));
}

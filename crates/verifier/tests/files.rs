//! Files as they are handed over: read in parts they give the verdict that they give in memory, and tricks with ZIP give none.

mod support;

use std::path::Path;

use ledger::archive::Archive;
use ledger::bundle::{Options, Verdict, verify_bytes};
use ledger::{Line, SignedNote, TlogProof, cosign, inclusion_proof};
use serde_json::json;
use support::mutate::{Chance, Original};
use support::*;
use verifier::read::verify_file;

/// The verdict on a file of these bytes, which is the one on the bytes.
#[track_caller]
fn verdict(folder: &Path, bytes: &[u8], options: &Options) -> Verdict {
    let place = folder.join("bundle.zip");
    std::fs::write(&place, bytes).unwrap();
    let read = verify_file(&place, options).unwrap();
    let options_matter = options.key.is_some() || options.policy.is_some();
    assert_eq!(read, if options_matter { verify_bytes(bytes, options) } else { verdict_of(bytes) });
    read
}

#[test]
fn a_file_read_in_parts_gives_the_verdict_of_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut verified = 0;
    for original in [small(), large()].map(Original::new) {
        for seed in 0..300 {
            let bytes = original.mutate(&mut Chance(seed)).map_or(original.zip.clone(), |(_, bytes)| bytes);
            verified += u32::from(verdict(folder.path(), &bytes, &Options::default()).exit_code() == 0);
        }
    }
    assert!(verified > 0, "some were not changed");
}

/// A bundle whose lines and documents are longer than what is read at a time.
fn long() -> Draft {
    let mut record = Record::new();
    record.some(9000);
    record.anchor(&[1]);
    let content: Vec<u8> = (0..3_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let document = record.document("documents/long.bin", &content);
    let mut shown: Vec<(u64, &[&str])> =
        (0..9000).map(|at| (at, ["by", "document", "reason"].as_slice())).collect();
    shown.push((document, &["digest"]));
    record.draft(&shown, &[("documents/long.bin", document)])
}

#[test]
fn lines_are_the_same_wherever_blocks_begin() {
    let folder = tempfile::tempdir().unwrap();
    let good = long().seal();
    assert!(good.members["entries.txt"].len() > 3 << 20);
    assert_eq!(verdict(folder.path(), &good.zip(), &Options::default()).exit_code(), 0);
    let with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = long();
        change(&mut draft);
        verdict(folder.path(), &draft.seal().zip(), &Options::default())
    };
    for at in [0, 1500, 3000, 4500, 6000, 8998] {
        fails(&with(&|draft| draft.lines[at].insert(0, b' ')), "entries", &format!("line {}", at + 1));
        fails(&with(&|draft| draft.lines[at].push(b'~')), "entries", &at.to_string());
        fails(&with(&|draft| draft.lines.swap(at, at + 1)), "entries", &at.to_string());
    }
    // Two faults: the first is named, whichever is found first.
    let both = with(&|draft| {
        draft.lines[7000].push(b'~');
        draft.lines[1600].push(b'~');
    });
    fails(&both, "entries", "1600");
    // Out of order exactly where a block of a mebibyte ends.
    let lengths = |draft: &Draft| {
        let mut end = 0;
        draft
            .lines
            .iter()
            .position(|line| {
                end += line.len() + 1;
                end > 1 << 20
            })
            .unwrap()
    };
    let last = lengths(&long());
    for at in [last - 1, last] {
        fails(&with(&|draft| draft.lines.swap(at - 1, at)), "entries", &(at - 1).to_string());
    }
    let mut altered = good.clone();
    altered.members.get_mut("documents/long.bin").unwrap()[2_000_000] ^= 1;
    fails(&verdict(folder.path(), &altered.zip(), &Options::default()), "manifest", "documents/long.bin");
    let mut damaged = good.zip();
    let offset = Archive::parse(&damaged).unwrap().layout().find("documents/long.bin").unwrap().1.offset();
    damaged[offset as usize + 2_500_000] ^= 1;
    fails(&verdict(folder.path(), &damaged, &Options::default()), "container", "documents/long.bin");
}

#[test]
fn a_line_that_is_too_long_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let with = |value: usize| {
        let mut record = Record::new();
        record.some(1);
        let at = record.add("note.written", &[("text", json!("x".repeat(value)))]);
        record.some(1);
        let draft = record.draft(&[(0, &["by"]), (at, &["text"]), (2, &["by"])], &[]);
        let length = draft.lines[1].len() + 1;
        (length, verdict(folder.path(), &draft.seal().zip(), &Options::default()))
    };
    let (length, good) = with((1 << 24) / 4 * 3 - 200);
    assert!(length < 1 << 24);
    assert_eq!(good.exit_code(), 0);
    let (length, long) = with((1 << 24) / 4 * 3);
    assert!(length > 1 << 24);
    fails(&long, "entries", "line 2");
    fails(&with(2 << 24).1, "entries", "line 2");
}

#[test]
fn members_that_are_too_long_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let with = |name: &str, length: usize| {
        let mut bundle = small();
        bundle.members.get_mut(name).unwrap().resize(length, b' ');
        verdict(folder.path(), &bundle.zip(), &Options::default())
    };
    fails(&with("manifest.json", (1 << 26) + 1), "manifest", "manifest.json");
    fails(&with("checkpoint", (1 << 20) + 1), "checkpoint", "checkpoint");
    fails(&with("export.txt", (1 << 24) + 1), "entries", "export.txt");
    fails(&with("tile/0/000.p/16", (1 << 20) + 1), "tree", "tile/0/000.p/16");
}

#[test]
fn tricks_with_zip_give_no_verdict_on_the_contents() {
    let folder = tempfile::tempdir().unwrap();
    let zip = small().zip();
    let layout = Archive::parse(&zip).unwrap().layout().clone();
    let (central, end) = (zip.len() - layout.end().len(), zip.len() - 22);
    let with = |at: usize, new: &[u8]| {
        let mut bytes = zip.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    };
    let named = |old: &str, new: &str| {
        // The name in both headers.
        let (mut bytes, mut from) = (zip.clone(), 0);
        while let Some(at) = bytes[from..].windows(old.len()).position(|window| window == old.as_bytes()) {
            bytes[from + at..][..old.len()].copy_from_slice(new.as_bytes());
            from += at + old.len();
        }
        assert_ne!(bytes, zip);
        bytes
    };
    for (trick, bytes) in [
        ("an empty file", Vec::new()),
        ("no archive", b"not an archive, but long enough to have an end".to_vec()),
        ("trailing bytes", [zip.as_slice(), b"\0"].concat()),
        ("leading bytes", [b"\0", zip.as_slice()].concat()),
        ("two archives", [zip.as_slice(), &zip].concat()),
        ("cut off", zip[..zip.len() - 1].to_vec()),
        ("a comment", [&with(end + 20, &[1, 0]), b"x".as_slice()].concat()),
        ("zip64", with(end + 8, &[0xff; 12])),
        ("a data descriptor", with(6, &[8])),
        ("encrypted", with(6, &[1])),
        ("compressed", with(8, &[8])),
        ("a bomb", with(18, &[0xff, 0xff, 0xff, 0x7e, 0xff, 0xff, 0xff, 0x7e])),
        (
            "a bomb in the central headers",
            with(central + 20, &[0xff, 0xff, 0xff, 0x7e, 0xff, 0xff, 0xff, 0x7e]),
        ),
        ("an absolute path", named("documents/D-1.txt", "/ocuments/D-1.txt")),
        ("a path upwards", named("documents/D-1.txt", "../uments/D-1.txt")),
        ("a path upwards in the middle", named("documents/D-1.txt", "documents/../.txt")),
        ("a backslash", named("documents/D-1.txt", "documents\\D-1.txt")),
        ("two members of a name", named("documents/other.txt", "documents/oTher.txt")),
        ("a name that is not text", named("README.txt", "READM\u{fc}txt")),
    ] {
        if trick == "two members of a name" {
            // Only the case of a letter differs from the next: no machine that ignores it can hold both.
            let mut members = small();
            members.set("documents/OTHER.txt", "x");
            let stated = members.members.iter();
            assert!(
                ledger::archive::write(stated.map(|(name, content)| (name.as_str(), content.as_slice())))
                    .is_err()
            );
            continue;
        }
        let verdict = verdict(folder.path(), &bytes, &Options::default());
        assert_eq!((verdict.word(), verdict.exit_code()), ("unreadable", 2), "{trick}");
        let failure = verdict.failure().unwrap();
        assert_eq!(
            (failure.check.to_string().as_str(), failure.at.as_str()),
            ("container", "archive"),
            "{trick}"
        );
    }
}

#[test]
fn central_headers_in_another_order_give_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let zip = small().zip();
    let layout = Archive::parse(&zip).unwrap().layout().clone();
    let central = zip.len() - layout.end().len();
    let lengths: Vec<usize> = layout.members().iter().map(|member| 46 + member.name().len()).collect();
    let (one, two) = (central + lengths[0], central + lengths[0] + lengths[1]);
    let swapped = [&zip[..central], &zip[one..two], &zip[central..one], &zip[two..]].concat();
    assert_eq!(swapped.len(), zip.len());
    assert_eq!(verdict(folder.path(), &swapped, &Options::default()).word(), "unreadable");
}

/// The proof of one entry of the small record, with so many of its fields.
fn proof(position: u64, fields: &[&str], witnesses: &[u8]) -> TlogProof {
    let bundle = small();
    let lines = bundle.text("entries.txt");
    let line = lines.lines().map(|line| Line::parse(line.as_bytes()).unwrap());
    let mut line = line.into_iter().find(|line| line.entry.position() == position).unwrap();
    line.disclosures.retain(|field| fields.contains(&field.name()));
    let tile = bundle.members["tile/0/000.p/16"].clone();
    let hashes = inclusion_proof(position, 16, &OneTile(tile)).unwrap();
    let mut checkpoint = SignedNote::parse(&bundle.text("checkpoint")).unwrap();
    for number in witnesses {
        let cosignature = cosign(checkpoint.text(), &witness(*number), 1_800_000_000).unwrap();
        checkpoint = checkpoint.with_signature(cosignature).unwrap();
    }
    TlogProof { extra: line.to_bytes(), index: position, hashes, checkpoint }
}

struct OneTile(Vec<u8>);

impl ledger::HashSource for OneTile {
    fn tile(&self, _: ledger::TileId) -> Result<Vec<ledger::Digest>, ledger::TileError> {
        Ok(self.0.chunks(32).map(|hash| ledger::Digest(hash.try_into().unwrap())).collect())
    }
}

#[test]
fn one_field_alone_is_proved() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { key: Some(record_key(0).verifier().clone()), ..Options::default() };
    let Verdict::Verified(found) =
        verdict(folder.path(), proof(0, &["by"], &[]).to_string().as_bytes(), &options)
    else {
        panic!("it verifies");
    };
    assert_eq!((found.entries, found.fields, found.withheld, found.size, found.quorum), (1, 1, 2, 16, None));
    assert!(
        found.not_proved.iter().any(|sentence| sentence.starts_with("That others have seen this record."))
    );

    let policy = |quorum: &str| {
        let (w1, w2) = (witness(1), witness(2));
        let text = format!("witness a {}\nwitness b {}\n{quorum}\n", w1.verifier(), w2.verifier());
        Options { policy: Some(ledger::Policy::parse(text.as_bytes()).unwrap()), ..options.clone() }
    };
    let seen = proof(0, &["by"], &[2, 3]).to_string();
    let Verdict::Verified(found) = verdict(folder.path(), seen.as_bytes(), &policy("quorum b")) else {
        panic!("it verifies");
    };
    assert_eq!((found.witnesses.len(), found.quorum), (1, Some(true)));
    fails(&verdict(folder.path(), seen.as_bytes(), &policy("quorum a")), "policy", "--policy");
}

#[test]
fn a_proof_with_anything_changed_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { key: Some(record_key(0).verifier().clone()), ..Options::default() };
    let with = |change: &dyn Fn(&mut TlogProof)| {
        let mut proof = proof(2, &["by"], &[]);
        change(&mut proof);
        verdict(folder.path(), proof.to_string().as_bytes(), &options)
    };
    fails(&with(&|proof| proof.extra.clear()), "entries", "line 1");
    fails(&with(&|proof| proof.extra.push(b'\n')), "entries", "2");
    fails(&with(&|proof| proof.index = 3), "entries", "2");
    fails(&with(&|proof| proof.hashes[0] = ledger::EMPTY_ROOT), "inclusion", "2");
    fails(&with(&|proof| proof.hashes.truncate(proof.hashes.len() - 1)), "inclusion", "2");
    fails(&with(&|proof| proof.hashes.push(ledger::EMPTY_ROOT)), "inclusion", "2");
    fails(&with(&|proof| proof.extra = crate::proof(0, &[], &[]).extra), "entries", "0");
    let (other, _) = entry(2, BEGIN, "k", &[]);
    fails(&with(&|proof| proof.extra = other.to_bytes()), "inclusion", "2");
    let stranger = Options { key: Some(key(ORIGIN, 9).verifier().clone()), ..Options::default() };
    let text = proof(2, &["by"], &[]).to_string();
    fails(&verdict(folder.path(), text.as_bytes(), &stranger), "checkpoint", "checkpoint");
    fails(
        &verdict(folder.path(), text.replace("\n16\n", "\n17\n").as_bytes(), &options),
        "checkpoint",
        "checkpoint",
    );
    for bad in [
        text.replacen('\n', "\n\n", 1),
        text.replace("index 2", "index 02"),
        text[..text.len() - 1].to_owned(),
    ] {
        let verdict = verdict(folder.path(), bad.as_bytes(), &options);
        assert_eq!((verdict.word(), verdict.failure().unwrap().at.as_str()), ("unreadable", "proof"));
    }
    let long = [text.as_bytes(), &vec![b'\n'; 9 << 20]].concat();
    assert_eq!(verdict(folder.path(), &long, &options).word(), "unreadable");
}

#[test]
fn a_file_that_is_not_there_is_an_error_and_no_verdict() {
    assert!(verify_file(Path::new("/no/such/file.zip"), &Options::default()).is_err());
    let folder = tempfile::tempdir().unwrap();
    assert!(verify_file(folder.path(), &Options::default()).is_err());
    let place = folder.path().join("a.tlog-proof");
    std::fs::write(&place, proof(0, &[], &[]).to_string()).unwrap();
    assert!(verify_file(&place, &Options::default()).is_err(), "a proof without a key to check it by");
}

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::tests::altered;
use crate::tiles::tests::Tiles;
use crate::tree::tests::naive_root;
use crate::{CosigningKey, SigningKey, consistency_proof, cosign, leaf_hash, sign_checkpoint};

/// The example of the specification, with the signatures of its log.
const EXAMPLE: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

fn log(name: &str) -> SigningKey {
    SigningKey::from_seed(name, &[1; 32]).unwrap()
}

fn known() -> Vec<VerifierKey> {
    [log("log.example").verifier(), log("other.example").verifier()].map(Clone::clone).to_vec()
}

fn leaves(text: &str) -> Vec<Digest> {
    text.bytes().map(|letter| leaf_hash(&[letter])).collect()
}

/// The checkpoint of a log of which each letter is an entry.
fn checkpoint(origin: &str, entries: &str) -> Checkpoint {
    let (origin, root) = (origin.to_owned(), naive_root(&leaves(entries)));
    Checkpoint { origin, size: entries.len() as u64, root, extensions: Vec::new() }
}

fn note(origin: &str, entries: &str) -> SignedNote {
    sign_checkpoint(&checkpoint(origin, entries), &log(origin)).unwrap()
}

/// That the log's entries go on from the first `old`.
fn request(old: usize, entries: &str) -> AddCheckpoint {
    let proof = consistency_proof(old as u64, entries.len() as u64, &Tiles::of(&leaves(entries)));
    AddCheckpoint::new(old as u64, proof.unwrap_or_default(), note("log.example", entries)).unwrap()
}

/// What a witness that cosigned `last` answers.
fn answer(last: Option<&str>, request: &AddCheckpoint) -> Result<(), WitnessRefusal> {
    let last = last.map(|entries| checkpoint("log.example", entries));
    let decided = decide(&known(), last.as_ref(), request)?;
    assert_eq!(decided.to_string(), request.note().text());
    Ok(())
}

fn status(last: Option<&str>, request: &AddCheckpoint) -> u16 {
    answer(last, request).map_or_else(|refusal| refusal.status(), |()| 200)
}

#[test]
fn example_of_the_specification_is_read_and_written_alike() {
    let request = AddCheckpoint::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!((request.old(), request.proof.len(), request.note().signatures().len()), (20_852_014, 4, 2));
    assert_eq!((request.origin(), request.claimed().0), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(request.to_string(), EXAMPLE);
}

#[test]
fn requests_of_litewitness_s_tests_are_answered_as_there() {
    // Of FiloSottile/torchwood, `cmd/litewitness/testdata/litewitness.txt`.
    let origin = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";
    let hex = "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f";
    let keys = [VerifierKey::new(KeyKind::Log, origin, Digest::from_hex(hex).unwrap().0).unwrap()];
    let one = format!(
        "{origin}\n1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— {origin} UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=\n"
    );
    let three = format!(
        "{origin}\n3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n\n— {origin} UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=\n"
    );
    let five = format!(
        "{origin}\n5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n\n— {origin} UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=\n"
    );
    let to_three =
        "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nKgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let from_one = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\nKgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let from_three = "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nKgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nwgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=\nKgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let mut last = None;
    for (body, status) in [
        (format!("old 0\n\n{one}"), 200),
        (format!("old 1\n{to_three}\n{}", three.replace("VrR", "VrS").replace("m2Vb", "m2Vc")), 403),
        // There 403; the specification has said 404 since.
        (format!("old 1\n{to_three}\n{}", three.replace("9e562", "9e563")), 404),
        (format!("old 1\n\n{three}"), 422),
        (format!("old 1\n{}\n{three}", to_three.replace("KgIA", "KgIB")), 422),
        (format!("old 1\n{to_three}\n{three}"), 200),
        (format!("old 1\n{from_one}\n{five}"), 409),
        (format!("old 3\n{from_three}\n{five}"), 200),
        (format!("old 0\n\n{five}"), 409),
    ] {
        let decided = decide(&keys, last.as_ref(), &AddCheckpoint::parse(body.as_bytes()).unwrap());
        assert_eq!(decided.as_ref().map_or_else(WitnessRefusal::status, |_| 200), status, "{body}");
        last = decided.ok().or(last);
    }
    assert_eq!(last.unwrap().size, 5);
}

#[test]
fn a_record_that_grows_is_cosigned_again_and_again() {
    assert_eq!(status(None, &request(0, "")), 200);
    assert_eq!(status(Some(""), &request(0, "")), 200);
    assert_eq!(status(None, &request(0, "abc")), 200);
    assert_eq!(status(Some(""), &request(0, "abc")), 200);
    assert_eq!(status(Some("abc"), &request(3, "abc")), 200);
    assert_eq!(status(Some("abc"), &request(3, "abcdefg")), 200);
}

#[test]
fn forks_rollbacks_and_cut_tails_are_refused() {
    for (last, old, entries, refusal) in [
        // Another record of the same size, and of a greater one.
        ("abc", 3, "abx", 422),
        ("abc", 3, "abxd", 422),
        ("abcd", 4, "xbcdefg", 422),
        // A smaller one, whatever size it says to go on from.
        ("abc", 2, "ab", 409),
        ("abc", 3, "ab", 400),
        ("abc", 0, "ab", 409),
        ("abc", 0, "", 409),
        ("abc", 3, "", 400),
        // A proof from where the witness does not stand.
        ("abc", 2, "abcd", 409),
        ("abc", 4, "abcd", 409),
        ("abc", 0, "abcd", 409),
    ] {
        assert_eq!(status(Some(last), &request(old, entries)), refusal, "{last} {old} {entries}");
    }
    assert_eq!(answer(Some("abc"), &request(0, "abcd")), Err(WitnessRefusal::Conflict { size: 3 }));
    assert_eq!(answer(None, &request(2, "abcd")), Err(WitnessRefusal::Conflict { size: 0 }));
}

#[test]
fn a_proof_is_empty_where_nothing_is_to_be_proved() {
    let more = |old, entries| {
        let request = request(old, entries);
        AddCheckpoint::new(request.old, [request.proof, vec![leaf_hash(b"")]].concat(), request.note).unwrap()
    };
    assert_eq!(status(None, &more(0, "abc")), 422);
    assert_eq!(status(Some(""), &more(0, "")), 422);
    assert_eq!(status(Some("abc"), &more(3, "abc")), 422);
    assert_eq!(status(Some("abc"), &more(3, "abcde")), 422);
}

#[test]
fn an_empty_record_has_one_root() {
    let text = format!("log.example\n0\n{}\n", leaf_hash(b"a").to_base64());
    let note = SignedNote::sign(text, &[&log("log.example")]).unwrap();
    let request = AddCheckpoint::new(0, Vec::new(), note).unwrap();
    assert_eq!(answer(None, &request), Err(WitnessRefusal::EmptyTree(CheckpointError::EmptyTree)));
    assert_eq!(status(None, &request), 422);
}

#[test]
fn logs_that_are_not_known_or_did_not_sign_are_refused() {
    let ask = |note: SignedNote| status(None, &AddCheckpoint::new(0, Vec::new(), note).unwrap());
    let text = checkpoint("log.example", "abc").to_string();
    let sign = |keys: &[&SigningKey]| SignedNote::sign(text.clone(), keys).unwrap();
    let stranger = SigningKey::from_seed("log.example", &[7; 32]).unwrap();
    assert_eq!(ask(note("stranger.example", "abc")), 404);
    assert_eq!(ask(sign(&[&stranger])), 403);
    assert_eq!(ask(sign(&[&stranger, &log("log.example")])), 200);
    // Known, but not as this log.
    assert_eq!(ask(sign(&[&log("other.example")])), 403);
    // A wrong signature by the log's own key beside a right one.
    let right = sign(&[&log("log.example")]);
    let mut wrong = right.signatures()[0].clone();
    wrong.bytes[5] ^= 1;
    assert_eq!(ask(right.clone().with_signature(wrong.clone()).unwrap()), 403);
    // By a key that nobody trusts, right or wrong is all the same.
    assert_eq!(ask(right.with_signature(Signature { id: wrong.id ^ 1, ..wrong }).unwrap()), 200);
    // A witness's key is no log's, whatever it is called.
    let witness = CosigningKey::from_seed("log.example", &[1; 32]).unwrap();
    let request = AddCheckpoint::new(0, Vec::new(), note("log.example", "abc")).unwrap();
    let refusal = decide(&[witness.verifier().clone()], None, &request).unwrap_err();
    assert_eq!(refusal, WitnessRefusal::UnknownOrigin("log.example".into()));
}

#[test]
fn what_was_cosigned_of_another_record_is_not_gone_on_from() {
    let last = checkpoint("other.example", "abc");
    assert_eq!(decide(&known(), Some(&last), &request(3, "abcd")).unwrap_err().status(), 404);
}

#[test]
fn what_is_not_a_request_is_refused() {
    let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
    for bad in [
        String::new(),
        "old 0\n".into(),
        "old 0\n\n".into(),
        EXAMPLE.replace("old ", "new "),
        EXAMPLE.replace("old ", "old  "),
        EXAMPLE.replace("old ", "\nold "),
        EXAMPLE.replace("20852014", "020852014"),
        EXAMPLE.replace("20852014", "+20852014"),
        EXAMPLE.replace("20852014", "-1"),
        EXAMPLE.replace("20852014", ""),
        EXAMPLE.replace("20852014", "18446744073709551616"),
        EXAMPLE.replace("20852014\n", "20852014 \n"),
        EXAMPLE.replace(hash, "PlRN\n"),
        EXAMPLE.replace("PlRN", "PlQ=TQ=="),
        EXAMPLE.replace(hash, &format!(" {hash}")),
        EXAMPLE.replace(hash, &hash.repeat(61)),
        EXAMPLE.replace('\n', "\r\n"),
        EXAMPLE.replace("20852163", "x"),
        EXAMPLE.replace("example.com/behind-the-sofa\n20852163\n", "example.com/behind-the-sofa\n"),
        EXAMPLE.replace("q2I=\n\n", "q2I=\n\n\n"),
        EXAMPLE.replace("— ", "- "),
        EXAMPLE.trim_end().into(),
        format!("{EXAMPLE}{}", "\n".repeat(MAX_REQUEST)),
    ] {
        let refusal = AddCheckpoint::parse(bad.as_bytes()).expect_err(&bad);
        assert_eq!(refusal.status(), 400, "{bad}");
    }
    assert!(AddCheckpoint::parse(EXAMPLE.replace(hash, &hash.repeat(60)).as_bytes()).is_ok());
    assert_eq!(AddCheckpoint::parse(b"old 0\n\n\xff\n1\n").unwrap_err().status(), 400);
    assert!(AddCheckpoint::new(0, vec![leaf_hash(b""); 64], note("log.example", "a")).is_err());
}

#[test]
fn an_answer_is_read_whoever_else_cosigned() {
    let note = note("log.example", "abc");
    let key = |seed: u8| CosigningKey::from_seed(format!("witness.example/{seed}"), &[seed; 32]).unwrap();
    let line = |seed: u8, seconds| cosign(note.text(), &key(seed), seconds).unwrap();
    let known = [key(1), key(2)].map(|key| key.verifier().clone());
    let read = |answer: &str| read_cosignatures(answer.as_bytes(), &note, &known);
    let (one, two, three) = (line(1, 5), line(2, 6), line(3, 7));
    let both = format!("{three}\n{one}\n{two}\n");
    assert_eq!(read(&both), Ok(vec![(one.clone(), 5), (two.clone(), 6)]));
    assert_eq!(read(&format!("{three}\n")), Err(NoteError::NoKnownSignature));
    // Of the example of the specification: lines by other keys.
    let example = "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==
— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==
";
    assert_eq!(read(example), Err(NoteError::NoKnownSignature));
    assert_eq!(read(&format!("{example}{one}\n")), Ok(vec![(one.clone(), 5)]));
    let mut wrong = one.clone();
    wrong.bytes[3] ^= 1;
    assert_eq!(read(&format!("{two}\n{wrong}\n")), Err(NoteError::WrongSignature(wrong.name)));
    for bad in [
        "",
        "\n",
        "hello\n",
        "— a b\n",
        &format!("{one}"),
        &format!("{one}\n\n{two}\n"),
        &format!("\n{one}\n"),
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    assert!(read(&format!("{one}\n").repeat(101)).is_err());
}

#[test]
fn the_size_of_a_conflict_is_a_decimal_number_and_a_newline() {
    assert_eq!((read_size(b"0\n"), read_size(b"20852163\n")), (Some(0), Some(20_852_163)));
    for bad in [
        b"".as_slice(),
        b"5",
        b"05\n",
        b"+5\n",
        b"5\n\n",
        b" 5\n",
        b"5\r\n",
        b"\xff\n",
        b"18446744073709551616\n",
    ] {
        assert_eq!(read_size(bad), None, "{bad:?}");
    }
}

/// Whoever sends: the log, honestly or not, or a stranger with what the log once signed.
#[derive(Clone, Debug)]
struct Sent {
    other_log: bool,
    old: usize,
    entries: String,
    proof: Proof,
}

#[derive(Clone, Debug)]
enum Proof {
    Computed,
    /// That of another record, which may fit.
    Of(String),
    Hashes(Vec<u8>),
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let proof = prop_oneof![
        6 => Just(Proof::Computed),
        1 => "[ab]{0,7}".prop_map(Proof::Of),
        1 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Proof::Hashes),
    ];
    (any::<bool>(), 0usize..8, "[ab]{0,7}", proof).prop_map(|(other_log, old, entries, proof)| Sent {
        other_log,
        old,
        entries,
        proof,
    })
}

/// A witness's answer, the note it is about, and the witness's key.
fn granted() -> (String, SignedNote, [VerifierKey; 1]) {
    let note = note("log.example", "abc");
    let key = CosigningKey::from_seed("w", &[9; 32]).unwrap();
    (format!("{}\n", cosign(note.text(), &key, 5).unwrap()), note, [key.verifier().clone()])
}

proptest! {
    #[test]
    fn two_records_of_which_neither_begins_with_the_other_are_never_both_cosigned(
        sent in prop::collection::vec(any_sent(), 0..40), honest in any::<bool>(),
    ) {
        let mut cosigned: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for Sent { other_log, old, entries, proof } in sent {
            let origin = if other_log { "other.example" } else { "log.example" };
            let before = cosigned.entry(origin).or_default();
            let last = before.last().cloned();
            // Half of the time the log asks from where the witness stands, as it does when it is told.
            let old = if honest { last.as_ref().map_or(0, String::len) } else { old };
            let right = consistency_proof(old as u64, entries.len() as u64, &Tiles::of(&leaves(&entries))).ok();
            let given = match proof {
                Proof::Computed => right.clone().unwrap_or_default(),
                Proof::Of(other) => consistency_proof(old as u64, other.len() as u64, &Tiles::of(&leaves(&other))).unwrap_or_default(),
                Proof::Hashes(bytes) => bytes.iter().map(|byte| leaf_hash(&[*byte])).collect(),
            };
            let request = AddCheckpoint::new(old as u64, given.clone(), note(origin, &entries)).unwrap();
            let request = AddCheckpoint::parse(request.to_string().as_bytes()).unwrap();
            let known_before = last.as_ref().map(|last| checkpoint(origin, last));
            let decided = decide(&known(), known_before.as_ref(), &request);
            // By the entries themselves: the witness stands at `old`, and what is new begins with what it cosigned.
            let stands = last.as_ref().map_or(0, String::len) == old;
            let goes_on = entries.starts_with(last.as_deref().unwrap_or(""));
            prop_assert_eq!(decided.is_ok(), stands && goes_on && right.as_ref() == Some(&given), "{:?} {}", last, entries);
            if decided.is_ok() {
                before.push(entries);
            }
        }
        for entries in cosigned.values() {
            for (earlier, later) in entries.iter().flat_map(|one| entries.iter().map(move |other| (one, other))) {
                prop_assert!(earlier.starts_with(later.as_str()) || later.starts_with(earlier.as_str()));
            }
        }
    }

    #[test]
    fn hostile_requests_never_panic_and_what_is_read_is_written_back_alike(
        bytes: Vec<u8>, like in "old [0-9]{0,3}\n([A-Za-z+/]{43}=\n){0,2}\n[a\n— 0-9=]{0,60}",
        example in altered(EXAMPLE), whole in altered(request(3, "abcdefg").to_string()),
    ) {
        for bytes in [bytes, like.into_bytes(), example, whole] {
            if let Ok(request) = AddCheckpoint::parse(&bytes) {
                prop_assert_eq!(request.to_string().into_bytes(), bytes);
                let last = checkpoint("log.example", "abc");
                let granted = decide(&known(), Some(&last), &request);
                prop_assert!(granted.is_err() || granted == Ok(checkpoint("log.example", "abcdefg")));
            }
        }
    }

    #[test]
    fn hostile_answers_never_panic_and_nobody_s_cosignature_comes_of_them(
        bytes: Vec<u8>, like in "(— [a-z]{1,3} [A-Za-z+/]{0,40}={0,2}\n){0,3}",
        answer in altered(granted().0), size in altered("20852163\n"),
    ) {
        let (right, note, known) = granted();
        prop_assert!(read_cosignatures(right.as_bytes(), &note, &known).is_ok());
        for bytes in [bytes, like.into_bytes(), answer, size] {
            if let Ok(given) = read_cosignatures(&bytes, &note, &known) {
                // The one line that there is may stand twice, and others beside it.
                let line = right.trim_end().parse::<Signature>().unwrap();
                prop_assert!(given.iter().all(|(given, seconds)| (given, *seconds) == (&line, 5)));
            }
            if let Some(size) = read_size(&bytes) {
                prop_assert_eq!(format!("{size}\n").into_bytes(), bytes);
            }
        }
    }
}

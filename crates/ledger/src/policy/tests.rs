use proptest::prelude::*;

use super::*;
use crate::tests::altered;
use crate::{CosigningKey, SigningKey};

fn log(seed: u8) -> VerifierKey {
    SigningKey::from_seed(format!("log.example/{seed}"), &[seed; 32]).unwrap().verifier().clone()
}

fn witness(seed: u8) -> VerifierKey {
    CosigningKey::from_seed(format!("witness.example/{seed}"), &[seed; 32]).unwrap().verifier().clone()
}

/// A policy in which `L3` stands for a log's key and `W3` for a witness's.
fn written(text: &str) -> String {
    let words = text.split_inclusive([' ', '\t', '\n']).map(|word| {
        let bare = word.trim_end_matches([' ', '\t', '\n']);
        let key = bare.get(1..).and_then(|seed| seed.parse().ok()).and_then(|seed| match bare.get(..1)? {
            "L" => Some(log(seed).to_string()),
            "W" => Some(witness(seed).to_string()),
            _ => None,
        });
        key.map_or(word.to_owned(), |key| word.replacen(bare, &key, 1))
    });
    words.collect()
}

fn parse(text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(written(text).as_bytes())
}

fn met(policy: &Policy, seeds: &[u8]) -> bool {
    let cosigned: Vec<VerifierKey> = seeds.iter().map(|seed| witness(*seed)).collect();
    policy.is_met(|key| cosigned.contains(key))
}

/// The example of the specification.
const EXAMPLE: &str = "log L1

witness X1 W1
witness X2 W2
witness X3 W3
group X-witnesses 2 X1 X2 X3

witness Y1 W4
witness Y2 W5
witness Y3 W6
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
";

#[test]
fn example_of_the_specification_asks_for_two_of_one_organisation_and_one_of_the_other() {
    let policy = parse(EXAMPLE).unwrap();
    assert_eq!(policy.logs(), [PolicyLog { key: log(1), url: None }]);
    let names: Vec<_> = policy.witnesses().iter().map(|witness| witness.name.to_string()).collect();
    assert_eq!(names, ["X1", "X2", "X3", "Y1", "Y2", "Y3"]);
    assert_eq!(policy.witness_keys(), (1..=6).map(witness).collect::<Vec<_>>());
    for subset in 0u8..64 {
        let seeds: Vec<u8> = (1..=6).filter(|seed| subset >> (seed - 1) & 1 == 1).collect();
        let (x, y) =
            (seeds.iter().filter(|seed| **seed < 4).count(), seeds.iter().filter(|seed| **seed > 3).count());
        assert_eq!(met(&policy, &seeds), x >= 2 && y >= 1, "{seeds:?}");
    }
    assert!(met(&policy, &[1, 3, 5, 99]));
}

#[test]
fn sigsum_s_example_is_read_and_asks_for_the_same() {
    // Of the tests of sigsum-go, with verifier keys in the place of its keys, and the witnesses called w1 to w6.
    let text = "
# example config
log L1 http://sigsum.example.org
  # comment
  log L2

witness w1 W3 http://w1
# same key for log and key is undesirable, but not an error
witness w2 W1
witness w3 W4 http://w3
witness w4 W5 https://w4/
witness w5 W6 https://w5

group G1 any w1 w2
group G2 2 w3 w4 w5
group G3 all G1 G2

quorum G3

  log L3
witness w6 W2
";
    let policy = parse(text).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (3, 6));
    assert_eq!(policy.logs()[0].url, Some(Octets(b"http://sigsum.example.org".to_vec())));
    let keys = [3u8, 1, 4, 5, 6];
    for (witnesses, enough) in [
        (&[][..], false),
        (&[1], false),
        (&[2], false),
        (&[3], false),
        (&[3, 4, 5], false),
        (&[1, 2], false),
        (&[1, 3], false),
        (&[1, 3, 4], true),
        (&[2, 3, 5], true),
    ] {
        let seeds: Vec<u8> = witnesses.iter().map(|n: &usize| keys[n - 1]).collect();
        assert_eq!(met(&policy, &seeds), enough, "{witnesses:?}");
    }
}

#[test]
fn no_quorum_is_always_met_and_one_witness_is_a_quorum() {
    let nobody = parse("quorum none\n").unwrap();
    assert!(nobody.logs().is_empty() && nobody.witnesses().is_empty() && met(&nobody, &[]));
    let one = parse("witness a W1\nwitness b W2\nquorum b\n").unwrap();
    assert!(met(&one, &[2]) && met(&one, &[1, 2]) && !met(&one, &[1]) && !met(&one, &[]));
    let member = parse("witness a W1\nwitness b W2\ngroup g all a b\nquorum b\n").unwrap();
    assert!(met(&member, &[2]) && !met(&member, &[1]));
}

#[test]
fn words_are_parted_by_spaces_and_tabs_and_comments_are_lines_of_their_own() {
    let policy =
        parse(" \t\n#\n \t# quorum nobody\n\tlog  L1\t https://log.example/#here \t\n\n quorum\tnone \n")
            .unwrap();
    assert_eq!(policy.logs()[0].url, Some(Octets(b"https://log.example/#here".to_vec())));
    assert_eq!(policy.to_bytes(), written("log L1 https://log.example/#here\nquorum none\n").into_bytes());
}

#[test]
fn names_are_bytes() {
    // An ASCII K, a Kelvin sign, and bytes that are no UTF-8 are three names; a no-break space is part of a name.
    let mut text = Vec::new();
    for (seed, name) in [(1, b"K".as_slice()), (2, b"\xe2\x84\xaa"), (3, b"\xff\xfe"), (4, b"a\xc2\xa0b")] {
        text.extend_from_slice(
            &[b"witness ", name, b" ", witness(seed).to_string().as_bytes(), b" \xf0\n"].concat(),
        );
    }
    text.extend_from_slice(
        b"group all all K \xe2\x84\xaa \xff\xfe\ngroup any 2 all a\xc2\xa0b\nquorum any\n# \x80\n",
    );
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(policy.witnesses()[2].name.as_bytes(), b"\xff\xfe");
    assert_eq!(policy.witnesses()[2].url.as_ref().unwrap().as_bytes(), b"\xf0");
    assert!(met(&policy, &[1, 2, 3, 4]) && !met(&policy, &[1, 2, 4]));
    assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy));
}

#[test]
fn what_is_not_a_policy_is_refused_with_its_line() {
    let octets = |text: &str| Octets(text.as_bytes().to_vec());
    let threshold = |given: &str, members| PolicyFault::Threshold { given: octets(given), members };
    let two = "witness a W1\nwitness b W2\n";
    for (text, line, fault) in [
        (String::new(), None, PolicyFault::NoQuorum),
        (format!("{two}group g all a b\n"), None, PolicyFault::NoQuorum),
        ("quorum none".into(), Some(1), PolicyFault::Unterminated),
        ("quorum none\n ".into(), Some(2), PolicyFault::Unterminated),
        ("quorum none\nquorum none\n".into(), Some(2), PolicyFault::SecondQuorum),
        ("# \u{c}\nquorum none\n".into(), Some(1), PolicyFault::Control(0x0c)),
        ("# \u{7f}\nquorum none\n".into(), Some(1), PolicyFault::Control(0x7f)),
        ("\nquorum none\r\n".into(), Some(2), PolicyFault::Control(0x0d)),
        ("quorum none\n\0\n".into(), Some(2), PolicyFault::Control(0)),
        ("Quorum none\n".into(), Some(1), PolicyFault::Keyword(octets("Quorum"))),
        ("quorum\n".into(), Some(1), PolicyFault::Form("quorum NAME")),
        ("quorum none # nobody\n".into(), Some(1), PolicyFault::Form("quorum NAME")),
        ("log\n".into(), Some(1), PolicyFault::Form("log VKEY [URL]")),
        ("log L1 http://example.org #comment\n".into(), Some(1), PolicyFault::Form("log VKEY [URL]")),
        ("witness a\n".into(), Some(1), PolicyFault::Form("witness NAME VKEY [URL]")),
        ("witness a W1 b c\n".into(), Some(1), PolicyFault::Form("witness NAME VKEY [URL]")),
        (format!("{two}group g all\n"), Some(3), PolicyFault::Form("group NAME all|any|NUMBER NAME...")),
        (format!("{two}group g\n"), Some(3), PolicyFault::Form("group NAME all|any|NUMBER NAME...")),
        (
            "log L1\n\nlog L1 http://elsewhere\n".into(),
            Some(3),
            PolicyFault::SameKey(octets("log.example/1")),
        ),
        (format!("{two}witness c W2\n"), Some(3), PolicyFault::SameKey(octets("witness.example/2"))),
        (format!("{two}witness a W3\n"), Some(3), PolicyFault::Taken(octets("a"))),
        (format!("{two}group a any b\n"), Some(3), PolicyFault::Taken(octets("a"))),
        ("witness none W1\n".into(), Some(1), PolicyFault::Taken(octets("none"))),
        (format!("{two}group none any a\n"), Some(3), PolicyFault::Taken(octets("none"))),
        (format!("{two}group g any a c b\n"), Some(3), PolicyFault::Unknown(octets("c"))),
        (format!("{two}group g any g\n"), Some(3), PolicyFault::Unknown(octets("g"))),
        (format!("{two}group g any a none\n"), Some(3), PolicyFault::Unknown(octets("none"))),
        (format!("quorum a\n{two}"), Some(1), PolicyFault::Unknown(octets("a"))),
        (format!("{two}group g all a b a\n"), Some(3), PolicyFault::Member(octets("a"))),
        (format!("{two}group g any a\ngroup h all b a\n"), Some(4), PolicyFault::Member(octets("a"))),
        (
            format!("{two}group g any a\ngroup h any g\ngroup i any g\n"),
            Some(5),
            PolicyFault::Member(octets("g")),
        ),
        (format!("{two}group g 0 a b\n"), Some(3), threshold("0", 2)),
        (format!("{two}group g 3 a b\n"), Some(3), threshold("3", 2)),
        (format!("{two}group g -1 a b\n"), Some(3), threshold("-1", 2)),
        (format!("{two}group g +1 a b\n"), Some(3), threshold("+1", 2)),
        (format!("{two}group g 01 a b\n"), Some(3), threshold("01", 2)),
        (format!("{two}group g 0x1 a b\n"), Some(3), threshold("0x1", 2)),
        (format!("{two}group g ALL a b\n"), Some(3), threshold("ALL", 2)),
        (format!("{two}group g 18446744073709551617 a b\n"), Some(3), threshold("18446744073709551617", 2)),
    ] {
        let refused = parse(&text).unwrap_err();
        assert_eq!((refused.line(), refused.fault()), (line, &fault), "{text}");
    }
    let refused = parse("quorum none\nlog L1 a b\n").unwrap_err();
    assert_eq!(refused.to_string(), "line 2: the line is not of the form `log VKEY [URL]`");
}

#[test]
fn each_key_is_of_the_kind_of_its_line() {
    for (text, of) in [
        ("log W1\n".to_owned(), "log"),
        ("witness a L1\n".to_owned(), "witness"),
        ("log what\n".to_owned(), "log"),
        (format!("witness a {}x\n", witness(1)), "witness"),
        // ML-DSA-44 and ECDSA: not known here.
        ("witness a w+5893dc2c+BtMcFiao6ZOdU6LZ40tLKbsWpDOU8smRapXBIYI3lXyE\n".to_owned(), "witness"),
    ] {
        let refused = parse(&text).unwrap_err();
        assert!(
            matches!(refused.fault(), PolicyFault::Key { of: found, .. } if *found == of),
            "{text}: {refused}"
        );
    }
}

#[test]
fn the_same_key_under_another_name_is_the_same_key() {
    let other = VerifierKey::new(KeyKind::Log, "other.example", *log(1).public()).unwrap();
    let refused = parse(&format!("log L1\nlog {other}\n")).unwrap_err();
    assert_eq!(refused.fault(), &PolicyFault::SameKey(Octets(b"other.example".to_vec())));
    assert!(parse("log L1\nwitness a W1\nquorum a\n").is_ok());
}

#[test]
fn a_policy_is_bounded() {
    let logs = |count: u8| (1..=count).map(|n| format!("log L{n}\n")).collect::<String>() + "quorum none\n";
    assert_eq!(parse(&logs(64)).unwrap().logs().len(), 64);
    assert_eq!(parse(&logs(65)).unwrap_err().line(), Some(65));
    let many = |count: u16| -> String {
        let key = |n: u16| {
            CosigningKey::from_seed("w", &[n.to_be_bytes(); 16].concat().try_into().unwrap()).unwrap()
        };
        (0..count).map(|n| format!("witness w{n} {}\n", key(n).verifier())).collect::<String>()
    };
    let groups = |count: usize| {
        let groups = (1..count).map(|n| format!("group g{n} any g{}\n", n - 1));
        format!("{}group g0 all w0\n{}quorum g{}\n", many(256), groups.collect::<String>(), count - 1)
    };
    assert_eq!(parse(&(many(256) + "quorum w255\n")).unwrap().witnesses().len(), 256);
    assert_eq!(parse(&(many(257) + "quorum w255\n")).unwrap_err().line(), Some(257));
    // The longest chain there can be.
    let chain = parse(&groups(256)).unwrap();
    let first = chain.witnesses()[0].key.clone();
    assert!(chain.is_met(|key| *key == first) && !chain.is_met(|key| *key != first));
    assert_eq!(parse(&groups(257)).unwrap_err().line(), Some(256 + 257));
    let long = format!("#{}\nquorum none\n", "x".repeat(MAX_POLICY));
    assert_eq!(parse(&long).unwrap_err().fault(), &PolicyFault::TooLong);
}

/// Lines that fit one another.
fn any_policy() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        (1u8..8).prop_map(|n| format!("log L{n}\n")),
        (1u8..12, 1u8..12).prop_map(|(name, key)| format!("witness n{name} W{key} u\n")),
        (20u8..26, prop_oneof!["all", "any", "[0-4]"], prop::collection::vec(1u8..26, 1..4)).prop_map(
            |(name, needed, members)| {
                let members: String = members.iter().map(|member| format!(" n{member}")).collect();
                format!("group n{name} {needed}{members}\n")
            }
        ),
        "[ \t]*#[ -~]{0,9}\n",
    ];
    (prop::collection::vec(line, 0..24), 1u8..26).prop_map(|(lines, quorum)| {
        let fits = |text: &str| parse(&format!("{text}quorum none\n")).is_ok();
        let text = lines.into_iter().fold(String::new(), |text, line| {
            let longer = text.clone() + &line;
            if fits(&longer) { longer } else { text }
        });
        let (some, none) = (format!("{text}quorum n{quorum}\n"), format!("{text}quorum none\n"));
        if parse(&some).is_ok() { some } else { none }
    })
}

/// What a name's witnessing means, by the words of the specification, on the text alone.
fn naive(text: &str, name: &str, cosigned: &[u8]) -> bool {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    lines.iter().any(|words| match words.as_slice() {
        ["witness", own, key, ..] if *own == name => {
            cosigned.iter().any(|seed| witness(*seed).to_string() == *key)
        }
        ["group", own, needed, members @ ..] if *own == name => {
            let count = members.iter().filter(|member| naive(text, member, cosigned)).count();
            match *needed {
                "all" => count == members.len(),
                "any" => count > 0,
                number => count >= number.parse().unwrap(),
            }
        }
        _ => false,
    })
}

proptest! {
    #[test]
    fn a_policy_is_written_and_read_back_and_means_what_its_text_says(text in any_policy(), cosigned: u16) {
        let text = written(&text);
        let policy = Policy::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy.clone()));
        let seeds: Vec<u8> = (1..12).filter(|seed| cosigned >> seed & 1 == 1).collect();
        let quorum = text.lines().last().and_then(|line| line.strip_prefix("quorum ")).unwrap();
        prop_assert_eq!(met(&policy, &seeds), quorum == "none" || naive(&text, quorum, &seeds));
    }

    #[test]
    fn one_more_cosignature_never_spoils_a_quorum(text in any_policy(), cosigned: u16, more in 1u8..12) {
        let policy = parse(&text).unwrap();
        let seeds: Vec<u8> = (1..12).filter(|seed| cosigned >> seed & 1 == 1).collect();
        prop_assert!(!met(&policy, &seeds) || met(&policy, &[seeds, vec![more]].concat()));
    }

    #[test]
    fn hostile_bytes_never_panic_and_what_is_read_is_read_back(
        bytes: Vec<u8>, example in altered(written(EXAMPLE)), other in any_policy().prop_flat_map(|text| altered(written(&text))),
    ) {
        for bytes in [bytes, example, other] {
            if let Ok(policy) = Policy::parse(&bytes) {
                prop_assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy));
            }
        }
    }
}

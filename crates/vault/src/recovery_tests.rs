use super::*;
use proptest::prelude::*;

fn letters(key: &RecoveryKey) -> Vec<u8> {
    key.to_printed().bytes().collect()
}

fn parse(letters: &[u8]) -> Result<RecoveryKey, RecoveryTypo> {
    RecoveryKey::parse(std::str::from_utf8(letters).unwrap())
}

#[test]
fn the_field_is_a_field() {
    for a in 1..32 {
        let mut products: Vec<u8> = (1..32).map(|b| field_product(a, b)).collect();
        products.sort_unstable();
        assert_eq!(products, (1..32).collect::<Vec<u8>>());
    }
}

#[test]
fn reading_forgives_case_spacing_and_look_alikes() {
    let key = RecoveryKey::from_test([0; KEY_LEN]);
    let printed = key.to_printed();
    assert_eq!(printed.len(), GROUPS * 6 - 1);
    let close = printed.to_lowercase().replace('-', " ").replace('0', "o");
    assert_eq!(RecoveryKey::parse(&close).unwrap().bytes, key.bytes);
    let bare = printed.replace('-', "").replace('1', "l");
    assert_eq!(RecoveryKey::parse(&format!("\n {bare}\t")).unwrap().bytes, key.bytes);
    let by_fives: Vec<&str> = printed.split("-").collect();
    assert_eq!(RecoveryKey::parse(&by_fives.join(" – ")).unwrap().bytes, key.bytes);
}

#[test]
fn every_single_wrong_letter_is_found_in_its_group() {
    let key = RecoveryKey::generate().unwrap();
    let printed = letters(&key);
    for at in (0..printed.len()).filter(|at| printed[*at] != b'-') {
        for letter in ALPHABET.iter().chain(b"U!*") {
            let mut typed = printed.clone();
            if *letter == typed[at] {
                continue;
            }
            typed[at] = *letter;
            assert_eq!(parse(&typed).err(), Some(RecoveryTypo::Group(at / 6 + 1)));
        }
    }
}

#[test]
fn exchanged_letters_and_exchanged_groups_are_found() {
    for _ in 0..50 {
        let key = RecoveryKey::generate().unwrap();
        let printed = letters(&key);
        for at in 0..printed.len() - 1 {
            let mut typed = printed.clone();
            typed.swap(at, at + 1);
            if typed != printed && printed[at] != b'-' && printed[at + 1] != b'-' {
                assert_eq!(parse(&typed).err(), Some(RecoveryTypo::Group(at / 6 + 1)));
            }
        }
        let text = key.to_printed();
        let mut groups: Vec<&str> = text.split('-').collect();
        groups.swap(2, 9);
        assert_eq!(RecoveryKey::parse(&groups.join("-")).err(), Some(RecoveryTypo::Group(3)));
    }
}

#[test]
fn missing_and_added_letters_are_found() {
    let printed = letters(&RecoveryKey::generate().unwrap());
    let mut missing = printed.clone();
    missing.remove(20);
    assert_eq!(parse(&missing).err(), Some(RecoveryTypo::Group(4)));
    let mut added = printed.clone();
    added.insert(31, b'7');
    assert_eq!(parse(&added).err(), Some(RecoveryTypo::Group(6)));
    assert_eq!(parse(&printed[6..]).err(), Some(RecoveryTypo::Length(60)));
    assert_eq!(parse(b"").err(), Some(RecoveryTypo::Length(0)));
}

proptest! {
    #[test]
    fn any_key_reads_back(bytes in any::<[u8; 32]>()) {
        let key = RecoveryKey::from_test(bytes);
        prop_assert_eq!(*RecoveryKey::parse(&key.to_printed()).unwrap().bytes, bytes);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        prop_assert!(RecoveryKey::parse(&text).is_err());
    }
}

impl RecoveryKey {
    fn from_test(bytes: [u8; KEY_LEN]) -> Self {
        Self { bytes: Zeroizing::new(bytes) }
    }
}

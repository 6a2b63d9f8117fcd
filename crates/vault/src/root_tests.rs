use super::*;
use proptest::prelude::*;

fn sealed(passphrase: &[u8]) -> (Key, RootSeal) {
    let root = Key::generate().unwrap();
    let seal = seal_root(passphrase, &root, KdfParams::light_for_tests()).unwrap();
    (root, seal)
}

/// The same file with other numbers in it and the checksum made to fit.
fn forged(seal: &RootSeal, at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut forged = seal.as_bytes().to_vec();
    forged[at..at + bytes.len()].copy_from_slice(bytes);
    let body = forged.len() - CHECKSUM_LEN;
    let checksum = digest(&SHA256, &forged[..body]);
    forged[body..].copy_from_slice(&checksum.as_ref()[..CHECKSUM_LEN]);
    forged
}

/// RFC 9106 has no vector without secret and associated data; this one is from the reference
/// implementation: `echo -n password | argon2 somesalt -id -t 2 -k 256 -p 1 -l 32`.
#[test]
fn stretching_agrees_with_the_argon2_reference_implementation() {
    let params = KdfParams { memory_kib: 256, passes: 2, lanes: 1 };
    let key = stretch(b"password", b"somesalt", params).unwrap();
    assert_eq!(
        data_encoding::HEXLOWER.encode(key.expose()),
        "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
    );
}

#[test]
fn the_root_key_opens_with_its_passphrase_and_no_other() {
    let (root, seal) = sealed(b"correct horse");
    let again = RootSeal::parse(seal.as_bytes()).unwrap();
    assert_eq!(again, seal);
    assert_eq!(open_root(b"correct horse", &again).unwrap().expose(), root.expose());
    assert_eq!(open_root(b"correct horsf", &again).err(), Some(UnsealError::WrongPassphrase));
    assert_eq!(open_root(b"", &again).err(), Some(UnsealError::WrongPassphrase));
}

#[test]
fn the_default_parameters_work() {
    let root = Key::generate().unwrap();
    let seal = seal_root(b"p", &root, KdfParams::default()).unwrap();
    assert_eq!(open_root(b"p", &seal).unwrap().expose(), root.expose());
}

#[test]
fn every_flipped_bit_cut_or_addition_is_called_damage_not_a_wrong_passphrase() {
    let (_, seal) = sealed(b"p");
    for bit in 0..seal.as_bytes().len() * 8 {
        let mut bad = seal.as_bytes().to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(RootSeal::parse(&bad), Err(UnsealError::Damaged), "bit {bit}");
    }
    for cut in 0..seal.as_bytes().len() {
        assert_eq!(RootSeal::parse(&seal.as_bytes()[..cut]), Err(UnsealError::Damaged));
    }
    assert_eq!(RootSeal::parse(&[seal.as_bytes(), &[0]].concat()), Err(UnsealError::Damaged));
}

#[test]
fn a_hostile_file_cannot_ask_for_unreasonable_work() {
    let (_, seal) = sealed(b"p");
    let numbers = MAGIC.len() + 1;
    let hostile: [(usize, u32); 8] =
        [(0, u32::MAX), (0, 1024 * 1024 + 1), (0, 7), (4, u32::MAX), (4, 0), (8, u32::MAX), (8, 9), (8, 0)];
    for (at, number) in hostile {
        let forged = forged(&seal, numbers + at, &number.to_be_bytes());
        assert_eq!(RootSeal::parse(&forged), Err(UnsealError::Damaged), "{at} {number}");
    }
}

#[test]
fn a_forged_header_never_opens() {
    let (root, seal) = sealed(b"p");
    for at in MAGIC.len() + 1 + 12..SEAL_LEN - CHECKSUM_LEN {
        let forged = RootSeal::parse(&forged(&seal, at, &[seal.as_bytes()[at] ^ 1])).unwrap();
        assert!(open_root(b"p", &forged).is_err(), "byte {at}");
    }
    assert_eq!(open_root(b"p", &seal).unwrap().expose(), root.expose());
}

#[test]
fn a_recovery_seal_opens_by_its_recovery_key_only() {
    let (root, by_passphrase) = sealed(b"p");
    let (recovery, other) = (RecoveryKey::generate().unwrap(), RecoveryKey::generate().unwrap());
    let seal = seal_root_with_recovery(&recovery, &root).unwrap();
    let seal = RootSeal::parse(seal.as_bytes()).unwrap();
    let typed = RecoveryKey::parse(&recovery.to_printed()).unwrap();
    assert_eq!(open_with_recovery(&typed, &seal).unwrap().expose(), root.expose());
    assert_eq!(open_with_recovery(&other, &seal).err(), Some(UnsealError::WrongRecoveryKey));
    assert!(matches!(open_root(b"p", &seal), Err(UnsealError::OtherMethod(_))));
    assert!(matches!(open_with_recovery(&typed, &by_passphrase), Err(UnsealError::OtherMethod(_))));
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(RootSeal::parse(&bytes), Err(UnsealError::Damaged));
        let mut with_magic = MAGIC.to_vec();
        with_magic.extend(bytes);
        prop_assert_eq!(RootSeal::parse(&with_magic), Err(UnsealError::Damaged));
    }
}

use super::*;
use data_encoding::HEXLOWER;
use proptest::prelude::*;

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// RFC 5869 appendix A, test cases 1 and 3: the first 32 bytes of the output are block T(1).
#[test]
fn expansion_agrees_with_rfc_5869() {
    let cases = [
        (
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
        ),
        (
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        ),
    ];
    for (prk, info, okm) in cases {
        let prk = hmac::Key::new(hmac::HMAC_SHA256, &hex(prk));
        assert_eq!(expand_block(&prk, &[&hex(info)]).as_slice(), hex(okm));
    }
}

/// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test case 16.
#[test]
fn encryption_agrees_with_the_gcm_specification() {
    let aes = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    let key = Key::from_bytes(&[0; 32]);
    key.inner.sealing.set(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &aes).unwrap())).ok().unwrap();
    let nonce: [u8; 12] = hex("cafebabefacedbaddecaf888").try_into().unwrap();
    let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let plaintext = hex(concat!(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    ));
    let expected = hex(concat!(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        "76fc6ece0f4e1768cddf8853bb2d551b"
    ));
    let mut out = Vec::new();
    key.encrypt(nonce, &aad, &plaintext, &mut out).unwrap();
    assert_eq!(out, expected);
    assert_eq!(key.decrypt(nonce, &aad, &out).unwrap().as_slice(), plaintext);
}

#[test]
fn derived_keys_differ_by_label_and_repeat_by_label() {
    let key = Key::generate().unwrap();
    assert_eq!(key.derive("a").expose(), key.derive("a").expose());
    assert_ne!(key.derive("a").expose(), key.derive("b").expose());
    assert_ne!(key.derive("a").expose(), key.expose());
    assert_ne!(key.derive("").expose(), key.derive("\0").expose());
}

#[test]
fn equal_records_seal_differently() {
    let key = Key::generate().unwrap();
    assert_ne!(key.seal(b"c", b"same").unwrap(), key.seal(b"c", b"same").unwrap());
}

#[test]
fn tags_repeat_under_one_key_and_differ_under_another() {
    let (one, other) = (Key::generate().unwrap(), Key::generate().unwrap());
    assert_eq!(one.tag(b"ada@example.org"), one.clone().tag(b"ada@example.org"));
    assert_ne!(one.tag(b"ada@example.org"), other.tag(b"ada@example.org"));
    assert_ne!(one.tag(b"ada@example.org"), one.tag(b"bob@example.org"));
}

#[test]
fn a_wrapped_key_is_not_a_sealed_record_and_the_other_way_round() {
    let key = Key::generate().unwrap();
    let wrapped = key.wrap(b"c", &Key::generate().unwrap()).unwrap();
    assert_eq!(wrapped.len(), WRAPPED_LEN);
    assert_eq!(key.open(b"c", &wrapped).unwrap_err(), OpenError::Format);
    let sealed = key.seal(b"c", &[7; 32]).unwrap();
    assert_eq!(key.unwrap_key(b"c", &sealed).err(), Some(OpenError::Format));
}

/// The commitment is what stops a wrapped key crafted to open under two keys, so a record whose GCM
/// part is right and whose commitment is another key's must be refused.
#[test]
fn a_wrapped_key_with_the_commitment_of_another_key_is_refused() {
    let (key, other) = (Key::generate().unwrap(), Key::generate().unwrap());
    let mut wrapped = key.wrap(b"c", &Key::generate().unwrap()).unwrap();
    let nonce: [u8; 12] = wrapped[1..13].try_into().unwrap();
    wrapped[13..45].copy_from_slice(other.commitment(&nonce, b"c").as_slice());
    assert_eq!(key.unwrap_key(b"c", &wrapped).err(), Some(OpenError::NotAuthentic));
    assert_eq!(other.unwrap_key(b"c", &wrapped).err(), Some(OpenError::NotAuthentic));
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_wrapped_key_is_refused() {
    let (key, inner) = (Key::generate().unwrap(), Key::generate().unwrap());
    let wrapped = key.wrap(b"person/7", &inner).unwrap();
    assert_eq!(key.unwrap_key(b"person/7", &wrapped).unwrap().expose(), inner.expose());
    assert!(key.unwrap_key(b"person/8", &wrapped).is_err());
    for bit in 0..wrapped.len() * 8 {
        let mut bad = wrapped.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(key.unwrap_key(b"person/7", &bad).is_err(), "bit {bit}");
    }
    for cut in 0..wrapped.len() {
        assert!(key.unwrap_key(b"person/7", &wrapped[..cut]).is_err(), "cut at {cut}");
    }
    assert!(key.unwrap_key(b"person/7", &[&wrapped[..], &[0]].concat()).is_err());
}

proptest! {
    #[test]
    fn a_record_opens_only_as_it_was_sealed(
        plaintext in prop::collection::vec(any::<u8>(), 0..300),
        context in prop::collection::vec(any::<u8>(), 0..40),
        at in any::<prop::sample::Index>(), flip in 1u8..,
        extra in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let key = Key::generate().unwrap();
        let sealed = key.seal(&context, &plaintext).unwrap();
        prop_assert_eq!(sealed.len(), plaintext.len() + SEAL_OVERHEAD);
        prop_assert_eq!(&**key.open(&context, &sealed).unwrap(), &plaintext);

        let mut bad = sealed.clone();
        bad[at.index(sealed.len())] ^= flip;
        prop_assert!(key.open(&context, &bad).is_err());
        prop_assert!(key.open(&context, &sealed[..at.index(sealed.len())]).is_err());
        prop_assert!(key.open(&context, &[&sealed[..], &extra].concat()).is_err());
        prop_assert!(key.open(&[&context[..], &extra].concat(), &sealed).is_err());
        prop_assert!(Key::generate().unwrap().open(&context, &sealed).is_err());
    }
}

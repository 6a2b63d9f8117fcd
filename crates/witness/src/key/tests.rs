use super::*;

#[test]
fn a_key_is_made_read_again_and_shown_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let made = make(&path, "witness.example/w1").unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(&path).unwrap().verifier(), made.verifier());
    let other = make(&folder.path().join("other"), "witness.example/w1").unwrap();
    assert_ne!(other.verifier(), made.verifier());
    for mode in [0o640, 0o604, 0o660, 0o644] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(read(&path), Err(FolderError::KeyShown(_))), "{mode:o}");
    }
}

#[test]
fn the_key_s_file_is_as_other_witnesses_write_theirs() {
    // The seed and the verifier key of a test of sigsum-go: 17, then zeroes.
    let mut seed = [0; 32];
    seed[0] = 17;
    let key = CosigningKey::from_seed("example.org/witness", &seed).unwrap();
    let written = text(&key, &seed);
    assert_eq!(
        written,
        "PRIVATE+KEY+example.org/witness+cacf2e50+BBEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
    );
    assert_eq!(parse(written.as_bytes()).unwrap().verifier(), key.verifier());
    for bad in [
        String::new(),
        written.replace("PRIVATE", "PUBLIC"),
        written.replace("witness", "w+tness"),
        written.replace("cacf2e50", "cacf2e51"),
        written.replace("+BB", "+AB"),
        written.replace("AAA\n", "\n"),
        written.trim_end().to_owned(),
        format!("{written}\n"),
    ] {
        assert!(parse(bad.as_bytes()).is_none(), "{bad}");
    }
}

#[test]
fn a_name_that_no_key_can_bear_makes_no_key() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
        assert!(matches!(make(&folder.path().join("key"), name), Err(FolderError::Name(_))));
    }
    assert!(!folder.path().join("key").exists());
}

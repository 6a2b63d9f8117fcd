use proptest::prelude::*;

use super::*;
use crate::tests::altered;

#[test]
fn examples_of_rfc_4648_are_read_and_other_texts_of_the_same_bytes_are_not() {
    for (text, bytes) in [
        ("", ""),
        ("Zg==", "f"),
        ("Zm8=", "fo"),
        ("Zm9v", "foo"),
        ("Zm9vYg==", "foob"),
        ("Zm9vYmE=", "fooba"),
    ] {
        assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
    }
    for bad in
        ["Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm8=Zm9v", "====", " Zg==", "Zg==\n", "Zm9v-w==", "Z m9v"]
    {
        assert_eq!(decode(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn a_value_has_one_text(bytes: Vec<u8>, text in any::<Vec<u8>>().prop_flat_map(|bytes| altered(BASE64.encode(&bytes)))) {
        prop_assert_eq!(decode(&BASE64.encode(&bytes)), Some(bytes));
        let text = String::from_utf8_lossy(&text).into_owned();
        if let Some(bytes) = decode(&text) {
            prop_assert_eq!(BASE64.encode(&bytes), text);
        }
    }
}

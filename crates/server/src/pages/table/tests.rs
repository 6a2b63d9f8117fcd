use super::*;
use proptest::prelude::*;

fn text(kind: &str, name: &str) -> String {
    disposition(kind, name).to_str().unwrap().to_owned()
}

#[test]
fn a_plain_name_is_kept() {
    assert_eq!(
        text("attachment", "plan 7.pdf"),
        "attachment; filename=\"plan 7.pdf\"; filename*=UTF-8''plan%207.pdf"
    );
}

#[test]
fn an_arabic_name_is_exact_in_the_second_parameter() {
    assert_eq!(
        text("inline", "عقد.pdf"),
        "inline; filename=\"___.pdf\"; filename*=UTF-8''%D8%B9%D9%82%D8%AF.pdf"
    );
}

#[test]
fn a_path_is_cut_to_its_last_part() {
    assert_eq!(
        text("attachment", "../../etc/passwd"),
        "attachment; filename=\"passwd\"; filename*=UTF-8''passwd"
    );
    assert_eq!(text("attachment", "C:\\x\\"), "attachment; filename=\"document\"; filename*=UTF-8''document");
}

proptest! {
    #[test]
    fn no_name_leaves_its_field(name in "\\PC*|[\\x00-\\x7f]*") {
        let text = text("attachment", &name);
        prop_assert!(text.starts_with("attachment; filename=\""));
        prop_assert_eq!(text.matches('"').count(), 2);
        prop_assert_eq!(text.matches(';').count(), 2);
        prop_assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    }

    #[test]
    fn a_text_contains_its_own_words(words in prop::collection::vec("[a-zA-Zäß]{1,6}", 1..5)) {
        prop_assert!(contains(&words.join(" "), &words.iter().rev().map(|w| w.to_uppercase()).collect::<Vec<_>>().join("  ")) || words.iter().any(|w| w.contains('ß')));
    }
}

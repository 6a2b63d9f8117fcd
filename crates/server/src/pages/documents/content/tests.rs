use super::*;
use proptest::prelude::*;

#[test]
fn what_could_run_script_is_never_shown() {
    for media_type in [
        "text/html",
        "TEXT/HTML; charset=utf-8",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/xml",
        "application/xml",
        "text/javascript",
        "application/javascript",
        "multipart/x-mixed-replace",
        "",
        "text/html,text/plain",
    ] {
        assert_eq!(readable(media_type, "note.txt"), None, "{media_type}");
    }
    assert_eq!(readable("application/octet-stream", "page.html"), None);
    assert_eq!(readable("application/octet-stream", "picture.svg"), None);
}

#[test]
fn a_text_is_shown_as_its_characters() {
    assert_eq!(readable("text/markdown", "a.md"), Some(TEXT));
    assert_eq!(readable("application/octet-stream", "controller.RS"), Some(TEXT));
    assert_eq!(readable("application/pdf", "a.html"), Some(PDF));
}

proptest! {
    #[test]
    fn whatever_the_uploader_said_the_type_is_one_of_ours(media_type in "\\PC*", name in "\\PC*") {
        let ours = [PDF, TEXT, "image/png", "image/jpeg", "image/gif", "image/webp"];
        prop_assert!(readable(&media_type, &name).is_none_or(|shown| ours.contains(&shown)));
    }
}

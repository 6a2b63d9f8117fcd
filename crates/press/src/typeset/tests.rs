use super::{Desk, FACES, Order, REST, TEMPLATES, TEXT, date, pdf, set};
use serde_json::json;
use typst::foundations::Dict;
use typst::syntax::{FileId, RootedPath, VirtualPath, VirtualRoot};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

#[test]
fn faces_and_templates_are_all_there() {
    let families: Vec<&str> = FACES.fonts.iter().map(|font| font.info().family.as_str()).collect();
    assert_eq!(families, [TEXT, TEXT, REST, "DejaVu Sans Mono"]);
    assert_eq!(TEMPLATES.len(), 4);
}

#[test]
fn the_typesetter_sees_no_file_no_package_and_no_clock() {
    let library = LazyHash::new(Library::builder().with_inputs(Dict::new()).build());
    let desk = Desk { library, main: TEMPLATES[0].1.id() };
    for path in ["/etc/passwd", "Cargo.toml", "secret.json"] {
        let id = FileId::new(RootedPath::new(VirtualRoot::Project, VirtualPath::new(path).unwrap()));
        assert!(desk.file(id).is_err() && desk.source(id).is_err(), "{path}");
    }
    let package = VirtualRoot::Package("@preview/cetz:0.3.0".parse().unwrap());
    let id = FileId::new(RootedPath::new(package, VirtualPath::new("/index.typ").unwrap()));
    assert!(desk.source(id).is_err() && desk.file(id).is_err());
    // A template may be read as a source, which it is, and not as a file.
    assert!(desk.file(desk.main()).is_err());
    assert!(desk.today(None).is_none());
}

#[test]
fn what_is_missing_is_an_error_and_no_panic() {
    let order = |template| Order { template, ident: String::new(), creator: "Ringfence", made: 0 };
    let told = |error: crate::PressError| error.to_string();
    let missing = told(pdf(&order("nowhere.typ"), &json!({})).unwrap_err());
    assert_eq!(missing, "a document could not be typeset: there is no template `nowhere.typ`");
    let empty = told(pdf(&order("index.typ"), &json!({})).unwrap_err());
    assert!(empty.starts_with("a document could not be typeset: dictionary does not contain key"), "{empty}");
    assert!(told(pdf(&order("index.typ"), &json!(3)).unwrap_err()).contains("prepared"));
    assert!(set(&order("index.typ"), json!({ "e": u64::MAX, "head": "", "linked": true })).is_err());
}

#[test]
fn a_date_that_a_pdf_cannot_bear_is_left_out() {
    let written = date(1_772_529_164_000).unwrap();
    assert_eq!((written.year(), written.day(), written.second()), (Some(2026), Some(3), Some(44)));
    assert!(date(i64::MAX).is_none() && date(i64::MIN).is_none());
}

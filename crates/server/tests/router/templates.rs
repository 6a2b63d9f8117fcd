//! What templates may not do, where the compiler lets them.

use server::app::route_list;
use std::path::Path;

/// A macro's parameter hides the field of the same name in the arguments that follow it and in the body of a `call`: the
/// page then shows another thing than its author wrote. No field ends in an underscore.
#[test]
fn no_parameter_of_a_macro_hides_a_field() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/partials");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for definition in text.split("{%- macro ").skip(1) {
            let head = definition.split("-%}").next().unwrap();
            let (name, parameters) = head.split_once('(').unwrap();
            let parameters = parameters.trim_end().trim_end_matches(')');
            for parameter in parameters.split(", ").filter(|one| !one.is_empty() && !one.contains('=')) {
                seen += 1;
                assert!(parameter.ends_with('_'), "{}: `{parameter}` of `{name}`", path.display());
            }
        }
    }
    assert!(seen > 50, "{seen} parameters found: the templates are written in another way now");
}

/// A list is there to be worked with: what can be paged through can be taken along, as a table and for a program.
#[test]
fn every_list_can_be_exported() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut lists = 0;
    for area in
        std::fs::read_dir(folder).unwrap().map(|area| area.unwrap().path()).filter(|path| path.is_dir())
    {
        for file in std::fs::read_dir(area).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains("ui::pager(") {
                lists += 1;
                assert!(text.contains("ui::exports("), "{} has no exports", path.display());
            }
        }
    }
    assert!(lists >= 10, "{lists} lists found: the templates are written in another way now");
    let paths: Vec<String> = route_list().into_iter().map(|route| route.path).collect();
    let tables = paths.iter().filter_map(|path| path.strip_suffix(".csv"));
    let (both, one): (Vec<_>, Vec<_>) = tables.partition(|list| paths.contains(&format!("{list}.json")));
    assert!(one.is_empty() && both.len() >= lists, "{one:?} is exported in one form only; {}", both.len());
}

use super::*;
use program::{PersonId, Subject, Time};
use proptest::prelude::*;

fn entry(sentence: &str) -> EntryView {
    EntryView {
        position: 7,
        time: Time(0),
        kind: "secret.retired".to_owned(),
        by: None,
        sentence: sentence.to_owned(),
        subjects: vec![Subject::from(PersonId(3))],
        fields: Vec::new(),
    }
}

#[test]
fn a_formula_is_made_harmless() {
    assert_eq!(cell_of("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
    assert_eq!(cell_of("a\"b"), "\"a\"\"b\"");
}

proptest! {
    #[test]
    fn a_line_is_read_back_as_six_cells_by_a_csv_reader(sentence in "\\PC*") {
        let line = csv_line(&entry(&sentence));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        prop_assert_eq!(record.len(), 6);
        let what = record.get(4).unwrap();
        prop_assert!(what == sentence || what.strip_prefix('\'') == Some(sentence.as_str()));
    }

    #[test]
    fn a_json_line_is_one_line_of_json(sentence in "\\PC*") {
        let line = json_line(&entry(&sentence));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(read["what"].as_str(), Some(sentence.as_str()));
        prop_assert!(!line.contains('\n'));
    }
}

//! A line is written back as it was read, its fields are its entry's, and no name stands twice.
#![no_main]

use ledger::Line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Given as it is, and as an entry with a field that is put into its digests: else none of a fuzzer's fields would ever fit.
    read(bytes);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some((name, value)) = text.split_once('\0')
        && let Ok(value) = serde_json::from_str::<serde_json::Value>(value)
        && let Ok(field) = ledger::Disclosure::new(ledger::Salt([7; 16]), name, value)
    {
        let fields = std::slice::from_ref(&field);
        let entry = ledger::Entry::new(17, 1_772_528_400_000, "document.opened", fields).expect("an entry");
        let line = Line { entry, disclosures: vec![field] };
        // 8.0 is written 8, and read as that.
        assert!(read(&line.to_bytes()).is_some());
    }
});

fn read(bytes: &[u8]) -> Option<Line> {
    let line = Line::parse(bytes).ok()?;
    assert_eq!(line.to_bytes(), bytes);
    let mut names: Vec<&str> = line.disclosures.iter().map(|field| field.name()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|two| two[0] != two[1]));
    assert!(line.disclosures.iter().all(|field| line.entry.commits_to(field)));
    Some(line)
}

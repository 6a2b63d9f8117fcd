//! An archive is exactly what its members' names, contents and checksums make; nothing can stand beside them.
#![no_main]

use ledger::archive::{Archive, Layout, crc32, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(archive) = Archive::parse(bytes) else { return };
    let layout = archive.layout();
    let stated = layout.members().iter().map(|one| (one.name().to_owned(), one.size(), one.crc()));
    assert_eq!(Layout::plan(stated).as_ref(), Ok(layout));
    assert_eq!(layout.length(), bytes.len() as u64);
    let mut again = Vec::with_capacity(bytes.len());
    for member in layout.members() {
        again.extend(member.header());
        again.extend(archive.content(member));
    }
    again.extend(layout.end());
    assert_eq!(again, bytes);
    let members = || layout.members().iter().map(|member| (member.name(), archive.content(member)));
    if layout.members().iter().all(|member| crc32(archive.content(member)) == member.crc()) {
        assert_eq!(write(members()).as_deref(), Ok(bytes));
    }
});

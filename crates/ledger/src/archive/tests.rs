use proptest::prelude::*;

use super::*;

fn good() -> Vec<u8> {
    write([("b/c.txt", b"second".as_slice()), ("a.txt", b"first"), ("empty", b"")]).unwrap()
}

fn reason(bytes: &[u8]) -> String {
    Archive::parse(bytes).unwrap_err().to_string()
}

/// Puts bytes in place of others of the same length, the first time they stand there after `from`.
fn replaced(bytes: &[u8], from: usize, old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = from + bytes[from..].windows(old.len()).position(|window| window == old).unwrap();
    let mut bytes = bytes.to_vec();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

#[test]
fn an_archive_is_exactly_the_bytes_of_the_document() {
    let bytes = write([("a", b"hi".as_slice())]).unwrap();
    let hex = "504b0304 1400 0008 0000 00002100 fb5a26ac 02000000 02000000 0100 0000 61 6869\
               504b0102 1400 1400 0008 0000 00002100 fb5a26ac 02000000 02000000 0100 0000000000000000 00000000 00000000 61\
               504b0506 00000000 0100 0100 2f000000 21000000 0000";
    let hex: String = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let mut expected = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    for place in [14, 33 + 16] {
        expected[place..place + 4].copy_from_slice(&crc32(b"hi").to_le_bytes());
    }
    assert_eq!(bytes, expected);
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926, "the check value of CRC-32");
}

#[test]
fn members_are_read_where_they_stand() {
    let bytes = good();
    let archive = Archive::parse(&bytes).unwrap();
    let names: Vec<&str> = archive.layout().members().iter().map(Member::name).collect();
    assert_eq!(names, ["a.txt", "b/c.txt", "empty"]);
    assert_eq!(archive.get("a.txt"), Some(b"first".as_slice()));
    assert_eq!(archive.get("b/c.txt"), Some(b"second".as_slice()));
    assert_eq!(archive.get("empty"), Some(b"".as_slice()));
    assert_eq!(archive.get("b"), None);
    assert_eq!(archive.layout().length(), bytes.len() as u64);
    assert!(archive.layout().members().iter().all(|one| one.crc() == crc32(archive.content(one))));
    let none = write([]).unwrap();
    assert_eq!(none.len(), 22);
    assert!(Archive::parse(&none).unwrap().layout().members().is_empty());
}

#[test]
fn names_that_could_leave_a_folder_or_hide_another_are_refused() {
    for name in [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "./a",
        ".hidden",
        "a/.b",
        "a.",
        "a./b",
        "a\\b",
        "C:a",
        "a b",
        "ä",
        "a\0",
        "a\n",
        "~",
        "a%2e",
        &"a".repeat(101),
        &["a".repeat(100), "b".repeat(100), "c".repeat(49)].join("/"),
    ] {
        assert!(!is_name(name), "{name:?}");
        assert!(write([(name, b"".as_slice())]).is_err(), "{name:?}");
    }
    for name in ["a", "a.b", "A-1_b.c", "a..b", "a/b/c", "0", &"a".repeat(100), "-", "_"] {
        assert!(is_name(name), "{name:?}");
    }
    for names in
        [["a", "a"], ["a", "A"], ["a", "a/b"], ["A/b", "a"], ["a/B", "A/b"], ["x/a", "x/A/b"], ["a", "a/b/c"]]
    {
        assert!(write(names.map(|name| (name, b"".as_slice()))).is_err(), "{names:?}");
    }
    // What only looks like it is allowed.
    for names in [["a", "a.b"], ["a-", "a"], ["a.x", "a/x"], ["ab", "a/b"], ["x/a", "a"]] {
        assert!(write(names.map(|name| (name, b"".as_slice()))).is_ok(), "{names:?}");
    }
    assert!(Layout::plan([("b".into(), 0, 0), ("a".into(), 0, 0)]).is_err(), "not in order");
    assert!(Layout::plan([("b".into(), LIMIT - 32, 0)]).is_ok());
    assert!(Layout::plan([("b".into(), LIMIT - 31, 0)]).is_err(), "too large");
    assert!(Layout::plan([("b".into(), u64::MAX, 0)]).is_err());
    let many = |count: u32| Layout::plan((0..count).map(|n| (format!("{n:05}"), 0, 0)));
    assert!(many(65_534).is_ok());
    assert!(many(65_535).is_err());
}

#[test]
fn tricks_with_zip_are_refused() {
    let bytes = good();
    let central = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let end = bytes.len() - 22;
    let with = |at: usize, new: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    };
    for (trick, bytes) in [
        ("nothing", Vec::new()),
        ("something else", b"%PDF-1.7, and long enough to be an end".to_vec()),
        ("bytes before", [b"x", bytes.as_slice()].concat()),
        ("bytes after", [bytes.as_slice(), b"x"].concat()),
        ("a second end after", [bytes.as_slice(), &bytes[end..]].concat()),
        ("cut off", bytes[..bytes.len() - 1].to_vec()),
        ("a comment", [&with(end + 20, &[1, 0]), b"x".as_slice()].concat()),
        ("other disk", with(end + 4, &[1, 0])),
        ("fewer members on this disk", with(end + 8, &[2, 0])),
        ("fewer members", with(end + 8, &[2, 0, 2, 0])),
        ("more members", with(end + 8, &[4, 0, 4, 0])),
        ("the number of zip64", with(end + 8, &[0xff; 4])),
        ("the places of zip64", with(end + 12, &[0xff; 8])),
        ("central headers elsewhere", with(end + 16, &[0])),
        ("a data descriptor", with(6, &[8, 8])),
        ("a data descriptor, centrally", with(central + 8, &[8, 8])),
        ("encrypted", with(6, &[1, 8])),
        ("compressed", with(8, &[8, 0])),
        ("compressed, both say", replaced(&with(8, &[8, 0]), central, &[0, 8, 0, 0], &[0, 8, 8, 0])),
        ("a time", with(10, &[1])),
        ("another checksum in one header", with(14, &[0, 0, 0, 0])),
        ("a bomb's size", with(22, &[0xff, 0xff, 0xff, 0x7f])),
        ("a bomb's size, centrally", with(central + 24, &[0xff, 0xff, 0xff, 0x7f])),
        ("a bomb's sizes, centrally", with(central + 20, &[0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f])),
        ("an extra field", with(28, &[4, 0])),
        ("an extra field, centrally", with(central + 30, &[4, 0])),
        ("a member's comment", with(central + 32, &[4, 0])),
        ("made on another system", with(central + 5, &[3])),
        ("attributes", with(central + 38, &[0xed])),
        ("another name in one header", with(30, b"b.txt")),
        ("a path upwards", replaced(&with(30, b"../xx"), central, b"a.txt", b"../xx")),
        ("an absolute path", replaced(&with(30, b"/xxxx"), central, b"a.txt", b"/xxxx")),
        (
            "the same place twice",
            replaced(&bytes, central + 46, &(30u32 + 5 + 5).to_le_bytes(), &[0, 0, 0, 0]),
        ),
    ] {
        assert!(Archive::parse(&bytes).is_err(), "{trick}");
    }
    assert_eq!(reason(&with(8, &[8, 0])), "at byte 8: a member is compressed");
    assert_eq!(reason(&with(28, &[4, 0])), "at byte 28: a member has an extra field");
}

#[test]
fn gaps_overlaps_and_another_order_are_refused() {
    let (one, two) = (write([("a", b"1".as_slice())]).unwrap(), write([("b", b"2".as_slice())]).unwrap());
    let (local, central) = (31 + 1, 47);
    // Puts together an archive of local and central headers as they are given, with a true end.
    let made = |before: &[&[u8]], headers: &[&[u8]], count: usize| {
        let (before, headers) = (before.concat(), headers.concat());
        let end = end_record(count, headers.len() as u64, before.len() as u64);
        [before, headers, end].concat()
    };
    let (a, b) = (&one[..local], &two[..local]);
    let header = |bytes: &[u8], offset: u32| {
        let mut header = bytes[local..local + central].to_vec();
        header[42..46].copy_from_slice(&offset.to_le_bytes());
        header
    };
    let (at_0, at_32) = (header(&one, 0), header(&two, 32));
    assert_eq!(
        made(&[a, b], &[&at_0, &at_32], 2),
        write([("a", b"1".as_slice()), ("b", b"2")]).unwrap(),
        "the helper makes what it should"
    );
    for (trick, bytes) in [
        ("central headers in another order", made(&[a, b], &[&at_32, &at_0], 2)),
        ("members in another order", made(&[b, a], &[&header(&one, 32), &header(&two, 0)], 2)),
        ("all in another order", made(&[b, a], &[&header(&two, 0), &header(&one, 32)], 2)),
        ("a member that the central headers do not name", made(&[a, b], &[&at_0], 1)),
        ("a member that is named twice", made(&[a, b], &[&at_0, &at_0, &at_32], 3)),
        ("two members of a name", made(&[a, a], &[&at_0, &header(&one, 32)], 2)),
        ("a gap", made(&[a, b"x", b], &[&at_0, &header(&two, 33)], 2)),
        ("a gap that is not stated", made(&[a, b"x", b], &[&at_0, &at_32], 2)),
        ("a gap before the central headers", made(&[a, b, b"x"], &[&at_0, &at_32], 2)),
        ("members that overlap", made(&[a, b], &[&at_0, &header(&two, 16)], 2)),
        ("one member inside another", {
            let outer = [b"12".as_slice(), b].concat();
            let outer = write([("a", outer.as_slice())]).unwrap();
            let at = outer.len() - 22 - 47;
            made(&[&outer[..at]], &[&outer[at..at + 47], &header(&two, 33)], 2)
        }),
    ] {
        assert!(Archive::parse(&bytes).is_err(), "{trick}");
    }
}

#[test]
fn other_readers_of_zip_read_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("bundle.zip");
    std::fs::write(&place, good()).unwrap();
    let script = "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), [(i.filename, z.read(i).decode()) for i in z.infolist()])";
    let output = std::process::Command::new("python3").args(["-c", script]).arg(&place).output();
    let Ok(output) = output else {
        eprintln!("SKIPPED, NOTHING WAS CHECKED: `python3` is not installed");
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "None [('a.txt', 'first'), ('b/c.txt', 'second'), ('empty', '')]"
    );
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_back(
        members in prop::collection::btree_map("[a-c]{1,2}/[a-z0-9_-]{1,8}", prop::collection::vec(any::<u8>(), 0..40), 0..8),
    ) {
        let bytes = write(members.iter().map(|(name, content)| (name.as_str(), content.as_slice()))).unwrap();
        let archive = Archive::parse(&bytes).unwrap();
        prop_assert_eq!(archive.layout().members().len(), members.len());
        for (name, content) in &members {
            prop_assert_eq!(archive.get(name), Some(content.as_slice()));
        }
    }

    #[test]
    fn one_byte_of_the_shape_changed_is_another_content_or_unreadable(at: prop::sample::Index, flip in 1u8..) {
        let mut bytes = good();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(archive) = Archive::parse(&bytes) {
            let spoilt = archive.layout().members().iter().filter(|one| one.crc() != crc32(archive.content(one)));
            prop_assert_eq!(spoilt.count(), 1, "a checksum tells");
        }
    }

    #[test]
    fn hostile_bytes_never_panic(bytes: Vec<u8>, count: u16, size: u32, offset: u32) {
        let _ = Archive::parse(&bytes);
        let _ = Archive::parse(&[bytes, end_record(count.into(), size.into(), offset.into())].concat());
    }
}

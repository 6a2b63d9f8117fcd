use super::{Anchor, Dated, Entry, Evidence, Existence, File, Opening, SealedDocument, Seen, Stamp, Who};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const DIGEST: &str = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";

fn entry(position: u64, kind: &str, shown: &[(&str, &str)]) -> Entry {
    Entry {
        position,
        time: format!("2026-03-03 09:12:{:02}.120 UTC", position % 60),
        kind: kind.to_owned(),
        shown: shown.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        withheld: 2,
    }
}

fn sample() -> Evidence {
    Evidence {
        organisation: "Halden Optics AS".to_owned(),
        secret: "S-1".to_owned(),
        title: "Lumafilm bath".to_owned(),
        as_of: "2026-03-03 17:00:00.000 UTC".to_owned(),
        made: "2026-03-04 09:12:44.120 UTC".to_owned(),
        made_at: 1_772_615_564_120,
        program: "Ringfence 0.1.0".to_owned(),
        key: "ringfence.local/record+1c2f3a4b+AcJ2GpyYv4oX0lTlnBYvXQ8e4nM7Yy8QqJd9x3v2k1mZ".to_owned(),
        size: 812,
        entries: vec![
            entry(3, "secret.submitted", &[("title", "Lumafilm bath"), ("tier", "secret")]),
            entry(4, "document.added", &[("digest", DIGEST), ("document", "D-1")]),
            entry(17, "access.granted", &[("grant", "G-1"), ("person", "P-2")]),
            entry(21, "document.opened", &[("document", "D-1"), ("person", "P-2")]),
        ],
        withheld: 8,
        clock_jumps: 1,
        who: Some(vec![
            Who {
                person: "Eva Engineer (P-2)".to_owned(),
                opens: true,
                grant: Some(("G-1".to_owned(), 17)),
                failing: String::new(),
                grounds: vec![3, 17],
            },
            Who {
                person: "محمد السيد (P-3)".to_owned(),
                opens: false,
                grant: None,
                failing: "grant, training".to_owned(),
                grounds: Vec::new(),
            },
        ]),
        openings: vec![Opening {
            position: 21,
            time: "2026-03-03 09:12:21.120 UTC".to_owned(),
            person: "Eva Engineer (P-2)".to_owned(),
            what: "D-1".to_owned(),
            opened: true,
        }],
        files: vec![File {
            path: "documents/D-1.pdf".to_owned(),
            sha256: DIGEST.to_owned(),
            size: 51_234,
            entry: Some(4),
        }],
        anchors: vec![Anchor {
            size: 30,
            stamps: vec![Stamp {
                path: "anchors/30/1".to_owned(),
                authority: "Stamps AG".to_owned(),
                time: "2026-03-03 10:00:00.000 UTC".to_owned(),
                seconds: 1_772_532_000,
                lists: vec!["revocation/1f.crl".to_owned(), "revocation/2e.crl".to_owned()],
                revocation_missing: None,
            }],
        }],
        by_hand: None,
    }
}

fn existence(documents: usize, seen: bool) -> Existence {
    let dated = |position: u64| Dated {
        position,
        time: format!("2026-03-03 09:12:{position:02}.120 UTC"),
        seen: seen.then(|| Seen {
            who: vec!["Stamps AG".to_owned()],
            time: "2026-03-03 10:00:00.000 UTC".to_owned(),
            stamped: true,
            size: 30,
        }),
    };
    let sealed = |number: usize| SealedDocument {
        sha256: DIGEST.to_owned(),
        dated: dated(u64::try_from(number).unwrap() + 4),
    };
    let e = sample();
    Existence {
        secret: e.secret,
        made: e.made,
        made_at: e.made_at,
        program: e.program,
        key: e.key,
        texts: vec![dated(3)],
        documents: (0..documents).map(sealed).collect(),
    }
}

/// Hands bytes to a program and takes its output: the second opinion on every document.
fn ask(program: &str, arguments: &[&str], pdf: &[u8]) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} (./test installs it): {error}"));
    let (mut stdin, pdf) = (child.stdin.take().unwrap(), pdf.to_vec());
    let writing = std::thread::spawn(move || stdin.write_all(&pdf));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// The text of a sound PDF that says it is PDF/A-2a and PDF/UA-1.
fn read(pdf: &[u8]) -> String {
    // It has to jump about in a file, and does not read a pipe.
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("press-{}-{number}.pdf", std::process::id()));
    std::fs::write(&file, pdf).unwrap();
    let checked = ask("qpdf", &["--check", file.to_str().unwrap()], &[]);
    std::fs::remove_file(&file).unwrap();
    assert!(checked.contains("No syntax or stream encoding errors"), "{checked}");
    let says = |what: &str| pdf.windows(what.len()).any(|window| window == what.as_bytes());
    for claim in ["<pdfaid:part>2<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"] {
        assert!(says(claim), "{claim}");
    }
    ask("pdftotext", &["-raw", "-", "-"], pdf)
}

/// As one line, and with nothing between the pieces of a word that was broken.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_index_tells_what_the_page_tells() {
    let text = read(&sample().index_pdfs().unwrap()[0]);
    let said = flat(&text);
    for told in [
        "Evidence about Lumafilm bath (S-1)",
        "Halden Optics AS",
        "4 of 812 entries; 8 of their fields are withheld",
        "Eva Engineer (P-2) yes G-1, entry 17",
        "no: grant, training",
        "D-1.pdf 51234",
        "The first 30 entries",
        "time stamp by Stamps AG of 2026-03-03 10:00:00.000 UTC",
        "access.granted",
        "Page 1 of",
    ] {
        assert!(said.contains(told), "`{told}` is not in: {said}");
    }
    // A digest can be copied out of it: the places where it may break are not in the text.
    assert!(text.replace('\n', "").contains(DIGEST), "{text}");
    let nothing = Evidence {
        organisation: String::new(),
        title: String::new(),
        who: None,
        openings: Vec::new(),
        files: Vec::new(),
        anchors: Vec::new(),
        entries: Vec::new(),
        ..sample()
    };
    let said = flat(&read(&nothing.index_pdfs().unwrap()[0]));
    assert!(said.contains("This is withheld.") && said.contains("Nobody outside is shown"), "{said}");
    assert!(!said.contains("Halden") && !said.contains("Lumafilm"), "{said}");
}

#[test]
fn the_certificate_says_the_same_words_as_its_page() {
    let e = sample();
    let said = flat(&read(&e.certificate_pdf().unwrap()));
    let page = e.certificate().unwrap().replace("&ldquo;", "“").replace("&rdquo;", "”").replace("&nbsp;", "");
    let page = page.replace("<h1>", "<h1>. ").replace("<tr>", "<tr>. ").replace("<th>", "<th>. ");
    let page = page.replace("<div", ". <div").replace("</td>", "</td>. ");
    let mut words = String::new();
    for piece in page.split('<').skip_while(|piece| !piece.starts_with("body")) {
        words.push_str(piece.split_once('>').map_or("", |(_, text)| text));
        words.push(' ');
    }
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let said = letters(&said);
    for sentence in words.split(['.', ':', ';', '(', ')', ',']).map(letters) {
        assert!(said.contains(&sentence), "`{sentence}` is not in: {said}");
    }
}

#[test]
fn the_proof_says_who_vouches_and_plainly_when_nobody_does() {
    let text = read(&existence(1, true).pdf().unwrap());
    let said = flat(&text);
    for told in [
        "The exact text of this version and the document whose digest stands below existed on 2026-03-03 10:00:00.000 UTC at the latest.",
        "Outside the organisation, that date is vouched for by the time-stamping authority Stamps AG:",
        "sha256sum FILE",
        "Page 1 of 1",
    ] {
        assert!(said.contains(told), "`{told}` is not in: {said}");
    }
    assert!(text.replace('\n', "").contains(DIGEST), "{text}");
    let said = flat(&read(&existence(2, false).pdf().unwrap()));
    assert!(said.contains("Nobody outside the organisation vouches for a date"), "{said}");
    assert!(said.contains("and the 2 documents whose digests stand below were recorded"), "{said}");
    let mut partly = existence(2, true);
    partly.documents[1].dated.seen = None;
    let said = flat(&read(&partly.pdf().unwrap()));
    assert!(said.contains("For some of it nobody outside the organisation vouches"), "{said}");
    let mut witnessed = existence(0, true);
    let seen = witnessed.texts[0].seen.as_mut().unwrap();
    (seen.who, seen.stamped) = (vec!["a.example".to_owned(), "b.example".to_owned()], false);
    let said = flat(&read(&witnessed.pdf().unwrap()));
    assert!(said.contains("vouched for by the witnesses a.example and b.example:"), "{said}");
    assert!(
        flat(&read(&existence(0, true).pdf().unwrap())).contains("The exact text of this version existed on")
    );
}

#[test]
fn a_long_index_has_volumes_and_each_entry_stands_in_one() {
    let mut e = sample();
    e.entries = (0..70).map(|at| entry(1_000 + at, "x", &[("field", "value")])).collect();
    e.openings.truncate(1);
    let volumes: Vec<String> = e.volumes(30).unwrap().iter().map(|pdf| flat(&read(pdf))).collect();
    assert_eq!(volumes.len(), 3);
    for at in 0..70 {
        let found = volumes.iter().filter(|said| said.contains(&format!(" {} 2026", 1_000 + at))).count();
        assert_eq!(found, 1, "entry {}", 1_000 + at);
    }
    for (number, said) in (1..).zip(&volumes) {
        assert!(
            said.contains(&format!("volume {number} of 3")) && said.contains("70 of 812 entries"),
            "{said}"
        );
        assert_eq!(said.contains("Who else has seen the record"), number == 1, "{said}");
    }
    assert!(volumes[1].contains("There are no more."), "{}", volumes[1]);
}

#[test]
fn a_check_of_lists_is_written_out_only_where_there_are_lists() {
    let with = |lists: &[&str], missing: Option<&str>| {
        let mut e = sample();
        e.anchors[0].stamps[0].lists = lists.iter().map(|list| (*list).to_owned()).collect();
        e.anchors[0].stamps[0].revocation_missing = missing.map(str::to_owned);
        e.readme().unwrap()
    };
    let listed = with(&["revocation/1f.crl"], None);
    assert!(
        listed.contains("for list in revocation/1f.crl; do") && listed.contains("-crl_check_all"),
        "{listed}"
    );
    for (readme, says) in [
        // As in records from before lists were kept, and where the signer is its own root.
        (with(&[], None), "No list of revoked certificates was kept with it"),
        (with(&["revocation/1f.crl"], Some("certificate 2 names none")), "certificate 2 names none"),
    ] {
        assert!(readme.contains(says) && !readme.contains("-crl_check_all"), "{readme}");
    }
}

#[test]
fn the_same_evidence_gives_the_same_bytes() {
    let e = sample();
    assert_eq!(e.index_pdfs().unwrap()[0], e.index_pdfs().unwrap()[0]);
    assert_eq!(e.certificate_pdf().unwrap(), e.certificate_pdf().unwrap());
    assert_eq!(existence(3, true).pdf().unwrap(), existence(3, true).pdf().unwrap());
    let later = Evidence { made_at: e.made_at + 1_000, ..sample() };
    assert_ne!(e.index_pdfs().unwrap()[0], later.index_pdfs().unwrap()[0], "a document bears its date");
}

#[test]
fn text_from_people_is_told_and_never_obeyed() {
    let hostile = [
        "#eval(\"panic()\") #read(\"/etc/passwd\") #import \"@preview/x:1.0.0\"",
        "$ x^2 $ ] } ) [#pagebreak()] \\ \\u{41} ` ``` // comment /* */",
        "= Heading\n- list\n+ enum\n/ term: x\n<label> @ref ~ -- --- ... 'q' \"q\" *b* _i_ https://example.com",
        "</text><script>alert(1)</script> %PDF-1.7 endobj (x) Tj",
        "NUL \0 bell \u{7} mark \u{200F} override \u{202E}gnp.exe\u{202C} isolate \u{2067}x\u{2069}",
        "中文 हिन्दी ไทย 🏳\u{FE0F}\u{200D}🌈 \u{10FFFF} \u{FFFE}",
        "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307} \u{301}first",
        "محمد\u{200C}علی 123 (abc) שלום",
    ];
    let mut e = sample();
    e.organisation = format!("{} {}", hostile[0], hostile[5]);
    e.title = hostile[1].to_owned();
    e.entries.push(Entry {
        position: u64::MAX,
        time: hostile[4].to_owned(),
        kind: "x".repeat(5_000),
        shown: hostile.iter().map(|text| ((*text).to_owned(), (*text).to_owned())).collect(),
        withheld: 7,
    });
    e.openings.push(Opening {
        position: u64::MAX,
        time: String::new(),
        person: "w".repeat(10_000),
        what: hostile[7].to_owned(),
        opened: false,
    });
    let said = flat(&read(&e.index_pdfs().unwrap()[0]));
    for told in [
        "#eval(\"panic()\") #read(\"/etc/passwd\") #import \"@preview/x:1.0.0\"",
        "$ x^2 $ ] } ) [#pagebreak()] \\ \\u{41} ` ``` // comment /* */",
        "- list + enum / term: x <label> @ref ~ -- --- ... 'q' \"q\" *b* _i_",
        "NUL [U+0000] bell [U+0007] mark [U+200F] override [U+202E]gnp.exe[U+202C]",
        "[U+4E2D][U+6587]",
        "[U+0301]first",
        "18446744073709551615",
    ] {
        let letters = |text: &str| text.replace([' ', '\u{2068}', '\u{2069}'], "");
        assert!(letters(&said).contains(&letters(told)), "`{told}` is not in: {said}");
    }
    read(&e.certificate_pdf().unwrap());
    let mut proof = existence(1, true);
    proof.secret = hostile.concat();
    proof.documents[0].sha256 = hostile.concat();
    proof.texts[0].seen.as_mut().unwrap().who = vec![hostile.concat()];
    read(&proof.pdf().unwrap());
}

/// Characters of all planes in all neighbourhoods: nothing that stands in a text can keep a document from being made.
#[test]
fn whatever_is_written_is_typeset() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        u32::try_from(state % u64::from(below)).unwrap()
    };
    let blocks = [0x80, 0x250, 0x600, 0x900, 0x2100, 0x3000, 0x1_0000, 0x2_0000, 0x11_0000];
    let mut text = |length: usize| -> String {
        let mut made = String::new();
        while made.chars().count() < length {
            let block = blocks[usize::try_from(next(9)).unwrap()];
            made.extend(char::from_u32(next(block)));
            if next(7) == 0 {
                made.push(' ');
            }
        }
        made
    };
    let mut e = sample();
    e.entries = (0..200).map(|at| entry(at, "x", &[(&text(5), &text(60))])).collect();
    e.who = None;
    e.openings.clear();
    e.files.clear();
    e.title = text(200);
    read(&e.index_pdfs().unwrap()[0]);
}

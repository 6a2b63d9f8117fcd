//! For each check of docs/record-format.md, section 9, bundles in which that one fails, and everything before it holds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "helpers of tests may panic as tests do"
)]

mod support;

use ledger::bundle::Verdict;
use ledger::{Checkpoint, Digest, Disclosure, Salt, SignedNote, cosign, sign_checkpoint};
use serde_json::{Value, json};
use support::*;

/// A sealed bundle that somebody has changed afterwards.
#[track_caller]
fn changed(check: &str, at: &str, change: impl FnOnce(&mut Bundle)) {
    let mut bundle = small();
    assert!(matches!(bundle.verdict(), Verdict::Verified(_)));
    change(&mut bundle);
    fails(&bundle.verdict(), check, at);
}

/// A bundle that whoever holds the record's key has made wrong.
#[track_caller]
fn made(check: &str, at: &str, change: impl FnOnce(&mut Draft)) {
    let mut draft = small_draft();
    change(&mut draft);
    fails(&draft.verdict(), check, at);
}

#[test]
fn container() {
    for name in small().members.keys().filter(|name| *name != "documents/empty") {
        let mut zip = small().zip();
        let archive = ledger::archive::Archive::parse(&zip).unwrap();
        let at = archive.layout().find(name).unwrap().1.offset();
        zip[at as usize] ^= 1;
        fails(&verdict_of(&zip), "container", name);
    }
}

#[test]
fn manifest_members_are_there() {
    for name in ["checkpoint", "entries.txt", "export.txt", "manifest.json", "policy"] {
        changed("manifest", name, |bundle| drop(bundle.members.remove(name)));
    }
    let nothing = Bundle { members: Default::default() };
    fails(&nothing.verdict(), "manifest", "checkpoint");
}

#[test]
fn manifest_is_as_documented() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 41] = [
        ("no object", |m| *m = json!([])),
        ("no format", |m| m["format"] = Value::Null),
        ("another format", |m| m["format"] = json!("ringfence-evidence/2")),
        ("no origin", |m| drop(m.as_object_mut().unwrap().remove("origin"))),
        ("origin is a number", |m| m["origin"] = json!(1)),
        ("no keys", |m| m["keys"] = json!([])),
        ("keys are no list", |m| m["keys"] = json!(record_key(0).verifier().to_string())),
        ("a key that is none", |m| m["keys"][0] = json!("ringfence.example/record+00000000+AAAA")),
        ("a key twice", |m| m["keys"] = json!([m["keys"][0], m["keys"][0]])),
        ("a witness's key", |m| m["keys"] = json!([witness(1).verifier().to_string()])),
        ("anchors are missing", |m| drop(m.as_object_mut().unwrap().remove("anchors"))),
        ("anchors in another order", |m| m["anchors"].as_array_mut().unwrap().reverse()),
        ("an anchor twice", |m| m["anchors"] = json!([m["anchors"][0], m["anchors"][0]])),
        ("an anchor of nothing", |m| m["anchors"][0]["size"] = json!(0)),
        ("an anchor without tokens", |m| drop(m["anchors"][0].as_object_mut().unwrap().remove("tokens"))),
        ("tokens below nothing", |m| m["anchors"][0]["tokens"] = json!(-1)),
        ("tokens as a text", |m| m["anchors"][0]["tokens"] = json!("0")),
        ("tokens with a fraction", |m| m["anchors"][0]["tokens"] = json!(0.5)),
        ("an anchor's size is too large", |m| m["anchors"][1]["size"] = json!(1u64 << 53)),
        ("files are missing", |m| drop(m.as_object_mut().unwrap().remove("files"))),
        ("files in another order", |m| m["files"].as_array_mut().unwrap().reverse()),
        ("a file twice", |m| {
            let files = m["files"].as_array_mut().unwrap();
            files.insert(0, files[0].clone());
        }),
        ("a file without path", |m| drop(m["files"][0].as_object_mut().unwrap().remove("path"))),
        ("a file without size", |m| drop(m["files"][0].as_object_mut().unwrap().remove("size"))),
        ("a file without digest", |m| drop(m["files"][0].as_object_mut().unwrap().remove("sha256"))),
        ("a digest in capitals", |m| {
            let digest = m["files"][0]["sha256"].as_str().unwrap().to_uppercase();
            m["files"][0]["sha256"] = json!(digest);
        }),
        ("a digest in base64", |m| m["files"][0]["sha256"] = json!(ledger::EMPTY_ROOT.to_base64())),
        ("an entry without a field", |m| m["files"][0]["entry"] = json!(3)),
        ("a field without an entry", |m| m["files"][0]["field"] = json!("digest")),
        ("an entry that is null", |m| {
            m["files"][0]["entry"] = Value::Null;
            m["files"][0]["field"] = Value::Null;
        }),
        ("an entry that is a text", |m| m["files"][3]["entry"] = json!("3")),
        ("a field that is a number", |m| m["files"][3]["field"] = json!(3)),
        ("an item that is no object", |m| m["files"][0] = json!("README.txt")),
        ("a size with an exponent", |m| m["files"][0]["size"] = json!(1e20)),
        ("shown is missing", |m| drop(m.as_object_mut().unwrap().remove("shown"))),
        ("shown is a text", |m| m["shown"] = json!("manifest")),
        ("nothing is shown", |m| m["shown"] = json!([])),
        ("the manifest is not shown", |m| m["shown"] = json!(["by"])),
        ("a name twice", |m| m["shown"] = json!(["by", "manifest", "manifest"])),
        ("names in another order", |m| m["shown"] = json!(["manifest", "by"])),
        ("a name that is a number", |m| m["shown"] = json!([1, "manifest"])),
    ];
    for (what, edit) in edits {
        let mut draft = small_draft();
        draft.edit_manifest = Some(edit);
        let verdict = draft.verdict();
        assert_eq!(verdict.failure().map(|failure| failure.at.as_str()), Some("manifest.json"), "{what}");
        fails(&verdict, "manifest", "manifest.json");
    }
}

#[test]
fn manifest_is_json_that_everybody_reads_alike() {
    let text = small().text("manifest.json");
    let number = text.replacen("\"tokens\": 0", "\"tokens\": 0.0", 1);
    assert_ne!(number, text);
    for (what, bytes) in [
        ("not JSON", b"{".to_vec()),
        ("empty", Vec::new()),
        ("a byte order mark", [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat()),
        (
            "not UTF-8",
            text.replace("S-1", "\u{1}")
                .into_bytes()
                .iter()
                .map(|b| if *b == 1 { 0xff } else { *b })
                .collect(),
        ),
        ("more after it", format!("{text}{{}}").into_bytes()),
        ("a name twice", text.replacen('{', "{\"origin\": \"somebody.example/else\",", 1).into_bytes()),
        (
            "a name twice, escaped",
            text.replacen('{', "{\"o\\u0072igin\": \"somebody.example/else\",", 1).into_bytes(),
        ),
        ("a name twice where people read", text.replace("\"S-1\"", "{\"a\": 1, \"a\": 2}").into_bytes()),
        ("half a surrogate pair", text.replace("S-1", "\\ud800").into_bytes()),
        ("a number with a fraction", number.into_bytes()),
        (
            "too deep",
            text.replace("\"S-1\"", &format!("{}{}", "[".repeat(127), "]".repeat(127))).into_bytes(),
        ),
    ] {
        let mut bundle = small();
        bundle.set("manifest.json", bytes);
        let verdict = bundle.verdict();
        assert_eq!(verdict.failure().map(|failure| failure.at.as_str()), Some("manifest.json"), "{what}");
        fails(&verdict, "manifest", "manifest.json");
    }
    // As deep as it may be, only the export knows another manifest.
    let mut bundle = small();
    bundle.set("manifest.json", text.replace("\"S-1\"", &format!("{}{}", "[".repeat(126), "]".repeat(126))));
    fails(&bundle.verdict(), "export", "15");
}

#[test]
fn manifest_lists_the_members() {
    changed("manifest", "README.txt", |bundle| drop(bundle.members.remove("README.txt")));
    changed("manifest", "evil.txt", |bundle| bundle.set("evil.txt", "look at me"));
    changed("manifest", "documents/D-1.txt", |bundle| {
        bundle.set("documents/D-1.txt", "three parts of lye\n")
    });
    changed("manifest", "documents/D-1.txt", |bundle| bundle.set("documents/D-1.txt", "two parts of lyE\n"));
    changed("manifest", "policy", |bundle| {
        let other = bundle.text("policy").replace("any", "1");
        bundle.set("policy", other);
    });
    changed("manifest", "entries.txt", |bundle| {
        let fewer = bundle.text("entries.txt").split_inclusive('\n').skip(1).collect::<String>();
        bundle.set("entries.txt", fewer);
    });
    for (what, edit) in [
        ("README.txt", (|m| drop(m["files"].as_array_mut().unwrap().remove(0))) as fn(&mut Value)),
        ("AAA", |m| {
            m["files"]
                .as_array_mut()
                .unwrap()
                .insert(0, json!({"path": "AAA", "size": 0, "sha256": "0".repeat(64)}))
        }),
        ("README.txt", |m| m["files"][0]["size"] = json!(1)),
        ("README.txt", |m| m["files"][0]["sha256"] = json!("0".repeat(64))),
        ("checkpoint", |m| {
            let files = m["files"].as_array_mut().unwrap();
            let place = files.iter().position(|file| file["path"].as_str().unwrap() > "checkpoint").unwrap();
            files.insert(place, json!({"path": "checkpoint", "size": 0, "sha256": "0".repeat(64)}));
        }),
    ] {
        made("manifest", what, |draft| draft.edit_manifest = Some(edit));
    }
}

#[test]
fn manifest_names_the_anchors() {
    made("manifest", "anchors/9/checkpoint", |draft| {
        draft.members.insert("anchors/9/checkpoint".into(), draft.members["anchors/8/checkpoint"].clone());
    });
    for name in
        ["anchors/8/1.tsr", "anchors/8/1.pem", "anchors/8/note.txt", "anchors/08/checkpoint", "anchors/note"]
    {
        made("manifest", name, |draft| drop(draft.members.insert(name.into(), b"x".to_vec())));
    }
    made("manifest", "anchors/8/checkpoint", |draft| drop(draft.members.remove("anchors/8/checkpoint")));
    made("manifest", "anchors/8/1.tsr", |draft| draft.manifest.anchors[0].tokens = 1);
    made("manifest", "anchors/8/1.tsr", |draft| draft.manifest.anchors[0].tokens = (1 << 53) - 1);
    made("manifest", "anchors/8/1.pem", |draft| {
        draft.manifest.anchors[0].tokens = 1;
        draft.members.insert("anchors/8/1.tsr".into(), b"x".to_vec());
    });
    made("manifest", "anchors/8/01.tsr", |draft| {
        draft.manifest.anchors[0].tokens = 1;
        draft.members.insert("anchors/8/01.tsr".into(), b"x".to_vec());
        draft.members.insert("anchors/8/1.pem".into(), b"x".to_vec());
    });
}

#[test]
fn checkpoint() {
    changed("checkpoint", "checkpoint", |bundle| bundle.set("checkpoint", ""));
    changed("checkpoint", "checkpoint", |bundle| bundle.set("checkpoint", b"\xff"));
    changed("checkpoint", "checkpoint", |bundle| {
        let larger = bundle.text("checkpoint").replace("\n16\n", "\n17\n");
        bundle.set("checkpoint", larger);
    });
    changed("checkpoint", "checkpoint", |bundle| {
        let note = SignedNote::parse(&bundle.text("checkpoint")).unwrap();
        let twice = note.clone().with_signature(note.signatures()[0].clone()).unwrap();
        bundle.set("checkpoint", twice.to_string());
    });
    changed("checkpoint", "checkpoint", |bundle| {
        let note = SignedNote::parse(&bundle.text("checkpoint")).unwrap();
        let cosignature = cosign(note.text(), &witness(1), 1_800_000_000).unwrap();
        bundle.set("checkpoint", note.with_signature(cosignature).unwrap().to_string());
    });
    // By somebody else, under the same name.
    made("checkpoint", "checkpoint", |draft| draft.signer = key(ORIGIN, 77));
    // By the right key under another name.
    made("checkpoint", "checkpoint", |draft| draft.signer = key("ringfence.example/other", 1));
    made("checkpoint", "checkpoint", |draft| {
        draft.manifest.keys = vec![key("ringfence.example/other", 1).verifier().clone()]
    });
    made("checkpoint", "checkpoint", |draft| draft.manifest.origin = "ringfence.example/other".into());
    made("checkpoint", "checkpoint", |draft| {
        draft.edit_checkpoint = Some(|checkpoint| checkpoint.origin = "ringfence.example/other".into());
    });
    made("checkpoint", "checkpoint", |draft| {
        draft.edit_checkpoint = Some(|checkpoint| checkpoint.extensions.push("more".into()));
    });
    made("checkpoint", "checkpoint", |draft| {
        draft.edit_checkpoint = Some(|checkpoint| checkpoint.size = (1 << 53) + 1);
    });
}

#[test]
fn entries() {
    let text = |draft: &Draft, at: usize| String::from_utf8(draft.lines[at].clone()).unwrap();
    let replace = |draft: &mut Draft, at: usize, old: &str, new: &str| {
        let line = text(draft, at);
        assert!(line.contains(old), "{line}");
        draft.lines[at] = line.replacen(old, new, 1).into_bytes();
    };
    // Where the entry cannot be read.
    made("entries", "line 1", |draft| draft.lines.clear());
    made("entries", "line 3", |draft| replace(draft, 2, "\"kind\":", "\"kind\": "));
    made("entries", "line 2", |draft| replace(draft, 1, "document", "Document"));
    made("entries", "line 1", |draft| replace(draft, 0, "\"position\":0", "\"position\":00"));
    made("entries", "line 5", |draft| replace(draft, 4, "Z\"}", "+00:00\"}"));
    made("entries", "line 2", |draft| draft.lines.insert(1, Vec::new()));
    made("entries", "line 1", |draft| draft.lines[0].insert(0, b' '));
    made("entries", "line 4", |draft| draft.lines[3].push(b'\r'));
    changed("manifest", "entries.txt", |bundle| bundle.cut("entries.txt"));
    // Where it can.
    made("entries", "0", |draft| replace(draft, 0, "~", "~~"));
    made("entries", "2", |draft| draft.lines[1].extend_from_slice(b"="));
    made("entries", "0", |draft| draft.lines[0].extend_from_slice(b"\r"));
    made("entries", "2", |draft| {
        // A field of another entry.
        let field = draft.entries[0].1[0].encoded().to_owned();
        draft.lines[1].extend_from_slice(format!("~{field}").as_bytes());
    });
    made("entries", "2", |draft| {
        let field =
            draft.entries[2].1.iter().find(|field| field.name() == "by").unwrap().encoded().to_owned();
        draft.lines[1].extend_from_slice(format!("~{field}").as_bytes());
    });
    made("entries", "9", |draft| draft.lines.insert(3, draft.lines[3].clone()));
    made("entries", "0", |draft| draft.lines.swap(0, 1));
    made("entries", "15", |draft| {
        // Its time is right, and the record has no entry there but that of the export.
        let (position, _) = entry(15, draft.entries[14].0.time() + 1, "k", &[]);
        draft.lines.push(line(&position, [].iter()));
    });
    made("entries", "400", |draft| {
        let (later, _) = entry(400, draft.entries[14].0.time() + 1, "k", &[]);
        draft.lines.push(line(&later, [].iter()));
    });
    made("entries", "11", |draft| {
        let (early, fields) = entry(11, BEGIN, "k", &[("by", json!("P-1"))]);
        draft.lines[4] = line(&early, fields.iter());
        draft.entries[11] = (early, fields);
    });
}

#[test]
fn entries_the_line_of_the_export() {
    changed("entries", "export.txt", |bundle| bundle.set("export.txt", ""));
    changed("entries", "export.txt", |bundle| bundle.cut("export.txt"));
    changed("entries", "export.txt", |bundle| {
        let twice = bundle.text("export.txt").repeat(2);
        bundle.set("export.txt", twice);
    });
    changed("entries", "export.txt", |bundle| {
        let more = bundle.text("export.txt") + "\n";
        bundle.set("export.txt", more);
    });
    changed("entries", "export.txt", |bundle| {
        let other = bundle.text("export.txt").replace("evidence.", "Evidence.");
        bundle.set("export.txt", other);
    });
    changed("entries", "15", |bundle| {
        let other = bundle.text("export.txt").replacen('~', "~x~", 1);
        bundle.set("export.txt", other);
    });
    // An entry that is shown stands for the export.
    changed("entries", "11", |bundle| {
        let last = bundle.text("entries.txt").lines().last().unwrap().to_owned() + "\n";
        bundle.set("export.txt", last);
    });
    made("entries", "15", |draft| {
        // The last entry is shown, and the export is recorded as if before it.
        let last = draft.entries.last().unwrap().0.clone();
        draft.lines.push(line(&last, [].iter()));
        draft.export_after = -1;
    });
}

#[test]
fn entries_fields_are_read_alike_by_everybody() {
    let with = |json: &str| {
        let encoded = data_encoding::BASE64URL_NOPAD.encode(json.as_bytes());
        let digest = ledger::sha256(encoded.as_bytes()).to_base64url();
        let text =
            format!(r#"{{"_sd":["{digest}"],"kind":"k","position":14,"time":"2026-03-03T09:59:00.000Z"}}"#);
        let mut draft = small_draft();
        let entry = ledger::Entry::from_bytes(text.as_bytes()).unwrap();
        draft.entries[14] = (entry, Vec::new());
        draft.lines.push(format!("{text}~{encoded}").into_bytes());
        draft.verdict()
    };
    assert!(matches!(with(r#"["salt","name",{"a":[1e10,"\ud83d\ude00"]}]"#), Verdict::Verified(_)));
    assert!(matches!(with(r#" [ "any salt" , "name" , null ] "#), Verdict::Verified(_)));
    for json in [
        r#"["salt","name"]"#,
        r#"["salt","name",1,2]"#,
        r#"["","name",1]"#,
        r#"["salt","_sd",1]"#,
        r#"["salt","...",1]"#,
        r#"["salt",1,1]"#,
        r#"[1,"name",1]"#,
        r#"{"salt":"name"}"#,
        r#"["salt","name",{"a":1,"a":1}]"#,
        r#"["salt","name",{"a":1,"\u0061":1}]"#,
        r#"["salt","name","\ud83d"]"#,
        r#"["salt","name",1e999]"#,
        r#"["salt","name",NaN]"#,
        r#"["salt","name",1] 2"#,
        "\u{feff}[\"salt\",\"name\",1]",
    ] {
        fails(&with(json), "entries", "14");
    }
}

#[test]
fn tree() {
    changed("tree", "tile/0/000.p/16", |bundle| drop(bundle.members.remove("tile/0/000.p/16")));
    changed("tree", "root", |bundle| bundle.members.get_mut("tile/0/000.p/16").unwrap()[31] ^= 1);
    changed("tree", "root", |bundle| bundle.members.get_mut("tile/0/000.p/16").unwrap().rotate_left(32));
    changed("tree", "tile/0/000.p/16", |bundle| {
        bundle.members.get_mut("tile/0/000.p/16").unwrap().truncate(480)
    });
    changed("tree", "tile/0/000.p/16", |bundle| bundle.members.get_mut("tile/0/000.p/16").unwrap().push(0));
    changed("tree", "tile/0/000.p/16", |bundle| bundle.set("tile/0/000.p/16", vec![0; 10_000]));
    changed("tree", "tile/0/000.p/15", |bundle| {
        let tile = bundle.members["tile/0/000.p/16"][..480].to_vec();
        bundle.set("tile/0/000.p/15", tile);
    });
    for name in ["tile/0/000", "tile/1/000.p/1", "tile/note.txt", "tile/0/x000/000.p/16", "tile/00/000.p/16"]
    {
        changed("tree", name, |bundle| bundle.set(name, vec![0; 32]));
    }
    made("tree", "root", |draft| {
        draft.edit_checkpoint = Some(|checkpoint| checkpoint.root = Digest([7; 32]))
    });
    made("tree", "tile/0/000.p/16", |draft| draft.edit_checkpoint = Some(|checkpoint| checkpoint.size = 17));
}

#[test]
fn tree_of_many_tiles() {
    let with = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = large();
        change(&mut bundle);
        bundle.verdict()
    };
    let names: Vec<String> =
        large().members.keys().filter(|name| name.starts_with("tile/")).cloned().collect();
    assert_eq!(names, ["tile/0/000", "tile/0/001", "tile/0/002.p/22", "tile/1/000.p/2"]);
    for name in &names {
        fails(&with(&|bundle| drop(bundle.members.remove(name))), "tree", name);
        fails(&with(&|bundle| bundle.set(name, b"short")), "tree", name);
    }
    fails(&with(&|bundle| bundle.members.get_mut("tile/0/001").unwrap()[5] ^= 1), "tree", "tile/0/001");
    fails(&with(&|bundle| bundle.members.get_mut("tile/1/000.p/2").unwrap()[5] ^= 1), "tree", "tile/0/000");
    fails(&with(&|bundle| bundle.members.get_mut("tile/0/002.p/22").unwrap()[5] ^= 1), "tree", "root");
    // Two tiles in each other's place.
    let swapped = with(&|bundle| {
        let (one, other) = (bundle.members["tile/0/000"].clone(), bundle.members["tile/0/001"].clone());
        bundle.set("tile/0/000", other);
        bundle.set("tile/0/001", one);
    });
    fails(&swapped, "tree", "tile/0/000");
}

#[test]
fn inclusion() {
    // An entry that says another thing than the one that was recorded.
    made("inclusion", "9", |draft| {
        let (other, _) = entry(9, draft.entries[9].0.time(), "document.opened", &[("by", json!("P-4"))]);
        draft.lines[3] = line(&other, [].iter());
    });
    made("inclusion", "0", |draft| {
        let (other, _) = entry(0, draft.entries[0].0.time(), "document.refused", &[]);
        draft.lines[0] = line(&other, [].iter());
    });
    // The export's entry, with a manifest of somebody else's making.
    changed("inclusion", "15", |bundle| {
        let forged = bundle.text("manifest.json").replace("S-1", "S-2");
        bundle.set("manifest.json", &forged);
        let time = ledger::Line::parse(bundle.text("export.txt").trim_end().as_bytes()).unwrap().entry.time();
        let stated = json!(ledger::sha256(forged.as_bytes()).to_hex());
        let (export, fields) = entry(15, time, "evidence.exported", &[("manifest", stated)]);
        bundle.set("export.txt", [line(&export, fields.iter()).as_slice(), b"\n"].concat());
    });
}

#[test]
fn export() {
    changed("export", "15", |bundle| {
        let other = bundle.text("manifest.json").replace("S-1", "S-2");
        bundle.set("manifest.json", other);
    });
    changed("export", "15", |bundle| {
        // Its fields stand in another order.
        let line = bundle.text("export.txt");
        let mut parts: Vec<&str> = line.trim_end().split('~').collect();
        assert_eq!(parts.len(), 3);
        parts.swap(1, 2);
        bundle.set("export.txt", parts.join("~") + "\n");
    });
    for withheld in ["by", "manifest"] {
        changed("export", "15", |bundle| {
            let line = bundle.text("export.txt");
            let shown = |part: &&str| Disclosure::parse(part).map_or(true, |field| field.name() != withheld);
            let kept: Vec<&str> = line.trim_end().split('~').filter(shown).collect();
            assert_eq!(kept.len(), 2);
            bundle.set("export.txt", kept.join("~") + "\n");
        });
    }
    // The maker shows what the manifest does not say, or says what they do not show.
    made("export", "15", |draft| draft.edit_manifest = Some(|m| m["shown"] = json!(["manifest"])));
    made("export", "15", |draft| {
        draft.edit_manifest = Some(|m| m["shown"] = json!(["by", "for", "manifest"]))
    });
    made("export", "15", |draft| draft.edit_manifest = Some(|m| m["shown"] = json!(["a", "manifest"])));
    made("export", "15", |draft| draft.export_kind = "document.exported");
    made("export", "15", |draft| draft.export_states = Some(json!(Digest([0; 32]).to_hex())));
    made("export", "15", |draft| draft.export_states = Some(json!(17)));
    made("export", "15", |draft| draft.export_states = Some(json!(Digest([0; 32]).to_base64())));
}

#[test]
fn file() {
    let path = "documents/D-1.txt";
    made("file", path, |draft| {
        // Another file in the place of the one that the entry names; everything is listed as it should be.
        draft.members.insert(path.into(), b"nothing secret\n".to_vec());
    });
    let edit = |edit: fn(&mut Value)| move |draft: &mut Draft| draft.edit_manifest = Some(edit);
    made("file", path, edit(|m| of_document(m)["entry"] = json!(2)));
    made("file", path, edit(|m| of_document(m)["entry"] = json!(4)));
    made("file", path, edit(|m| of_document(m)["entry"] = json!(15)));
    made("file", path, edit(|m| of_document(m)["field"] = json!("by")));
    made("file", path, edit(|m| of_document(m)["field"] = json!("name")));
    made("file", path, edit(|m| of_document(m)["field"] = json!("nothing")));
    made("file", path, |draft| {
        // The field is withheld.
        let entry = draft.entries[3].0.clone();
        draft.lines[2] = line(&entry, [].iter());
    });
}

fn of_document(manifest: &mut Value) -> &mut Value {
    let files = manifest["files"].as_array_mut().unwrap();
    files.iter_mut().find(|file| file["path"] == "documents/D-1.txt").unwrap()
}

#[test]
fn policy() {
    let log = record_key(0).verifier().to_string();
    let with =
        |policy: String| move |draft: &mut Draft| drop(draft.members.insert("policy".into(), policy.into()));
    made("policy", "policy", with(String::new()));
    made("policy", "policy", with(format!("log {log}\n")));
    made("policy", "policy", with(format!("log {log}\nquorum nobody\n")));
    made("policy", "policy", with("quorum none\n".into()));
    made("policy", "policy", with(format!("log {log}\nlog {}\nquorum none\n", key("b", 9).verifier())));
    made("policy", "policy", with(format!("log {}\nquorum none\n", record_key(1).verifier())));
    made("policy", "policy", with(format!("log {}\nquorum none\n", key("b", 1).verifier())));
    made("policy", "policy", with(format!("log {log}\nwitness a {log}\nquorum none\n")));
    made("policy", "policy", with("#".repeat((1 << 20) + 1)));
}

#[test]
fn anchor() {
    let with = |at: u64, change: &dyn Fn(&Draft, SignedNote) -> String| {
        let mut draft = small_draft();
        let name = format!("anchors/{at}/checkpoint");
        let note = SignedNote::parse(str::from_utf8(&draft.members[&name]).unwrap()).unwrap();
        let changed = change(&draft, note);
        draft.members.insert(name, changed.into_bytes());
        draft.verdict()
    };
    let of = |draft: &Draft, size: usize| {
        let leaves: Vec<Digest> = draft.entries[..size].iter().map(|(entry, _)| entry.leaf()).collect();
        checkpoint_over(&leaves)
    };
    let signed = |checkpoint: &Checkpoint| sign_checkpoint(checkpoint, &record_key(0)).unwrap();

    assert!(matches!(with(8, &|_, note| note.to_string()), Verdict::Verified(_)));
    fails(&with(8, &|_, _| "nothing".into()), "anchor", "8");
    // Of another size, another root, another record, with more lines.
    fails(&with(8, &|draft, _| signed(&of(draft, 7)).to_string()), "anchor", "8");
    let fork = |draft: &Draft, _| signed(&Checkpoint { root: Digest([1; 32]), ..of(draft, 8) }).to_string();
    fails(&with(8, &fork), "anchor", "8");
    let other = |draft: &Draft, _| signed(&Checkpoint { origin: "b".into(), ..of(draft, 8) }).to_string();
    fails(&with(11, &other), "anchor", "11");
    let more =
        |draft: &Draft, _| signed(&Checkpoint { extensions: vec!["x".into()], ..of(draft, 8) }).to_string();
    fails(&with(8, &more), "anchor", "8");
    // Signed by somebody else, or by witnesses alone.
    let stranger = |draft: &Draft, _| sign_checkpoint(&of(draft, 8), &key(ORIGIN, 9)).unwrap().to_string();
    fails(&with(8, &stranger), "anchor", "8");
    let alone = |_: &Draft, note: SignedNote| {
        let text = note.to_string();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        [&lines[..4], &lines[5..]].concat().concat()
    };
    fails(&with(8, &alone), "anchor", "8");
    // Signatures that nobody can check, that are wrong, or stand twice.
    let unknown = |_: &Draft, note: SignedNote| {
        let signature = cosign(note.text(), &witness(9), 1_800_000_000).unwrap();
        note.with_signature(signature).unwrap().to_string()
    };
    fails(&with(8, &unknown), "anchor", "8");
    let wrong = |_: &Draft, note: SignedNote| {
        let mut signature = cosign(note.text(), &witness(3), 1_800_000_000).unwrap();
        signature.bytes[70] ^= 1;
        note.with_signature(signature).unwrap().to_string()
    };
    fails(&with(8, &wrong), "anchor", "8");
    let later = |_: &Draft, note: SignedNote| {
        let mut signature = cosign(note.text(), &witness(3), 1_800_000_000).unwrap();
        signature.bytes[7] ^= 1;
        note.with_signature(signature).unwrap().to_string()
    };
    fails(&with(8, &later), "anchor", "8");
    let twice = |_: &Draft, note: SignedNote| {
        let signature = cosign(note.text(), &witness(1), 1_800_000_000).unwrap();
        note.with_signature(signature).unwrap().to_string()
    };
    fails(&with(8, &twice), "anchor", "8");
    let log_twice = |_: &Draft, note: SignedNote| {
        let signature = note.signatures()[0].clone();
        note.with_signature(signature).unwrap().to_string()
    };
    fails(&with(8, &log_twice), "anchor", "8");
    let year_10000 = |_: &Draft, note: SignedNote| {
        let signature = cosign(note.text(), &witness(3), 253_402_300_800).unwrap();
        note.with_signature(signature).unwrap().to_string()
    };
    fails(&with(8, &year_10000), "anchor", "8");
    // A witness that the policy does not know, or knows as another.
    let mut draft = small_draft();
    draft.members.insert("policy".into(), format!("log {}\nquorum none\n", record_key(0).verifier()).into());
    fails(&draft.verdict(), "anchor", "8");
}

#[test]
fn anchor_of_a_size_that_the_record_does_not_have() {
    for size in [16, 17, 1 << 40] {
        let mut draft = small_draft();
        let at = format!("anchors/{size}/checkpoint");
        let leaves: Vec<Digest> = draft.entries.iter().map(|(entry, _)| entry.leaf()).collect();
        let checkpoint = Checkpoint { size, ..checkpoint_over(&leaves) };
        draft.members.insert(at, sign_checkpoint(&checkpoint, &record_key(0)).unwrap().to_string().into());
        let item = ledger::bundle::AnchorItem { size, tokens: 0, said: Default::default() };
        draft.manifest.anchors.push(item);
        fails(&draft.verdict(), "anchor", &size.to_string());
    }
}

#[test]
fn anchor_keys_come_into_use_by_entries() {
    // In the large record keys change at 300 and 392.
    let made = |change: &dyn Fn(&mut Draft)| {
        let mut draft = large_draft();
        change(&mut draft);
        draft.verdict()
    };
    let at = |draft: &Draft, position: u64| {
        let begin = format!("\"position\":{position},");
        draft.lines.iter().position(|line| String::from_utf8_lossy(line).contains(&begin)).unwrap()
    };
    assert!(matches!(made(&|_| {}), Verdict::Verified(_)));
    // The entry is not shown, or not the key in it.
    fails(&made(&|draft| drop(draft.lines.remove(at(draft, 392)))), "anchor", "keys");
    fails(&made(&|draft| drop(draft.lines.remove(at(draft, 300)))), "anchor", "392");
    let withheld = made(&|draft| {
        let entry = draft.entries[300].0.clone();
        let place = at(draft, 300);
        draft.lines[place] = line(&entry, [].iter());
    });
    fails(&withheld, "anchor", "300");
    // Another key than the entry names.
    fails(&made(&|draft| draft.manifest.keys[1] = key(ORIGIN, 50).verifier().clone()), "anchor", "300");
    fails(&made(&|draft| draft.manifest.keys.swap(0, 1)), "anchor", "300");
    fails(&made(&|draft| drop(draft.manifest.keys.remove(0))), "anchor", "300");
    fails(&made(&|draft| draft.manifest.keys.insert(0, key(ORIGIN, 50).verifier().clone())), "anchor", "300");
    // The old key did not sign what the record was when the new one came.
    let unsigned = made(&|draft| {
        draft.manifest.anchors.retain(|anchor| anchor.size != 301);
        draft.members.remove("anchors/301/checkpoint");
    });
    fails(&unsigned, "anchor", "300");
    // An anchor is signed by the key before, or after, its own.
    for (size, number) in [(300, 1), (301, 1), (391, 0), (391, 2), (393, 2)] {
        let other = made(&|draft| {
            let leaves: Vec<Digest> = draft.entries[..size].iter().map(|(entry, _)| entry.leaf()).collect();
            let note = sign_checkpoint(&checkpoint_over(&leaves), &record_key(number)).unwrap();
            draft.members.insert(format!("anchors/{size}/checkpoint"), note.to_string().into());
        });
        fails(&other, "anchor", &size.to_string());
    }
    // The last key is not the one that signs.
    fails(&made(&|draft| draft.signer = record_key(1)), "checkpoint", "checkpoint");
}

#[test]
fn a_salt_that_is_shown_does_not_help_to_show_another_value() {
    made("entries", "9", |draft| {
        let field = &draft.entries[9].1[0];
        let salt = data_encoding::BASE64URL_NOPAD.decode(field.salt().as_bytes()).unwrap();
        let other =
            Disclosure::new(Salt(salt.try_into().unwrap()), field.name(), json!("somebody else")).unwrap();
        let entry = draft.entries[9].0.clone();
        draft.lines[3] = line(&entry, [other].iter());
    });
}

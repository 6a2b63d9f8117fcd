//! Evidence: bundles that a stranger verifies, past states, and what witnesses and authorities say of the record.

use crate::authority::Authority;
use crate::support::{Company, RECIPE, ask, begin, company, line, open, operator, read, shell, sign, text};
use futures::TryStreamExt;
use ledger::bundle::{self, Findings, Options, Verdict};
use program::evidence::Witness as NamedWitness;
use program::{Actor, DocumentId, PersonId, Rule, SecretId, Time, access};
use service::{Bundle, Exporting, Service, ServiceError, ShownFields};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

pub(crate) fn wanted(secret: SecretId) -> Exporting {
    Exporting {
        secret,
        as_of: None,
        fields: ShownFields::default(),
        existence: None,
        documents: BTreeSet::new(),
        agreements: true,
        recipient: line("District Court"),
        purpose: text("Exhibit 4 of the complaint"),
    }
}

async fn bytes(bundle: Bundle) -> Vec<u8> {
    let length = bundle.length();
    let pieces: Vec<bytes::Bytes> = bundle.stream().unwrap().try_collect().await.unwrap();
    let bytes = pieces.concat();
    assert_eq!(bytes.len() as u64, length);
    bytes
}

pub(crate) async fn export(service: &Service, actor: &Actor, wanted: &Exporting) -> Vec<u8> {
    bytes(service.export(actor, wanted).await.unwrap()).await
}

pub(crate) fn verified(bytes: &[u8]) -> Box<Findings> {
    match bundle::verify_bytes(bytes, &Options::default()) {
        Verdict::Verified(findings) => findings,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn member<'a>(bytes: &'a [u8], name: &str) -> &'a str {
    let archive = ledger::archive::Archive::parse(bytes).unwrap();
    std::str::from_utf8(archive.get(name).unwrap_or_else(|| panic!("no {name}"))).unwrap()
}

/// What a PDF of a bundle says.
fn printed(bytes: &[u8], name: &str) -> String {
    let archive = ledger::archive::Archive::parse(bytes).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, archive.get(name).unwrap_or_else(|| panic!("no {name}"))).unwrap();
    let told = std::process::Command::new("pdftotext").arg("-raw").arg(file.path()).arg("-").output();
    let told = told.unwrap_or_else(|error| panic!("pdftotext (./test installs it): {error}"));
    assert!(told.status.success(), "{name}: {}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap()
}

/// Owner and engineer signed; the engineer was granted access and opened the document; counsel was refused it.
pub(crate) async fn story(service: Service) -> Company {
    let c = company(service).await;
    for person in [c.owner, c.engineer] {
        sign(&c.service, c.agreement, person).await.unwrap();
    }
    let request = ask(&c.service, c.engineer, c.secret).await;
    crate::support::approve(&c.service, c.owner, request).await.unwrap();
    read(&c.service, c.engineer, c.document).await.unwrap();
    read(&c.service, c.counsel, c.document).await.unwrap_err();
    c
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_verifies_what_was_exported_with_its_documents_and_agreements() {
    let folder = tempfile::tempdir().unwrap();
    let c = story(begin(folder.path()).await).await;
    // Counsel opens the document for the export like anybody else: bound, and granted access.
    sign(&c.service, c.agreement, c.counsel).await.unwrap();
    let request = ask(&c.service, c.counsel, c.secret).await;
    crate::support::approve(&c.service, c.owner, request).await.unwrap();
    let with = Exporting { documents: [c.document].into(), ..wanted(c.secret) };
    let before = c.service.state().size;
    let plan = c.service.plan_export(&shell(c.counsel), &with).await.unwrap();
    assert_eq!(c.service.state().size, before, "a preview records nothing");
    let exported = c.service.export(&shell(c.counsel), &with).await.unwrap();
    assert_eq!(exported.entries, plan.entries.len(), "what was shown before is what is handed out");
    let bytes = bytes(exported).await;
    let findings = verified(&bytes);
    assert!(findings.files >= 7, "{findings:?}");
    assert!(findings.withheld > 0, "the precise description is never shown");
    assert_eq!(member(&bytes, "documents/D-1.md"), RECIPE);
    assert!(member(&bytes, "agreements/A-1-v1.md").contains("You keep our secrets"));
    let manifest: serde_json::Value = serde_json::from_str(member(&bytes, "manifest.json")).unwrap();
    let proved = |path: &str| {
        let file =
            manifest["files"].as_array().unwrap().iter().find(|file| file["path"] == path).unwrap().clone();
        file["entry"].is_u64() && file["field"] == "digest"
    };
    assert!(proved("documents/D-1.md") && proved("agreements/A-1-v1.md"), "{manifest:#}");
    for (page, says) in
        [("index.html", "Eva Engineer"), ("certificate.html", "902(13)"), ("README.txt", "openssl")]
    {
        assert!(member(&bytes, page).contains(says), "{page}");
    }
    assert!(printed(&bytes, "index.pdf").contains("Eva Engineer"));
    assert!(printed(&bytes, "certificate.pdf").contains("902(13)"));
    assert!(!manifest.to_string().contains("proof.pdf"));
    // Changing any byte is noticed.
    for at in (0..bytes.len()).step_by(211) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(
            !matches!(bundle::verify_bytes(&changed, &Options::default()), Verdict::Verified(_)),
            "byte {at}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withheld_is_nowhere_in_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let c = story(begin(folder.path()).await).await;
    let fields = ShownFields {
        only: None,
        withheld: ["title", "name", "access.requested.purpose", "purpose", "mail", "typed_name"]
            .map(str::to_owned)
            .into(),
    };
    let hidden = Exporting { fields, ..wanted(c.secret) };
    let bytes = export(&c.service, &shell(c.counsel), &hidden).await;
    let shown = export(&c.service, &shell(c.counsel), &wanted(c.secret)).await;
    verified(&bytes);
    let holds = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    for secret in
        ["Lumafilm bath", "Eva Engineer", "To repair the bath", "eva.engineer@halden.example", "Titania sol"]
    {
        assert!(!holds(&bytes, secret.as_bytes()), "{secret} in the clear");
        for page in ["index.pdf", "certificate.pdf"] {
            assert!(!printed(&bytes, page).replace('\n', " ").contains(secret), "{secret} in {page}");
        }
        // Nor inside a disclosure: base64 of the same bytes at each of the three alignments.
        for skip in 0..3 {
            let padded: Vec<u8> = std::iter::repeat_n(b' ', skip).chain(secret.bytes()).collect();
            let encoded = data_encoding::BASE64URL_NOPAD.encode(&padded);
            let inner = encoded.get(4..encoded.len() - 4).unwrap();
            assert!(!holds(&bytes, inner.as_bytes()), "{secret} in a disclosure");
        }
    }
    // No salt of a withheld field either: every disclosure that the full bundle shows and this one does not is absent.
    let lines = |bytes: &[u8]| -> BTreeSet<String> {
        let all = format!("{}{}", member(bytes, "entries.txt"), member(bytes, "export.txt"));
        all.lines().flat_map(|line| line.split('~').skip(1).map(str::to_owned)).collect()
    };
    let missing: Vec<String> = lines(&shown).difference(&lines(&bytes)).cloned().collect();
    assert!(missing.len() > 5);
    for disclosure in missing {
        let salt = ledger::Disclosure::parse(&disclosure).unwrap().salt().to_owned();
        assert!(!holds(&bytes, disclosure.as_bytes()) && !holds(&bytes, salt.as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_existence_holds_for_the_originals_and_tells_nothing_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let c = story(begin(folder.path()).await).await;
    let proof = Exporting { existence: Some(1), agreements: false, ..wanted(c.secret) };
    let bytes = export(&c.service, &shell(c.counsel), &proof).await;
    let findings = verified(&bytes);
    assert_eq!((findings.entries, findings.fields), (2, 1), "the version, and the digest of its document");
    let lines: Vec<ledger::Line> = member(&bytes, "entries.txt")
        .lines()
        .map(|line| ledger::Line::parse(line.as_bytes()).unwrap())
        .collect();
    let digest = ledger::sha256(RECIPE.as_bytes()).to_hex();
    assert!(
        lines.iter().any(|line| line.field("digest").is_some_and(|field| field.value() == digest.as_str()))
    );
    let sheets = ["proof.pdf", "index.pdf", "certificate.pdf"].map(|name| printed(&bytes, name));
    assert!(sheets[0].replace('\n', "").contains(&digest), "{}", sheets[0]);
    assert!(
        sheets[0].replace('\n', " ").contains("Nobody outside the organisation vouches"),
        "{}",
        sheets[0]
    );
    for told in ["Lumafilm", "Olga", "Eva", "bath.md", "Halden"] {
        assert!(!bytes.windows(told.len()).any(|window| window == told.as_bytes()), "{told}");
        assert!(sheets.iter().all(|sheet| !sheet.contains(told)), "{told}");
    }
    // The description, with the salt that is kept apart.
    let kept = c.service.description_salt(&shell(c.counsel), c.secret, 1).await.unwrap();
    let salt = data_encoding::BASE64URL_NOPAD.decode(kept.salt.as_bytes()).unwrap().try_into().unwrap();
    let described = |text: &str| {
        let field = ledger::Disclosure::new(ledger::Salt(salt), "precise", text.into()).unwrap();
        lines.iter().any(|line| line.entry.position() == kept.entry && line.entry.commits_to(&field))
    };
    assert!(described("Titania sol, aged for 46 hours."));
    assert!(!described("Titania sol, aged for 47 hours."));
    let missing = Exporting { existence: Some(7), ..wanted(c.secret) };
    assert!(c.service.export(&shell(c.counsel), &missing).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_are_published_as_the_record_grows_and_lead_to_its_root() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let c = story(begin(folder.path()).await).await;
    let first = c.service.publish_tiles(&operator(), out.path()).await.unwrap();
    assert_eq!((first.before, first.size), (0, c.service.state().size));
    while c.service.state().size < 700 {
        crate::support::submit(&c.service, c.owner, program::secrets::Tier::Confidential, "One more").await;
    }
    let second = c.service.publish_tiles(&operator(), out.path()).await.unwrap();
    assert_eq!(second.before, first.size);
    struct Files<'a>(&'a Path);
    impl ledger::HashSource for Files<'_> {
        fn tile(&self, id: ledger::TileId) -> Result<Vec<ledger::Digest>, ledger::TileError> {
            id.decode(&std::fs::read(self.0.join(id.path())).unwrap())
        }
    }
    let kept = std::fs::read_to_string(out.path().join("checkpoint")).unwrap();
    let key: ledger::VerifierKey = c.service.verifier_key().parse().unwrap();
    let checkpoint = ledger::open_checkpoint(&kept, &key, key.name()).unwrap();
    assert_eq!(ledger::root_of(checkpoint.size, &Files(out.path())).unwrap(), checkpoint.root);
    let again = c.service.publish_tiles(&operator(), out.path()).await.unwrap();
    assert!(again.tiles <= 4, "only what may have grown is written again: {again:?}");
    assert!(c.service.publish_tiles(&shell(c.engineer), out.path()).await.is_err());
    // Another record's folder is left alone.
    let other = tempfile::tempdir().unwrap();
    let another = begin(other.path()).await;
    assert!(another.publish_tiles(&operator(), out.path()).await.is_err());
    assert_eq!(std::fs::read_to_string(out.path().join("checkpoint")).unwrap(), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_field_is_proved_by_one_small_file() {
    let folder = tempfile::tempdir().unwrap();
    let c = story(begin(folder.path()).await).await;
    let history =
        service::HistoryFilter { kinds: vec!["document.opened".to_owned()], limit: 1, ..Default::default() };
    let opened = c.service.history(&operator(), &history).await.unwrap().entries.remove(0);
    let proof = c.service.field_proof(&operator(), opened.position, &["person".to_owned()]).await.unwrap();
    assert!(proof.len() < 4096, "{} bytes", proof.len());
    let key = Some(c.service.verifier_key().parse().unwrap());
    let verdict = bundle::verify_tlog_proof(proof.as_bytes(), &Options { key, ..Options::default() });
    let Verdict::Verified(findings) = verdict else { panic!("{verdict:?}") };
    assert_eq!((findings.entries, findings.fields), (1, 1));
    let hidden = c.service.field_proof(&operator(), opened.position, &["nothing".to_owned()]).await;
    assert!(hidden.is_err());
    assert!(c.service.field_proof(&shell(c.counsel), 1, &["precise".to_owned()]).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_export_or_open_exports_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let c = story(begin(folder.path()).await).await;
    for person in [c.owner, c.engineer] {
        let refused = c.service.export(&shell(person), &wanted(c.secret)).await.err().unwrap();
        assert!(
            matches!(&refused, ServiceError::Refused(refusal) if refusal.rule == Rule::Role),
            "{refused}"
        );
    }
    // Counsel exports, and opens nothing by it: she has signed nothing and was granted nothing.
    let with = Exporting { documents: [c.document].into(), ..wanted(c.secret) };
    let shut = c.service.export(&shell(c.counsel), &with).await.err().unwrap();
    assert!(matches!(shut, ServiceError::Shut(_)), "{shut}");
    let other = Exporting { documents: [DocumentId(99)].into(), ..wanted(c.secret) };
    assert!(c.service.export(&shell(c.counsel), &other).await.is_err());
    let to_come = Exporting { as_of: Some(c.service.now() + program::DAY), ..wanted(c.secret) };
    assert!(c.service.export(&shell(c.counsel), &to_come).await.is_err());
    let history = service::HistoryFilter {
        kinds: vec!["evidence.exported".to_owned()],
        limit: 10,
        ..Default::default()
    };
    assert!(
        c.service.history(&operator(), &history).await.unwrap().entries.is_empty(),
        "nothing was exported"
    );
}

/// Who may open the secret, for everybody, at a moment.
fn rows(
    service: &Service,
    state: &program::State,
    secret: SecretId,
    at: Time,
) -> Vec<(PersonId, bool, Option<Time>)> {
    let rows = access::who(state, service.gate(), secret, at);
    rows.into_iter().map(|row| (row.person, row.opens, row.until)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_state_answers_as_the_state_did_then() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    let other =
        crate::support::submit(&c.service, c.owner, program::secrets::Tier::Restricted, "Another").await;
    let mut then = Vec::new();
    let note = |then: &mut Vec<_>| {
        let (state, now) = (c.service.state(), c.service.now());
        then.push((now, rows(&c.service, &state, c.secret, now), state.secrets.get(c.secret).cloned()));
        // What comes next bears a later time.
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    note(&mut then);
    sign(&c.service, c.agreement, c.engineer).await.unwrap();
    note(&mut then);
    let request = ask(&c.service, c.engineer, c.secret).await;
    let grant = crate::support::approve(&c.service, c.owner, request).await.unwrap();
    note(&mut then);
    read(&c.service, c.engineer, c.document).await.unwrap();
    let suspend = program::people::Command::Suspend { person: c.engineer, reason: text("Inquiry") };
    c.service.act(&operator(), suspend).await.unwrap();
    note(&mut then);
    let reinstate = program::people::Command::Reinstate { person: c.engineer, reason: text("Cleared") };
    c.service.act(&operator(), reinstate).await.unwrap();
    note(&mut then);
    let revoke = access::Command::Revoke { grant, reason: text("Done") };
    c.service.act(&shell(c.owner), revoke).await.unwrap();
    note(&mut then);
    crate::support::ask(&c.service, c.owner, other).await;
    let mut opened = 0;
    for (time, expected, secret) in then {
        let past = c.service.as_of(&shell(c.counsel), c.secret, time).await.unwrap();
        assert_eq!(rows(&c.service, &past.state, c.secret, time), expected, "at {time:?}");
        assert_eq!(past.state.secrets.get(c.secret).cloned(), secret);
        opened += usize::from(expected.iter().any(|(_, opens, _)| *opens));
    }
    assert!((1..6).contains(&opened), "a test in which nothing changes shows nothing");
    let refused = c.service.as_of(&shell(c.engineer), c.secret, Time(1)).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Refused(_)));
    assert!(c.service.as_of(&shell(c.counsel), c.secret, Time(1)).await.is_err(), "before it was registered");
}

/// A witness on loopback, in a folder of its own.
async fn witness(folder: &Path, name: &str, log: &str) -> (NamedWitness, tokio::task::JoinHandle<()>) {
    let made = ::witness::Folder::create(folder, name).unwrap();
    made.trust(&log.parse().unwrap(), false).unwrap();
    let key = made.verifier().to_string();
    let settings = ::witness::Settings { listen: "127.0.0.1:0".parse().unwrap(), behind_proxy: Vec::new() };
    let listening = ::witness::bind(made, settings).await.unwrap();
    let address = line(&format!("http://{}/", listening.address()));
    let named = NamedWitness { name: line(name), key: line(&key), address };
    (named, tokio::spawn(listening.run(std::future::pending())))
}

#[tokio::test(flavor = "multi_thread")]
async fn witnesses_and_an_authority_vouch_and_the_bundle_says_so() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let c = story(begin(folder.path()).await).await;
    let log = c.service.verifier_key();
    let mut named = Vec::new();
    let mut running = Vec::new();
    for n in 1..=3 {
        let name = format!("witness-{n}.example");
        let (one, task) = witness(&outside.path().join(&name), &name, &log).await;
        named.push(one);
        running.push(task);
    }
    c.service.set_witnesses(&operator(), named, 2, text("Outside counsel and others")).await.unwrap();
    std::fs::create_dir_all(outside.path().join("tsa")).unwrap();
    let stamps = Arc::new(Authority::new(&outside.path().join("tsa")));
    let server = stamps.serve();
    let authority = program::evidence::Authority {
        name: line("Test authority"),
        address: line(&server.url()),
        root: text(&stamps.root_pem()),
    };
    c.service.set_authorities(&operator(), vec![authority], text("Times are stamped")).await.unwrap();
    running.remove(2).abort();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;

    let anchoring = c.service.anchor(&shell(c.counsel)).await.unwrap();
    let failed: Vec<&str> = anchoring
        .vouchers
        .iter()
        .filter(|voucher| voucher.failed.is_some())
        .map(|voucher| voucher.name.as_str())
        .collect();
    assert_eq!(failed, ["witness-3.example"], "{anchoring:?}");
    assert!(c.service.state().evidence.last.as_ref().unwrap().is_witnessed(2));
    let findings = verified(&export(&c.service, &shell(c.counsel), &wanted(c.secret)).await);
    assert!(findings.quorum == Some(true), "{findings:?}");
    assert!(findings.witnesses.len() >= 2 && !findings.stamps.is_empty(), "{findings:?}");
    let proof = Exporting { existence: Some(1), agreements: false, ..wanted(c.secret) };
    let sheet = printed(&export(&c.service, &shell(c.counsel), &proof).await, "proof.pdf");
    let sheet = sheet.replace('\n', " ");
    assert!(sheet.contains("Outside the organisation, that date is vouched for by the"), "{sheet}");
    assert!(
        sheet.contains("witnesses witness-1.example and witness-2.example")
            || sheet.contains("Test authority")
    );

    // Others are asked from now on, and nobody stamps: what was seen before was seen, and the proof still says by whom.
    let (other, _task) = witness(&outside.path().join("other"), "other.example", &log).await;
    c.service.set_witnesses(&operator(), vec![other], 1, text("Another law firm")).await.unwrap();
    c.service.set_authorities(&operator(), Vec::new(), text("Too dear")).await.unwrap();
    let bytes = export(&c.service, &shell(c.counsel), &proof).await;
    let findings = verified(&bytes);
    let seen: BTreeSet<&str> = findings.witnesses.iter().map(|seen| seen.name.as_str()).collect();
    assert!(seen.is_superset(&["witness-1.example", "witness-2.example"].into()), "{findings:?}");
    assert!(!findings.stamps.is_empty(), "{findings:?}");
    let sheet = printed(&bytes, "proof.pdf").replace('\n', " ");
    assert!(sheet.contains("vouched for by the") && !sheet.contains("Nobody outside"), "{sheet}");
    // Former witnesses do not count as those whose word is asked for.
    assert!(member(&bytes, "policy").contains("# formerly: witness-1.example\n"));
    assert!(member(&bytes, "policy").contains("group all-witnesses 1 witness-1\n"));
}

/// The first anchor over an entry may be one of which no word is left: another that says something is taken.
#[tokio::test(flavor = "multi_thread")]
async fn an_anchor_of_which_no_word_is_left_does_not_hide_a_later_one() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let c = story(begin(folder.path()).await).await;
    let (one, _task) = witness(&outside.path().join("w"), "w.example", &c.service.verifier_key()).await;
    c.service.set_witnesses(&operator(), vec![one], 1, text("Outside")).await.unwrap();
    let before = c.service.now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    c.service.rotate_key(&operator(), text("Before anybody was asked")).await.unwrap();
    // However little is shown, and of whatever moment: the newest key signs, and follows from the first.
    let little = Exporting { as_of: Some(before), fields: ShownFields::only(&["title"]), ..wanted(c.secret) };
    let bytes = export(&c.service, &shell(c.counsel), &little).await;
    verified(&bytes);
    let mut redacted = wanted(c.secret);
    redacted.fields.withheld = ["key".to_owned(), "evidence.key-rotated.key".to_owned()].into();
    verified(&export(&c.service, &shell(c.counsel), &redacted).await);
    // The checkpoint that the key before signed last is an anchor with nobody's word.
    let proof = Exporting { existence: Some(1), agreements: false, ..wanted(c.secret) };
    let bytes = export(&c.service, &shell(c.counsel), &proof).await;
    let sheet = printed(&bytes, "proof.pdf").replace('\n', " ");
    assert!(sheet.contains("Nobody outside"), "the witness does not know the new key yet: {sheet}");
    let log = c.service.verifier_key().parse().unwrap();
    ::witness::Folder::open(&outside.path().join("w")).unwrap().trust(&log, true).unwrap();
    let bytes = export(&c.service, &shell(c.counsel), &proof).await;
    assert!(!verified(&bytes).witnesses.is_empty());
    let sheet = printed(&bytes, "proof.pdf").replace('\n', " ");
    assert!(sheet.contains("vouched for by the") && sheet.contains("w.example"), "{sheet}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_put_back_or_rewritten_gets_no_cosignature() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let c = story(begin(folder.path()).await).await;
    let (one, _task) = witness(&outside.path().join("w"), "w.example", &c.service.verifier_key()).await;
    c.service.set_witnesses(&operator(), vec![one], 1, text("Outside")).await.unwrap();
    let company = (c.counsel, c.engineer, c.secret, c.document);
    drop(c.service);
    settle().await;
    // Last week's backup: the whole folder, as it was before the witness saw more.
    let backup = tempfile::tempdir().unwrap();
    copy(folder.path(), backup.path());
    let now = open(folder.path()).await;
    now.anchor(&operator()).await.unwrap();
    read(&now, company.1, company.3).await.unwrap();
    now.anchor(&operator()).await.unwrap();
    // The bundle says up to where others saw this record, however long before that its entries are.
    let seen = now.anchor(&operator()).await.unwrap();
    assert!(seen.vouchers.iter().all(|voucher| voucher.failed.is_none()), "{seen:?}");
    let newest = |bytes: &[u8]| verified(bytes).witnesses.iter().map(|seen| seen.size).max();
    let told = newest(&export(&now, &shell(company.0), &wanted(company.2)).await);
    assert!(told >= Some(seen.size), "{told:?}");
    drop(now);
    settle().await;
    // Put back, the record is consistent in itself, and shorter than what the witness has seen.
    let rolled = open(backup.path()).await;
    let answer = rolled.anchor(&operator()).await.unwrap();
    let why = answer.vouchers[0].failed.clone().unwrap();
    assert!(why.contains("put back to an older state"), "{why}");
    assert_eq!(answer.entry, None, "nobody vouched, so nothing says that anybody did");
    // It goes on with another history until it is longer: still refused.
    while rolled.state().size < seen.size + 5 {
        read(&rolled, company.1, company.3).await.unwrap();
    }
    let answer = rolled.anchor(&operator()).await.unwrap();
    let why = answer.vouchers[0].failed.clone().unwrap();
    assert!(why.contains("another record"), "{why}");
    // What the witness saw after the fork is in no bundle of this one.
    let told = newest(&export(&rolled, &shell(company.0), &wanted(company.2)).await);
    assert!(told < Some(seen.size), "{told:?}");
    assert_eq!(company.2, SecretId(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_those_who_vouch_are_read_before_they_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    let good =
        |key: &str, address: &str| NamedWitness { name: line("w"), key: line(key), address: line(address) };
    let log = c.service.verifier_key();
    for (key, address) in [("nonsense", "http://w/"), (log.as_str(), "http://w/"), (log.as_str(), "ftp://w/")]
    {
        let refused = c.service.set_witnesses(&operator(), vec![good(key, address)], 1, text("x")).await;
        assert!(matches!(refused, Err(ServiceError::Refused(_))), "{key} {address}");
    }
    let authority =
        program::evidence::Authority { name: line("a"), address: line("http://a/"), root: text("no PEM") };
    assert!(c.service.set_authorities(&operator(), vec![authority], text("x")).await.is_err());
    assert!(c.service.anchor(&operator()).await.is_err(), "nobody to ask");
    let state = c.service.state();
    assert!(state.evidence.witnesses.is_empty() && state.evidence.authorities.is_empty());
}

/// Gives the committer of a dropped service a moment to end.
async fn settle() {
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A record that ends right at the change, one that goes on, and a second process that signed with the key before.
#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_signs_is_replaced_and_what_it_signed_stays_proved() {
    let folder = tempfile::tempdir().unwrap();
    let c = story(begin(folder.path()).await).await;
    let elsewhere = open(folder.path()).await;
    let (first, kept) = (c.service.verifier_key(), c.service.checkpoint());
    let refused = c.service.rotate_key(&shell(c.owner), text("Mine.")).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Refused(_)), "{refused}");
    let root = operator();
    let work = futures::future::join_all((0..20).map(|_| read(&c.service, c.engineer, c.document)));
    let (rotated, reads) = tokio::join!(c.service.rotate_key(&root, text("Yearly.")), work);
    assert!(reads.iter().all(Result::is_ok));
    let at = rotated.unwrap().position().unwrap();
    let second = c.service.verifier_key();
    assert_ne!(first, second);
    read(&elsewhere, c.engineer, c.document).await.unwrap();
    assert_eq!(elsewhere.verifier_key(), second, "the other process signs with it too");
    c.service.refresh().await.unwrap();
    let next = c.service.entry(&operator(), at + 1).await.unwrap();
    assert!(
        next.kind == "evidence.anchored" && next.sentence.contains("the key before"),
        "{}",
        next.sentence
    );
    assert!(
        c.service.continues(&kept).await.unwrap() < at,
        "a checkpoint by the key before is still one of ours"
    );

    let with = |key: &str| Options { key: Some(key.parse().unwrap()), ..Options::default() };
    let check = async |service: &Service, keys: &[&str]| {
        let bundle = export(service, &shell(c.counsel), &wanted(c.secret)).await;
        for key in keys {
            let verdict = bundle::verify_bytes(&bundle, &with(key));
            assert!(matches!(verdict, Verdict::Verified(_)), "{key}: {verdict:?}");
        }
        let manifest: serde_json::Value = serde_json::from_str(member(&bundle, "manifest.json")).unwrap();
        assert_eq!(manifest["keys"].as_array().unwrap().len(), keys.len());
    };
    check(&c.service, &[&first, &second]).await;
    // Two at once: one of them is told that the other was first, and nothing is signed with two keys.
    let (a, b) =
        tokio::join!(c.service.rotate_key(&root, text("One.")), elsewhere.rotate_key(&root, text("Other.")),);
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    c.service.refresh().await.unwrap();
    elsewhere.refresh().await.unwrap();
    let third = c.service.verifier_key();
    assert_eq!(third, elsewhere.verifier_key());
    // Whoever starts right after the change, before anything followed it.
    drop((c.service, elsewhere));
    settle().await;
    let again = open(folder.path()).await;
    assert_eq!(again.verifier_key(), third);
    check(&again, &[&first, &second, &third]).await;
    drop(again);
    settle().await;
    let config = service::Config::local(folder.path());
    let verified = Service::verify(&config, &crate::support::passphrase(), |_, _| {}).await.unwrap();
    assert_eq!(verified.opened, verified.entries);
}

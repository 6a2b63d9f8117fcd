//! Time stamps of a real authority, good ones and wrong ones, judged by `openssl` too.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::io::Write;
use std::sync::Arc;

use ledger::stamp::{self, Chain, HashAlgorithm, Response, Revocation, StampError};

#[path = "support/authority.rs"]
mod authority;
#[path = "support/judge.rs"]
mod judge;
#[path = "support/tlv.rs"]
mod tlv;

use authority::{Authority, CA, Party, TSA, Wanted, Workshop, openssl};
use judge::{Case, MESSAGE, ask, time_of, tree, tst_info};
use tlv::Node;

/// A response whose token `openssl cms` made: it asks nobody whether a certificate is fit to sign time stamps.
fn by_cms(workshop: &Workshop, info: &[u8], signer: &Party, options: &[&str]) -> Vec<u8> {
    let content = workshop.path(".info");
    std::fs::write(&content, info).unwrap();
    let (key, certificate) = (signer.key.to_str().unwrap(), signer.certificate.to_str().unwrap());
    let arguments =
        ["cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-md", "sha256", "-outform", "DER"];
    let kind = ["-econtent_type", "1.2.840.113549.1.9.16.1.4", "-in", content.to_str().unwrap()];
    let by = ["-signer", certificate, "-inkey", key];
    let token = openssl(workshop.dir(), &[&arguments[..], &kind, &by, options].concat());
    let status = Node::holding(0x30, vec![Node::value(0x02, &[0])]);
    Node::holding(0x30, vec![status, tree(&token)]).der()
}

#[test]
fn good_time_stamps_are_read_as_openssl_reads_them() {
    if !authority::is_available() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let kinds = [
        ("RSA-2048", "-sha256", "", HashAlgorithm::Sha256),
        ("P-256", "-sha384", "signer_digest=sha512\ntsa_name=yes", HashAlgorithm::Sha384),
        ("P-384", "-sha512", "signer_digest=sha384\ness_cert_id_chain=yes", HashAlgorithm::Sha512),
        (
            "RSA-3072",
            "-sha256",
            "signer_digest=sha512\ness_cert_id_alg=sha1\nclock_precision_digits=4",
            HashAlgorithm::Sha256,
        ),
        (
            "P-256",
            "-sha256",
            "ess_cert_id_alg=sha384\ness_cert_id_chain=yes\ntsa_name=yes\nordering=yes\naccuracy=secs:2, millisecs:500, microsecs:7",
            HashAlgorithm::Sha256,
        ),
    ];
    for (number, (key, digest, settings, hash)) in kinds.into_iter().enumerate() {
        let authority = Authority::with(&dir.path().join(number.to_string()), key, settings);
        let case = Case::of(&authority, authority.stamp_with(MESSAGE, digest));
        assert!(case.there(dir.path()), "{settings}");
        let stamp = case.here().unwrap();
        assert_eq!(stamp.time_ms.div_euclid(1000), case.at);
        assert!(stamp.time_ms % 1000 == 0 || settings.contains("clock"));
        assert_eq!(stamp.hash, hash);
        assert_eq!(stamp.policy, "1.2.3.4.1");
        assert_eq!(stamp.serial, "0102");
        assert_eq!(stamp.authority, "C=AT, O=Example Authority, CN=Example Time Stamping");
        assert_eq!(stamp.root_subject, "C=AT, O=Example Authority, CN=Example Root");
        assert_eq!(stamp.signer_not_after_ms, 2_366_841_600_000);
        let accuracy = if settings.contains("secs:2") { 2_500_007 } else { 1_000_000 };
        assert_eq!(stamp.accuracy.unwrap().as_micros(), accuracy);
        let fingerprint =
            openssl(dir.path(), &["x509", "-in", "asked.root", "-noout", "-fingerprint", "-sha256"]);
        let fingerprint = String::from_utf8(fingerprint).unwrap().replace(':', "").to_lowercase();
        assert!(fingerprint.contains(&stamp.root_fingerprint.to_hex()));

        let carried = Chain::from_response(&case.response).unwrap();
        assert_eq!((carried.len(), carried.reaches_root()), (2, false));
        let whole = carried.and(&Chain::from_pem(&case.root).unwrap());
        assert!(whole.reaches_root());
        assert_eq!(whole.to_pem(), case.chain);
    }
}

#[test]
fn a_request_of_ours_is_answered_with_its_nonce() {
    if !authority::is_available() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    for nonce in [0, 1, 127, 128, 255, 256, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, u64::MAX] {
        let response = authority.answer(&stamp::request(MESSAGE, nonce));
        let chain = Chain::from_pem(&authority.chain_pem()).unwrap();
        let response = Response::parse(&response).unwrap();
        assert!(response.verify(MESSAGE, &chain, Some(nonce)).is_ok());
        assert!(response.verify(MESSAGE, &chain, None).is_ok());
        assert_eq!(response.verify(MESSAGE, &chain, Some(nonce ^ 1)), Err(StampError::OtherRequest));
        assert_eq!(response.verify(b"another", &chain, Some(nonce)), Err(StampError::OtherMessage));
    }
    let asked = openssl(
        dir.path(),
        &["ts", "-query", "-cert", "-sha256", "-no_nonce", "-data", authority.signer().key.to_str().unwrap()],
    );
    let key = std::fs::read(&authority.signer().key).unwrap();
    let mut ours = tree(&stamp::request(&key, 5));
    ours.nodes_mut().remove(2);
    assert_eq!(ours.der(), asked);
    let without = authority.answer(&asked);
    let chain = Chain::from_pem(&authority.chain_pem()).unwrap();
    assert_eq!(
        Response::parse(&without).unwrap().verify(&key, &chain, Some(5)),
        Err(StampError::OtherRequest)
    );
}

#[test]
fn a_refusal_of_the_authority_is_said_with_its_words() {
    if !authority::is_available() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let case = Case { at: 0, ..Case::of(&authority, authority.stamp(MESSAGE)) };
    let refused = Case { response: authority.stamp_with(MESSAGE, "-sha1"), ..case };
    assert!(!refused.there(dir.path()));
    let error = refused.here().unwrap_err();
    assert!(matches!(error, StampError::NotGranted { status: 2, .. }), "{error}");
    assert!(error.to_string().contains("not supported"), "{error}");
}

/// What must come of a case.
enum Verdict {
    /// Here and with `openssl`.
    Accepted,
    /// Here and with `openssl`; what ours says about it.
    Refused(&'static str),
    /// Here alone; what ours says about it, and why we want it so.
    Stricter(&'static str, &'static str),
}

#[test]
fn certificates_that_do_not_hold_are_refused_as_openssl_refuses_them() {
    use Verdict::{Accepted, Refused, Stricter};
    if !authority::is_available() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::with(&dir.path().join("authority"), "P-256", "tsa_name=no");
    let shop = authority.workshop();
    let info = tst_info(&authority.stamp(MESSAGE));
    let at = time_of(&authority.stamp(MESSAGE));
    let root = shop.issue(Wanted::new("Root", "P-256", CA), None);
    let middle = shop.issue(Wanted::new("Middle", "P-256", CA), Some(&root));
    let signer = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&middle));
    let cades = ["-cades"];
    let judged = |signer: &Party, above: &[&Party], options: &[&str]| {
        let chain: String = std::iter::once(signer).chain(above.iter().copied()).map(Party::pem).collect();
        let root = above.last().map_or_else(|| signer.pem(), |root| root.pem());
        Case { response: by_cms(shop, &info, signer, options), message: MESSAGE.to_vec(), chain, root, at }
    };
    let mut cases: Vec<(&str, Case, Verdict)> = Vec::new();

    cases.push(("as it should be", judged(&signer, &[&middle, &root], &cades), Accepted));
    let without = judged(&signer, &[&middle, &root], &[]);
    cases.push(("the signer's certificate is not named", without, Refused("does not say which certificate")));

    // The signer's purposes and uses.
    let signers = [
        (
            "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature,nonRepudiation",
            Accepted,
        ),
        ("extendedKeyUsage=critical,timeStamping\nkeyUsage=nonRepudiation", Accepted),
        ("extendedKeyUsage=critical,timeStamping", Accepted),
        ("extendedKeyUsage=critical,timeStamping\ncertificatePolicies=critical,1.2.3", Accepted),
        ("extendedKeyUsage=critical,timeStamping\nsubjectAltName=critical,DNS:example.com", Accepted),
        ("extendedKeyUsage=timeStamping", Refused("without making it critical")),
        ("extendedKeyUsage=critical,timeStamping,emailProtection", Refused("other purposes")),
        (
            "extendedKeyUsage=critical,timeStamping,1.3.6.1.4.1.99999.1",
            Stricter(
                "other purposes",
                "a purpose that openssl does not know is a further purpose all the same",
            ),
        ),
        ("extendedKeyUsage=critical,emailProtection", Refused("other purposes")),
        ("extendedKeyUsage=critical,anyExtendedKeyUsage", Refused("other purposes")),
        ("keyUsage=critical,digitalSignature", Refused("is not for time stamping")),
        (
            "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature,keyCertSign",
            Refused("not for signing alone"),
        ),
        (
            "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,keyEncipherment",
            Refused("not for signing alone"),
        ),
        (
            "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature,decipherOnly",
            Refused("not for signing alone"),
        ),
        ("extendedKeyUsage=critical,timeStamping\n1.2.3.4=critical,DER:0500", Refused("does not know")),
        ("extendedKeyUsage=critical,timeStamping\n1.2.3.4=DER:0500", Accepted),
    ];
    for (extensions, verdict) in signers {
        let signer = shop.issue(Wanted::new("Signer", "P-256", extensions), Some(&middle));
        cases.push((extensions, judged(&signer, &[&middle, &root], &cades), verdict));
    }

    // The authorities between.
    let authorities = [
        ("basicConstraints=critical,CA:TRUE", Accepted),
        ("basicConstraints=CA:TRUE\nkeyUsage=keyCertSign", Accepted),
        ("basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign", Accepted),
        ("basicConstraints=CA:TRUE\nextendedKeyUsage=timeStamping,clientAuth", Accepted),
        (
            "basicConstraints=critical,CA:FALSE\nkeyUsage=keyCertSign",
            Refused("not that of a certificate authority"),
        ),
        ("keyUsage=keyCertSign", Refused("not that of a certificate authority")),
        ("keyUsage=digitalSignature", Refused("not that of a certificate authority")),
        ("basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign", Refused("may not sign certificates")),
        (
            "basicConstraints=critical,CA:TRUE\nnameConstraints=critical,excluded;dirName:name\n[name]\nC=AT",
            Refused("does not know"),
        ),
        (
            "basicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;dirName:name\n[name]\nC=AT",
            Stricter(
                "does not know",
                "name constraints are not computed here, so whoever has them is refused",
            ),
        ),
        ("basicConstraints=critical,CA:TRUE\nextendedKeyUsage=critical,serverAuth", Accepted),
        (
            "basicConstraints=critical,CA:TRUE\npolicyConstraints=critical,requireExplicitPolicy:0",
            Stricter("does not know", "policies are not computed here; openssl does so only when asked"),
        ),
    ];
    for (extensions, verdict) in authorities {
        let middle = shop.issue(Wanted::new("Middle", "P-256", extensions), Some(&root));
        let signer = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&middle));
        cases.push((extensions, judged(&signer, &[&middle, &root], &cades), verdict));
    }
    let narrow = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign";
    let narrow = shop.issue(Wanted::new("Narrow", "P-256", narrow), None);
    let below = shop.issue(Wanted::new("Middle", "P-256", CA), Some(&narrow));
    let lowest = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&below));
    cases.push((
        "path length",
        judged(&lowest, &[&below, &narrow], &cades),
        Refused("so many authorities below"),
    ));
    let direct = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&narrow));
    cases.push(("no authority between", judged(&direct, &[&narrow], &cades), Accepted));

    // Times.
    let past = ("20200101000000Z", "20210101000000Z");
    let future = ("20440101000000Z", "20450101000000Z");
    for (valid, words) in [(past, "no longer valid"), (future, "not yet valid")] {
        let late = shop.issue(Wanted { valid, ..Wanted::new("Signer", "P-256", TSA) }, Some(&middle));
        cases.push((words, judged(&late, &[&middle, &root], &cades), Refused(words)));
        let late = shop.issue(Wanted { valid, ..Wanted::new("Middle", "P-256", CA) }, Some(&root));
        let under = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&late));
        cases.push((words, judged(&under, &[&late, &root], &cades), Refused(words)));
        let late = shop.issue(Wanted { valid, ..Wanted::new("Root", "P-256", CA) }, None);
        let under = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&late));
        cases.push((words, judged(&under, &[&late], &cades), Refused(words)));
    }
    let second = |at: i64| jiff::Timestamp::from_second(at).unwrap().strftime("%Y%m%d%H%M%SZ").to_string();
    for (from, until, verdict) in [
        (at, at + 1, Accepted),
        (at + 1, at + 2, Refused("not yet valid")),
        (at - 2, at, Refused("no longer valid")),
    ] {
        let (from, until) = (second(from), second(until));
        let brief = shop
            .issue(Wanted { valid: (&from, &until), ..Wanted::new("Signer", "P-256", TSA) }, Some(&middle));
        cases.push(("to the second", judged(&brief, &[&middle, &root], &cades), verdict));
    }

    // Other certificates than the right ones.
    let twin = shop.issue(Wanted::new("Root", "P-256", CA), None);
    let unkeyed = shop
        .issue(Wanted::new("Middle", "P-256", &format!("{CA}\nauthorityKeyIdentifier=none")), Some(&root));
    let under = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&unkeyed));
    cases.push((
        "another root of the same name",
        judged(&under, &[&unkeyed, &twin], &cades),
        Refused("not signed by the key"),
    ));
    let keyed = shop
        .issue(Wanted::new("Keyed", "P-256", &format!("{CA}\nauthorityKeyIdentifier=keyid")), Some(&root));
    let under = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&keyed));
    cases.push((
        "another root of the same name, by its key",
        judged(&under, &[&keyed, &twin], &cades),
        Refused("another key of its issuer"),
    ));
    let stranger = shop.issue(Wanted::new("Stranger", "P-256", CA), None);
    cases.push((
        "a root of another name",
        judged(&signer, &[&middle, &stranger], &cades),
        Refused("another name"),
    ));
    let mut case = judged(&signer, &[&middle, &root], &cades);
    case.chain = format!("{}{}", signer.pem(), root.pem());
    cases.push(("nobody between", case.clone(), Refused("another name")));
    case.chain = format!("{}{}", signer.pem(), middle.pem());
    let whole = "the chain is to be whole, so that it can be read without anything else";
    cases.push(("without the root", case.clone(), Stricter("the last and not a root", whole)));
    case.chain = format!("{}{}{}", middle.pem(), signer.pem(), root.pem());
    cases.push((
        "in another order",
        case.clone(),
        Stricter("is not for time stamping", "the chain has an order"),
    ));
    case.chain = format!("{}{}{}", signer.pem(), middle.pem(), root.pem());
    case.message = b"another".to_vec();
    cases.push(("another text", case, Refused("over another text")));
    let alone = shop.issue(Wanted::new("Alone", "P-256", "extendedKeyUsage=critical,timeStamping"), None);
    cases.push(("one that is its own root", judged(&alone, &[], &cades), Accepted));
    let own = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash";
    let old = shop.issue(Wanted::new("Rolling", "P-256", own), None);
    let named = format!("{own}\nauthorityKeyIdentifier=keyid");
    let new = shop.issue(Wanted::new("Rolling", "P-256", &named), Some(&old));
    let under = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&new));
    cases.push((
        "an authority that issued itself another key",
        judged(&under, &[&new, &old], &cades),
        Accepted,
    ));
    let weak = shop.issue(Wanted { options: &["-md", "sha1"], ..Wanted::new("Weak", "P-256", CA) }, None);
    let under = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&weak));
    cases.push(("a root that signed itself with SHA-1", judged(&under, &[&weak], &cades), Accepted));
    let resigned = shop.certify(signer.key.clone(), Wanted::new("Signer", "P-256", TSA), Some(&middle));
    let mut case = judged(&signer, &[&middle, &root], &cades);
    case.chain = format!("{}{}{}", resigned.pem(), middle.pem(), root.pem());
    cases.push((
        "another certificate of the same key",
        case,
        Stricter("another than the first certificate", "openssl finds the right one in the token"),
    ));

    // Algorithms.
    let weak = shop.issue(Wanted::new("Middle", "RSA-1024", CA), Some(&root));
    let under = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&weak));
    cases.push((
        "RSA of 1024 bits",
        judged(&under, &[&weak, &root], &cades),
        Stricter("not relied on", "1024 bits are too few"),
    ));
    let sha1 = Wanted { options: &["-md", "sha1"], ..Wanted::new("Signer", "P-256", TSA) };
    let sha1 = shop.issue(sha1, Some(&middle));
    cases.push((
        "signed with SHA-1",
        judged(&sha1, &[&middle, &root], &cades),
        Stricter("not relied on", "SHA-1 signs nothing here"),
    ));
    let rsa = shop.issue(Wanted::new("Root", "RSA-2048", CA), None);
    let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
    let ed = shop.issue(Wanted { options: &pss, ..Wanted::new("Middle", "ED25519", CA) }, Some(&rsa));
    let under = shop.issue(Wanted::new("Signer", "P-384", TSA), Some(&ed));
    cases.push(("PSS, Ed25519 and P-384 in one chain", judged(&under, &[&ed, &rsa], &cades), Accepted));
    let short = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"];
    let salted = shop.issue(Wanted { options: &short, ..Wanted::new("Signer", "P-256", TSA) }, Some(&rsa));
    cases.push((
        "PSS with a shorter salt",
        judged(&salted, &[&rsa], &cades),
        Stricter("not relied on", "one kind of PSS is enough"),
    ));
    let p521 = shop.issue(Wanted::new("Signer", "P-521", TSA), Some(&middle));
    cases.push((
        "P-521",
        judged(&p521, &[&middle, &root], &cades),
        Stricter("signed in a way", "two curves are enough"),
    ));
    let ed = shop.issue(Wanted::new("Signer", "RSA-2048", TSA), Some(&middle));
    let options = ["-cades", "-keyopt", "rsa_padding_mode:pss"];
    cases.push((
        "a token signed with PSS",
        judged(&ed, &[&middle, &root], &options),
        Refused("signed in a way"),
    ));
    let identified = judged(&signer, &[&middle, &root], &["-cades", "-keyid"]);
    cases.push(("the signer named by its key", identified, Refused("`SignerInfo version`")));

    let mut wrong = Vec::new();
    for (name, case, verdict) in &cases {
        let (here, there) = (case.here(), case.there(dir.path()));
        let said = here.as_ref().map_or_else(ToString::to_string, |_| String::new());
        let (right, why) = match verdict {
            Accepted => (here.is_ok() && there, ""),
            Refused(words) => (here.is_err() && said.contains(words) && !there, *words),
            Stricter(words, why) => (here.is_err() && said.contains(words) && there, *why),
        };
        if !right {
            wrong.push(format!("{name}: here {said:?}, openssl {there} ({why})"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The long-running second opinion is the same as that of the command.
    let all: Vec<Case> = cases.iter().map(|(_, case, _)| case.clone()).collect();
    if let Some(verdicts) = ask(&all) {
        for ((name, case, _), verdict) in cases.iter().zip(verdicts) {
            assert_eq!(verdict, case.there(dir.path()), "{name}");
        }
    }
}

#[test]
fn a_signer_that_was_revoked_stands_on_the_list_of_its_issuer() {
    if !authority::is_available() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let shop = Workshop::new(dir.path());
    let root = shop.issue(Wanted::new("Root", "P-256", CA), None);
    let middle = shop.issue(Wanted::new("Middle", "RSA-2048", CA), Some(&root));
    let mute = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
    let mute = shop.issue(Wanted::new("Mute", "P-256", mute), Some(&root));
    let [good, bad, under] =
        [&middle, &middle, &mute].map(|by| shop.issue(Wanted::new("Signer", "P-256", TSA), Some(by)));
    let chain = |signer: &Party, middle: &Party| {
        Chain::from_pem(&format!("{}{}{}", signer.pem(), middle.pem(), root.pem())).unwrap()
    };
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let ca = |issuer: &Party, options: &[&str]| {
        let (key, certificate) = (text(&issuer.key), text(&issuer.certificate));
        let by = ["ca", "-config", "authority.cnf", "-keyfile", &key, "-cert", &certificate];
        openssl(dir.path(), &[&by[..], options].concat())
    };
    let list = |issuer: &Party, options: &[&str]| {
        let out = text(&shop.path(".crl"));
        ca(issuer, &[&["-gencrl", "-out", &out], options].concat());
        openssl(dir.path(), &["crl", "-in", &out, "-outform", "DER"])
    };
    let times = ["-crl_lastupdate", "20260101000000Z", "-crl_nextupdate", "20260201000000Z"];
    let expected = Revocation {
        this_update_ms: 1_767_225_600_000,
        next_update_ms: Some(1_769_904_000_000),
        revoked_ms: None,
    };
    let before = list(&middle, &times);
    assert_eq!(stamp::check_crl(&chain(&good, &middle), 0, &before), Ok(expected));
    assert_eq!(stamp::check_crl(&chain(&bad, &middle), 0, &before), Ok(expected));

    ca(&middle, &["-revoke", &text(&bad.certificate)]);
    let after = list(&middle, &times);
    assert_eq!(stamp::check_crl(&chain(&good, &middle), 0, &after), Ok(expected));
    let revoked = stamp::check_crl(&chain(&bad, &middle), 0, &after).unwrap();
    assert!(revoked.revoked_ms.is_some_and(|since| since > 1_767_225_600_000));

    // Another's list, a forged one, one by an issuer that may sign none, a damaged one.
    let reason = |chain: &Chain, list: &[u8]| stamp::check_crl(chain, 0, list).unwrap_err().to_string();
    assert!(reason(&chain(&good, &middle), &list(&root, &times)).contains("another authority's"));
    let twin = shop.issue(Wanted::new("Middle", "P-256", CA), Some(&root));
    assert!(reason(&chain(&good, &middle), &list(&twin, &times)).contains("did not sign it"));
    assert!(reason(&chain(&under, &mute), &list(&mute, &times)).contains("did not sign it"));
    for place in 0..after.len() {
        let mut damaged = after.clone();
        damaged[place] ^= 1;
        let verdict = stamp::check_crl(&chain(&bad, &middle), 0, &damaged);
        assert!(verdict.is_err(), "byte {place}");
    }
}

#[test]
fn a_certificate_says_where_the_list_is_kept_on_which_it_would_stand() {
    if !authority::is_available() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let shop = Workshop::new(dir.path());
    let root = shop.issue(Wanted::new("Root", "P-256", CA), None);
    let told = |points: &str| {
        let extensions = format!("{TSA}\ncrlDistributionPoints={points}");
        let signer = shop.issue(Wanted::new("Signer", "P-256", &extensions), Some(&root));
        let chain = Chain::from_pem(&format!("{}{}", signer.pem(), root.pem())).unwrap();
        let named: Vec<_> = chain.lists_of_revoked().map(|(_, named)| named.to_vec()).collect();
        assert_eq!(named.len(), 1, "the root stands on no list");
        named.concat()
    };
    assert_eq!(told("URI:http://a.example/1.crl"), ["http://a.example/1.crl"]);
    assert_eq!(
        told("URI:http://a.example/1.crl, URI:https://b.example/2"),
        ["http://a.example/1.crl", "https://b.example/2"]
    );
    // Another way to ask, a part of a list, another's list: left alone.
    assert_eq!(told("URI:ldap://a.example/cn=1, URI:http://b.example/2"), ["http://b.example/2"]);
    assert_eq!(told("part\n[part]\nfullname=URI:http://a.example/1\nreasons=keyCompromise"), [""; 0]);
    assert_eq!(
        told("other\n[other]\nfullname=URI:http://a.example/1\nCRLissuer=dirName:name\n[name]\nCN=Other"),
        [""; 0]
    );
    let plain = shop.issue(Wanted::new("Signer", "P-256", TSA), Some(&root));
    let chain = Chain::from_pem(&format!("{}{}", plain.pem(), root.pem())).unwrap();
    assert!(chain.lists_of_revoked().all(|(_, named)| named.is_empty()));
}

#[test]
fn the_server_of_the_tests_answers_as_rfc_3161_has_it() {
    if !authority::is_available() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let authority = Arc::new(Authority::new(dir.path()));
    let server = authority.serve();
    let address = server.url().replace("http://", "").replace("/stamp", "");
    let talk = |head: &str, body: &[u8]| {
        let mut connection = std::net::TcpStream::connect(&address).unwrap();
        connection.write_all(head.as_bytes()).unwrap();
        connection.write_all(body).unwrap();
        let mut answer = Vec::new();
        std::io::Read::read_to_end(&mut connection, &mut answer).unwrap();
        answer
    };
    let request = stamp::request(MESSAGE, 7);
    let head = format!(
        "POST /stamp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/timestamp-query\r\nContent-Length: {}\r\n\r\n",
        request.len()
    );
    let answer = talk(&head, &request);
    let body = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(stamp::verify(&answer[body..], MESSAGE, &authority.chain_pem()).is_ok());
    assert!(talk("GET /stamp HTTP/1.1\r\n\r\n", b"").starts_with(b"HTTP/1.1 405"));
    assert_eq!(server.answered(), 1);
}

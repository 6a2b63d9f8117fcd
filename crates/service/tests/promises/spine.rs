//! The main job, end to end: a secret is registered, people are bound, access is decided, and all of it is in the record.

use crate::support::{
    RECIPE, SCAN, approve, ask, begin, company, operator, paper, passphrase, read, shell, sign, text,
};
use gate::Condition;
use program::{Actor, access};
use service::{Config, HistoryFilter, OpenError, Passphrase, Service, ServiceError};

fn failing(error: ServiceError) -> Vec<Condition> {
    match error {
        ServiceError::Shut(shut) => shut.because.iter().filter(|b| !b.met).map(|b| b.condition).collect(),
        other => panic!("not refused by the gate: {other}"),
    }
}

#[tokio::test]
async fn a_document_opens_only_when_every_condition_holds() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    let refused = read(&c.service, c.engineer, c.document).await.unwrap_err();
    assert_eq!(failing(refused), [Condition::Grant, Condition::Agreement]);

    sign(&c.service, c.agreement, c.engineer).await.unwrap();
    let refused = read(&c.service, c.engineer, c.document).await.unwrap_err();
    assert_eq!(failing(refused), [Condition::Grant]);

    let request = ask(&c.service, c.engineer, c.secret).await;
    let grant = approve(&c.service, c.owner, request).await.unwrap();
    assert_eq!(read(&c.service, c.engineer, c.document).await.unwrap(), RECIPE.as_bytes());

    let revoke = access::Command::Revoke { grant, reason: text("The repair is done.") };
    c.service.act(&shell(c.owner), revoke).await.unwrap();
    let refused = read(&c.service, c.engineer, c.document).await.unwrap_err();
    assert_eq!(failing(refused), [Condition::Grant]);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    sign(&c.service, c.agreement, c.engineer).await.unwrap();
    let request = ask(&c.service, c.engineer, c.secret).await;
    approve(&c.service, c.owner, request).await.unwrap();
    let (document, engineer, size) = (c.document, c.engineer, c.service.state().size);
    c.service.snapshot().await.unwrap();
    drop(c);

    for _ in 0..2 {
        let again = crate::support::open(folder.path()).await;
        assert!(again.state().size >= size);
        assert_eq!(read(&again, engineer, document).await.unwrap(), RECIPE.as_bytes());
    }
}

#[tokio::test]
async fn the_precise_description_opens_through_the_gate_alone() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    let refused = c.service.open_precise(&shell(c.engineer), c.secret).await.unwrap_err();
    assert_eq!(failing(refused), [Condition::Grant, Condition::Agreement]);
    sign(&c.service, c.agreement, c.owner).await.unwrap();
    let opened = c.service.open_precise(&shell(c.owner), c.secret).await.unwrap();
    assert!(opened.text.contains("46 hours"));
    let entry = c.service.entry(&operator(), opened.entry).await.unwrap();
    assert_eq!(entry.kind, "secret.read");
    for entry in c
        .service
        .history(&operator(), &HistoryFilter { limit: 1000, ..Default::default() })
        .await
        .unwrap()
        .entries
    {
        let shown = format!("{:?} {}", entry.fields, entry.sentence);
        assert!(!shown.contains("46 hours"), "entry {} shows the precise description", entry.position);
    }
}

#[tokio::test]
async fn another_process_sees_a_revocation_before_it_opens_anything() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    let other = crate::support::open(folder.path()).await;
    sign(&c.service, c.agreement, c.engineer).await.unwrap();
    for _ in 0..25 {
        let request = ask(&c.service, c.engineer, c.secret).await;
        let grant = approve(&c.service, c.owner, request).await.unwrap();
        assert!(read(&other, c.engineer, c.document).await.is_ok());
        let revoke = access::Command::Revoke { grant, reason: text("Done.") };
        c.service.act(&shell(c.owner), revoke).await.unwrap();
        let refused = read(&other, c.engineer, c.document).await.unwrap_err();
        assert_eq!(failing(refused), [Condition::Grant]);
    }
}

#[tokio::test]
async fn the_whole_record_verifies_and_every_entry_is_proved() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    let size = c.service.state().size;
    for position in 0..size {
        let proof = c.service.entry_proof(&operator(), position).await.unwrap();
        let key: ledger::VerifierKey = proof.verifier.parse().unwrap();
        let checkpoint = ledger::open_checkpoint(&proof.checkpoint, &key, key.name()).unwrap();
        let leaf = ledger::leaf_hash(proof.entry.as_bytes());
        let path: Vec<ledger::Digest> = proof.path.iter().map(|hash| ledger::Digest(hash.0)).collect();
        ledger::verify_inclusion(&leaf, position, checkpoint.size, &path, &checkpoint.root).unwrap();
    }
    drop(c);
    let config = Config::local(folder.path());
    let verified = Service::verify(&config, &passphrase(), |_, _| {}).await.unwrap();
    assert_eq!((verified.entries, verified.opened, verified.erased), (size, size, 0));
}

#[tokio::test]
async fn nothing_opens_without_the_passphrase_and_a_lost_one_is_replaced_with_the_recovery_key() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::local(folder.path());
    let kdf = service::KdfParams::light_for_tests();
    let created = Service::create(config.clone(), &passphrase(), kdf, "Halden", "UTC").await.unwrap();
    drop(created.service);
    let again = Service::create(config.clone(), &passphrase(), kdf, "Halden", "UTC").await;
    assert!(matches!(again, Err(OpenError::Present(_))));
    let wrong = Passphrase::new("wrong horse battery staple".to_owned());
    assert!(matches!(Service::unseal(config.clone(), &wrong).await, Err(OpenError::WrongPassphrase)));
    let new = Passphrase::new("a new passphrase for everybody".to_owned());
    Service::recover(config.clone(), &created.recovery, &new, kdf, &operator()).await.unwrap();
    assert!(matches!(Service::unseal(config.clone(), &passphrase()).await, Err(OpenError::WrongPassphrase)));
    let service = Service::unseal(config, &new).await.unwrap();
    let last = service.entry(&operator(), service.state().size - 1).await.unwrap();
    assert_eq!(last.kind, "organisation.passphrase-changed");
}

#[tokio::test]
async fn a_copy_of_the_data_folder_tells_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    sign(&c.service, c.agreement, c.owner).await.unwrap();
    read(&c.service, c.owner, c.document).await.unwrap();
    c.service.snapshot().await.unwrap();
    drop(c);
    let needles = [
        "46 hours",
        "Titania",
        "Olga",
        "halden",
        "Lumafilm",
        "bath.md",
        "text/markdown",
        "document.opened",
        "secret.",
        "Confidentiality",
    ];
    let mut searched = 0;
    let mut folders = vec![folder.path().to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            searched += bytes.len();
            for needle in needles {
                let found =
                    bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()));
                assert!(!found, "`{needle}` stands in {}", path.display());
            }
        }
    }
    assert!(searched > 10_000);
}

#[tokio::test]
async fn a_paper_copy_is_read_by_whoever_signed_it_and_those_who_run_agreements() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    c.service.record_paper(&operator(), paper(c.agreement, c.engineer)).await.unwrap();
    let signed = |person| c.service.state().agreements.signature(person, c.agreement).unwrap().position;
    let entry = signed(c.engineer);
    for reader in [shell(c.engineer), shell(c.counsel), operator()] {
        let scan = c.service.paper_scan(&reader, c.agreement, entry).await.unwrap();
        assert_eq!((scan.bytes.as_slice(), scan.version), (SCAN, 1));
    }
    sign(&c.service, c.agreement, c.owner).await.unwrap();
    let typed = signed(c.owner);
    for (reader, entry) in [(c.owner, entry), (c.owner, typed), (c.counsel, typed), (c.counsel, 0)] {
        let refused = c.service.paper_scan(&shell(reader), c.agreement, entry).await.err().unwrap();
        assert!(matches!(refused, ServiceError::Refused(_)), "{refused}");
    }
}

#[tokio::test]
async fn somebody_who_is_nobody_sees_and_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let c = company(begin(folder.path()).await).await;
    let stranger = Actor::link(None);
    assert!(c.service.open_document(&stranger, c.document).await.is_err());
    assert!(c.service.entry(&stranger, 0).await.is_err());
    assert!(c.service.history(&stranger, &HistoryFilter { limit: 10, ..Default::default() }).await.is_err());
    assert!(
        c.service.open_document(&operator(), c.document).await.is_err(),
        "the operator manages, and does not read"
    );
}

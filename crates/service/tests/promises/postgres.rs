//! Many nodes on one PostgreSQL database: the same promises as on a file.

use crate::support::{
    RECIPE, approve, ask, begin_at, company, operator, passphrase, read, shell, sign, text,
};
use gate::Condition;
use program::access;
use service::{Config, HistoryFilter, OpenError, Service, ServiceError};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// A schema of its own; documents in this folder, which all nodes share.
fn place(folder: &Path) -> Option<Config> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let address = crate::postgres_server::address()?;
    let name = format!("service_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let journal = Some(format!("{address}?options[search_path]={name}"));
    Some(Config { journal, ..Config::local(folder) })
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_for_another_node() {
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = place(folder.path()) else { return };
    let absent = Service::unseal(config.clone(), &passphrase()).await;
    assert!(matches!(absent, Err(OpenError::Absent(_))), "there is no record yet");
    let c = company(begin_at(config.clone()).await).await;
    assert!(!config.record_file().exists(), "the record is in the database, and nowhere else");
    sign(&c.service, c.agreement, c.owner).await.unwrap();
    let size = c.service.state().size;
    c.service.snapshot().await.unwrap();
    for _ in 0..2 {
        let other = Service::unseal(config.clone(), &passphrase()).await.unwrap();
        assert!(other.state().size >= size);
        assert_eq!(read(&other, c.owner, c.document).await.unwrap(), RECIPE.as_bytes());
    }
    let kdf = service::KdfParams::light_for_tests();
    let again = Service::create(config.clone(), &passphrase(), kdf, "Another", "UTC").await;
    assert!(matches!(again, Err(OpenError::Present(_))));
    let verified = Service::verify(&config, &passphrase(), |_, _| {}).await.unwrap();
    assert_eq!((verified.entries, verified.erased), (size + 2, 0));
}

/// Each machine has a folder of its own; the keys are in the database, and those of one alone.
#[tokio::test(flavor = "multi_thread")]
async fn of_machines_that_begin_at_once_one_begins_and_the_others_are_told() {
    for _ in 0..5 {
        let folders = [(); 4].map(|()| tempfile::tempdir().unwrap());
        let Some(config) = place(folders[0].path()) else { return };
        let mut begun = tokio::task::JoinSet::new();
        for folder in &folders {
            let config = Config { data: folder.path().to_owned(), ..config.clone() };
            begun.spawn(async move {
                let kdf = service::KdfParams::light_for_tests();
                Service::create(config, &passphrase(), kdf, "Halden", "UTC").await.map(drop)
            });
        }
        let (done, told): (Vec<_>, Vec<_>) = begun.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((done.len(), told.len()), (1, 3), "{told:?}");
        assert!(told.iter().all(|one| matches!(one, Err(OpenError::Present(_)))), "{told:?}");
        assert!(Service::verify(&config, &passphrase(), |_, _| {}).await.unwrap().entries >= 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_on_one_node_is_seen_by_the_other_before_it_opens_anything() {
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = place(folder.path()) else { return };
    let c = company(begin_at(config.clone()).await).await;
    let other = Service::unseal(config.clone(), &passphrase()).await.unwrap();
    sign(&c.service, c.agreement, c.engineer).await.unwrap();
    for _ in 0..100 {
        let request = ask(&c.service, c.engineer, c.secret).await;
        let grant = approve(&c.service, c.owner, request).await.unwrap();
        assert_eq!(read(&other, c.engineer, c.document).await.unwrap(), RECIPE.as_bytes());
        let revoke = access::Command::Revoke { grant, reason: text("Done.") };
        c.service.act(&shell(c.owner), revoke).await.unwrap();
        match read(&other, c.engineer, c.document).await {
            Err(ServiceError::Shut(shut)) => {
                let failing = shut.because.iter().filter(|b| !b.met).map(|b| b.condition);
                assert!(failing.eq([Condition::Grant]));
            }
            other => panic!("opened after the revocation was answered: {:?}", other.map(|bytes| bytes.len())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_write_at_once_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = place(folder.path()) else { return };
    let c = company(begin_at(config.clone()).await).await;
    let other = Service::unseal(config.clone(), &passphrase()).await.unwrap();
    sign(&c.service, c.agreement, c.owner).await.unwrap();
    let before = c.service.state().size;
    let mut openings = tokio::task::JoinSet::new();
    for service in [c.service.clone(), other.clone()] {
        for _ in 0..4 {
            let (service, owner, document) = (service.clone(), c.owner, c.document);
            openings.spawn(async move {
                let mut entries = Vec::new();
                for _ in 0..50 {
                    let opened = service.open_document(&shell(owner), document).await.unwrap();
                    entries.push(opened.entry);
                }
                entries
            });
        }
    }
    let answered: Vec<u64> = openings.join_all().await.into_iter().flatten().collect();
    let distinct: BTreeSet<u64> = answered.iter().copied().collect();
    assert_eq!((answered.len(), distinct.len()), (400, 400), "an entry was answered twice");
    other.refresh().await.unwrap();
    assert_eq!(other.state().size, before + 400);
    let kinds = vec!["document.opened".to_owned()];
    let filter = HistoryFilter { kinds, limit: 1000, ..Default::default() };
    let found = other.history(&operator(), &filter).await.unwrap();
    let found: BTreeSet<u64> = found.entries.iter().map(|entry| entry.position).collect();
    assert_eq!(found, distinct);
    drop((c, other));
    assert_eq!(Service::verify(&config, &passphrase(), |_, _| {}).await.unwrap().entries, before + 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = place(folder.path()) else { return };
    let c = company(begin_at(config.clone()).await).await;
    sign(&c.service, c.agreement, c.owner).await.unwrap();
    let (journal, size) = (config.journal.clone().unwrap(), c.service.state().size);
    // The tables are taken away: the server answers, and the record cannot be written.
    let schema = journal.rsplit_once('=').unwrap().1;
    sql(&journal, &format!("ALTER SCHEMA {schema} RENAME TO {schema}_away"));
    for _ in 0..5 {
        let refused = read(&c.service, c.owner, c.document).await.unwrap_err();
        assert!(matches!(refused, ServiceError::Storage(_) | ServiceError::Damaged(_)), "{refused}");
    }
    sql(&journal, &format!("ALTER SCHEMA {schema}_away RENAME TO {schema}"));
    assert_eq!(read(&c.service, c.owner, c.document).await.unwrap(), RECIPE.as_bytes());
    assert_eq!(c.service.state().size, size + 1, "an opening that failed left an entry");
}

/// Runs SQL with the server's own client.
fn sql(address: &str, statement: &str) {
    let address = address.split_once('?').map_or(address, |(address, _)| address);
    let output = std::process::Command::new("psql").args([address, "-q", "-c", statement]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

//! Log before plaintext: whatever fails on the way, not one byte of a document leaves without its durable entry, and no
//! entry that was answered is lost.
//!
//! Every step of an append can be made to fail, to fail after it took effect, or to be the last thing the process does.
//! The quick run makes 2,000 failing openings and 120 killed processes; `RINGFENCE_TEST_TRIALS` and
//! `RINGFENCE_TEST_KILLS` ask for more.

use crate::support::{
    Company, RECIPE, approve, ask, begin, company, operator, passphrase, read, shell, sign,
};
use service::{Config, Faults, HistoryFilter, Service, Step};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How many steps of an append there are to fail at; a few more than the longest opening takes.
const STEPS: i64 = 12;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn with_access(folder: &Path) -> Company {
    let c = company(begin(folder).await).await;
    sign(&c.service, c.agreement, c.engineer).await.unwrap();
    let request = ask(&c.service, c.engineer, c.secret).await;
    approve(&c.service, c.owner, request).await.unwrap();
    c
}

/// The openings that stand in the record, as somebody else finds them.
async fn openings(service: &Service) -> Vec<u64> {
    service.refresh().await.unwrap();
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let kinds = vec!["document.opened".to_owned()];
        let filter = HistoryFilter { kinds, before, limit: 1000, ..Default::default() };
        let page = service.history(&operator(), &filter).await.unwrap();
        found.extend(page.entries.iter().map(|entry| entry.position));
        before = page.next;
        if before.is_none() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_cannot_be_recorded_releases_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let c = with_access(folder.path()).await;
    let (document, engineer) = (c.document, c.engineer);
    let countdown = Arc::new(AtomicI64::new(i64::MAX));
    let failures = Arc::new(AtomicU64::new(0));
    let (count, failed) = (Arc::clone(&countdown), Arc::clone(&failures));
    let faults = Faults::when(move |_| {
        let fails = count.fetch_sub(1, Ordering::SeqCst) == 0;
        failed.fetch_add(u64::from(fails), Ordering::SeqCst);
        fails
    });
    let config = Config::local(folder.path());
    let faulty = Service::unseal_with(config, &passphrase(), faults).await.unwrap();

    let mut released = Vec::new();
    let trials = number("RINGFENCE_TEST_TRIALS", 2000);
    for trial in 0..trials {
        countdown.store(i64::try_from(trial).unwrap() % STEPS, Ordering::SeqCst);
        let opened = faulty.open_document(&shell(engineer), document).await;
        countdown.store(i64::MAX, Ordering::SeqCst);
        if let Ok(open) = opened {
            released.push(open.entry);
        }
    }
    let recorded = openings(&c.service).await;
    for entry in &released {
        assert!(recorded.contains(entry), "entry {entry} was answered, and is not in the record");
    }
    let failures = failures.load(Ordering::SeqCst);
    assert!(failures > trials / 4, "only {failures} of {trials} trials met a failure");
    assert!(released.len() < trials.try_into().unwrap(), "no failure ever stopped an opening");
    assert_eq!(
        read(&faulty, engineer, document).await.unwrap(),
        RECIPE.as_bytes(),
        "it works again afterwards"
    );
}

/// Run as another process by the test below: opens the document again and again, and says so after it has the bytes.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_opens_and_is_killed() {
    let Ok(folder) = std::env::var("RINGFENCE_CHILD_FOLDER") else {
        return;
    };
    let last_step = number("RINGFENCE_CHILD_STEPS", 0);
    let person = format!("P-{}", number("RINGFENCE_CHILD_PERSON", 0)).parse().unwrap();
    let document = format!("D-{}", number("RINGFENCE_CHILD_DOCUMENT", 0)).parse().unwrap();
    let steps = AtomicU64::new(0);
    let faults = Faults::when(move |step| {
        if matches!(step, Step::Refresh | Step::Read) {
            return false;
        }
        if steps.fetch_add(1, Ordering::SeqCst) == last_step {
            // What kill -9 does: nothing is flushed, nothing unwinds.
            std::process::Command::new("kill")
                .args(["-9", &std::process::id().to_string()])
                .status()
                .unwrap();
        }
        false
    });
    let service = Service::unseal_with(Config::local(folder), &passphrase(), faults).await.unwrap();
    loop {
        let open = service.open_document(&shell(person), document).await.unwrap();
        let bytes: Vec<bytes::Bytes> =
            futures::TryStreamExt::try_collect(open.content(None).unwrap()).await.unwrap();
        assert_eq!(bytes.concat(), RECIPE.as_bytes());
        let mut out = std::io::stdout().lock();
        writeln!(out, "released {}", open.entry).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_at_any_step_has_released_nothing_that_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let c = with_access(folder.path()).await;
    let mut released = 0;
    for kill in 0..number("RINGFENCE_TEST_KILLS", 120) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["log_before_plaintext::child_that_opens_and_is_killed", "--exact", "--nocapture"])
            .env("RINGFENCE_CHILD_FOLDER", folder.path())
            .env("RINGFENCE_CHILD_STEPS", (kill % 30).to_string())
            .env("RINGFENCE_CHILD_PERSON", c.engineer.0.to_string())
            .env("RINGFENCE_CHILD_DOCUMENT", c.document.0.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said: Vec<u64> = lines
            .map_while(Result::ok)
            .filter_map(|line| line.rsplit_once("released ").and_then(|(_, entry)| entry.trim().parse().ok()))
            .collect();
        let status = child.wait().unwrap();
        assert!(!status.success(), "the child ended by itself");
        let recorded = openings(&c.service).await;
        for entry in &said {
            assert!(
                recorded.contains(entry),
                "kill {kill}: entry {entry} was released, and is not in the record"
            );
        }
        released += said.len();
    }
    assert!(released > 50, "the children hardly opened anything: {released}");
    let config = Config::local(folder.path());
    drop(c);
    Service::verify(&config, &passphrase(), |_, _| {}).await.unwrap();
}

//! Evidence out of a long record: exporting, looking back, proving one field, and asking three witnesses.

use super::{Bound, Figure, Times, boot, broken};
use crate::errors::Failure;
use futures::TryStreamExt;
use ledger::bundle::{self, Options, Verdict};
use program::evidence::Witness;
use program::{Actor, Line, PersonId, SecretId, Text};
use service::{Config, Exporting, HistoryFilter, Passphrase, Service, ShownFields};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;
use witness::{Folder, Settings};

/// The secret that the evidence is about.
const SECRET: SecretId = SecretId(7);
/// How many entries it has of its own.
const OWN: u32 = 500;
/// At how many moments the state is asked for.
const MOMENTS: u32 = 20;

/// Builds a record of so many entries, and cuts evidence out of it.
pub(super) async fn measure(place: &Path, entries: u64) -> Result<Vec<Figure>, Failure> {
    boot::build(&place.join("record"), entries).await?;
    let passphrase = Passphrase::new(boot::PASSPHRASE.to_owned());
    let service = Service::unseal(Config::local(place.join("record")), &passphrase).await?;
    for number in 0..OWN {
        let person = PersonId(1 + number % 900);
        // Refused, and each refusal is an entry about the secret.
        let _ = service.open_precise(&Actor::shell("bench", Some(person)), SECRET).await;
    }
    let counsel = Actor::shell("bench", None);
    let wanted = wanted()?;
    let begun = Instant::now();
    let exported = service.export(&counsel, &wanted).await?;
    let (shown, typeset_in) = (exported.entries, exported.typeset_in.as_secs_f64());
    let pieces: Vec<bytes::Bytes> = exported.stream()?.try_collect().await.map_err(broken)?;
    let export = begun.elapsed().as_secs_f64() - typeset_in;
    let verdict = bundle::verify_bytes(&pieces.concat(), &Options::default());
    if !matches!(verdict, Verdict::Verified(_)) {
        return Err(broken("the bundle does not verify"));
    }
    let back = look_back(&service, &counsel).await?;
    let newest = HistoryFilter { kinds: vec!["secret.refused".to_owned()], limit: 1, ..Default::default() };
    let page = service.history(&counsel, &newest).await?;
    let position = page.entries.first().map(|entry| entry.position).ok_or_else(|| broken("no entry"))?;
    let proof = service.field_proof(&counsel, position, &["person".to_owned()]).await?;
    let asked = ask_three(&service, &counsel, place).await?;
    let size = service.status().entries;
    Ok(vec![
        Figure::new(
            format!("exporting {shown} entries out of {size}, before typesetting"),
            export,
            "s",
            Bound::AtMost(1.0),
        ),
        Figure::new("typesetting their index and certificate", typeset_in, "s", Bound::AtMost(10.0)),
        Figure::new("state of a secret at a past moment: longest", back, "s", Bound::AtMost(3.0)),
        Figure::new(
            "one field of one entry, as one file",
            proof.len() as f64,
            "bytes",
            Bound::AtMost(4096.0),
        ),
        Figure::new("a checkpoint with 3 witnesses", asked, "s", Bound::AtMost(1.0)),
    ])
}

fn wanted() -> Result<Exporting, Failure> {
    Ok(Exporting {
        secret: SECRET,
        as_of: None,
        fields: ShownFields::default(),
        existence: None,
        documents: BTreeSet::new(),
        agreements: true,
        recipient: Line::new("nobody").map_err(broken)?,
        purpose: Text::new("measured and thrown away").map_err(broken)?,
    })
}

/// The longest that it took to look back, over moments spread evenly along the record.
async fn look_back(service: &Service, actor: &Actor) -> Result<f64, Failure> {
    let state = service.state();
    let first = state.secrets.get(SECRET).and_then(|secret| secret.versions.first());
    let begun = first.map(|version| version.at).ok_or_else(|| broken("the secret is not in the register"))?;
    let span = service.now() - begun;
    let mut times = Times::default();
    for moment in 1..=MOMENTS {
        let time = begun + span / i64::from(MOMENTS) * i64::from(moment);
        let started = Instant::now();
        service.as_of(actor, SECRET, time.min(service.now())).await?;
        times.0.push(started.elapsed());
    }
    Ok(times.quantile(1.0))
}

/// Names three witnesses on loopback and has them cosign.
async fn ask_three(service: &Service, actor: &Actor, place: &Path) -> Result<f64, Failure> {
    let log = service.verifier_key().parse().map_err(|error: ledger::NoteError| broken(error))?;
    let mut named = Vec::new();
    for number in 1..=3 {
        let name = format!("witness-{number}.example");
        let folder = Folder::create(&place.join(&name), &name).map_err(broken)?;
        folder.trust(&log, false).map_err(broken)?;
        let key = folder.verifier().to_string();
        let settings = Settings { listen: ([127, 0, 0, 1], 0).into(), behind_proxy: Vec::new() };
        let listening = witness::bind(folder, settings).await.map_err(broken)?;
        let address = format!("http://{}/", listening.address());
        tokio::spawn(listening.run(std::future::pending()));
        named.push(Witness {
            name: Line::new(&name).map_err(broken)?,
            key: Line::new(&key).map_err(broken)?,
            address: Line::new(&address).map_err(broken)?,
        });
    }
    service.set_witnesses(actor, named, 3, Text::new("measured").map_err(broken)?).await?;
    let begun = Instant::now();
    let answer = service.anchor(actor).await?;
    if let Some(failed) = answer.vouchers.iter().find_map(|voucher| voucher.failed.as_ref()) {
        return Err(broken(failed));
    }
    Ok(begun.elapsed().as_secs_f64())
}

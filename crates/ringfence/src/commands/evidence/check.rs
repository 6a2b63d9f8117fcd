//! `ringfence evidence check`: an original in hand, a proof that it existed, and nothing else.

use crate::errors::{Code, Failure};
use crate::lookup;
use crate::output::Output;
use clap::Args;
use data_encoding::BASE64URL_NOPAD;
use ledger::archive::Archive;
use ledger::bundle::{self, Findings, Options, Verdict};
use ledger::{Disclosure, Line, Salt, VerifierKey};
use program::Text;
use serde_json::{Value, json};
use service::DescriptionSalt;
use std::path::PathBuf;

/// The largest proof that is read.
const LARGEST: u64 = 1 << 30;

/// Check originals against a proof of existence.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The proof
    proof: PathBuf,
    /// The record's key, as the organisation told it otherwise
    #[arg(long, value_name = "VKEY")]
    key: Option<VerifierKey>,
    /// A document in its original; may be given several times
    #[arg(long, value_name = "FILE")]
    document: Vec<PathBuf>,
    /// The precise description in its original, as text
    #[arg(long, value_name = "FILE", requires = "salt")]
    description: Option<PathBuf>,
    /// What was written beside the proof to check the description with
    #[arg(long, value_name = "FILE", requires = "description")]
    salt: Option<PathBuf>,
}

impl Check {
    pub(crate) fn run(&self, out: &Output) -> Result<(), Failure> {
        let bytes = lookup::read(&self.proof, LARGEST)?;
        let options = Options { key: self.key.clone(), ..Options::default() };
        let findings = match bundle::verify_bytes(&bytes, &options) {
            Verdict::Verified(findings) => findings,
            Verdict::NotVerified(failure) => {
                return Err(Failure::new(
                    Code::Refused,
                    "not-verified",
                    format!("the proof does not verify: {failure}"),
                ));
            }
            Verdict::Unreadable(failure) => {
                return Err(Failure::input(format!("`{}` is no proof: {failure}", self.proof.display())));
            }
        };
        let lines = lines(&bytes)?;
        let mut found = Vec::new();
        for path in &self.document {
            let digest = ledger::sha256(&lookup::read(path, LARGEST)?).to_hex();
            let line = lines.iter().find(|line| {
                line.field("digest").is_some_and(|field| field.value().as_str() == Some(digest.as_str()))
            });
            found.push(Original::found(path, line)?);
        }
        if let (Some(path), Some(salt)) = (&self.description, &self.salt) {
            found.push(Original::found(path, described(path, salt, &lines)?)?);
        }
        tell(out, &found, &findings)
    }
}

/// An original that a proof is about.
struct Original {
    path: PathBuf,
    entry: u64,
    time: String,
}

impl Original {
    fn found(path: &std::path::Path, line: Option<&Line>) -> Result<Self, Failure> {
        let line = line.ok_or_else(|| {
            let message = format!("`{}` is not what this proof is about", path.display());
            Failure::new(Code::Refused, "not-verified", message)
                .remedy("a single changed byte is enough: look for the exact original")
        })?;
        let time = program::Time(line.entry.time()).rfc3339();
        Ok(Self { path: path.to_owned(), entry: line.entry.position(), time })
    }
}

fn lines(bytes: &[u8]) -> Result<Vec<Line>, Failure> {
    let archive = Archive::parse(bytes).map_err(|error| Failure::input(error.to_string()))?;
    let text = archive.get("entries.txt").unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(Line::parse).collect::<Result<_, _>>().map_err(|error| Failure::input(error.to_string()))
}

/// The line whose entry holds this description under that salt.
fn described<'l>(
    path: &std::path::Path,
    salt: &std::path::Path,
    lines: &'l [Line],
) -> Result<Option<&'l Line>, Failure> {
    let unusable = |what: String| Failure::input(format!("`{}` {what}", salt.display()));
    let opening: DescriptionSalt = serde_json::from_slice(&lookup::read(salt, 1 << 16)?)
        .map_err(|error| unusable(format!("is no salt: {error}")))?;
    let salt = BASE64URL_NOPAD.decode(opening.salt.as_bytes()).ok().and_then(|salt| salt.try_into().ok());
    let salt = salt.ok_or_else(|| unusable("holds no salt of 16 bytes".to_owned()))?;
    // As it was taken into the record: line ends and surrounding space are made alike there.
    let text = Text::new(&lookup::read_text(path)?).map_err(|error| Failure::input(error.to_string()))?;
    let field = Disclosure::new(Salt(salt), "precise", Value::String(text.to_string()))
        .map_err(|error| Failure::input(error.to_string()))?;
    Ok(lines.iter().find(|line| line.entry.position() == opening.entry && line.entry.commits_to(&field)))
}

fn tell(out: &Output, found: &[Original], findings: &Findings) -> Result<(), Failure> {
    out.either(
        || {
            let originals =
                found.iter().map(|one| json!({ "file": one.path, "entry": one.entry, "time": one.time }));
            let mut told = Verdict::Verified(Box::new(findings.clone())).to_json();
            if let Value::Object(fields) = &mut told {
                fields.insert("originals".to_owned(), originals.collect());
            }
            told
        },
        |out| {
            for one in found {
                out.line(format!(
                    "`{}` was recorded as entry {} on {}",
                    one.path.display(),
                    one.entry,
                    one.time
                ))?;
            }
            for seen in &findings.witnesses {
                out.line(format!(
                    "{} saw the first {} entries on {}",
                    seen.name,
                    seen.size,
                    seen.time_text()
                ))?;
            }
            for stamp in &findings.stamps {
                out.line(format!("the first {} entries were stamped on {}", stamp.size, stamp.time_text()))?;
            }
            findings.not_proved.iter().try_for_each(|sentence| out.line(format!("not proved: {sentence}")))
        },
    )
}

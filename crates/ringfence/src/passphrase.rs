//! The passphrase: from a file, the environment, or somebody who types it.

use crate::errors::{Code, Failure};
use crate::lookup;
use service::Passphrase;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// What is read of a file whose first line is a passphrase, in bytes.
const LARGEST_FILE: usize = 64 << 10;

/// The passphrase of the record.
pub(crate) fn ask(file: Option<&Path>) -> Result<Passphrase, Failure> {
    match given(file, "RINGFENCE_PASSPHRASE")? {
        Some(passphrase) => Ok(passphrase),
        None => prompt("Passphrase: "),
    }
}

/// A new passphrase, typed twice where it is typed.
pub(crate) fn choose(file: Option<&Path>, variable: &str) -> Result<Passphrase, Failure> {
    if let Some(passphrase) = given(file, variable)? {
        return Ok(passphrase);
    }
    let first = prompt("New passphrase (at least 12 characters; five random words are better): ")?;
    let second = prompt("The same again: ")?;
    if *first != *second {
        return Err(Failure::input("the two passphrases are not the same"));
    }
    Ok(first)
}

/// The first line of a file that holds a secret, or of the environment.
pub(crate) fn given(file: Option<&Path>, variable: &str) -> Result<Option<Passphrase>, Failure> {
    if let Some(path) = file {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST_FILE));
        // A pipe will do here, as password managers give one; but not one that never ends.
        let read =
            std::fs::File::open(path).and_then(|file| file.take(LARGEST_FILE as u64).read_to_end(&mut bytes));
        read.map_err(|error| lookup::unreadable(path, &error))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Failure::input(format!("`{}` is not UTF-8 text", path.display())))?;
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            return Err(Failure::input(format!("the first line of `{}` is empty", path.display())));
        }
        return Ok(Some(Zeroizing::new(line.to_owned())));
    }
    Ok(std::env::var(variable).ok().filter(|value| !value.is_empty()).map(Zeroizing::new))
}

fn prompt(text: &str) -> Result<Passphrase, Failure> {
    let typed = rpassword::prompt_password(text).map(Zeroizing::new).map_err(|_| {
        Failure::new(
            Code::Sealed,
            "sealed",
            "the record is sealed, and there is no terminal to ask for its passphrase",
        )
        .remedy("name a file with --passphrase-file, or set RINGFENCE_PASSPHRASE")
    })?;
    if typed.is_empty() {
        return Err(Failure::new(Code::Sealed, "sealed", "no passphrase was typed: the record stays sealed"));
    }
    Ok(typed)
}

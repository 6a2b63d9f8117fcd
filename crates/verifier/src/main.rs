//! The command line of the verifier.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use ledger::bundle::{Options, fingerprints};
use ledger::{KeyKind, Policy, VerifierKey};
use verifier::{read, report};

const HELP: &str = "\
Verifies an evidence bundle, or the proof of one field, and says what it proves and what it does not.

It needs nothing but the file: no network, no account, and nothing of the program that made it.

    ringfence-verify FILE.zip
    ringfence-verify FILE.tlog-proof --key KEY

Options:
    --key KEY        the organisation's key, as you have it from elsewhere than the file
    --policy FILE    which witnesses you know, and how many of them are enough (C2SP tlog-policy)
    --tsa-root FILE  certificates of time-stamping authorities you trust (PEM); one time stamp has to lead to one of them
    --json           print the result for programs
    -h, --help       print this
    -V, --version    print the version

It ends with
    0  verified
    1  not verified: something was altered, is missing, or is not what you asked for
    2  unreadable: the file is not an evidence bundle, it could not be opened, or an option is wrong
";

fn main() -> ExitCode {
    let asked = match Asked::read(std::env::args_os().skip(1)) {
        Ok(Wish::Verify(asked)) => asked,
        Ok(Wish::Print(text)) => return print(&text, 0),
        Err(wrong) => return complain(&format!("{wrong}\nSee `ringfence-verify --help`.")),
    };
    let verdict = match read::verify_file(&asked.file, &asked.options) {
        Ok(verdict) => verdict,
        Err(error) => return complain(&format!("`{}` cannot be read: {error}", asked.file.display())),
    };
    let text = if asked.json {
        format!("{:#}\n", verdict.to_json())
    } else {
        report::text(&verdict, &asked.file.display().to_string())
    };
    print(&text, verdict.exit_code())
}

enum Wish {
    Verify(Asked),
    Print(String),
}

struct Asked {
    file: PathBuf,
    json: bool,
    options: Options,
}

impl Asked {
    fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Wish, String> {
        let mut parser = lexopt::Parser::from_args(arguments);
        let (mut file, mut json, mut options) = (None, false, Options::default());
        let wrong = |error: lexopt::Error| error.to_string();
        while let Some(argument) = parser.next().map_err(wrong)? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => {
                    return Ok(Wish::Print(HELP.to_owned()));
                }
                lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => {
                    return Ok(Wish::Print(format!("ringfence-verify {}\n", env!("CARGO_PKG_VERSION"))));
                }
                lexopt::Arg::Long("json") => json = true,
                lexopt::Arg::Long("key") => options.key = Some(key(parser.value().map_err(wrong)?)?),
                lexopt::Arg::Long("policy") => {
                    let (name, bytes) = given(parser.value().map_err(wrong)?)?;
                    let policy = Policy::parse(&bytes)
                        .map_err(|error| format!("`{name}` is not a policy: {error}"))?;
                    options.policy = Some(policy);
                }
                lexopt::Arg::Long("tsa-root") => {
                    let (name, bytes) = given(parser.value().map_err(wrong)?)?;
                    let roots = fingerprints(&bytes).ok_or_else(|| {
                        format!("`{name}` holds no certificates in PEM, or other things besides")
                    })?;
                    options.tsa_roots.extend(roots);
                }
                lexopt::Arg::Value(value) if file.is_none() => file = Some(PathBuf::from(value)),
                lexopt::Arg::Value(_) => return Err("one file at a time".to_owned()),
                other => return Err(wrong(other.unexpected())),
            }
        }
        let file = file.ok_or("which file?")?;
        Ok(Wish::Verify(Self { file, json, options }))
    }
}

fn key(value: OsString) -> Result<VerifierKey, String> {
    let key: VerifierKey = value.to_string_lossy().trim().parse().map_err(|error| format!("{error}"))?;
    if key.kind() != KeyKind::Log {
        return Err("the key given with `--key` is a witness's; the organisation's is needed".to_owned());
    }
    Ok(key)
}

fn given(value: OsString) -> Result<(String, Vec<u8>), String> {
    let name = value.to_string_lossy().into_owned();
    match std::fs::read(&value) {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) => Err(format!("`{name}` cannot be read: {error}")),
    }
}

fn print(text: &str, code: u8) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        // Whoever closed the pipe has not read the verdict: the exit code must not say that all is well.
        Err(_) => ExitCode::from(code.max(2)),
    }
}

fn complain(text: &str) -> ExitCode {
    // There is nowhere left to say that this could not be said.
    let _ = writeln!(io::stderr().lock(), "{text}");
    ExitCode::from(2)
}

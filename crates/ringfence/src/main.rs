//! The command line: one binary of subcommands over one record.

mod bench;
mod commands;
mod demo;
mod errors;
mod lookup;
mod output;
mod passphrase;
mod serve;
mod session;

use crate::errors::{Code, Failure};
use crate::session::Options;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Every act copies the few nodes of the state that it changes, so the allocator is where much of the time goes: see
/// decision 10.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Protects an organisation's trade secrets, and proves that it did.
///
/// Every act is an entry in one tamper-evident record. People, secrets and agreements are named by their id (P-7, S-12,
/// A-1), their mail address, or their exact name or title.
#[derive(Debug, Parser)]
#[command(name = "ringfence", version, max_term_width = 110, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Area,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused by a rule: the rule and the remedy stand on standard error
  2  bad usage or input; a name that is not known here
  3  the record, or sealed content, is damaged
  4  sealed: no passphrase, or a wrong one
  5  the disk or the database failed";

#[derive(Debug, Subcommand)]
enum Area {
    /// Begin a record: makes the keys, and prints the recovery key once
    Init(commands::init::Init),
    /// Serve the pages and the REST API
    Serve(serve::Serve),
    /// Run a small company's story on documents that come with the program, and verify its record
    Demo(demo::Demo),
    /// People: employees and contractors
    #[command(subcommand)]
    Person(commands::person::Person),
    /// The register of trade secrets
    #[command(subcommand)]
    Secret(commands::secret::Secret),
    /// Documents of a secret, sealed in the vault
    #[command(subcommand)]
    Document(commands::document::Document),
    /// Agreements: publishing, asking people to sign, signing
    #[command(subcommand)]
    Agreement(commands::agreement::Agreement),
    /// Access: requests, grants, and who may open what
    #[command(subcommand)]
    Access(commands::access::Access),
    /// What each tier asks of whoever opens its documents
    #[command(subcommand)]
    Requirements(commands::requirements::Requirements),
    /// Accounts to sign in with
    #[command(subcommand)]
    Account(commands::account::Account),
    /// The record: every entry, its proof, and whether all of it is whole
    #[command(subcommand)]
    Record(commands::record::Record),
    /// Evidence for a stranger to check, and who outside vouches for the record
    #[command(subcommand)]
    Evidence(commands::evidence::Evidence),
    /// Witness other organisations' records: cosign their checkpoints, and never two that contradict each other
    #[command(subcommand)]
    Witness(commands::witness::Witness),
    /// Copy the record, the sealed files and the keys, while everybody goes on working
    Backup(commands::retention::Backup),
    /// Put a copy back into an empty place, and check all of it
    Restore(commands::retention::Restore),
    /// Legal holds: what must not be destroyed
    #[command(subcommand)]
    Hold(commands::retention::Hold),
    /// What was destroyed, where its keys were deleted, and the copies that there are
    #[command(subcommand)]
    Retention(commands::retention::Retention),
    /// The passphrase that seals the record
    #[command(subcommand)]
    Passphrase(commands::keys::Passphrase),
    /// The printed recovery key
    #[command(subcommand)]
    Recovery(commands::keys::Recovery),
    /// Measure this machine, all of it or one part: decisions, durable entries, sealing, starting
    Bench(bench::Bench),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let json = cli.options.json;
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => match runtime.block_on(run(cli)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => end(&failure, json),
        },
        Err(error) => end(&Failure::storage(format!("the program cannot start: {error}")), json),
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let options = &cli.options;
    match cli.command {
        Area::Init(init) => init.run(options).await,
        Area::Serve(serve) => serve.run(options).await,
        Area::Demo(demo) => demo.run(options).await,
        Area::Person(person) => person.run(options).await,
        Area::Secret(secret) => secret.run(options).await,
        Area::Document(document) => document.run(options).await,
        Area::Agreement(agreement) => agreement.run(options).await,
        Area::Access(access) => access.run(options).await,
        Area::Requirements(requirements) => requirements.run(options).await,
        Area::Account(account) => account.run(options).await,
        Area::Record(record) => record.run(options).await,
        Area::Evidence(evidence) => evidence.run(options).await,
        Area::Witness(witness) => witness.run(options).await,
        Area::Backup(backup) => backup.run(options).await,
        Area::Restore(restore) => restore.run(options).await,
        Area::Hold(hold) => hold.run(options).await,
        Area::Retention(retention) => retention.run(options).await,
        Area::Passphrase(passphrase) => passphrase.run(options).await,
        Area::Recovery(recovery) => recovery.run(options).await,
        Area::Bench(bench) => bench.run(options).await,
        Area::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "ringfence", &mut script);
            options.output().text(&String::from_utf8_lossy(&script), "script")
        }
    }
}

fn end(failure: &Failure, json: bool) -> ExitCode {
    output::note(if json { failure.json() } else { failure.text() });
    ExitCode::from(failure.code as u8)
}

/// Help and version are no errors; everything else about the arguments is bad usage, in JSON where that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    let shown = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !shown && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        let message = text.lines().next().unwrap_or_default();
        let failure = Failure::new(Code::Input, "usage", message).remedy("see `ringfence --help`");
        return end(&failure, true);
    }
    // Where nobody reads the help, it need not be written.
    let _ = error.print();
    if shown { ExitCode::SUCCESS } else { ExitCode::from(Code::Input as u8) }
}

#[cfg(test)]
mod tests;

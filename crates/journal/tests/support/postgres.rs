//! A real PostgreSQL server for the tests: made in a temporary folder, gone with the process that made it.
//!
//! Set `RINGFENCE_TEST_POSTGRES` to an address (`postgres://user@host:port/database`) to use a server of
//! your own instead; the tests then make and drop schemas in it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

const MISSING: &str = "PostgreSQL is not installed, and half of this suite needs it.\n\
    Debian, Ubuntu: apt-get install postgresql\n\
    Without it, RINGFENCE_TEST_WITHOUT_POSTGRES=1 leaves that half out.";

/// The address of the server, without a schema; `None` if it is to be left out.
pub fn address() -> Option<&'static str> {
    static ADDRESS: OnceLock<Option<String>> = OnceLock::new();
    ADDRESS
        .get_or_init(|| {
            if let Ok(address) = std::env::var("RINGFENCE_TEST_POSTGRES") {
                return Some(address);
            }
            let Some(bin) = find() else {
                if std::env::var("RINGFENCE_TEST_WITHOUT_POSTGRES").is_ok_and(|v| v == "1") {
                    eprintln!(
                        "SKIPPED ON POSTGRESQL: RINGFENCE_TEST_WITHOUT_POSTGRES=1 and no server is installed"
                    );
                    return None;
                }
                panic!("{MISSING}");
            };
            Some(start(&bin))
        })
        .as_deref()
}

/// The folder with `initdb` and `postgres`: the newest of Debian's, or what PATH has.
fn find() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|dir| Some((dir.file_name().to_str()?.parse().ok()?, dir.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").is_file())
        .collect();
    found.sort();
    let debian = found.pop().map(|(_, bin)| bin);
    debian.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .find(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file())
    })
}

/// Starts a server on a free loopback port and waits until it answers.
fn start(bin: &Path) -> String {
    let dir = tempfile::Builder::new().prefix("journal-postgres-").tempdir().unwrap().keep();
    let data = dir.join("data");
    let root = own_user() == 0;
    if root {
        run(Command::new("chown").arg("postgres").arg(&dir));
    }
    let mut initdb = unprivileged(root, &bin.join("initdb"));
    initdb.args(["--auth=trust", "--username=ringfence", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"]);
    run(initdb.arg(&data));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = unprivileged(root, &bin.join("postgres"));
    server.arg("-D").arg(&data).args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]);
    server.args(["-c", &format!("port={port}"), "-c", "unix_socket_directories="]);
    let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = server.spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let started = Instant::now();
    loop {
        match log.next() {
            Some(Ok(line)) if line.contains("ready to accept connections") => break,
            Some(Ok(_)) if started.elapsed() < Duration::from_secs(60) => {}
            other => panic!("the PostgreSQL server did not start: {other:?}"),
        }
    }
    std::thread::spawn(move || log.for_each(drop));
    watch_over(&server, &dir, bin, root);
    SERVER.lock().unwrap().replace(server);
    format!("postgres://ringfence@127.0.0.1:{port}/postgres")
}

static SERVER: Mutex<Option<Child>> = Mutex::new(None);

/// Test binaries end without running destructors. A shell that holds the read end of a pipe learns from
/// its closing that this process is gone, however it went, and clears away.
fn watch_over(server: &Child, dir: &Path, bin: &Path, root: bool) {
    let stop = if root { "setpriv --reuid=postgres --regid=postgres --clear-groups" } else { "" };
    let script = format!(
        "cat >/dev/null; {stop} '{}' -D '{}' -m immediate stop >/dev/null 2>&1 || kill -9 {}; rm -rf '{}'",
        bin.join("pg_ctl").display(),
        dir.join("data").display(),
        server.id(),
        dir.display()
    );
    let mut guard = Command::new("sh");
    guard.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // A Ctrl-C in the terminal must not reach it.
    std::os::unix::process::CommandExt::process_group(&mut guard, 0);
    let guard = guard.spawn().unwrap();
    std::mem::forget(guard);
}

fn unprivileged(root: bool, program: &Path) -> Command {
    if !root {
        return Command::new(program);
    }
    // PostgreSQL refuses to run as root.
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command.current_dir("/");
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?} failed: {said}");
}

/// The user this process runs as, without a line of unsafe code.
fn own_user() -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").map(|m| m.uid()).unwrap_or(1)
}

//! A time-stamping authority for tests, by `openssl`: certificates as one likes them, tokens, and a small server.
//!
//! Other crates' tests take this file in with `#[path = "…/ledger/tests/support/authority.rs"]`.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]
#![allow(unreachable_pub, missing_docs, reason = "a module of tests")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Extensions of an authority that issues others' certificates.
pub const CA: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash";
/// Extensions of a signer of time stamps, as they should be.
pub const TSA: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
    extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid";

/// The years in which certificates are valid unless a test wants others.
pub const YEARS: (&str, &str) = ("20200101000000Z", "20450101000000Z");

/// Where `openssl` writes certificates, with a key of its own for each.
pub struct Workshop {
    dir: PathBuf,
    next: AtomicU64,
}

/// Somebody with a key and a certificate.
#[derive(Clone)]
pub struct Party {
    pub key: PathBuf,
    pub certificate: PathBuf,
}

/// What a certificate is to be like.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The common name.
    pub name: &'a str,
    /// `RSA-2048`, `P-256`, `P-384`, `ED25519`.
    pub key: &'a str,
    /// Lines of an `openssl` extension file.
    pub extensions: &'a str,
    /// From when until when, as `20200101000000Z`.
    pub valid: (&'a str, &'a str),
    /// Further arguments of `openssl ca`.
    pub options: &'a [&'a str],
}

/// Root, intermediate authority and signer, ready to stamp.
pub struct Authority {
    workshop: Workshop,
    root: Party,
    above: Vec<Party>,
    signer: Party,
    settings: String,
    // `openssl` counts the serial numbers in a file.
    turn: Mutex<()>,
}

/// The authority, answering on loopback until it is dropped.
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// Whether there is an `openssl` to be an authority with; if not, says so aloud.
pub fn is_available() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED, NOTHING WAS CHECKED: `openssl` is not installed");
    }
    found
}

/// Runs `openssl`, which must succeed.
pub fn openssl(dir: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").current_dir(dir).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "openssl {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

impl Workshop {
    pub fn new(dir: &Path) -> Self {
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("index"), "").unwrap();
        fs::write(dir.join("request.cnf"), "[req]\ndistinguished_name=name\nprompt=no\nutf8=yes\n[name]\n")
            .unwrap();
        let authority = "[ca]\ndefault_ca=here\n[here]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\n\
            default_md=sha256\npolicy=any\nunique_subject=no\nemail_in_dn=yes\n\
            [any]\ncountryName=optional\norganizationName=optional\ncommonName=supplied\n";
        fs::write(dir.join("authority.cnf"), authority).unwrap();
        Self { dir: dir.to_owned(), next: AtomicU64::new(0) }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A name for a file that nobody else uses.
    pub fn path(&self, ending: &str) -> PathBuf {
        self.dir.join(format!("{}{ending}", self.next.fetch_add(1, Ordering::Relaxed)))
    }

    /// Makes a key.
    pub fn key(&self, kind: &str) -> PathBuf {
        let path = self.path(".key");
        let name = path.to_str().unwrap();
        let curve = format!("ec_paramgen_curve:{kind}");
        match kind.split_once('-') {
            Some(("RSA", bits)) => {
                let bits = format!("rsa_keygen_bits:{bits}");
                openssl(&self.dir, &["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits, "-out", name]);
            }
            Some(_) => {
                openssl(&self.dir, &["genpkey", "-algorithm", "EC", "-pkeyopt", &curve, "-out", name]);
            }
            None => {
                openssl(&self.dir, &["genpkey", "-algorithm", kind, "-out", name]);
            }
        }
        path
    }

    /// Makes a key and a certificate for it, issued by somebody, or by itself.
    pub fn issue(&self, wanted: Wanted<'_>, issuer: Option<&Party>) -> Party {
        let key = self.key(wanted.key);
        self.certify(key, wanted, issuer)
    }

    /// Makes a certificate for a key that is there.
    pub fn certify(&self, key: PathBuf, wanted: Wanted<'_>, issuer: Option<&Party>) -> Party {
        let (request, extensions, certificate) = (self.path(".csr"), self.path(".ext"), self.path(".pem"));
        fs::write(&extensions, wanted.extensions).unwrap();
        let subject = format!("/C=AT/O=Example Authority/CN={}", wanted.name);
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let make = ["req", "-new", "-config", "request.cnf", "-subj", &subject, "-key", &text(&key)];
        openssl(&self.dir, &[&make[..], &["-out", &text(&request)]].concat());
        let issuer = issuer.map(|issuer| (text(&issuer.key), text(&issuer.certificate)));
        let (request, extensions, own) = (text(&request), text(&extensions), text(&key));
        let by: Vec<&str> = match &issuer {
            Some((key, certificate)) => vec!["-keyfile", key, "-cert", certificate],
            None => vec!["-selfsign", "-keyfile", &own],
        };
        let mut arguments = vec![
            "ca",
            "-batch",
            "-notext",
            "-config",
            "authority.cnf",
            "-in",
            &request,
            "-extfile",
            &extensions,
        ];
        arguments.extend(["-startdate", wanted.valid.0, "-enddate", wanted.valid.1]);
        arguments.extend(by);
        arguments.extend(wanted.options);
        let out = text(&certificate);
        arguments.extend(["-out", &out]);
        openssl(&self.dir, &arguments);
        Party { key, certificate }
    }
}

impl Party {
    pub fn pem(&self) -> String {
        fs::read_to_string(&self.certificate).unwrap()
    }
}

impl<'a> Wanted<'a> {
    pub fn new(name: &'a str, key: &'a str, extensions: &'a str) -> Self {
        Self { name, key, extensions, valid: YEARS, options: &[] }
    }
}

impl Authority {
    /// An authority with P-256 keys in a folder of its own.
    pub fn new(dir: &Path) -> Self {
        Self::with(dir, "P-256", "")
    }

    /// An authority whose signer has a key of this kind; `settings` are further lines of the `tsa` section, which
    /// stand before the usual ones.
    pub fn with(dir: &Path, signer: &str, settings: &str) -> Self {
        let workshop = Workshop::new(dir);
        let root = workshop.issue(Wanted::new("Example Root", "P-256", CA), None);
        let extensions = format!("{CA}\nauthorityKeyIdentifier=keyid");
        let middle = workshop.issue(Wanted::new("Example Issuing", "P-256", &extensions), Some(&root));
        let signer = workshop.issue(Wanted::new("Example Time Stamping", signer, TSA), Some(&middle));
        Self::of(workshop, signer, vec![middle], root, settings)
    }

    /// An authority of certificates that are there: the signer's, those above it upwards, the root's.
    pub fn of(workshop: Workshop, signer: Party, above: Vec<Party>, root: Party, settings: &str) -> Self {
        fs::write(workshop.dir.join("serial"), "0101\n").unwrap();
        let authority =
            Self { workshop, root, above, signer, settings: settings.to_owned(), turn: Mutex::new(()) };
        fs::write(authority.workshop.dir.join("above.pem"), authority.above_pem()).unwrap();
        let usual = "serial=serial\ncrypto_device=builtin\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\n\
            digests=sha256,sha384,sha512\naccuracy=secs:1\n";
        // The first of two settings would lose: `openssl` takes the last.
        let stamping = format!("[tsa]\ndefault_tsa=here\n[here]\n{usual}{}\n", authority.settings);
        fs::write(authority.workshop.dir.join("stamping.cnf"), stamping).unwrap();
        authority
    }

    /// A response over a message.
    pub fn stamp(&self, message: &[u8]) -> Vec<u8> {
        self.stamp_with(message, "-sha256")
    }

    /// A response over a message by its digest of this kind, as `-sha384`.
    pub fn stamp_with(&self, message: &[u8], digest: &str) -> Vec<u8> {
        let path = self.workshop.path(".message");
        fs::write(&path, message).unwrap();
        let query = ["ts", "-query", "-cert", digest, "-data", path.to_str().unwrap()];
        self.answer(&openssl(&self.workshop.dir, &query))
    }

    /// The response to a request.
    pub fn answer(&self, request: &[u8]) -> Vec<u8> {
        let path = self.workshop.path(".tsq");
        fs::write(&path, request).unwrap();
        let (key, certificate) =
            (self.signer.key.to_str().unwrap(), self.signer.certificate.to_str().unwrap());
        let _turn = self.turn.lock().unwrap();
        openssl(
            &self.workshop.dir,
            &[
                "ts",
                "-reply",
                "-config",
                "stamping.cnf",
                "-queryfile",
                path.to_str().unwrap(),
                "-inkey",
                key,
                "-signer",
                certificate,
                "-chain",
                "above.pem",
            ],
        )
    }

    /// The certificates from the signer's to the root's.
    pub fn chain_pem(&self) -> String {
        format!("{}{}{}", self.signer.pem(), self.above_pem(), self.root.pem())
    }

    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    pub fn workshop(&self) -> &Workshop {
        &self.workshop
    }

    pub fn signer(&self) -> &Party {
        &self.signer
    }

    /// Answers over HTTP on a port of loopback that is free (RFC 3161, 3.4).
    pub fn serve(self: &Arc<Self>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (authority, stopped, count) = (Arc::clone(self), Arc::clone(&stop), Arc::clone(&answered));
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                // Whoever hangs up in the middle is no concern of the next.
                if let Ok(connection) = connection
                    && converse(connection, &authority).is_ok_and(|granted| granted)
                {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Server { address, stop, answered, thread: Some(thread) }
    }

    fn above_pem(&self) -> String {
        self.above.iter().map(Party::pem).collect()
    }
}

impl Server {
    /// As `http://127.0.0.1:40123/stamp`.
    pub fn url(&self) -> String {
        format!("http://{}/stamp", self.address)
    }

    /// How many requests were answered with a response.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread from its wait for the next connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One request and its answer; whether it was a response.
fn converse(connection: TcpStream, authority: &Authority) -> std::io::Result<bool> {
    connection.set_read_timeout(Some(std::time::Duration::from_secs(10)))?;
    let mut reader = BufReader::new(&connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let post = line.starts_with("POST ");
    let (mut length, mut query, mut expects) = (None, false, false);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_ascii_lowercase());
        match name.as_str() {
            "content-length" => length = value.parse::<usize>().ok(),
            "content-type" => query = value == "application/timestamp-query",
            "expect" => expects = value == "100-continue",
            _ => {}
        }
    }
    let mut writer = &connection;
    let mut refuse = |status: &str| {
        write!(writer, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").map(|()| false)
    };
    if !post {
        return refuse("405 Method Not Allowed");
    }
    if !query {
        return refuse("415 Unsupported Media Type");
    }
    let Some(length) = length.filter(|length| *length <= 1 << 16) else {
        return refuse("411 Length Required");
    };
    if expects {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut request = vec![0; length];
    reader.read_exact(&mut request)?;
    let response = authority.answer(&request);
    write!(
        writer,
        "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        response.len()
    )?;
    writer.write_all(&response)?;
    Ok(true)
}

//! A large document through HTTP, up and down again: how much memory that takes of the process that serves.

use super::{Bound, Figure, broken};
use crate::demo;
use crate::errors::Failure;
use program::accounts::TokenScope;
use program::{DAY, Line};
use serde_json::Value;
use service::{Config, Passphrase, Service, SignInOutcome};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

/// Bytes of the document: 4 GiB.
const SIZE: u64 = 4 << 30;
/// What a client hands over at a time.
const PIECE: usize = 1 << 20;

/// Serves the demonstration's company in a process of its own, and sends a document there and back.
pub(super) async fn measure(place: &Path) -> Result<Vec<Figure>, Failure> {
    let passphrase = Passphrase::new(demo::PASSPHRASE.to_owned());
    let told = demo::company(place).await?;
    let service = Service::unseal(Config::local(place), &passphrase).await?;
    let owner = token(&service, "sunniva.ravnasen").await?;
    let reader = token(&service, "oskar.lindmarsh").await?;
    drop(service);
    let server = Server::start(place).await?;
    let before = server.memory()?;
    let begun = Instant::now();
    let path = format!("/api/v1/secrets/{told}/documents?name=large.bin");
    let answer = server.send(&path, &owner).await?;
    let up = begun.elapsed().as_secs_f64();
    let document = answer.get("id").and_then(Value::as_str).ok_or_else(|| broken(&answer))?.to_owned();
    let begun = Instant::now();
    server.fetch(&format!("/api/v1/documents/{document}/open"), &reader).await?;
    let down = begun.elapsed().as_secs_f64();
    let extra = (server.memory()?.saturating_sub(before)) as f64 / 1024.0;
    let gib = SIZE as f64 / f64::from(1 << 30);
    Ok(vec![
        Figure::new("4 GiB through HTTP, up and down: extra memory", extra, "MiB", Bound::AtMost(64.0)),
        Figure::new("4 GiB up", gib / up, "GiB/s", Bound::None),
        Figure::new("4 GiB down", gib / down, "GiB/s", Bound::None),
    ])
}

async fn token(service: &Service, name: &str) -> Result<Zeroizing<String>, Failure> {
    let password = Zeroizing::new(demo::PASSWORD.to_owned());
    let mail = format!("{name}@halden.example");
    let SignInOutcome::Done(signed_in) = service.sign_in(&mail, password, None, None).await? else {
        return Err(broken("the demonstration's accounts ask for a second factor"));
    };
    let actor = service.session(&signed_in.token, None).await?.ok_or_else(|| broken("no session"))?;
    let scopes = [TokenScope::Read, TokenScope::Write, TokenScope::Open].into();
    let named = Line::new("bench").map_err(broken)?;
    Ok(service.issue_token(&actor, named, scopes, service.now() + DAY).await?)
}

/// `ringfence serve` in a process of its own, so that its memory is its own.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    async fn start(place: &Path) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(broken)?;
        let mut child = Command::new(program)
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(place)
            .env("RINGFENCE_PASSPHRASE", demo::PASSPHRASE)
            .env_remove("RINGFENCE_JOURNAL")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(broken)?;
        let out = child.stdout.take().ok_or_else(|| broken("the server says nothing"))?;
        let address = tokio::task::spawn_blocking(move || address(out)).await.map_err(broken)?;
        let mut server = Self { child, address: String::new() };
        server.address = address.ok_or_else(|| broken("the server does not say where it serves"))?;
        Ok(server)
    }

    /// The most memory that it ever held, in KiB.
    fn memory(&self) -> Result<u64, Failure> {
        super::boot::peak_kib(&format!("/proc/{}/status", self.child.id()))
    }

    async fn request(&self, path: &str, token: &str, length: u64) -> Result<BufReader<TcpStream>, Failure> {
        let mut line = TcpStream::connect(&self.address).await.map_err(broken)?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/octet-stream\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n",
            self.address
        );
        line.write_all(head.as_bytes()).await.map_err(broken)?;
        Ok(BufReader::with_capacity(PIECE, line))
    }

    /// Sends the document; gives the answer.
    async fn send(&self, path: &str, token: &str) -> Result<Value, Failure> {
        let mut line = self.request(path, token, SIZE).await?;
        let piece = vec![0x5a; PIECE];
        for _ in 0..SIZE / PIECE as u64 {
            line.get_mut().write_all(&piece).await.map_err(broken)?;
        }
        let mut answer = Vec::new();
        line.read_to_end(&mut answer).await.map_err(broken)?;
        let text = String::from_utf8_lossy(&answer);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).map_err(|_| broken(&text))
    }

    /// Opens the document and reads it to its end.
    async fn fetch(&self, path: &str, token: &str) -> Result<(), Failure> {
        let mut line = self.request(path, token, 0).await?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if line.read_line(&mut head).await.map_err(broken)? == 0 {
                return Err(broken(head));
            }
        }
        let mut read = 0;
        let mut piece = vec![0; PIECE];
        loop {
            match line.read(&mut piece).await.map_err(broken)? {
                0 if read == SIZE => return Ok(()),
                0 => return Err(broken(format!("{read} bytes came back: {head}"))),
                more => read += more as u64,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the one document that the server prints; the rest is read to keep it from blocking.
fn address(out: impl std::io::Read) -> Option<String> {
    let mut documents = serde_json::Deserializer::from_reader(out).into_iter::<Value>();
    let first = documents.next()?.ok()?;
    first.get("address")?.as_str()?.strip_prefix("http://").map(str::to_owned)
}

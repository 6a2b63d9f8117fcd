//! Asking those outside: one HTTP request to one address, with bounds on time and on what is taken back.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer to what is posted: a time stamp with its chain stays below it, and so do cosignatures.
const LONGEST: usize = 256 << 10;

/// What is asked.
struct Question<'a> {
    method: Method,
    /// Of the body, where there is one.
    media: Option<&'a str>,
    accept: &'a str,
    body: Vec<u8>,
    /// The longest answer that is taken.
    longest: usize,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Posts `body` to `address`.
///
/// # Errors
/// Why there was no answer, as a clause: it is shown to people and stands in the record.
pub(super) async fn post(address: &str, media: &str, accept: &str, body: Vec<u8>) -> Result<Answer, String> {
    let question = Question { method: Method::POST, media: Some(media), accept, body, longest: LONGEST };
    patiently(address, question).await
}

/// Gets what is at `address`, of at most `longest` bytes.
///
/// # Errors
/// As [`post`].
pub(super) async fn get(address: &str, accept: &str, longest: usize) -> Result<Answer, String> {
    let question = Question { method: Method::GET, media: None, accept, body: Vec::new(), longest };
    patiently(address, question).await
}

async fn patiently(address: &str, question: Question<'_>) -> Result<Answer, String> {
    match tokio::time::timeout(PATIENCE, ask(address, question)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("did not answer within {} seconds", PATIENCE.as_secs())),
    }
}

/// Whether an address can be asked: `http://` or `https://` and a host.
pub(super) fn check(address: &str) -> Result<(), String> {
    target(address).map(|_| ())
}

struct Target {
    host: String,
    port: u16,
    path: String,
    tls: bool,
}

fn target(address: &str) -> Result<Target, String> {
    let uri: Uri = address.parse().map_err(|_| format!("`{address}` is not an address"))?;
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(format!("`{address}` does not begin with http:// or https://")),
    };
    let host = uri.host().ok_or_else(|| format!("`{address}` names no host"))?.to_owned();
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let path = uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    Ok(Target { host, port, path, tls })
}

async fn ask(address: &str, question: Question<'_>) -> Result<Answer, String> {
    let target = target(address)?;
    // An IPv6 address stands in brackets in an address, and without them everywhere else.
    let name = target.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let line = TcpStream::connect((name.as_str(), target.port))
        .await
        .map_err(|error| format!("cannot be reached: {error}"))?;
    if !target.tls {
        return exchange(line, &target, question).await;
    }
    let server = ServerName::try_from(name).map_err(|_| "has no host name that TLS takes".to_owned())?;
    let connector = TlsConnector::from(tls()?);
    let line = connector
        .connect(server, line)
        .await
        .map_err(|error| format!("cannot be reached safely: {error}"))?;
    exchange(line, &target, question).await
}

async fn exchange<L>(line: L, target: &Target, question: Question<'_>) -> Result<Answer, String>
where
    L: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| format!("broke off: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(line)).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder()
        .method(question.method)
        .uri(&target.path)
        .header(HOST, format!("{}:{}", target.host, target.port))
        .header(ACCEPT, question.accept);
    if let Some(media) = question.media {
        request = request.header(CONTENT_TYPE, media);
    }
    let request = request
        .body(Full::new(Bytes::from(question.body)))
        .map_err(|error| format!("cannot be asked: {error}"))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), question.longest).collect().await;
    let body = body.map_err(|_| "broke off, or answered more than belongs there".to_owned())?;
    connection.abort();
    Ok(Answer { status, body: body.to_bytes().to_vec() })
}

/// The certificates that this machine trusts, read once.
fn tls() -> Result<Arc<ClientConfig>, String> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("cannot be reached safely: this machine has no trusted certificates".to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("cannot be reached safely: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::clone(CONFIG.get_or_init(|| Arc::new(config))))
}

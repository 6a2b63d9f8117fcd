//! Listening for real: where plain HTTP is refused, TLS and its certificate exchanged while running, a proxy in front.

use crate::support::TestSite;
use server::{ServeError, Settings, TlsFiles, bind};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

fn certificate(folder: &Path, name: &str) -> TlsFiles {
    let files = TlsFiles { certificate: folder.join("server.pem"), key: folder.join("server.key") };
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", &format!("/CN={name}"), "-addext", &format!("subjectAltName=DNS:{name}")])
        .arg("-keyout")
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success(), "openssl made no certificate");
    files
}

/// What a client by another hand makes of the server.
async fn openssl(address: SocketAddr, more: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &address.to_string(), "-servername", "localhost"]).args(more);
    let run = move || -> Output { command.stdin(Stdio::null()).output().unwrap() };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn plain(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Serves until the sender is used; then the task ends.
async fn start(
    settings: Settings,
) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>, TestSite) {
    let site = TestSite::new().await;
    let listening = bind(settings).await.unwrap();
    let address = listening.address();
    let (stop, stopped) = oneshot::channel();
    let service = site.service.clone();
    let task = tokio::spawn(async move { listening.run(service, async { drop(stopped.await) }).await });
    (address, stop, task, site)
}

#[tokio::test]
async fn plain_http_is_for_this_machine_alone() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        match bind(Settings::local(address.parse().unwrap())).await {
            Err(error @ ServeError::Plain(_)) => {
                assert!(error.to_string().contains("certificate"), "{error}")
            }
            _ => panic!("{address} is served in the clear"),
        }
    }
    assert!(bind(Settings::local("127.0.0.1:0".parse().unwrap())).await.is_ok());
    assert!(bind(Settings::local("[::1]:0".parse().unwrap())).await.is_ok());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let good = certificate(folder.path(), "localhost");
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let foreign = certificate(&other, "localhost");
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    for files in [
        TlsFiles { certificate: empty.clone(), ..good.clone() },
        TlsFiles { key: empty, ..good.clone() },
        TlsFiles { key: folder.path().join("nothing"), ..good.clone() },
        TlsFiles { key: foreign.key, ..good },
    ] {
        let settings = Settings { tls: Some(files), ..Settings::local("127.0.0.1:0".parse().unwrap()) };
        assert!(matches!(bind(settings).await, Err(ServeError::Certificate(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_exchanged_while_running_and_a_broken_one_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificate(folder.path(), "first.example");
    let settings = Settings { tls: Some(files.clone()), ..Settings::local("127.0.0.1:0".parse().unwrap()) };
    let (address, stop, task, _site) = start(settings).await;
    let seen = openssl(address, &[]).await;
    assert!(seen.contains("first.example") && seen.contains("TLSv1.3"), "{seen}");
    for old in ["-tls1", "-tls1_1"] {
        assert!(!openssl(address, &[old]).await.contains("BEGIN CERTIFICATE"), "{old} is spoken");
    }
    let refused = plain(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(!refused.contains("HTTP/1.1"), "plain HTTP is answered on the TLS port: {refused}");

    let hang_up = || Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status().unwrap();
    std::fs::write(&files.certificate, "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")
        .unwrap();
    hang_up();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(openssl(address, &[]).await.contains("first.example"), "a broken certificate was taken");

    certificate(folder.path(), "second.example");
    hang_up();
    let mut seen = String::new();
    for _ in 0..50 {
        seen = openssl(address, &[]).await;
        if seen.contains("second.example") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(seen.contains("second.example"), "{seen}");
    stop.send(()).unwrap();
    task.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
}

#[tokio::test]
async fn over_a_proxy_cookies_are_bound_to_tls_and_only_its_word_counts() {
    let mut settings = Settings::local("127.0.0.1:0".parse().unwrap());
    settings.behind_proxy = vec!["127.0.0.1".parse().unwrap()];
    let (address, stop, task, _site) = start(settings).await;
    let ask = async |more: &str| {
        plain(
            address,
            &format!("GET /sign-in HTTP/1.1\r\nhost: x.example\r\nconnection: close\r\n{more}\r\n"),
        )
        .await
    };
    let secure = ask("x-forwarded-proto: https\r\nx-forwarded-for: 203.0.113.9\r\n").await;
    assert!(secure.contains("__Host-ringfence-form=") && secure.contains("; Secure"), "{secure}");
    assert!(secure.contains("strict-transport-security: max-age=63072000"));
    let in_the_clear = ask("x-forwarded-for: 203.0.113.9\r\n").await;
    assert!(!in_the_clear.contains("__Host-"), "{in_the_clear}");
    let figures = plain(
        address,
        "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: 127.0.0.1\r\n\r\n",
    )
    .await;
    assert!(figures.starts_with("HTTP/1.1 404"), "{figures}");
    stop.send(()).unwrap();
    task.await.unwrap();
}

#[tokio::test]
async fn heads_without_end_are_cut_off() {
    let (address, stop, task, _site) = start(Settings::local("127.0.0.1:0".parse().unwrap())).await;
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let answer = plain(address, &format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let fine = plain(address, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(fine.starts_with("HTTP/1.1 200") && fine.ends_with("ok\n"), "{fine}");
    stop.send(()).unwrap();
    task.await.unwrap();
}

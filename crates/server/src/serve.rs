//! Listening: plain HTTP on this machine alone, TLS or a reverse proxy in front everywhere else.

use crate::app::{App, Settings};
use crate::arrival::Peer;
use crate::tls::{self, Certificate};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use futures::{StreamExt, stream};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use service::Service;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Connections at once; the next one waits.
const CONNECTIONS: usize = 4096;
/// For the TLS handshake, and for the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// Between two pieces of a body: who sends nothing for so long has gone.
const PIECE_WITHIN: Duration = Duration::from_secs(60);
/// How long requests under way may take to finish when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(20);
/// How often the certificate's files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The head of a request, in bytes.
const LARGEST_HEAD: usize = 64 << 10;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Passwords and documents would cross the network in the clear.
    #[error(
        "`{0}` can be reached from other machines, and plain HTTP would show passwords and documents to the network: \
         give a certificate and its key, or listen on 127.0.0.1 behind a reverse proxy and name its address"
    )]
    Plain(SocketAddr),
    /// The certificate or its key cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Certificate(String),
    /// The address cannot be listened on.
    #[error("`{0}` cannot be listened on: {1}")]
    Listen(SocketAddr, std::io::Error),
}

/// A server that listens and does not answer yet.
pub struct Listening {
    listener: TcpListener,
    settings: Settings,
    tls: Option<(TlsAcceptor, Arc<Certificate>)>,
}

/// Serves the web face until `shutdown` resolves; requests under way are finished.
///
/// # Errors
/// It does not start: the address, the certificate, or plain HTTP where others could listen.
pub async fn serve(
    service: Service,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    bind(settings).await?.run(service, shutdown).await;
    Ok(())
}

/// Reads the certificate and takes the address.
///
/// # Errors
/// As [`serve`].
pub async fn bind(settings: Settings) -> Result<Listening, ServeError> {
    let local = settings.listen.ip().to_canonical().is_loopback();
    if settings.tls.is_none() && settings.behind_proxy.is_empty() && !local {
        return Err(ServeError::Plain(settings.listen));
    }
    let tls = match &settings.tls {
        Some(files) => {
            let certificate = Certificate::read(files)?;
            let config = tls::config(Arc::clone(&certificate))?;
            Some((TlsAcceptor::from(Arc::new(config)), certificate))
        }
        None => None,
    };
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.map_err(|error| ServeError::Listen(settings.listen, error))?;
    Ok(Listening { listener, settings, tls })
}

impl Listening {
    /// The address, with the port that was chosen where none was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.settings.listen)
    }

    /// Answers until `shutdown` resolves, and then for as long as requests under way take, at most twenty seconds.
    pub async fn run(self, service: Service, shutdown: impl Future<Output = ()>) {
        let router = App::new(service, self.settings).router();
        let (stop, stopping) = watch::channel(false);
        // Dropped by each connection as it ends: when nobody holds one any more, all have ended.
        let (alive, mut all_ended) = mpsc::channel::<()>(1);
        let acceptor = self.tls.as_ref().map(|(acceptor, _)| acceptor.clone());
        let looking = self.tls.map(|(_, certificate)| tokio::spawn(keep_fresh(certificate)));
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                break;
            };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = shutdown.as_mut() => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: others will be given back.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (router, acceptor, stopping, alive) =
                (router.clone(), acceptor.clone(), stopping.clone(), alive.clone());
            tokio::spawn(async move {
                connection(stream, peer, acceptor, router, stopping).await;
                drop((place, alive));
            });
        }
        drop((self.listener, alive));
        let _ = stop.send(true);
        let _ = tokio::time::timeout(STOP_WITHIN, all_ended.recv()).await;
        if let Some(looking) = looking {
            looking.abort();
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    stopping: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => exchange(stream, peer, router, stopping).await,
        Some(acceptor) => match tokio::time::timeout(HEAD_WITHIN, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => exchange(stream, peer, router, stopping).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS session came about"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        },
    }
}

async fn exchange<S>(stream: S, peer: SocketAddr, router: Router, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(LARGEST_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(100)
        .max_header_list_size(u32::try_from(LARGEST_HEAD).unwrap_or(u32::MAX));
    let answer = router.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(patient);
        request.extensions_mut().insert(Peer(peer.ip()));
        request
    });
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(answer));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { stopping.wait_for(|stop| *stop).await.map_or((), |_| ()) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke off");
    }
}

/// A body that ends with an error where nothing comes for too long.
fn patient(body: Incoming) -> Body {
    let pieces = Body::new(body).into_data_stream();
    Body::from_stream(stream::unfold(Some(pieces), |pieces| async {
        let mut pieces = pieces?;
        match tokio::time::timeout(PIECE_WITHIN, pieces.next()).await {
            Ok(piece) => Some((piece?.map_err(std::io::Error::other), Some(pieces))),
            Err(_) => Some((Err(std::io::ErrorKind::TimedOut.into()), None)),
        }
    }))
}

/// Looks at the certificate's files now and then, and at once when told to (SIGHUP).
async fn keep_fresh(certificate: Arc<Certificate>) {
    let mut told = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    loop {
        let asked = async {
            match &mut told {
                Some(told) => told.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = asked => {}
        }
        match certificate.renew() {
            Ok(true) => tracing::info!("the certificate was read anew"),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "the certificate's files changed and cannot be used; the old one stays")
            }
        }
    }
}

//! Over HTTP: `POST /add-checkpoint` for logs, `GET /HASH/checkpoint` for whoever watches them (C2SP tlog-witness).

use crate::folder::{Folder, FolderError};
use crate::witness::{AddError, Witness};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use ledger::WitnessRefusal;
use ledger::witness::MAX_REQUEST;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};

/// Connections at once; the next one waits.
const CONNECTIONS: usize = 256;
/// Decisions at once: each waits for the disk.
const DECISIONS: usize = 16;
/// For the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// For all of a request's body, which is short.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// How long requests under way may take to finish when the witness stops.
const STOP_WITHIN: Duration = Duration::from_secs(20);
/// The head of a request, in bytes.
const LARGEST_HEAD: usize = 16 << 10;
const TEXT: &str = "text/plain; charset=utf-8";

/// Where a witness listens.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address. One that other machines reach needs a proxy in front.
    pub listen: SocketAddr,
    /// The reverse proxies in front, which end TLS: besides this machine's own, only their connections are taken.
    pub behind_proxy: Vec<IpAddr>,
}

/// Why the witness does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Anybody between could answer in its place.
    #[error(
        "`{0}` can be reached from other machines, and a witness speaks plain HTTP: listen on 127.0.0.1 behind a reverse \
         proxy that ends TLS, or name its address"
    )]
    Plain(SocketAddr),
    /// The address cannot be listened on.
    #[error("`{0}` cannot be listened on: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// A witness that listens and does not answer yet.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    settings: Settings,
    witness: Arc<Witness>,
}

#[derive(Clone)]
struct App {
    witness: Arc<Witness>,
    decisions: Arc<Semaphore>,
}

/// Serves until `shutdown` resolves; requests under way are finished.
pub async fn run(
    folder: Folder,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    bind(folder, settings).await?.run(shutdown).await;
    Ok(())
}

/// Takes the folder and the address.
pub async fn bind(folder: Folder, settings: Settings) -> Result<Listening, ServeError> {
    let local = settings.listen.ip().to_canonical().is_loopback();
    if settings.behind_proxy.is_empty() && !local {
        return Err(ServeError::Plain(settings.listen));
    }
    let witness = Arc::new(Witness::begin(folder)?);
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.map_err(|error| ServeError::Listen(settings.listen, error))?;
    Ok(Listening { listener, settings, witness })
}

impl Listening {
    /// The address, with the port that was chosen where none was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.settings.listen)
    }

    /// Answers until `shutdown` resolves, and then for as long as requests under way take, at most twenty seconds.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let router = router(self.witness);
        let (stop, stopping) = watch::channel(false);
        // Dropped by each connection as it ends: when nobody holds one any more, all have ended.
        let (alive, mut all_ended) = mpsc::channel::<()>(1);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                next = next => next,
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
            let peer = peer.ip().to_canonical();
            if !peer.is_loopback() && !self.settings.behind_proxy.iter().any(|one| one.to_canonical() == peer)
            {
                tracing::debug!(%peer, "a connection that comes not from the proxy was dropped");
                continue;
            }
            let (router, stopping, alive) = (router.clone(), stopping.clone(), alive.clone());
            tokio::spawn(async move {
                exchange(stream, router, stopping).await;
                drop((place, alive));
            });
        }
        drop((self.listener, alive));
        let _ = stop.send(true);
        let _ = tokio::time::timeout(STOP_WITHIN, all_ended.recv()).await;
    }
}

async fn exchange(stream: TcpStream, router: Router, mut stopping: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(LARGEST_HEAD);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
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

fn router(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{hash}/checkpoint", get(checkpoint))
        .with_state(App { witness, decisions: Arc::new(Semaphore::new(DECISIONS)) })
}

async fn add_checkpoint(State(app): State<App>, request: Request<Body>) -> Response {
    let body = match tokio::time::timeout(BODY_WITHIN, to_bytes(request.into_body(), MAX_REQUEST)).await {
        Ok(Ok(body)) => body,
        // Too long, or broken off, when nobody reads the answer.
        Ok(Err(_)) => return text(StatusCode::PAYLOAD_TOO_LARGE, "the request is longer than 256 KiB"),
        Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "the request took too long"),
    };
    match decided(app, move |witness| witness.add(&body, now())).await {
        Ok(Ok(cosignature)) => text(StatusCode::OK, cosignature),
        Ok(Err(AddError::Refused(WitnessRefusal::Conflict { size }))) => {
            let kind = [(header::CONTENT_TYPE, "text/x.tlog.size")];
            (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response()
        }
        Ok(Err(error)) => failed(&error),
        Err(response) => response,
    }
}

async fn checkpoint(State(app): State<App>, Path(hash): Path<String>) -> Response {
    match decided(app, move |witness| witness.checkpoint(&hash)).await {
        Ok(Ok(Some(note))) => {
            (StatusCode::OK, [(header::CONTENT_TYPE, TEXT)], note.to_string()).into_response()
        }
        Ok(Ok(None)) => text(StatusCode::NOT_FOUND, "this witness has cosigned no checkpoint of that log"),
        Ok(Err(error)) => failed(&error),
        Err(response) => response,
    }
}

/// Asks the witness on a thread that may wait for the disk.
async fn decided<T: Send + 'static>(
    app: App,
    ask: impl FnOnce(&Witness) -> T + Send + 'static,
) -> Result<T, Response> {
    let App { witness, decisions } = app;
    let turn = decisions.acquire_owned().await;
    let asked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        ask(&witness)
    });
    asked.await.map_err(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed"))
}

fn failed(error: &AddError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(%error, "a log's checkpoints are not cosigned");
        // What the disk is like concerns whoever runs the witness.
        return text(status, "the witness cannot decide on this log until its operator has looked");
    }
    text(status, error)
}

fn text(status: StatusCode, line: impl std::fmt::Display) -> Response {
    (status, [(header::CONTENT_TYPE, TEXT)], format!("{line}\n")).into_response()
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

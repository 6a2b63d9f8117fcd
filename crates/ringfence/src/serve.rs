//! `ringfence serve`: the web face of the record, until it is told to stop.

use crate::errors::Failure;
use crate::output::{Output, note};
use crate::session::{Options, Session};
use clap::Args;
use serde_json::json;
use server::{Settings, TlsFiles};
use service::Service;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Serve the pages and the REST API
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; any address but this machine's own needs TLS or a proxy in front
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8484", env = "RINGFENCE_LISTEN")]
    listen: SocketAddr,
    /// The certificate chain, as PEM; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The address of the reverse proxy that ends TLS in front; only its forwarded addresses are believed
    #[arg(long, value_name = "ADDR")]
    behind_proxy: Vec<IpAddr>,
    /// The token that whoever reads /metrics from another machine has to show
    #[arg(long, value_name = "TOKEN", env = "RINGFENCE_METRICS_TOKEN", hide_env_values = true)]
    metrics_token: Option<String>,
}

impl Serve {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        match session.service.sweep().await {
            Ok(swept) if swept.blobs > 0 => {
                note(format!("removed {} sealed files that no entry names", swept.blobs))
            }
            Ok(_) => {}
            Err(error) => note(format!("sealed files could not be swept: {error}")),
        }
        let tls = self.tls_cert.zip(self.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
        let settings = Settings {
            tls,
            behind_proxy: self.behind_proxy,
            metrics_token: self.metrics_token.map(Zeroizing::new),
            ..Settings::local(self.listen)
        };
        listen(&session.service, settings, &session.out).await
    }
}

/// Serves until the process is told to stop; then writes a snapshot, so that the next start is quick. Where JSON was asked
/// for, the one document says where it serves, as soon as it does.
pub(crate) async fn listen(service: &Service, settings: Settings, out: &Output) -> Result<(), Failure> {
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let listening = server::bind(settings).await.map_err(|error| Failure::input(error.to_string()))?;
    let address = format!("{scheme}://{}", listening.address());
    let stopping = told_to_stop();
    let set_up = service.set_up_link()?;
    let set_up = set_up.map(|token| Zeroizing::new(format!("{address}/set-up?token={}", token.as_str())));
    if let Some(link) = &set_up {
        note("There is no administrator yet. Whoever opens this link becomes the first one; it works once:");
        note(format!("  {}", link.as_str()));
    }
    if out.json {
        let link = set_up.as_ref().map(|link| link.as_str());
        out.document(&json!({ "address": address, "set_up": link }))?;
    }
    note(format!("Serving at {address}/ (stop with Ctrl-C)"));
    listening.run(service.clone(), stopping).await;
    note("Stopping");
    service.snapshot().await?;
    Ok(())
}

/// Waits until the process is told to stop. It listens for that from the moment this is called, not from the moment it is
/// awaited: whoever is told where it serves may tell it to stop at once.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listening = [signal(SignalKind::terminate()), signal(SignalKind::interrupt())];
    async move {
        let [mut terminate, mut interrupt] = listening.map(Result::ok);
        let told = async |listening: &mut Option<tokio::signal::unix::Signal>| match listening {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        };
        tokio::select! {
            () = told(&mut terminate) => {}
            () = told(&mut interrupt) => {}
        }
    }
}

//! `llm-router serve`: starts the parts in order, and stops them in the reverse order.

use std::fs::DirBuilder;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use router_engine::clock::SystemClock;
use router_engine::engine::{Engine, Parts};
use router_http::app::{self, App};
use router_http::settings::Surface;
use router_store::journal::Journal;
use router_store::writer::{Writer, WriterSettings};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::administration::Administration;
use crate::cli::ServeArgs;
use crate::config::sources::Sources;
use crate::config::{Config, Loaded, load};
use crate::demo::Demo;
use crate::quotas::Counting;
use crate::reload::{FileWatch, Reloader};
use crate::signals::{Request, Signals};
use crate::spent::Spent;
use crate::{catalogue, descriptors, identities, logging, meter, quotas, retention, store, wire};

/// How long threads may take to end that wait for something, once everything else has ended.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// How long the last records may take on their way to the database when the server stops. What is left then stays in
/// the journal, and the next start goes on from there.
const LAST_RECORDS: Duration = Duration::from_secs(10);

/// The same when the operator does not want to wait.
const LAST_RECORDS_HURRIED: Duration = Duration::from_millis(500);

/// How far the server is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    No,
    /// What is under way is finished first.
    InGoodOrder,
    /// At once.
    Now,
}

/// Serves until the process is told to stop.
///
/// # Errors
/// The configuration is not valid, or a part cannot start: the message says which, and what to do.
pub fn run(arguments: ServeArgs) -> anyhow::Result<ExitCode> {
    let sources = Sources {
        file: arguments.config.config,
        listen: arguments.listen,
        demo: arguments.demo,
        ..Sources::of_process()
    };
    let loaded = load(&sources)?;
    logging::start(&loaded.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let served = runtime.block_on(serve(sources, loaded));
    // What still waits for a database that does not answer is not waited for: the journal has it.
    runtime.shutdown_timeout(LAST_THREADS);
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(sources: Sources, loaded: Loaded) -> anyhow::Result<()> {
    let (config, warnings, watched) = (loaded.config.clone(), loaded.warnings.clone(), loaded.watched.clone());
    let signals = Signals::listen()?;
    // As soon as they were read: a change while the rest starts is seen as well.
    let files = FileWatch::start(&watched);
    let demo = if config.demo { Some(Arc::new(Demo::start().await?)) } else { None };
    // Models and providers first: a mistake there must not leave a database behind.
    let snapshot = wire::snapshot(&config, demo.as_deref())?;
    for warning in warnings.into_iter().chain(catalogue::warnings(&config, &snapshot.registry)) {
        tracing::warn!("{warning}");
    }
    if let Some(warning) = identities::warning(&config) {
        tracing::warn!("{warning}");
    }
    if snapshot.providers.is_empty() {
        tracing::warn!("no provider has a key: dry runs are answered, executions are not");
    }

    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("cannot listen on {}: is something else listening there?", config.server.listen))?;
    let admin_listener = match config.server.admin_listen {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address}: is something else listening there?"))?,
        ),
        None => None,
    };
    make_private(&config.data.dir)?;
    let metrics = if config.metrics.enabled { Some(meter::start()?) } else { None };
    let journal = Arc::new(Journal::open(config.data.dir.join("journal"), wire::journal_settings(&config))?);
    let store = store::open_for_serving(&config).await?;
    let writer = Writer::new(Arc::clone(&journal), Arc::clone(&store) as _, WriterSettings::default());
    let writing = tokio::spawn(writer.run(std::future::pending()));
    let forgetting = tokio::spawn(retention::run(Arc::clone(&store) as _, config.records.retention_days));
    let Counting { quotas, cache, counts, shared, reconciling } =
        quotas::start(&config, Arc::new(Spent(Arc::clone(&store) as _))).await?;
    let engine = Arc::new(Engine::new(Parts {
        snapshot,
        quotas,
        cache,
        recorder: Arc::clone(&journal) as _,
        clock: Arc::new(SystemClock::start()),
    }));
    let auth = identities::auth(&config, Some(store::identities(&store)));
    let following = identities::follow(&auth).await;
    let reloader = Reloader { sources, current: loaded, engine: Arc::clone(&engine), demo: demo.clone() };
    let administration = Arc::new(Administration::new(Arc::clone(&store), reloader));
    if let Err(error) = administration.refresh().await {
        tracing::warn!(%error, "what administrators changed cannot be read; the files have the word until it can");
    }
    let followed = Arc::clone(&administration);
    let following_changes = tokio::spawn(async move { followed.follow().await });
    let app = App::new(app::Parts {
        engine: Arc::clone(&engine),
        requests: Arc::clone(&store) as _,
        feedback: Arc::clone(&store) as _,
        scores: Arc::clone(&store) as _,
        runs: Arc::clone(&store) as _,
        statistics: Arc::clone(&store) as _,
        spending: Arc::clone(&store) as _,
        store_health: Arc::clone(&store) as _,
        journal: Arc::clone(&journal),
        auth: Arc::clone(&auth),
        configuration: Some(Arc::clone(&administration) as _),
        counts,
        shared,
        metrics,
        grafana_url: config.metrics.grafana_url.as_ref().map(ToString::to_string),
    });

    // The log has the address too: a server nobody reads the output of still serves.
    let admin_address = admin_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    if let Err(error) = welcome(&config, listener.local_addr()?, admin_address) {
        tracing::debug!(%error, "nobody reads the standard output");
    }
    let mut settings = wire::http_settings(&config);
    settings.connection_limit = descriptors::room_for(settings.connection_limit);
    let (stop, stopping) = watch::channel(Stop::No);
    let listening = tokio::spawn(listen_to_operator(signals, administration, files, stop));
    let app = Arc::new(app);
    let listen = |listener, surface| {
        let settings = router_http::settings::Settings { surface, ..settings.clone() };
        let (shutdown, cut) = (told(&stopping, Stop::InGoodOrder), told(&stopping, Stop::Now));
        router_http::server::serve(listener, Arc::clone(&app), settings, shutdown, cut)
    };
    let stopped = match admin_listener {
        None => listen(listener, Surface::All).await?,
        Some(admin) => {
            let (callers, admins) = tokio::try_join!(listen(listener, Surface::Callers), listen(admin, Surface::All))?;
            callers.and(admins)
        }
    };
    tracing::info!(?stopped, "no more requests");
    let flushed = tokio::select! {
        flushed = journal.flush(LAST_RECORDS) => flushed,
        () = told(&stopping, Stop::Now) => journal.flush(LAST_RECORDS_HURRIED).await,
    };
    if let Err(error) = flushed {
        tracing::warn!(%error, "some records are not in the database yet; the next start writes them");
    }
    following.abort();
    following_changes.abort();
    listening.abort();
    forgetting.abort();
    writing.abort();
    reconciling.abort();
    // The simulated providers last: requests in flight needed them.
    drop(demo);
    Ok(())
}

/// Returns once the server is told to stop that far.
async fn told(stopping: &watch::Receiver<Stop>, far: Stop) {
    if stopping.clone().wait_for(|&told| told >= far).await.is_err() {
        // Nobody listens to the operator any more: a bug, and no reason to cut anyone.
        std::future::pending::<()>().await;
    }
}

/// Reloads when told to or when a file has changed, and says when to stop.
async fn listen_to_operator(
    mut signals: Signals,
    administration: Arc<Administration>,
    mut files: FileWatch,
    stop: watch::Sender<Stop>,
) {
    loop {
        let reason = tokio::select! {
            request = signals.next() => match request {
                Request::Stop => break,
                Request::Reload => "SIGHUP",
            },
            () = files.changed() => "a file has changed",
        };
        files.follow(&administration.files().await);
        administration.reload(reason).await;
    }
    tracing::info!("stopping: finishing what is under way");
    stop.send_replace(Stop::InGoodOrder);
    // A process that ends has no use for another configuration.
    while signals.next().await != Request::Stop {}
    tracing::warn!("stopping now: told a second time");
    stop.send_replace(Stop::Now);
    // The end of the process ends this: until then somebody may look at what was said.
    std::future::pending::<()>().await;
}

/// Makes the data directory for this user alone, because prompts are kept in it. One that is there already stays as its
/// owner made it.
pub(crate) fn make_private(directory: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.with_context(|| format!("the data directory {} cannot be made; set data.dir to another", directory.display()))
}

/// Tells whoever started the server where it is, and what to do next.
fn welcome(config: &Config, address: SocketAddr, admin: Option<SocketAddr>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "LLM Router listens on http://{address}")?;
    if let Some(admin) = admin {
        writeln!(out, "Administration and metrics are on http://{admin}")?;
    }
    if let Some(warning) = identities::warning(config) {
        writeln!(out, "WARNING: {warning}.")?;
    }
    if config.demo {
        writeln!(out, "Demonstration: the providers are simulated, nothing is billed. Try:\n")?;
        writeln!(out, "  curl -X POST http://{address}/api/route \\")?;
        writeln!(out, "    -H 'Content-Type: application/json' \\")?;
        writeln!(out, "    -d '{{\"prompt\": \"Explain quantum computing in simple terms\"}}'\n")?;
    }
    out.flush()
}

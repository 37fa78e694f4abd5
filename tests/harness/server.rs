//! The real application in this process, on a port that the system chooses, under a clock that stands still.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, mpsc::sync_channel},
    thread::JoinHandle,
};

use tempfile::TempDir;
use tokio::sync::oneshot;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::health_client::HealthClient;
use yingda::{
    app::{self, App, Config, EncoderConfig, Hooks, RawConfig, ServeError, StoreKind},
    domain::{ManualClock, Timestamp},
    rpc::pb::{
        assist_client::AssistClient, evaluation_client::EvaluationClient, feedback_client::FeedbackClient,
        google::longrunning::operations_client::OperationsClient, indexing_client::IndexingClient,
        knowledge_client::KnowledgeClient, lexicon_client::LexiconClient, models_client::ModelsClient,
        rules_client::RulesClient, server_info_client::ServerInfoClient, text_tools_client::TextToolsClient,
    },
};

use super::{MOMENT, repository};

/// How a server is set up.
pub struct Setup {
    pub demo: bool,
    /// Store and index in a folder of its own, else in memory.
    pub in_folder: bool,
    /// Store and index in this folder, which stays.
    pub folder: Option<PathBuf>,
    /// The models folder, else the repository's.
    pub models: Option<PathBuf>,
    /// What the second stage serves with.
    pub encoder: Option<EncoderConfig>,
    pub now: Timestamp,
    pub max_in_flight: u32,
    pub drain_timeout_ms: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            demo: false,
            in_folder: false,
            folder: None,
            models: None,
            encoder: None,
            now: MOMENT,
            max_in_flight: 256,
            drain_timeout_ms: 10_000,
        }
    }
}

/// A server that runs until it is stopped or dropped.
pub struct Running {
    pub address: SocketAddr,
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    thread: Mutex<Option<JoinHandle<Result<(), ServeError>>>>,
}

/// Returns the configuration of tests: the shipped bundle, no port of its own, a quick index.
pub fn config(data_dir: Option<PathBuf>) -> Config {
    let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
    let raw = RawConfig {
        listen: Some("127.0.0.1:0".to_owned()),
        data_dir: data_dir.map(text),
        models_dir: Some(text(repository("models"))),
        index_poll_ms: Some(50),
        ..RawConfig::default()
    };
    raw.resolve().expect("a good configuration")
}

impl Running {
    /// Starts a server and waits until it serves.
    pub fn start(setup: &Setup) -> Self {
        let folder = setup.in_folder.then(|| TempDir::new().expect("a folder"));
        let path = setup.folder.clone().or_else(|| folder.as_ref().map(|folder| folder.path().to_owned()));
        let kind = if path.is_some() { StoreKind::Folder } else { StoreKind::Memory };
        let mut config = config(path);
        config.models_dir = setup.models.clone().or(config.models_dir);
        config.encoder = setup.encoder.clone();
        config.max_in_flight = setup.max_in_flight as usize;
        config.drain_timeout = std::time::Duration::from_millis(setup.drain_timeout_ms);
        let clock = Arc::new(ManualClock::new(setup.now));
        let app = App::start_with(&config, &kind, clock.clone(), None).expect("the application starts");
        if setup.demo {
            app.install_demo().expect("the demo bases are good");
        }
        let app = Arc::new(app);
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell_address, address) = sync_channel(1);
        let (tell_ready, ready) = sync_channel(1);
        let hooks = Hooks {
            on_listening: Box::new(move |address| tell_address.send(address).expect("somebody listens")),
            on_serving: Box::new(move || tell_ready.send(()).expect("somebody listens")),
        };
        let served = Arc::clone(&app);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let stop = async {
                // A server that is dropped stops as well.
                let _ = stopped.await;
            };
            let ended = runtime.expect("a runtime").block_on(app::serve(served, &config, hooks, stop));
            // A folder of its own lasts as long as the server writes to it.
            drop(folder);
            ended
        });
        let address = address.recv().expect("the server listens");
        ready.recv().expect("the server gets ready");
        if setup.demo {
            await_calibration(&app);
        }
        Self { address, app, clock, stop: Mutex::new(Some(stop)), thread: Mutex::new(Some(thread)) }
    }

    /// Tells the server to stop, without waiting.
    pub fn begin_stop(&self) {
        if let Some(stop) = self.stop.lock().expect("no panic under the lock").take() {
            // The server may have ended by itself.
            let _ = stop.send(());
        }
    }

    /// Stops the server and returns how it ended. Clients of this thread go on meanwhile, for the server waits for them.
    pub async fn stop(&self) -> Result<(), ServeError> {
        self.begin_stop();
        let Some(thread) = self.thread.lock().expect("no panic under the lock").take() else { return Ok(()) };
        let ended = tokio::task::spawn_blocking(|| thread.join().expect("the server does not panic"));
        ended.await.expect("the server does not panic")
    }

    /// Connects.
    pub async fn clients(&self) -> Clients {
        Clients::connect(self.address).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its clients may be of this very thread, so nobody waits here.
        self.begin_stop();
    }
}

/// A client of each service over one connection.
#[derive(Clone)]
pub struct Clients {
    pub channel: Channel,
    pub assist: AssistClient<Channel>,
    pub text_tools: TextToolsClient<Channel>,
    pub knowledge: KnowledgeClient<Channel>,
    pub lexicon: LexiconClient<Channel>,
    pub rules: RulesClient<Channel>,
    pub feedback: FeedbackClient<Channel>,
    pub indexing: IndexingClient<Channel>,
    pub evaluation: EvaluationClient<Channel>,
    pub models: ModelsClient<Channel>,
    pub server_info: ServerInfoClient<Channel>,
    pub operations: OperationsClient<Channel>,
    pub health: HealthClient<Channel>,
}

impl Clients {
    /// Connects to a server.
    pub async fn connect(address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let channel = endpoint.connect().await.expect("a connection");
        Self {
            assist: AssistClient::new(channel.clone()),
            text_tools: TextToolsClient::new(channel.clone()),
            knowledge: KnowledgeClient::new(channel.clone()),
            lexicon: LexiconClient::new(channel.clone()),
            rules: RulesClient::new(channel.clone()),
            feedback: FeedbackClient::new(channel.clone()),
            indexing: IndexingClient::new(channel.clone()),
            evaluation: EvaluationClient::new(channel.clone()),
            models: ModelsClient::new(channel.clone()),
            server_info: ServerInfoClient::new(channel.clone()),
            operations: OperationsClient::new(channel.clone()),
            health: HealthClient::new(channel.clone()),
            channel,
        }
    }
}

/// Waits until every base is calibrated, so that two replies to one question do not differ.
pub fn await_calibration(app: &App) {
    let since = std::time::Instant::now();
    while app.live.load().bases.values().any(|base| base.calibration.is_none()) {
        assert!(since.elapsed() < std::time::Duration::from_secs(120), "the bases are not calibrated");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Returns the one server of this process that holds the demo bases; nobody changes it.
pub fn demo() -> &'static Running {
    static SHARED: OnceLock<Running> = OnceLock::new();
    SHARED.get_or_init(|| Running::start(&Setup { demo: true, ..Setup::default() }))
}

/// Returns the one server of this process on which each test makes a base of its own.
pub fn shared() -> &'static Running {
    static SHARED: OnceLock<Running> = OnceLock::new();
    SHARED.get_or_init(|| Running::start(&Setup { in_folder: true, ..Setup::default() }))
}

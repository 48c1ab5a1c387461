//! The way to the server and back. Requests and answers get lost, come late, or come twice; streams break, and
//! one end notices long before the other.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connectrpc::ServiceStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use wingbeat_server::simulation::SimulatedServer;

use super::weather::Weather;

/// How long anybody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// No answer came. Whether the request arrived is unknown.
#[derive(Debug)]
pub(super) struct Lost;

/// Whether a request may come twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Once,
    PerhapsTwice,
}

#[derive(Clone)]
pub(super) struct Network {
    weather: Arc<Weather>,
    /// By place; a place is empty while its server is down.
    servers: Arc<Mutex<Vec<Option<SimulatedServer>>>>,
}

impl Network {
    /// To so many servers, all of which are down.
    pub(super) fn new(weather: Arc<Weather>, servers: usize) -> Self {
        Self { weather, servers: Arc::new(Mutex::new(vec![None; servers])) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<SimulatedServer>>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn size(&self) -> usize {
        self.lock().len()
    }

    /// A server came up, or went down.
    pub(super) fn put(&self, place: usize, server: Option<SimulatedServer>) {
        self.lock()[place] = server;
    }

    /// Is there a server that is up?
    pub(super) fn is_served(&self) -> bool {
        self.lock().iter().flatten().any(|server| !server.is_dead())
    }

    /// One of the servers that are up.
    pub(super) fn server(&self) -> Option<SimulatedServer> {
        let mut up: Vec<_> =
            self.lock().iter().flatten().filter(|server| !server.is_dead()).cloned().collect();
        if up.len() < 2 {
            return up.pop();
        }
        let drawn = usize::try_from(self.weather.number(0..1_000)).unwrap_or_default() % up.len();
        Some(up.swap_remove(drawn))
    }

    /// Asks one of the servers something.
    pub(super) async fn call<T, Answer>(
        &self,
        delivery: Delivery,
        request: impl Fn(SimulatedServer) -> Answer + Clone + Send + 'static,
    ) -> Result<T, Lost>
    where
        T: Send + 'static,
        Answer: Future<Output = T> + Send + 'static,
    {
        let own = self.clone();
        self.deliver(delivery, move || own.server(), request).await
    }

    /// Asks this one, or nobody.
    pub(super) async fn call_at<T, Answer>(
        &self,
        server: &SimulatedServer,
        delivery: Delivery,
        request: impl Fn(SimulatedServer) -> Answer + Clone + Send + 'static,
    ) -> Result<T, Lost>
    where
        T: Send + 'static,
        Answer: Future<Output = T> + Send + 'static,
    {
        let server = server.clone();
        self.deliver(delivery, move || Some(server.clone()).filter(|server| !server.is_dead()), request).await
    }

    async fn deliver<T, Answer>(
        &self,
        delivery: Delivery,
        server: impl Fn() -> Option<SimulatedServer> + Clone + Send + 'static,
        request: impl Fn(SimulatedServer) -> Answer + Clone + Send + 'static,
    ) -> Result<T, Lost>
    where
        T: Send + 'static,
        Answer: Future<Output = T> + Send + 'static,
    {
        self.travel().await;
        if self.weather.strikes(30) {
            self.weather.pause(100..10_000).await;
            return Err(Lost);
        }
        if delivery == Delivery::PerhapsTwice && self.weather.strikes(60) {
            self.again(server.clone(), request.clone());
        }
        let server = server().ok_or(Lost)?;
        let (answer, answered) = oneshot::channel();
        let asked = request(server.clone());
        server.spawn(async move {
            // Whoever asked may have given up.
            drop(answer.send(asked.await));
        });
        let answer = timeout(PATIENCE, answered).await.map_err(|_| Lost)?.map_err(|_| Lost)?;
        if self.weather.strikes(30) {
            self.weather.pause(100..10_000).await;
            return Err(Lost);
        }
        self.travel().await;
        Ok(answer)
    }

    async fn travel(&self) {
        if self.weather.strikes(50) {
            self.weather.pause(0..5_000).await;
        } else {
            self.weather.pause(0..20).await;
        }
    }

    /// The same request once more, much later.
    fn again<T, Answer>(
        &self,
        server: impl Fn() -> Option<SimulatedServer> + Send + 'static,
        request: impl Fn(SimulatedServer) -> Answer + Send + 'static,
    ) where
        T: Send + 'static,
        Answer: Future<Output = T> + Send + 'static,
    {
        let own = self.clone();
        tokio::spawn(async move {
            own.weather.pause(0..30_000).await;
            let Some(server) = server() else { return };
            let asked = request(server.clone());
            server.spawn(async move { drop(asked.await) });
        });
    }

    /// Resolves when a stream breaks by itself, with its server or without.
    pub(super) async fn breaks(&self, server: &SimulatedServer) {
        let by_itself = async {
            loop {
                self.weather.pause(2_000..40_000).await;
                if !self.weather.is_calm() {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            () = server.died() => {}
            () = by_itself => {}
        }
    }

    /// This end has left a stream. The server may think for long that it is open.
    pub(super) fn leave<T: Send + 'static>(&self, stream: ServiceStream<T>) {
        let own = self.clone();
        tokio::spawn(async move {
            if own.weather.strikes(300) {
                own.weather.pause(0..40_000).await;
            }
            drop(stream);
        });
    }
}

//! Which server the executor and its tasks talk to: the one beside it, or, while that is away, another of the same
//! platform that it was told of. It never decides when to leave: the link does, when it cannot connect.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

/// In the server's answers: sockets of the others, with commas between.
const HEADER: &str = "x-wingbeat-servers";

/// Sockets of servers, one of which is the present one. Clones share them.
#[derive(Debug, Clone)]
pub struct Servers(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    own: PathBuf,
    others: Vec<PathBuf>,
    /// What servers say of each other means nothing here: they are on another machine.
    alone: bool,
    present: PathBuf,
}

impl From<PathBuf> for Servers {
    /// Only this one is known.
    fn from(own: PathBuf) -> Self {
        Self(Arc::new(Mutex::new(Known { present: own.clone(), own, others: Vec::new(), alone: false })))
    }
}

impl Servers {
    /// The only way to a server on another machine.
    pub(crate) fn elsewhere(way: PathBuf) -> Self {
        let servers = Self::from(way);
        servers.lock().alone = true;
        servers
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where to connect now.
    pub(crate) fn present(&self) -> PathBuf {
        self.lock().present.clone()
    }

    /// Takes over which others there are, besides the one that says so in the headers of its answer.
    pub(crate) fn learn(&self, headers: &HeaderMap) {
        let Some(said) = headers.get(HEADER).and_then(|said| said.to_str().ok()) else { return };
        let mut known = self.lock();
        if known.alone {
            return;
        }
        known.others = said.split(',').filter(|path| !path.is_empty()).map(PathBuf::from).collect();
        let present = known.present.clone();
        // Who says it does not name itself.
        if present != known.own && !known.others.contains(&present) {
            known.others.push(present);
        }
    }

    /// The present one cannot be reached: the next one's turn. The first again after the last.
    pub(crate) fn try_next(&self) {
        let mut known = self.lock();
        let all: Vec<PathBuf> = std::iter::once(&known.own)
            .chain(known.others.iter().filter(|other| **other != known.own))
            .cloned()
            .collect();
        let at = all.iter().position(|server| *server == known.present);
        known.present.clone_from(&all[at.map_or(0, |at| (at + 1) % all.len())]);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use http::{HeaderMap, HeaderValue};

    use super::{HEADER, Servers};

    fn said(text: &'static str) -> HeaderMap {
        [(http::HeaderName::from_static(HEADER), HeaderValue::from_static(text))].into_iter().collect()
    }

    #[test]
    fn servers_take_turns_and_the_own_one_is_always_among_them() {
        let [own, two, three] = ["/own", "/two", "/three"].map(PathBuf::from);
        let servers = Servers::from(own.clone());
        servers.try_next();
        assert_eq!(servers.present(), own, "there is no other");
        servers.learn(&said("/two,/three"));
        let turns: Vec<PathBuf> = (0..3)
            .map(|_| {
                servers.try_next();
                servers.present()
            })
            .collect();
        assert_eq!(turns, [two.clone(), three, own.clone()]);
        servers.try_next();
        // The second one tells of the own one and of the third.
        servers.learn(&said("/own,/three"));
        assert_eq!(servers.present(), two, "a list alone moves nobody");
        servers.learn(&HeaderMap::new());
        assert_eq!(servers.lock().others.len(), 3, "an answer without a word says nothing");
        servers.learn(&said(""));
        servers.try_next();
        assert_eq!(servers.present(), own);
    }
}

//! Whose turn it is: by queue priority, then by project, then in turn among its lanes.
//!
//! A lane is what one run has ready in one queue. Knows nothing of places and caps.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet, VecDeque};

use wingbeat_model::{QueueName, RunId, ShareKey};

/// What one run has ready in one queue.
pub(super) type Lane = (RunId, QueueName);

type Projects = BTreeMap<ShareKey, VecDeque<Lane>>;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    classes: BTreeMap<Reverse<i32>, Projects>,
    known: HashSet<Lane>,
}

impl Lanes {
    /// Adds a lane at the end of its project's turns; `true` if its project had none in this class.
    pub(super) fn enter(&mut self, priority: i32, project: &ShareKey, lane: Lane) -> bool {
        if !self.known.insert(lane.clone()) {
            return false;
        }
        let lanes = self.classes.entry(Reverse(priority)).or_default().entry(project.clone()).or_default();
        lanes.push_back(lane);
        lanes.len() == 1
    }

    /// Does anything wait?
    pub(super) fn any(&self) -> bool {
        !self.known.is_empty()
    }

    /// Highest first.
    pub(super) fn priorities(&self) -> Vec<i32> {
        self.classes.keys().map(|priority| priority.0).collect()
    }

    /// The projects that have lanes in a class.
    pub(super) fn projects(&self, priority: i32) -> impl Iterator<Item = &ShareKey> {
        let class = self.classes.get(&Reverse(priority)).into_iter().flatten();
        class.filter(|(_, lanes)| !lanes.is_empty()).map(|(project, _)| project)
    }

    /// Takes the next lane of a project. It goes back by [`Lanes::put_back`], or is gone.
    pub(super) fn next(&mut self, priority: i32, project: &ShareKey) -> Option<Lane> {
        self.classes.get_mut(&Reverse(priority))?.get_mut(project)?.pop_front()
    }

    /// A lane that was taken waits for its next turn; in `front`, it keeps the one it has.
    pub(super) fn put_back(&mut self, priority: i32, project: &ShareKey, lane: Lane, front: bool) {
        let lanes = self.classes.entry(Reverse(priority)).or_default().entry(project.clone()).or_default();
        if front { lanes.push_front(lane) } else { lanes.push_back(lane) }
    }

    /// A lane that was taken has nothing left.
    pub(super) fn leave(&mut self, lane: &Lane) {
        self.known.remove(lane);
    }

    /// Drops what is empty.
    pub(super) fn tidy(&mut self) {
        self.classes.retain(|_, projects| {
            projects.retain(|_, lanes| !lanes.is_empty());
            !projects.is_empty()
        });
    }

    /// The queue has another priority now.
    pub(super) fn move_queue(&mut self, queue: &QueueName, priority: i32) {
        let mut moved = Vec::new();
        for (project, lanes) in self.classes.values_mut().flatten() {
            let (of_queue, others) = lanes.drain(..).partition(|lane| lane.1 == *queue);
            *lanes = others;
            moved.extend(VecDeque::into_iter(of_queue).map(|lane| (project.clone(), lane)));
        }
        for (project, lane) in moved {
            self.put_back(priority, &project, lane, false);
        }
        self.tidy();
    }
}

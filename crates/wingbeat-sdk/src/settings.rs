//! What users say about their tasks, as plain data that a `static` can hold: environments and their parts. It decides
//! nothing: `spec` makes wire messages of it, `local` obeys it.

mod images;
mod triggers;

use std::time::Duration;

pub use self::images::{Image, ImageSpec, Layer};
pub use self::triggers::{Schedule, Trigger};

/// What several tasks have in common. The name is the first half of their names.
///
/// ```
/// # use wingbeat_sdk::settings::{Cache, Environment};
/// static ENV: Environment = Environment::new("demo").memory("1Gi").cache(Cache::auto());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Environment {
    /// The first half of the names of its tasks.
    pub name: &'static str,
    /// For people.
    pub description: &'static str,
    /// In which its tasks run, where they run in containers.
    pub image: Image,
    /// Variables of its tasks' processes.
    pub env_vars: &'static [(&'static str, &'static str)],
    /// What its tasks ask for, where they do not say otherwise themselves.
    pub settings: TaskSettings,
}

macro_rules! setters {
    ($(#[doc = $doc:literal] $name:ident: $ty:ty => $value:expr;)*) => {
        impl Environment {$(
            #[doc = $doc]
            #[must_use]
            pub const fn $name(mut self, $name: $ty) -> Self {
                self.settings.$name = $value;
                self
            }
        )*}

        impl TaskSettings {$(
            #[doc = $doc]
            #[must_use]
            pub const fn $name(mut self, $name: $ty) -> Self {
                self.$name = $value;
                self
            }
        )*}
    };
}

setters! {
    #[doc = "How often, and how, a failed attempt is followed by another."]
    retries: Retries => Some(retries);
    #[doc = "How long it may take."]
    timeout: Timeout => Some(timeout);
    #[doc = "Whether results are kept."]
    cache: Cache => Some(cache);
    #[doc = "Where it waits and runs; see `wingbeat queue`."]
    queue: &'static str => Some(queue);
    #[doc = "Whether it writes a report."]
    report: bool => Some(report);
    #[doc = "Whether it may run where machines are taken away."]
    interruptible: bool => Some(interruptible);
    #[doc = "Processors, as a quantity: `2`, `500m`."]
    cpu: &'static str => Some(cpu);
    #[doc = "Memory, as a quantity: `512Mi`, `1.5Gi`."]
    memory: &'static str => Some(memory);
    #[doc = "GPUs, as a number."]
    gpu: &'static str => Some(gpu);
    #[doc = "Disk, as a quantity: `10Gi`."]
    disk: &'static str => Some(disk);
    #[doc = "Secrets that it reads."]
    secrets: &'static [Secret] => secrets;
}

impl Environment {
    /// An environment with nothing but a name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, description: "", image: Image::Inherited, env_vars: &[], settings: TaskSettings::new() }
    }

    /// Says what it is for.
    #[must_use]
    pub const fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// The image of its tasks' containers. It has to hold the binary.
    #[must_use]
    pub const fn image(mut self, image: &'static str) -> Self {
        self.image = Image::Named(image);
        self
    }

    /// The image that is built of this; its tag is the hash of what it is built of.
    #[must_use]
    pub const fn built_image(mut self, spec: &'static ImageSpec) -> Self {
        self.image = Image::Built(spec);
        self
    }

    /// Variables of its tasks' processes.
    #[must_use]
    pub const fn env_vars(mut self, env_vars: &'static [(&'static str, &'static str)]) -> Self {
        self.env_vars = env_vars;
        self
    }
}

/// What a task says about itself; what it leaves open, its environment says.
#[derive(Debug, Clone, Copy, Default)]
pub struct TaskSettings {
    /// A name for people; the function's, where it is not set.
    pub short_name: Option<&'static str>,
    /// How often, and how, a failed attempt is followed by another.
    pub retries: Option<Retries>,
    /// How long it may take.
    pub timeout: Option<Timeout>,
    /// Whether results are kept.
    pub cache: Option<Cache>,
    /// Where it waits and runs.
    pub queue: Option<&'static str>,
    /// Whether it writes a report.
    pub report: Option<bool>,
    /// Whether it may run where machines are taken away.
    pub interruptible: Option<bool>,
    /// Whether people start it, rather than other tasks.
    pub entrypoint: bool,
    /// Processors.
    pub cpu: Option<&'static str>,
    /// Memory.
    pub memory: Option<&'static str>,
    /// GPUs.
    pub gpu: Option<&'static str>,
    /// Disk.
    pub disk: Option<&'static str>,
    /// Secrets that it reads.
    pub secrets: &'static [Secret],
    /// What starts it by itself, once it is deployed.
    pub triggers: &'static [Trigger],
    /// Places that belong to its runs.
    pub links: &'static [Link],
}

impl TaskSettings {
    /// Nothing is said.
    pub const fn new() -> Self {
        Self {
            short_name: None,
            retries: None,
            timeout: None,
            cache: None,
            queue: None,
            report: None,
            interruptible: None,
            entrypoint: false,
            cpu: None,
            memory: None,
            gpu: None,
            disk: None,
            secrets: &[],
            triggers: &[],
            links: &[],
        }
    }

    /// A name for people.
    #[must_use]
    pub const fn short_name(mut self, short_name: &'static str) -> Self {
        self.short_name = Some(short_name);
        self
    }

    /// People start it, rather than other tasks.
    #[must_use]
    pub const fn entrypoint(mut self, entrypoint: bool) -> Self {
        self.entrypoint = entrypoint;
        self
    }

    /// What starts it by itself, once it is deployed.
    #[must_use]
    pub const fn triggers(mut self, triggers: &'static [Trigger]) -> Self {
        self.triggers = triggers;
        self
    }

    /// Places that belong to its runs.
    #[must_use]
    pub const fn links(mut self, links: &'static [Link]) -> Self {
        self.links = links;
        self
    }

    /// What is said here, and for the rest what `environment` says.
    #[must_use]
    pub fn or(self, environment: &Self) -> Self {
        Self {
            retries: self.retries.or(environment.retries),
            timeout: self.timeout.or(environment.timeout),
            cache: self.cache.or(environment.cache),
            queue: self.queue.or(environment.queue),
            report: self.report.or(environment.report),
            interruptible: self.interruptible.or(environment.interruptible),
            cpu: self.cpu.or(environment.cpu),
            memory: self.memory.or(environment.memory),
            gpu: self.gpu.or(environment.gpu),
            disk: self.disk.or(environment.disk),
            secrets: if self.secrets.is_empty() { environment.secrets } else { self.secrets },
            ..self
        }
    }
}

/// How often a failed attempt is followed by another, and after which time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Retries {
    /// Attempts after the first.
    pub count: u32,
    /// The time before the first of them; none means at once.
    pub backoff: Option<Duration>,
    /// By what the time grows from each to the next.
    pub factor: f64,
    /// The longest time.
    pub cap: Option<Duration>,
}

impl Retries {
    /// So many attempts after the first, at once.
    pub const fn times(count: u32) -> Self {
        Self { count, backoff: None, factor: 1.0, cap: None }
    }

    /// With this time before each.
    #[must_use]
    pub const fn every(mut self, backoff: Duration) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// With a time that doubles from `first` up to `cap`.
    #[must_use]
    pub const fn doubling(mut self, first: Duration, cap: Duration) -> Self {
        self.backoff = Some(first);
        self.factor = 2.0;
        self.cap = Some(cap);
        self
    }

    /// The time before the `n`-th retry, from 0.
    pub fn delay(&self, n: u32) -> Duration {
        let Some(base) = self.backoff else { return Duration::ZERO };
        let cap = self.cap.unwrap_or(Duration::MAX);
        let exponent = i32::try_from(n).unwrap_or(i32::MAX);
        Duration::try_from_secs_f64(base.as_secs_f64() * self.factor.powi(exponent)).unwrap_or(cap).min(cap)
    }
}

/// How long a task may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeout {
    /// An attempt, from its start.
    pub max_runtime: Option<Duration>,
    /// An attempt, before its start.
    pub max_queued: Option<Duration>,
    /// All attempts together, from the first moment.
    pub deadline: Option<Duration>,
}

impl Timeout {
    /// An attempt may run so long.
    pub const fn after(max_runtime: Duration) -> Self {
        Self { max_runtime: Some(max_runtime), max_queued: None, deadline: None }
    }

    /// An attempt may wait so long before it starts.
    #[must_use]
    pub const fn max_queued(mut self, max_queued: Duration) -> Self {
        self.max_queued = Some(max_queued);
        self
    }

    /// All attempts together may take so long.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

/// Whether results are kept, and for which versions of the code they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// Whether they are kept at all.
    pub enabled: bool,
    /// The version; none means that it is made of the function's source text.
    pub version: Option<&'static str>,
    /// Whether of several equal calls one runs and the others wait for its result.
    pub serialize: bool,
    /// Inputs that do not count.
    pub ignored_inputs: &'static [&'static str],
    /// An older result does not count.
    pub max_age: Option<Duration>,
    /// Changes every version.
    pub salt: &'static str,
}

impl Cache {
    /// Results hold until the function's source text changes. What it calls does not count.
    pub const fn auto() -> Self {
        Self { enabled: true, version: None, serialize: false, ignored_inputs: &[], max_age: None, salt: "" }
    }

    /// Results hold until this version changes.
    pub const fn version(version: &'static str) -> Self {
        Self { version: Some(version), ..Self::auto() }
    }

    /// Nothing is kept.
    pub const fn disabled() -> Self {
        Self { enabled: false, ..Self::auto() }
    }

    /// Of several equal calls one runs, and the others wait for its result.
    #[must_use]
    pub const fn serialize(mut self) -> Self {
        self.serialize = true;
        self
    }

    /// These inputs do not count.
    #[must_use]
    pub const fn ignore(mut self, inputs: &'static [&'static str]) -> Self {
        self.ignored_inputs = inputs;
        self
    }

    /// An older result does not count.
    #[must_use]
    pub const fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Changes every version that is made of source text.
    #[must_use]
    pub const fn salt(mut self, salt: &'static str) -> Self {
        self.salt = salt;
        self
    }
}

/// A secret that a task reads, from a variable or from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// Its key.
    pub key: &'static str,
    /// Its group; often empty.
    pub group: &'static str,
    /// The variable; empty for a file.
    pub env_var: &'static str,
}

impl Secret {
    /// A secret in a file.
    pub const fn file(key: &'static str) -> Self {
        Self { key, group: "", env_var: "" }
    }

    /// A secret in a variable.
    pub const fn env_var(key: &'static str, env_var: &'static str) -> Self {
        Self { key, group: "", env_var }
    }

    /// The group that it belongs to.
    #[must_use]
    pub const fn group(mut self, group: &'static str) -> Self {
        self.group = group;
        self
    }
}

/// A place that belongs to a task's runs: a dashboard, a log search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// For people.
    pub name: &'static str,
    /// May hold `{{.runName}}`, `{{.actionName}}` and `{{.podName}}`.
    pub uri: &'static str,
}

impl Link {
    /// A place with a name.
    pub const fn new(name: &'static str, uri: &'static str) -> Self {
        Self { name, uri }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Cache, Environment, Retries, TaskSettings};

    #[test]
    fn a_task_says_more_than_its_environment() {
        static ENV: Environment =
            Environment::new("e").cpu("2").retries(Retries::times(5)).cache(Cache::auto());
        let settings = TaskSettings::new().retries(Retries::times(1)).or(&ENV.settings);
        assert_eq!(settings.retries, Some(Retries::times(1)));
        assert_eq!((settings.cpu, settings.cache), (Some("2"), Some(Cache::auto())));
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let retries = Retries::times(9).doubling(Duration::from_secs(1), Duration::from_secs(5));
        let delays: Vec<u64> = (0..5).map(|n| retries.delay(n).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 5, 5]);
        assert_eq!(Retries::times(2).delay(7), Duration::ZERO);
        assert_eq!(retries.delay(u32::MAX), Duration::from_secs(5));
    }
}

//! The images that tasks run in, where they run in containers.

/// The image of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {
    /// The one that the platform or the parent names: a Rust task needs nothing but its binary.
    Inherited,
    /// This one. It has to hold the binary.
    Named(&'static str),
    /// One that is built of this; its tag is the hash of what it is built of.
    Built(&'static ImageSpec),
}

/// What an image is built of. Two that are built of the same have the same tag, as in Python's SDK.
///
/// ```
/// # use wingbeat_sdk::settings::{Environment, ImageSpec, Layer};
/// static PLOTS: ImageSpec = ImageSpec::new("plots", "debian:12-slim")
///     .registry("registry.example/team")
///     .layers(&[Layer::Apt(&["fonts-dejavu"])]);
/// static ENV: Environment = Environment::new("demo").built_image(&PLOTS);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSpec {
    /// Its name in the registry.
    pub name: &'static str,
    /// The image that it begins with.
    pub base: &'static str,
    /// Where it is kept; empty: where the builder keeps what has no other place.
    pub registry: &'static str,
    /// What comes on top, in this order.
    pub layers: &'static [Layer],
    /// What it is built for, such as `linux/arm64`. It does not change the tag.
    pub platforms: &'static [&'static str],
}

/// What comes on top of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Packages of the distribution.
    Apt(&'static [&'static str]),
    /// Packages of Python, for tasks in both languages that share an image.
    Pip(&'static [&'static str]),
    /// Commands of a shell.
    Commands(&'static [&'static str]),
    /// Variables of all its processes.
    Env(&'static [(&'static str, &'static str)]),
    /// The folder that its processes start in.
    WorkDir(&'static str),
}

impl ImageSpec {
    /// One of this name that begins with an image, for `linux/amd64`.
    pub const fn new(name: &'static str, base: &'static str) -> Self {
        Self { name, base, registry: "", layers: &[], platforms: &["linux/amd64"] }
    }

    /// Keeps it in this registry.
    #[must_use]
    pub const fn registry(mut self, registry: &'static str) -> Self {
        self.registry = registry;
        self
    }

    /// Puts these on top, in this order.
    #[must_use]
    pub const fn layers(mut self, layers: &'static [Layer]) -> Self {
        self.layers = layers;
        self
    }

    /// Builds it for these.
    #[must_use]
    pub const fn platforms(mut self, platforms: &'static [&'static str]) -> Self {
        self.platforms = platforms;
        self
    }
}

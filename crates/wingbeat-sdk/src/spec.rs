//! A task's definition as the platform's TaskSpec. Everything that may differ between processes is an argument, so the
//! same definition under the same [`Serialization`] is the same spec, byte for byte.

pub mod images;
mod triggers;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use buffa_types::google::protobuf::{BoolValue, Duration as WireDuration};
use sha2::{Digest as _, Sha256};
use wingbeat_proto::flyteidl2::core::resources::{ResourceEntry, ResourceName};
use wingbeat_proto::flyteidl2::core::runtime_metadata::RuntimeType;
use wingbeat_proto::flyteidl2::core::secret::MountType;
use wingbeat_proto::flyteidl2::core::{
    Backoff, Container, Identifier, KeyValuePair, LiteralType, Parameter, ResourceType, Resources,
    RetryStrategy, RuntimeMetadata, Secret as WireSecret, SecurityContext, TaskLog, TaskMetadata,
    TaskTemplate, TimeoutStrategy, TypedInterface, Variable, VariableEntry, VariableMap, parameter,
    task_metadata, task_template,
};
use wingbeat_proto::flyteidl2::task::{
    DocumentationEntity, Environment as WireEnvironment, NamedParameter, TaskSpec,
};

use crate::controller::CalledTask;
use crate::failure::{Error, Result};
use crate::settings::{Cache, Image, Retries, Secret, TaskSettings, Timeout};
use crate::task::{Param, TaskDef};

pub(crate) use self::triggers::trigger;

/// The resolver that a task process is told: it finds tasks in the binary's own list.
pub const RESOLVER: &str = "wingbeat";
/// Precedes the task's name behind the resolver.
pub const RESOLVER_WORD: &str = "task";

/// What a spec says that its definition does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Serialization {
    /// Organisation.
    pub org: String,
    /// Project.
    pub project: String,
    /// Domain.
    pub domain: String,
    /// Version of the tasks.
    pub version: String,
    /// What is started: the binary's name, or its path within the code bundle.
    pub program: String,
    /// The image of tasks whose environment names none.
    pub image: String,
    /// Images by environment, where they were built.
    pub images: BTreeMap<String, String>,
    /// The same as it was given on the command line, for children.
    pub image_cache: Option<String>,
    /// Where the code comes from.
    pub bundle: Option<BundlePlace>,
}

/// A code bundle, and where it is unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundlePlace {
    /// URI of the archive.
    pub uri: String,
    /// A folder, relative to the working directory.
    pub dest: String,
}

/// The spec of a task.
///
/// # Errors
/// A default has no form on the wire.
pub fn task_spec(task: &TaskDef, with: &Serialization) -> Result<TaskSpec> {
    let settings = task.settings();
    let defaults = task.params.iter().filter_map(|param| default_input(param).transpose());
    let environment = WireEnvironment {
        name: cut(task.environment.name, 63),
        description: cut(task.environment.description, 255),
        ..Default::default()
    };
    Ok(TaskSpec {
        task_template: template(task, &settings, with).into(),
        default_inputs: defaults.collect::<Result<_>>()?,
        short_name: cut(settings.short_name.unwrap_or(task.name), 63),
        environment: environment.into(),
        documentation: documentation(task.docs).into(),
        ..Default::default()
    })
}

/// A task under the one serialization that this process has; made once.
pub(crate) fn made(task: &'static TaskDef, with: &Serialization) -> Result<Arc<CalledTask>> {
    if let Some(made) = task.made.spec.get() {
        return Ok(Arc::clone(made));
    }
    let called = CalledTask::new(task_spec(task, with)?);
    Ok(Arc::clone(task.made.spec.get_or_init(|| called)))
}

fn cut(text: &str, max_length: usize) -> String {
    text.chars().take(max_length).collect()
}

fn documentation(docs: &str) -> Option<DocumentationEntity> {
    let short = docs.lines().next().filter(|line| !line.is_empty())?;
    Some(DocumentationEntity {
        short_description: cut(short, 255),
        long_description: cut(docs, 2048),
        ..Default::default()
    })
}

fn default_input(param: &Param) -> Result<Option<NamedParameter>> {
    let Some(default) = param.default else { return Ok(None) };
    let literal = default().map_err(|error| {
        Error::user(error.code(), format!("the default of `{}`: {}", param.name, error.message()))
    })?;
    let variable = Variable { r#type: (param.literal_type)().into(), ..Default::default() };
    let parameter = Parameter {
        var: variable.into(),
        behavior: Some(parameter::Behavior::Default(Box::new(literal))),
        ..Default::default()
    };
    Ok(Some(NamedParameter {
        name: param.name.to_owned(),
        parameter: parameter.into(),
        ..Default::default()
    }))
}

/// Inputs and outputs, each sorted by name.
pub(crate) fn interface(params: &[Param], outputs: Vec<(String, LiteralType)>) -> TypedInterface {
    let inputs = params.iter().map(|param| (param.name.to_owned(), (param.literal_type)())).collect();
    TypedInterface {
        inputs: variables(inputs).into(),
        outputs: variables(outputs).into(),
        ..Default::default()
    }
}

fn variables(mut named: Vec<(String, LiteralType)>) -> VariableMap {
    named.sort_by(|a, b| a.0.cmp(&b.0));
    let entries = named.into_iter().map(|(key, r#type)| {
        let value = Variable { r#type: r#type.into(), ..Default::default() };
        VariableEntry { key, value: value.into(), ..Default::default() }
    });
    VariableMap { variables: entries.collect(), ..Default::default() }
}

fn template(task: &TaskDef, settings: &TaskSettings, with: &Serialization) -> TaskTemplate {
    let id = Identifier {
        resource_type: ResourceType::TASK.into(),
        org: with.org.clone(),
        project: with.project.clone(),
        domain: with.domain.clone(),
        name: task.full_name().to_owned(),
        version: with.version.clone(),
        ..Default::default()
    };
    TaskTemplate {
        id: id.into(),
        // Every backend of Flyte 2 runs this type by its command line, whatever language that is in.
        r#type: "python".to_owned(),
        metadata: metadata(task, settings, with).into(),
        interface: interface(task.params, (task.outputs)()).into(),
        target: Some(task_template::Target::Container(Box::new(container(task, settings, with)))),
        security_context: security(settings.secrets).into(),
        ..Default::default()
    }
}

fn metadata(task: &TaskDef, settings: &TaskSettings, with: &Serialization) -> TaskMetadata {
    let cache = settings.cache.unwrap_or(Cache::disabled());
    let timeout = settings.timeout.unwrap_or_default();
    let runtime = RuntimeMetadata {
        r#type: RuntimeType::FLYTE_SDK.into(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        flavor: "rust".to_owned(),
        ..Default::default()
    };
    let links = settings.links.iter().map(|link| TaskLog {
        name: link.name.to_owned(),
        uri: link.uri.to_owned(),
        ..Default::default()
    });
    TaskMetadata {
        discoverable: cache.enabled,
        // Also without a cache: it is a part of what tells one version of a task from another.
        discovery_version: code_version(task.source, &cache),
        cache_serializable: cache.serialize,
        cache_ignore_input_vars: ignored(&cache),
        cache_max_age: cache.max_age.map(duration).into(),
        runtime: runtime.into(),
        retries: settings.retries.map(retries).into(),
        timeout: timeout.max_runtime.map(duration).into(),
        timeouts: timeouts(&timeout).into(),
        interruptible_value: settings.interruptible.map(task_metadata::InterruptibleValue::Interruptible),
        generates_deck: BoolValue { value: settings.report.unwrap_or_default(), ..Default::default() }.into(),
        is_entrypoint: settings.entrypoint,
        log_links: links.collect(),
        code_bundle_uri: with.bundle.as_ref().map(|bundle| bundle.uri.clone()).unwrap_or_default(),
        ..Default::default()
    }
}

fn ignored(cache: &Cache) -> Vec<String> {
    if !cache.enabled {
        return Vec::new();
    }
    cache.ignored_inputs.iter().map(|name| (*name).to_owned()).collect()
}

/// Which version of a task's code it is, as far as its cache is concerned.
pub(crate) fn code_version(source: &str, cache: &Cache) -> String {
    match cache.version {
        Some(version) => version.to_owned(),
        None => hex(&Sha256::new().chain_update(source).chain_update(cache.salt).finalize()),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every character");
        text
    })
}

fn duration(duration: Duration) -> WireDuration {
    WireDuration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or_default(),
        ..Default::default()
    }
}

fn retries(retries: Retries) -> RetryStrategy {
    let backoff = retries.backoff.map(|base| Backoff {
        base: duration(base).into(),
        factor: Some(retries.factor),
        cap: retries.cap.map(duration).into(),
        ..Default::default()
    });
    RetryStrategy { retries: retries.count, backoff: backoff.into(), ..Default::default() }
}

fn timeouts(timeout: &Timeout) -> Option<TimeoutStrategy> {
    if timeout.max_queued.is_none() && timeout.deadline.is_none() {
        return None;
    }
    Some(TimeoutStrategy {
        queued_timeout: timeout.max_queued.map(duration).into(),
        deadline: timeout.deadline.map(duration).into(),
        ..Default::default()
    })
}

fn security(secrets: &[Secret]) -> Option<SecurityContext> {
    if secrets.is_empty() {
        return None;
    }
    let secrets = secrets.iter().map(|secret| WireSecret {
        group: secret.group.to_owned(),
        key: secret.key.to_owned(),
        mount_requirement: (if secret.env_var.is_empty() { MountType::FILE } else { MountType::ENV_VAR })
            .into(),
        env_var: secret.env_var.to_owned(),
        ..Default::default()
    });
    Some(SecurityContext { secrets: secrets.collect(), ..Default::default() })
}

fn container(task: &TaskDef, settings: &TaskSettings, with: &Serialization) -> Container {
    let environment = task.environment;
    let built = || with.images.get(environment.name);
    let image = match environment.image {
        Image::Named(image) => image.to_owned(),
        Image::Built(spec) => built().cloned().unwrap_or_else(|| images::uri(spec)),
        Image::Inherited => built().unwrap_or(&with.image).clone(),
    };
    let env = environment.env_vars.iter().map(|(key, value)| KeyValuePair {
        key: (*key).to_owned(),
        value: (*value).to_owned(),
        ..Default::default()
    });
    Container {
        image,
        args: arguments(task, with),
        resources: resources(settings).into(),
        env: env.collect(),
        ..Default::default()
    }
}

fn resources(settings: &TaskSettings) -> Option<Resources> {
    let wanted = [
        (ResourceName::CPU, settings.cpu),
        (ResourceName::MEMORY, settings.memory),
        (ResourceName::GPU, settings.gpu),
        (ResourceName::EPHEMERAL_STORAGE, settings.disk),
    ];
    let requests: Vec<ResourceEntry> = wanted
        .into_iter()
        .filter_map(|(name, value)| {
            let value = value?.to_owned();
            Some(ResourceEntry { name: name.into(), value, ..Default::default() })
        })
        .collect();
    (!requests.is_empty()).then(|| Resources { requests, ..Default::default() })
}

/// The command line, in the order in which the stock SDK writes its own.
fn arguments(task: &TaskDef, with: &Serialization) -> Vec<String> {
    let mut words = vec![with.program.as_str()];
    for (flag, value) in [
        ("--inputs", "{{.input}}"),
        ("--outputs-path", "{{.outputPrefix}}"),
        ("--version", with.version.as_str()),
        ("--raw-data-path", "{{.rawOutputDataPrefix}}"),
        ("--checkpoint-path", "{{.checkpointOutputPrefix}}"),
        ("--prev-checkpoint", "{{.prevCheckpointPrefix}}"),
        ("--run-name", "{{.runName}}"),
        ("--name", "{{.actionName}}"),
        ("--run-start-time", "{{.runStartTime}}"),
    ] {
        words.extend([flag, value]);
    }
    if let Some(image_cache) = &with.image_cache {
        words.extend(["--image-cache", image_cache]);
    }
    if let Some(bundle) = &with.bundle {
        words.extend(["--tgz", &bundle.uri, "--dest", &bundle.dest]);
    }
    words.extend(["--resolver", RESOLVER, RESOLVER_WORD, task.full_name()]);
    words.into_iter().map(ToOwned::to_owned).collect()
}

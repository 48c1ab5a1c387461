//! What a task's spec says about its execution.

use sha2::{Digest as _, Sha256};
use wingbeat_model::{Backoff, Digest, Policy, Resources, Span, TaskRef};
use wingbeat_proto::flyteidl2::core::resources::ResourceName;
use wingbeat_proto::flyteidl2::core::{Resources as WireResources, TaskTemplate, task_template};
use wingbeat_proto::flyteidl2::task::TaskSpec;

use crate::time;

/// The bytes of a message that are the same after every decoding: free-form structs keep no order in memory.
pub fn canonical_bytes<M: buffa::Message + buffa::MessageName>(message: &M) -> Vec<u8> {
    crate::canonical::encode(M::FULL_NAME, &message.encode_to_vec())
}

/// SHA-256 of a spec's bytes.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// Which task a spec is of.
pub fn task_ref(spec: &TaskSpec) -> TaskRef {
    let template = &spec.task_template;
    let short = if spec.short_name.is_empty() {
        template.id.name.rsplit('.').next().unwrap_or_default().to_owned()
    } else {
        spec.short_name.clone()
    };
    TaskRef {
        project: template.id.project.clone(),
        domain: template.id.domain.clone(),
        name: template.id.name.clone(),
        version: template.id.version.clone(),
        short_name: short,
        environment: spec.environment.name.clone(),
        task_type: template.r#type.clone(),
    }
}

/// Limits and retries.
pub fn policy(template: &TaskTemplate) -> Policy {
    let metadata = &template.metadata;
    Policy {
        user_retries: metadata.retries.retries,
        backoff: metadata.retries.backoff.as_option().map(|wire| Backoff {
            base: time::from_duration(&wire.base),
            factor: wire.factor.filter(|factor| factor.is_finite()).unwrap_or(1.0).max(1.0),
            cap: wire.cap.as_option().map(time::from_duration),
        }),
        max_runtime: time::limit(metadata.timeout.as_option()),
        max_queued: time::limit(metadata.timeouts.queued_timeout.as_option()),
        deadline: time::limit(metadata.timeouts.deadline.as_option()),
    }
}

/// An entry older than this is a miss.
pub fn cache_max_age(template: &TaskTemplate) -> Option<Span> {
    time::limit(template.metadata.cache_max_age.as_option())
}

/// A quantity that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("resource {name} `{value}` is not a quantity such as `500m`, `2` or `1.5Gi`")]
pub struct QuantityError {
    /// Which resource.
    pub name: &'static str,
    /// What was given.
    pub value: String,
}

/// What an attempt needs of a machine: its requests, or its limits where it requests nothing.
///
/// # Errors
/// [`QuantityError`] names the quantity that cannot be read.
pub fn resources(template: &TaskTemplate) -> Result<Resources, QuantityError> {
    let Some(task_template::Target::Container(container)) = &template.target else {
        return Ok(Resources::default());
    };
    let wire = &container.resources;
    let cpu = quantity(wire, ResourceName::CPU, "cpu")?;
    let memory = quantity(wire, ResourceName::MEMORY, "memory")?;
    let gpus = quantity(wire, ResourceName::GPU, "gpu")?;
    Ok(Resources {
        cpu_millis: cpu.map_or(0, |millis| u64::try_from(millis).unwrap_or(u64::MAX)),
        memory_bytes: memory.map_or(0, |millis| u64::try_from(millis / 1_000).unwrap_or(u64::MAX)),
        gpus: gpus.map_or(0, |millis| u32::try_from(millis.div_ceil(1_000)).unwrap_or(u32::MAX)),
    })
}

fn quantity(
    wire: &WireResources,
    name: ResourceName,
    what: &'static str,
) -> Result<Option<u128>, QuantityError> {
    let entry = wire.requests.iter().chain(&wire.limits).find(|entry| entry.name == name);
    let Some(entry) = entry.filter(|entry| !entry.value.is_empty()) else { return Ok(None) };
    let error = || QuantityError { name: what, value: entry.value.clone() };
    thousandths(&entry.value).map(Some).ok_or_else(error)
}

/// Reads a Kubernetes quantity in thousandths: `500m`, `2`, `1.5Gi`, `1e3`.
fn thousandths(text: &str) -> Option<u128> {
    const SUFFIXES: [(&str, f64); 14] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
        ("", 1.0),
    ];
    let (number, factor) =
        SUFFIXES.iter().find_map(|(suffix, factor)| Some((text.trim().strip_suffix(suffix)?, factor)))?;
    let value: f64 = number.parse().ok()?;
    let scaled = value * factor * 1_000.0;
    if !scaled.is_finite() || scaled < 0.0 {
        return None;
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked: finite and not negative"
    )]
    let rounded = scaled.ceil() as u128;
    Some(rounded)
}

#[cfg(test)]
mod tests {
    use super::{canonical_bytes, thousandths};
    use buffa::Message as _;
    use buffa_types::google::protobuf::{Struct, Value};
    use wingbeat_proto::flyteidl2::core::TaskTemplate;
    use wingbeat_proto::flyteidl2::task::TaskSpec;

    #[test]
    fn a_spec_has_the_same_bytes_after_every_decoding() {
        let mut custom = Struct::default();
        for ix in 0..12 {
            custom.fields.insert(format!("field{ix}"), Value::from(f64::from(ix)));
        }
        let template = TaskTemplate { custom: custom.into(), ..Default::default() };
        let spec = TaskSpec { task_template: template.into(), ..Default::default() };
        let bytes = canonical_bytes(&spec);
        for _ in 0..5 {
            let again = TaskSpec::decode_from_slice(&spec.encode_to_vec()).expect("it was just encoded");
            assert_eq!(canonical_bytes(&again), bytes);
        }
    }

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        let cases = [
            ("500m", Some(500)),
            ("2", Some(2_000)),
            ("1.5", Some(1_500)),
            ("1Ki", Some(1_024_000)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("2G", Some(2_000_000_000_000)),
            ("1e3", Some(1_000_000)),
            ("-1", None),
            ("many", None),
            ("NaN", None),
        ];
        for (text, expected) in cases {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }
}

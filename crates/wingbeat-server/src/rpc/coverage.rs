//! Which procedures of the API are served: the descriptor says what there is, the router what is answered.

use std::collections::BTreeSet;

use buffa::DecodeOptions;
use buffa_descriptor::generated::descriptor::FileDescriptorSet;

/// Services that are registered with the router for clients; the router's own list is compared with it in a test.
const SERVED: [&str; 13] = [
    "flyteidl2.actions.ActionsService",
    "flyteidl2.auth.AuthMetadataService",
    "flyteidl2.auth.IdentityService",
    "flyteidl2.cacheservice.v2.CacheService",
    "flyteidl2.cluster.ClusterService",
    "flyteidl2.dataproxy.DataProxyService",
    "flyteidl2.imagebuilder.ImageService",
    "flyteidl2.project.ProjectService",
    "flyteidl2.task.TaskService",
    "flyteidl2.workflow.InternalRunService",
    "flyteidl2.workflow.RunLogsService",
    "flyteidl2.workflow.RunService",
    "flyteidl2.workflow.TranslatorService",
];

/// One procedure of flyteidl2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Full name of the service.
    pub service: String,
    /// Name of the method.
    pub method: String,
    /// Is it answered, or refused as unimplemented by name?
    pub served: bool,
}

/// All procedures of flyteidl2, by service.
pub fn coverage() -> Vec<Coverage> {
    let rows = methods().into_iter().map(|(service, method)| Coverage {
        served: SERVED.contains(&service.as_str()),
        service,
        method,
    });
    rows.collect()
}

/// All procedures of flyteidl2 as `package.Service/Method`.
pub(super) fn procedures() -> BTreeSet<String> {
    methods().into_iter().map(|(service, method)| format!("{service}/{method}")).collect()
}

fn methods() -> Vec<(String, String)> {
    let set: FileDescriptorSet = DecodeOptions::new()
        .with_element_memory_limit(usize::MAX)
        .decode_from_slice(wingbeat_proto::DESCRIPTOR_SET)
        .expect("the descriptor set was written by our own build");
    let mut methods = Vec::new();
    for file in set.file {
        let package = file.package.unwrap_or_default();
        if !package.starts_with("flyteidl2.") {
            continue;
        }
        for service in file.service {
            let name = format!("{package}.{}", service.name.unwrap_or_default());
            methods
                .extend(service.method.into_iter().map(|one| (name.clone(), one.name.unwrap_or_default())));
        }
    }
    methods.sort();
    methods
}

#[cfg(test)]
mod tests {
    use super::{SERVED, coverage};

    #[test]
    fn every_service_that_is_said_to_be_served_is_in_the_api() {
        let rows = coverage();
        for service in SERVED {
            assert!(rows.iter().any(|row| row.service == service && row.served), "{service}");
        }
        assert!(rows.iter().any(|row| !row.served));
    }
}

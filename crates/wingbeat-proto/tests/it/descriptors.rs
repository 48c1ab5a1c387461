//! The embedded descriptor set is complete: nothing of the API got lost on the way from `proto/`.

use std::collections::BTreeMap;

use buffa::DecodeOptions;
use buffa_descriptor::generated::descriptor::FileDescriptorSet;

/// Decoded without the bound for untrusted input: the set is ours and exceeds it.
fn descriptor_set() -> FileDescriptorSet {
    DecodeOptions::new()
        .with_element_memory_limit(usize::MAX)
        .decode_from_slice(wingbeat_proto::DESCRIPTOR_SET)
        .expect("the embedded set decodes")
}

#[test]
fn flyteidl2_has_27_services_and_125_rpcs() {
    let set = descriptor_set();
    let mut services = BTreeMap::new();
    let mut streaming = 0;
    for file in &set.file {
        let package = file.package.clone().unwrap_or_default();
        if !package.starts_with("flyteidl2.") {
            continue;
        }
        for service in &file.service {
            let name = format!("{package}.{}", service.name.clone().unwrap_or_default());
            services.insert(name, service.method.len());
            streaming += service
                .method
                .iter()
                .filter(|m| m.server_streaming.unwrap_or_default() || m.client_streaming.unwrap_or_default())
                .count();
        }
    }
    assert_eq!(services.len(), 27, "{services:#?}");
    assert_eq!(services.values().sum::<usize>(), 125, "{services:#?}");
    assert_eq!(streaming, 21);
    assert_eq!(services["flyteidl2.project.ProjectService"], 4);
}

#[test]
fn the_set_carries_imports_and_options_but_no_comments() {
    let set = descriptor_set();
    let names: Vec<&str> = set.file.iter().filter_map(|f| f.name.as_deref()).collect();
    for file in &set.file {
        let name = file.name.as_deref().unwrap_or_default();
        assert!(file.source_code_info.is_unset(), "{name} carries comments");
        for import in &file.dependency {
            assert!(names.contains(&import.as_str()), "{name} imports {import}");
        }
    }
    let logs = set
        .file
        .iter()
        .find(|f| f.name.as_deref() == Some("flyteidl2/workflow/run_logs_service.proto"))
        .expect("the file is in the set");
    let attempt = &logs.message_type[0].field[1];
    assert_eq!(attempt.name.as_deref(), Some("attempt"));
    // Options of other packages stay as unknown fields: field 1159 is `buf.validate.field`.
    let rule = attempt.options.__buffa_unknown_fields.iter().next();
    assert_eq!(rule.map(|field| field.number), Some(1159));
}

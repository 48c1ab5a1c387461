//! Images that are built: what a builder is told, and the tag that says what is in them.

use md5::{Digest as _, Md5};
use wingbeat_proto::flyteidl2::imagebuilder::{
    AptPackages, Commands, Env, ImageSpec as WireSpec, Layer as WireLayer, PipOptions, PipPackages, WorkDir,
    layer,
};

use crate::settings::{ImageSpec, Layer};

/// `registry/name:tag`.
pub fn uri(spec: &ImageSpec) -> String {
    let place = if spec.registry.is_empty() { String::new() } else { format!("{}/", spec.registry) };
    format!("{place}{}:{}", spec.name, content_hash(spec))
}

/// The same for all images that are built of the same, whatever their names: Python's SDK makes it in this way too.
pub fn content_hash(spec: &ImageSpec) -> String {
    let mut hash = Md5::new_with_prefix(spec.base);
    for layer in spec.layers {
        match layer {
            Layer::Apt(words) | Layer::Pip(words) | Layer::Commands(words) => hash.update(words.concat()),
            Layer::Env(pairs) => {
                let pairs: Vec<String> =
                    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
                hash.update(pairs.join(" "));
            }
            Layer::WorkDir(path) => hash.update(path),
        }
    }
    format!("{:x}", hash.finalize())
}

/// What a builder is told.
pub fn wire(spec: &ImageSpec) -> WireSpec {
    WireSpec {
        base_image: spec.base.to_owned(),
        layers: spec.layers.iter().map(wire_layer).collect(),
        platform: owned(spec.platforms),
        ..Default::default()
    }
}

fn wire_layer(layer: &Layer) -> WireLayer {
    let layer = match layer {
        Layer::Apt(packages) => {
            layer::Layer::from(AptPackages { packages: owned(packages), ..Default::default() })
        }
        Layer::Pip(packages) => {
            let options = PipOptions::default().into();
            PipPackages { packages: owned(packages), options, ..Default::default() }.into()
        }
        Layer::Commands(commands) => Commands { cmd: owned(commands), ..Default::default() }.into(),
        Layer::Env(pairs) => {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Env { env_variables: pairs.collect(), ..Default::default() }.into()
        }
        Layer::WorkDir(path) => WorkDir { workdir: (*path).to_owned(), ..Default::default() }.into(),
    };
    WireLayer { layer: Some(layer), ..Default::default() }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{content_hash, layer, uri, wire};
    use crate::settings::{ImageSpec, Layer};

    const BARE: ImageSpec = ImageSpec::new("words", "debian:12-slim");
    const WHOLE: ImageSpec = BARE.registry("registry.example/team").layers(&[
        Layer::Apt(&["ca-certificates", "libgomp1"]),
        Layer::Commands(&["useradd task", "mkdir /data"]),
        Layer::Env(&[("A", "1"), ("B", "two words")]),
        Layer::WorkDir("/data"),
        Layer::Pip(&["numpy==2.1", "polars"]),
    ]);

    #[test]
    fn the_tag_is_the_one_that_the_stock_client_gives_to_the_same_image() {
        assert_eq!(uri(&WHOLE), "registry.example/team/words:d455123866cab446761750e8b3142131");
        assert_eq!(uri(&BARE), "words:6df220495de4aaf9c86ebf825062d933");
        let elsewhere = ImageSpec { name: "other", registry: "", ..WHOLE };
        assert_eq!(content_hash(&elsewhere), content_hash(&WHOLE.platforms(&["linux/arm64"])));
        let less = WHOLE.layers(&[Layer::Apt(&["ca-certificates"])]);
        assert_ne!(content_hash(&less), content_hash(&WHOLE));
    }

    #[test]
    fn a_builder_is_told_all_layers_in_their_order() {
        let told = wire(&WHOLE);
        assert_eq!(
            (told.base_image.as_str(), told.platform.as_slice()),
            ("debian:12-slim", &["linux/amd64".to_owned()][..])
        );
        let layers: Vec<_> = told.layers.into_iter().filter_map(|one| one.layer).collect();
        let [
            layer::Layer::AptPackages(apt),
            layer::Layer::Commands(commands),
            layer::Layer::Env(env),
            layer::Layer::Workdir(work),
            layer::Layer::PipPackages(pip),
        ] = layers.as_slice()
        else {
            panic!("{layers:?}")
        };
        assert_eq!((apt.packages.len(), commands.cmd.len(), pip.packages.len()), (2, 2, 2));
        assert_eq!((env.env_variables["B"].as_str(), work.workdir.as_str()), ("two words", "/data"));
    }
}

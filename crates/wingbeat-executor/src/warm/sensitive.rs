//! Which environment variables bind a process to an interpreter. Pure.
//!
//! A forked process cannot undo what its interpreter did with a variable while it loaded. Two kinds matter:
//! what Python code read by then, which the interpreter tells, and what C code reads by itself, which only
//! a list of name beginnings can tell.

use std::collections::{BTreeMap, BTreeSet};

/// Beginnings of the names that C code reads before or beside Python, or that Python code looks for among all.
const READ_BY_C: [&str; 43] = [
    "PYTHON",
    "LD_",
    "DYLD_",
    "MALLOC_",
    "GLIBC_",
    "LC_",
    "LANG",
    "TZ",
    "HOME",
    "OMP_",
    "KMP_",
    "GOMP_",
    "OPENBLAS_",
    "GOTO_",
    "MKL_",
    "BLIS_",
    "VECLIB_",
    "NUMEXPR_",
    "GRPC_",
    "SSL_",
    "OPENSSL",
    "CUDA",
    "NVIDIA_",
    "ROC",
    "HIP_",
    "HSA_",
    "NCCL_",
    "JAX_",
    "XLA_",
    "TF_",
    "TORCH",
    "PYTORCH_",
    "POLARS_",
    "ARROW_",
    "RAYON_",
    "RUST_",
    "TOKIO_",
    "FSSPEC_",
    "MIMALLOC_",
    "JEMALLOC_",
    "ASAN_",
    "TSAN_",
    "TQDM_",
];

/// What an interpreter gets although nothing binds it to it: programs are found by it.
const HARMLESS: [&str; 4] = ["PATH", "USER", "LOGNAME", "SHELL"];

/// Names that the Flyte runtime is known to read at its import. One that is missing here costs a second
/// interpreter, never a wrong value.
const KNOWN: [&str; 6] = [
    "LOG_LEVEL",
    "USER_LOG_LEVEL",
    "LOG_FORMAT",
    "_F_TE_MAX_COROS",
    "FLYTE_IO_BATCH_SIZE",
    "FLYTE_RESET_ROOT_LOGGER",
];

/// The environment of an interpreter from which an attempt with `env` can be forked. It holds nothing of the
/// attempt that need not be there: secrets above all.
pub(super) fn for_template(
    env: &BTreeMap<String, String>,
    read: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let wanted = |name: &str| {
        HARMLESS.contains(&name) || KNOWN.contains(&name) || read.contains(name) || is_read_by_c(name)
    };
    env.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The first variable by which two environments differ for an interpreter that has read `read`.
pub(super) fn differing(
    one: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
    read: &BTreeSet<String>,
) -> Option<String> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let binds = |name: &str| read.contains(name) || is_read_by_c(name);
    names.into_iter().find(|name| binds(name) && one.get(*name) != other.get(*name)).cloned()
}

fn is_read_by_c(name: &str) -> bool {
    READ_BY_C.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{differing, for_template};

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_what_was_read_or_is_read_by_c_binds() {
        let read = BTreeSet::from(["SEEN".to_owned()]);
        let base = env(&[("SEEN", "1"), ("ACTION_NAME", "a0"), ("OMP_NUM_THREADS", "2")]);
        let other_action = env(&[("SEEN", "1"), ("ACTION_NAME", "b"), ("OMP_NUM_THREADS", "2")]);
        assert_eq!(differing(&base, &other_action, &read), None);
        assert_eq!(differing(&base, &env(&[("OMP_NUM_THREADS", "2")]), &read), Some("SEEN".to_owned()));
        let threads = env(&[("SEEN", "1"), ("OMP_NUM_THREADS", "4")]);
        assert_eq!(differing(&base, &threads, &read), Some("OMP_NUM_THREADS".to_owned()));
        let hashed = env(&[("SEEN", "1"), ("OMP_NUM_THREADS", "2"), ("PYTHONHASHSEED", "0")]);
        assert_eq!(differing(&base, &hashed, &read), Some("PYTHONHASHSEED".to_owned()));
    }

    #[test]
    fn an_interpreter_gets_no_secrets_and_no_identity() {
        let env = env(&[
            ("PATH", "/bin"),
            ("LOG_LEVEL", "10"),
            ("HF_TOKEN", "s"),
            ("ACTION_NAME", "a0"),
            ("X", "1"),
        ]);
        let got = for_template(&env, &BTreeSet::from(["X".to_owned()]));
        assert_eq!(got.keys().collect::<Vec<_>>(), ["LOG_LEVEL", "PATH", "X"]);
        assert_eq!(differing(&env, &got, &BTreeSet::from(["X".to_owned()])), None);
    }
}

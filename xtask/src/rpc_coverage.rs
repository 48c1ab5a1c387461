//! Shows which RPCs the binary serves, and checks that a document still tells the truth about it.
//!
//! The table comes from the server's own code: the binary's hidden command prints it, one `service method state` a line.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use crate::repository;

struct Coverage {
    lines: Vec<(String, String, bool)>,
}

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    let coverage = Coverage::of_the_binary()?;
    match arguments {
        [] => print!("{}", coverage.table()),
        [flag, file] if flag == "--check" => {
            let text = std::fs::read_to_string(repository::root().join(file))
                .with_context(|| format!("could not read {file}"))?;
            coverage.check(file, &text)?;
            println!("{file}: says {}, and so does the code", coverage.count());
        }
        _ => bail!("usage: cargo xtask rpc-coverage [--check FILE]"),
    }
    Ok(ExitCode::SUCCESS)
}

impl Coverage {
    fn of_the_binary() -> Result<Self> {
        let run = ["run", "--quiet", "--package", "wingbeat-cli", "--", "rpc-coverage"];
        let binary = std::env::var("WINGBEAT_BIN").ok();
        let printed = match &binary {
            Some(binary) => repository::output(binary, &["rpc-coverage"]),
            None => repository::output("cargo", &run),
        };
        Self::parse(&printed?)
    }

    fn parse(printed: &str) -> Result<Self> {
        let lines: Vec<_> = printed.lines().map(parse_line).collect::<Result<_>>()?;
        ensure!(!lines.is_empty(), "the binary printed no RPC");
        Ok(Self { lines })
    }

    fn n_served(&self) -> usize {
        self.lines.iter().filter(|(_, _, served)| *served).count()
    }

    /// What a document has to contain.
    fn count(&self) -> String {
        format!("{} of {} RPCs", self.n_served(), self.lines.len())
    }

    fn check(&self, file: &str, text: &str) -> Result<()> {
        let count = self.count();
        ensure!(text.contains(&count), "{file} does not say \"{count}\", which is what the code serves");
        Ok(())
    }

    fn table(&self) -> String {
        let mut services: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
        for (service, method, served) in &self.lines {
            let (done, open) = services.entry(service).or_default();
            if *served { done.push(method) } else { open.push(method) }
        }
        let width = services.keys().map(|name| name.len()).max().unwrap_or_default();
        let rows = services.iter().map(|(service, (done, open))| {
            let total = done.len() + open.len();
            let missing = if open.is_empty() { String::new() } else { format!("  open: {}", open.join(" ")) };
            format!("{service:width$}  {:>2}/{total:<2}{missing}\n", done.len())
        });
        let table: String = rows.collect();
        format!("{table}{} in {} services\n", self.count(), services.len())
    }
}

fn parse_line(line: &str) -> Result<(String, String, bool)> {
    let mut words = line.split_whitespace();
    let (Some(service), Some(method), Some(state)) = (words.next(), words.next(), words.next()) else {
        bail!("`{line}` is not `service method state`");
    };
    let served = match state {
        "served" => true,
        "unimplemented" => false,
        unknown => bail!("`{unknown}` is neither `served` nor `unimplemented`"),
    };
    Ok((service.to_owned(), method.to_owned(), served))
}

#[cfg(test)]
mod tests {
    use super::Coverage;

    const PRINTED: &str = "\
flyteidl2.workflow.RunService CreateRun served
flyteidl2.workflow.RunService AbortRun unimplemented
flyteidl2.task.TaskService DeployTask served
";

    #[test]
    fn the_table_counts_by_service() {
        let table = Coverage::parse(PRINTED).expect("the sample is well formed").table();
        assert_eq!(
            table,
            "flyteidl2.task.TaskService      1/1 \n\
             flyteidl2.workflow.RunService   1/2   open: AbortRun\n\
             2 of 3 RPCs in 2 services\n"
        );
    }

    #[test]
    fn a_stale_document_is_refused() {
        let coverage = Coverage::parse(PRINTED).expect("the sample is well formed");
        assert!(coverage.check("README.md", "serves 2 of 3 RPCs today").is_ok());
        assert!(coverage.check("README.md", "serves 3 of 3 RPCs today").is_err());
    }

    #[test]
    fn odd_lines_are_refused() {
        assert!(Coverage::parse("").is_err());
        assert!(Coverage::parse("a.B C maybe\n").is_err());
        assert!(Coverage::parse("a.B C\n").is_err());
    }
}

//! Counts the words of text files in parallel: one task for each file, and one that adds up.
//!
//! `cargo run --example word_count -- run count --folder docs`

use std::collections::BTreeMap;

use wingbeat::{Dir, Environment, File, Result, task};

static ENV: Environment = Environment::new("words");

/// How often each word stands in one file.
#[task(env = ENV, cache = "auto")]
async fn of_file(file: File) -> Result<BTreeMap<String, i64>> {
    let mut counts = BTreeMap::new();
    for word in file.read_text().await?.split(|one: char| !one.is_alphanumeric()) {
        if !word.is_empty() {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    Ok(counts)
}

/// The most frequent words of all Markdown files of a folder, with their counts.
#[task(env = ENV, report)]
async fn count(folder: Dir, #[default(10)] most: u32) -> Result<BTreeMap<String, i64>> {
    let files = folder.files().await?.into_iter().filter(|file| file.name().ends_with(".md"));
    let files: Vec<File> = files.collect();
    if files.is_empty() {
        wingbeat::bail!("there are no Markdown files in {}", folder.path);
    }
    let mut all: BTreeMap<String, i64> = BTreeMap::new();
    for counts in wingbeat::map(of_file, files).concurrency(16).await? {
        for (word, n) in counts {
            *all.entry(word).or_default() += n;
        }
    }
    let mut sorted: Vec<(String, i64)> = all.into_iter().collect();
    sorted.sort_by_key(|(word, n)| (std::cmp::Reverse(*n), word.clone()));
    sorted.truncate(most as usize);
    wingbeat::ctx()?.report().html(plot(&sorted));
    Ok(sorted.into_iter().collect())
}

/// Bars in SVG.
fn plot(counts: &[(String, i64)]) -> String {
    let longest = counts.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    let bars = counts.iter().enumerate().map(|(ix, (word, n))| {
        let (y, width) = (ix * 22, 400 * n / longest);
        format!(
            "<rect x='110' y='{y}' width='{width}' height='18' fill='#7652a2'/>\
             <text x='100' y='{}' text-anchor='end'>{word}</text><text x='{}' y='{}'>{n}</text>",
            y + 14,
            width + 116,
            y + 14
        )
    });
    let height = counts.len() * 22;
    format!("<svg width='600' height='{height}' font-size='13'>{}</svg>", bars.collect::<String>())
}

fn main() {
    wingbeat::main();
}

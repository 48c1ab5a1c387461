//! Steps that are not run twice: the task crashes in the middle, and its second attempt goes on where it stopped.
//!
//! `cargo run --example durable -- run shop --remote` on a platform; a local run cannot survive its own process, so
//! there the first attempt fails without a crash.

use std::path::PathBuf;

use wingbeat::{Environment, Result, ctx, task, trace};

static ENV: Environment = Environment::new("durable");

/// Takes the money. Twice would be bad.
#[trace]
async fn charge(customer: String, cents: i64) -> Result<String> {
    println!("charging {customer} {cents} cents");
    Ok(format!("receipt-{customer}-{cents}-of-attempt-{}", ctx()?.attempt()))
}

/// Sends the goods.
#[trace]
async fn ship(receipt: String) -> Result<String> {
    println!("shipping for {receipt}");
    Ok(format!("parcel for {receipt}"))
}

/// Charges and ships; its first attempt does not get as far as the goods.
#[task(env = ENV, retries = 3)]
async fn shop(customer: String) -> Result<(String, i64)> {
    let receipt = charge(customer, 999).await?;
    let context = ctx()?;
    if context.attempt() == 0 {
        if context.is_local() {
            wingbeat::bail!("the lights went out");
        }
        // As the machine under it would.
        std::process::abort();
    }
    let parcel = ship(receipt).await?;
    Ok((parcel, i64::from(context.attempt())))
}

/// Counts to `n`, and remembers how far it got from one attempt to the next.
#[task(env = ENV, retries = 5)]
async fn resume(n: u32) -> Result<u32> {
    let checkpoint = ctx()?.checkpoint();
    let mut at = match checkpoint.load().await? {
        Some(bytes) => String::from_utf8(bytes)?.parse::<u32>()?,
        None => 0,
    };
    at += 1;
    checkpoint.save(at.to_string()).await?;
    if at < n {
        wingbeat::bail!("only at {at}");
    }
    Ok(at)
}

/// A file that says that somebody is at work, for as long as this value lives.
struct Lock(PathBuf);

impl Lock {
    fn take(path: &str) -> Result<Self> {
        std::fs::write(path, "")?;
        Ok(Self(PathBuf::from(path)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Gone already is as good.
        let _gone = std::fs::remove_file(&self.0);
    }
}

/// Holds a lock until somebody aborts the run: then the task is dropped where it waits, and everything in it.
#[task(env = ENV)]
async fn hold(path: String) -> Result<()> {
    let _lock = Lock::take(&path)?;
    std::future::pending().await
}

/// Holds a lock on a thread that waits for nobody: it ends with the process, and cleans nothing up.
#[task(env = ENV)]
fn hold_blocking(path: String) -> Result<()> {
    let _lock = Lock::take(&path)?;
    loop {
        std::thread::park();
    }
}

fn main() {
    wingbeat::main();
}

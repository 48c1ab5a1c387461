//! Tasks outside of any run, and in local runs: the platform's semantics without a platform.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use wingbeat::local::{self, Answers, LocalSettings};
use wingbeat::{Cache, Environment, ImageSpec, Layer, Result, Retries, Timeout, condition, ctx, task, trace};
use wingbeat_proto::flyteidl2::core::task_template;
use wingbeat_sdk::spec::{Serialization, images, task_spec};

static ENV: Environment = Environment::new("local");

#[task(env = ENV)]
async fn double(x: i64) -> i64 {
    x * 2
}

#[task(env = ENV)]
fn blocking_sum(xs: Vec<i64>) -> Result<i64> {
    xs.into_iter().map(|x| double(x).wait()).sum::<Result<i64>>()
}

#[task(env = ENV, retries = 3)]
async fn third_time_lucky() -> Result<u32> {
    match ctx()?.attempt() {
        2 => Ok(2),
        n => wingbeat::bail!("attempt {n} fails"),
    }
}

#[task(env = ENV, retries = Retries::times(2), timeout = Timeout::after(Duration::from_millis(30)))]
async fn hangs() {
    std::future::pending::<()>().await;
}

#[task(env = ENV)]
async fn r#match(inputs: Vec<i64>, arguments: i64, r#type: String) -> Result<String> {
    Ok(format!("{} {arguments} {type}", inputs.len()))
}

#[task(env = ENV, timeout = Timeout::after(Duration::MAX).deadline(Duration::MAX), retries = Retries::times(1))]
async fn has_all_the_time() -> Result<u32> {
    match ctx()?.attempt() {
        0 => wingbeat::bail!("not yet"),
        n => Ok(n),
    }
}

static COMPUTED: AtomicU32 = AtomicU32::new(0);

#[task(env = ENV, cache = Cache::version("1").ignore(&["verbose"]))]
async fn cached(x: i64, #[default(false)] verbose: bool) -> i64 {
    COMPUTED.fetch_add(1, Ordering::SeqCst);
    if verbose {
        println!("computing");
    }
    x
}

static STEPS: AtomicU32 = AtomicU32::new(0);

#[trace]
async fn step(x: i64) -> Result<i64> {
    STEPS.fetch_add(1, Ordering::SeqCst);
    Ok(x + 1)
}

#[trace]
async fn plain_step(x: i64) -> i64 {
    x + 1
}

#[task(env = ENV, retries = 1)]
async fn traced() -> Result<i64> {
    let sum = step(1).await? + step(1).await?;
    if ctx()?.attempt() == 0 {
        wingbeat::bail!("after the steps");
    }
    Ok(sum)
}

#[trace]
async fn calls_a_task() -> Result<i64> {
    double(1).await
}

#[task(env = ENV)]
async fn nests() -> Result<i64> {
    calls_a_task().await
}

#[task(env = ENV)]
async fn panics(xs: Vec<i64>) -> i64 {
    xs[3]
}

#[task(env = ENV)]
fn panics_on_a_thread() {
    panic!("no {}", "luck");
}

#[task(env = ENV, retries = 1)]
async fn goes_on_where_it_stopped() -> Result<Option<String>> {
    let checkpoint = ctx()?.checkpoint();
    let left = checkpoint.load().await?;
    checkpoint.save(format!("by attempt {}", ctx()?.attempt())).await?;
    if ctx()?.attempt() == 0 {
        wingbeat::bail!("after saving");
    }
    Ok(left.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

static SPEC: ImageSpec =
    ImageSpec::new("words", "debian:12-slim").layers(&[Layer::Apt(&["ca-certificates"])]);
static BUILT: Environment = Environment::new("built").built_image(&SPEC);

#[task(env = BUILT)]
async fn in_an_image() {}

#[task(env = ENV, report)]
async fn reports() -> Result<Option<String>> {
    let context = ctx()?;
    context.report().tab("plot").html("<svg></svg>");
    Ok(context.value("team").map(ToOwned::to_owned))
}

#[task(env = ENV, report)]
async fn fails_in_the_place_of_its_report() -> Result<()> {
    let context = ctx()?;
    context.report().text("never seen");
    let place = [context.value("runs").unwrap(), context.run_name(), context.action_name(), "1/report.html"];
    std::fs::create_dir_all(place.join("/"))?;
    wingbeat::bail!("what really happened")
}

#[task(env = ENV)]
async fn asks() -> Result<(bool, i64)> {
    Ok((condition::<bool>("go").prompt("Go on?").wait().await?, condition("how_many").wait().await?))
}

fn settings(folder: &tempfile::TempDir) -> LocalSettings {
    LocalSettings {
        cache: Some(folder.path().join("cache")),
        data: folder.path().join("runs"),
        ..LocalSettings::default()
    }
}

/// What the code gives within a local run of its own.
async fn within<T>(code: impl Future<Output = T>) -> T {
    let folder = tempfile::tempdir().unwrap();
    local::scope(settings(&folder), code).await.result.unwrap()
}

#[tokio::test]
async fn outside_of_runs_a_task_is_a_function() {
    assert_eq!(double(4).await, Ok(8));
    assert_eq!(ctx().unwrap_err().code(), "OutsideOfTask");
    assert_eq!(plain_step(1).await, Ok(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_call_tasks_and_keep_the_order() {
    assert_eq!(within(double(4)).await, Ok(8));
    assert_eq!(within(blocking_sum(vec![1, 2, 3])).await, Ok(12));
    let many = within(async { wingbeat::map(double, 0..500).concurrency(7).await }).await;
    assert_eq!(many, Ok((0..500).map(|x| x * 2).collect()));
}

#[tokio::test]
async fn arguments_may_have_any_name_and_tasks_too() {
    let call = r#match(vec![1, 2], 3, "four".to_owned());
    assert_eq!(call.task().full_name(), "local.match");
    assert_eq!(within(call).await, Ok("2 3 four".to_owned()));
}

#[tokio::test]
async fn a_limit_beyond_all_time_is_none() {
    assert_eq!(within(has_all_the_time()).await, Ok(1));
}

#[tokio::test]
async fn a_failed_attempt_is_followed_by_another() {
    assert_eq!(within(third_time_lucky()).await, Ok(2));
    let error = within(hangs()).await.unwrap_err();
    assert_eq!(error.code(), "MAX_RUNTIME_EXCEEDED");
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_task_and_the_process_goes_on() {
    for error in [within(panics(vec![1])).await.unwrap_err(), within(panics_on_a_thread()).await.unwrap_err()]
    {
        assert_eq!(error.code(), "Panic");
        assert!(error.message().contains("local_runs.rs:"), "{}", error.message());
    }
    assert_eq!(within(double(4)).await, Ok(8));
}

#[tokio::test]
async fn an_attempt_finds_what_the_one_before_has_saved() {
    assert_eq!(within(goes_on_where_it_stopped()).await, Ok(Some("by attempt 0".to_owned())));
}

#[test]
fn a_task_runs_in_the_image_that_was_built_or_will_be() {
    let image = |with: &Serialization| {
        let spec = task_spec(in_an_image().task(), with).unwrap();
        match &spec.task_template.target {
            Some(task_template::Target::Container(container)) => container.image.clone(),
            _ => panic!("no container: {spec:?}"),
        }
    };
    assert_eq!(image(&Serialization::default()), images::uri(&SPEC));
    let images = [("built".to_owned(), "registry.example/words:1".to_owned())].into();
    assert_eq!(image(&Serialization { images, ..Default::default() }), "registry.example/words:1");
}

#[tokio::test]
async fn results_are_kept_from_run_to_run() {
    let folder = tempfile::tempdir().unwrap();
    for (verbose, n_computed) in [(false, 1), (true, 1)] {
        let outcome = local::scope(settings(&folder), cached(20, verbose)).await;
        assert_eq!(outcome.result.unwrap(), Ok(20));
        assert_eq!(COMPUTED.load(Ordering::SeqCst), n_computed);
    }
    let fresh = LocalSettings { overwrite_cache: true, ..settings(&folder) };
    local::scope(fresh, cached(20, false)).await.result.unwrap().unwrap();
    assert_eq!(COMPUTED.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn steps_of_an_earlier_attempt_are_not_run_again() {
    assert_eq!(within(traced()).await, Ok(4));
    assert_eq!(STEPS.load(Ordering::SeqCst), 2);
    let error = within(nests()).await.unwrap_err();
    assert_eq!(error.code(), "TraceDoesNotAllowNestedTasks");
}

#[tokio::test]
async fn reports_values_and_answers_reach_the_task() {
    let folder = tempfile::tempdir().unwrap();
    let values = [("team".to_owned(), "red".to_owned())].into();
    let outcome = local::scope(LocalSettings { values, ..settings(&folder) }, reports()).await;
    assert_eq!(outcome.result.unwrap(), Ok(Some("red".to_owned())));
    let page = std::fs::read_to_string(outcome.folder.join("reports-1/1/report.html")).unwrap();
    assert!(page.contains("<svg></svg>") && page.contains("plot"), "{page}");

    let runs = folder.path().join("runs").to_str().unwrap().to_owned();
    let values = [("runs".to_owned(), runs)].into();
    let code = fails_in_the_place_of_its_report();
    let outcome = local::scope(LocalSettings { values, ..settings(&folder) }, code).await;
    assert_eq!(outcome.result.unwrap().unwrap_err().message(), "what really happened");

    let answers = Answers::default().with("go", "yes").with("how_many", 3);
    let outcome = local::scope(LocalSettings { answers, ..settings(&folder) }, asks()).await;
    assert_eq!(outcome.result.unwrap(), Ok((true, 3)));
    let outcome = local::scope(settings(&folder), asks()).await;
    assert_eq!(outcome.result.unwrap().unwrap_err().code(), "ConditionFailedError");

    // Somebody is asked, and says nothing until the test is over.
    let (_over, until) = mpsc::channel::<()>();
    let until = Mutex::new(until);
    let slow = Answers::default().asking(move |_| {
        let _over = until.lock().unwrap().recv();
        Ok("yes".to_owned())
    });
    let code = async { condition::<bool>("go").timeout(Duration::ZERO).wait().await };
    let outcome = local::scope(LocalSettings { answers: slow, ..settings(&folder) }, code).await;
    assert_eq!(outcome.result.unwrap().unwrap_err().code(), "ConditionTimedoutError");
}

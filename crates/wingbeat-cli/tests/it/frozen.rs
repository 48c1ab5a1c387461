//! An executor that is connected and says nothing: a process that was stopped, a machine that hangs. The kernel behind
//! it goes on to answer for its connection.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use wingbeat_client::{Client, ServerAddr};
use wingbeat_proto::wingbeat::executor::v1::{Capacity, ConnectRequest, ReportRequest, ServerMessage};

use crate::platform::{Attempts, Platform};

/// The shortest that a server takes.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Longer than a server waits.
const LONG: Duration = Duration::from_secs(4);

#[tokio::test]
async fn an_executor_that_says_nothing_is_hung_up_on_and_one_that_does_is_not() {
    let platform = Platform::start(Attempts::Simulated);
    let client = Client::new(ServerAddr::Unix(platform.socket())).executors();
    let request = ConnectRequest {
        executor: "elsewhere".to_owned(),
        session_id: "one".to_owned(),
        protocol_version: 1,
        capacity: Capacity { slots: 0, ..Default::default() }.into(),
        heartbeat: buffa_types::google::protobuf::Duration::from(HEARTBEAT).into(),
        ..Default::default()
    };
    let mut stream = client.connect(request).await.expect("it is let in");
    let mut ended =
        Box::pin(async move { while let Ok(Some(_)) = stream.message::<ServerMessage>().await {} });
    let alive = async {
        for _ in 0..LONG.as_secs() * 2 {
            let nothing = ReportRequest { session_id: "one".to_owned(), ..Default::default() };
            client.report(nothing).await.expect("a call without reports is answered");
            sleep(HEARTBEAT / 2).await;
        }
    };
    tokio::select! {
        () = &mut ended => panic!("it was hung up on although it said something"),
        () = alive => (),
    }
    timeout(LONG * 5, ended).await.expect("the stream ends when nothing is said any more");
}

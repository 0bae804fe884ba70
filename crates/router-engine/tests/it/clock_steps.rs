//! A clock on the wall that is put forward or back by an hour: nobody is locked out, nobody is let in twice, and what is measured
//! stays true.

use std::sync::Arc;
use std::time::Duration;

use router_core::grants::{Account, AccountLimits, Budget, BudgetPeriod, Grants, Limits, Rate};
use router_core::id::KeyId;
use router_core::principal::Principal;
use router_core::usd::Usd;
use router_engine::error::RouteError;

use crate::rig::Rig;

const HOUR: i64 = 3_600;

fn caller() -> Principal {
    // Ten at once; the next one an hour later.
    let limits = Limits { requests: Some(Rate { per_minute: 1, burst: 10 }), concurrent: Some(2), ..Limits::default() };
    let budget = Budget { period: BudgetPeriod::Month, limit: Usd::from_dollars(10.0), strict: true };
    let account = AccountLimits::new(Account::Key("k".into()), limits, vec![budget]);
    let grants = Grants { accounts: vec![account], ..Grants::default() };
    Principal { key: Some(KeyId::from("k")), grants: Arc::new(grants), ..Rig::principal() }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_go_on_as_if_nothing_had_happened() {
    let rig = Rig::start().await;
    let caller = caller();
    let mut admitted = 0;
    for ahead in [0, HOUR, 0, -HOUR, HOUR] {
        rig.wall.put_ahead(ahead);
        for _ in 0..3 {
            match rig.engine.route(rig.ask("hello"), &caller).await {
                Ok(routed) => {
                    admitted += 1;
                    assert!(routed.latency < Duration::from_secs(60), "{:?}", routed.latency);
                }
                Err(RouteError::RateLimited { .. }) => assert!(admitted >= 10, "refused after {admitted}"),
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(admitted, 10, "no step opens the limit, and none closes it early");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_its_record_and_measures_are_true() {
    let rig = Rig::start().await;
    let mut ids = Vec::new();
    for ahead in [0, HOUR, -HOUR, 0] {
        rig.wall.put_ahead(ahead);
        ids.push(rig.route("hello").await.unwrap().id);
    }
    for id in ids {
        let record = rig.record(id).await;
        assert!(record.latency < Duration::from_secs(60), "{:?}", record.latency);
        assert!(record.attempts.iter().all(|attempt| attempt.duration < Duration::from_secs(60)));
    }
}

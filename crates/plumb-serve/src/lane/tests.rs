//! Requests of many clients before one model.

use super::*;
use crate::fixture::Pens;

fn telling() -> Telling {
    Telling { observer: None, unix_ms: || 0, turns: Arc::new(Turns::new(2)) }
}

fn batching(queue: usize) -> Batching {
    Batching { rows: 16, delay: Duration::ZERO, queue, threads: 1 }
}

fn payload(length: f64) -> Payload {
    Payload::Rows(vec![Cells::Numbers(vec![length]), Cells::Texts(vec![None]), Cells::Times(vec![None])])
}

type Answer = oneshot::Receiver<Result<Outcome, ApiError>>;

fn job(length: f64) -> (Job, Answer) {
    let (reply, answer) = oneshot::channel();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let place_by = deadline;
    let job = Job {
        payload: payload(length),
        id: "x".to_owned(),
        role: Role::Champion,
        place_by,
        deadline,
        reply: Some(reply),
        held: None,
    };
    (job, answer)
}

fn ask(lane: &Lane, length: f64) -> Answer {
    let (job, answer) = job(length);
    lane.submit(job).unwrap();
    answer
}

fn first(answer: Answer) -> Result<f64, ErrorKind> {
    match answer.blocking_recv().unwrap() {
        Ok(Outcome::Predictions(Predictions::Probabilities { values, .. })) => Ok(values[0]),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.kind),
    }
}

#[test]
fn rows_of_many_clients_are_batched_and_never_mixed() {
    let pens = Arc::new(Pens::new("1", 1));
    let lane = Lane::start(Loaded::Rows(Arc::clone(&pens) as _), batching(4_096), telling()).unwrap();
    std::thread::scope(|scope| {
        for client in 0..64 {
            let lane = &lane;
            scope.spawn(move || {
                for request in 0..50 {
                    let length = f64::from(client * 50 + request) / 3_200.0;
                    let answered = first(ask(lane, length)).unwrap();
                    assert!((answered - length).abs() < 1e-12, "{answered} is not the answer to {length}");
                }
            });
        }
    });
    let calls = pens.calls.lock().unwrap().clone();
    assert_eq!(calls.iter().sum::<usize>(), 3_200);
    assert!(calls.len() < 1_600 && calls.iter().all(|rows| *rows <= 16), "{} batches", calls.len());
}

#[test]
fn where_many_wait_each_thread_has_a_batch_and_a_lone_one_has_all_threads() {
    let pens = Arc::new(Pens::new("1", 5));
    let loaded = || Loaded::Rows(Arc::clone(&pens) as _);
    let wide = Batching { rows: 1, threads: 2, ..batching(256) };
    let (turns, other) = (Arc::new(Turns::new(2)), Arc::new(Pens::new("1", 1)));
    let telling = || Telling { turns: Arc::clone(&turns), ..telling() };
    let lane = Lane::start(loaded(), wide, telling()).unwrap();
    // A second model that needs processors too is not kept waiting for ever.
    let beside = Lane::start(Loaded::Rows(Arc::clone(&other) as _), wide, telling()).unwrap();
    let answers: Vec<Answer> = (0..40).map(|at| ask(&lane, f64::from(at) / 40.0)).collect();
    let of_other: Vec<Answer> = (0..10).map(|at| ask(&beside, f64::from(at) / 10.0)).collect();
    for (at, answer) in (0..).zip(of_other) {
        assert_eq!(first(answer), Ok(f64::from(at) / 10.0));
    }
    for (at, answer) in (0..).zip(answers) {
        assert_eq!(first(answer), Ok(f64::from(at) / 40.0));
    }
    assert_eq!(pens.calls.lock().unwrap().len(), 40);
    assert_eq!(pens.most.load(Ordering::Relaxed), 2, "two at a time");
    pens.most.store(0, Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(first(ask(&lane, 0.5)), Ok(0.5));
    }
    assert_eq!(pens.most.load(Ordering::Relaxed), 1, "one after the other");
}

#[test]
fn a_row_that_fails_or_panics_takes_no_other_with_it() {
    let pens = Arc::new(Pens::new("1", 20));
    let lane = Lane::start(Loaded::Rows(pens as _), batching(256), telling()).unwrap();
    // The first one keeps the model busy, so that the others become a batch.
    let answers: Vec<Answer> = [0.1, 0.2, -1.0, 0.3, 7.0, 0.4].map(|length| ask(&lane, length)).into();
    let found: Vec<Result<f64, ErrorKind>> = answers.into_iter().map(first).collect();
    let failed = Err(ErrorKind::Failed);
    assert_eq!(found, [Ok(0.1), Ok(0.2), failed, Ok(0.3), failed, Ok(0.4)]);
    assert!(lane.stats().panics.load(Ordering::Relaxed) >= 2);
    assert_eq!(first(ask(&lane, 0.5)), Ok(0.5));
}

#[test]
fn who_has_gone_or_is_late_is_not_computed_and_who_is_too_many_is_told() {
    let pens = Arc::new(Pens::new("1", 50));
    let lane = Lane::start(Loaded::Rows(Arc::clone(&pens) as _), batching(2), telling()).unwrap();
    let busy = ask(&lane, 0.1);
    while pens.calls.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    drop(ask(&lane, 0.2));
    let (mut late, answer) = job(0.3);
    late.deadline = tokio::time::Instant::now();
    lane.submit(late).unwrap();
    let behind = (2..2 * CROWD).map(|_| {
        let (mut job, answer) = job(0.5);
        job.place_by = tokio::time::Instant::now();
        lane.submit(job).unwrap();
        answer
    });
    let behind: Vec<Answer> = behind.collect();
    let refused = lane.submit(job(0.4).0).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable);
    assert_eq!(first(busy), Ok(0.1));
    assert!(answer.blocking_recv().is_err(), "a late request has no answer");
    let found: Vec<Result<f64, ErrorKind>> = behind.into_iter().map(first).collect();
    assert_eq!(found[..2], [Ok(0.5), Ok(0.5)], "two may wait");
    assert_eq!(found[2..], [Err(ErrorKind::Unavailable); 4], "who has found no place in its time");
    assert_eq!(first(ask(&lane, 0.6)), Ok(0.6));
    assert_eq!(pens.calls.lock().unwrap().len(), 3, "nobody wanted the others");
}

#[test]
fn what_waits_is_answered_when_the_lane_ends() {
    let lane = Lane::start(Loaded::Rows(Arc::new(Pens::new("1", 10))), batching(256), telling()).unwrap();
    let answers: Vec<Answer> = (0..20).map(|at| ask(&lane, f64::from(at) / 20.0)).collect();
    drop(lane);
    for (at, answer) in (0..).zip(answers) {
        assert_eq!(first(answer), Ok(f64::from(at) / 20.0));
    }
}

#[derive(Debug, Default)]
struct Notes(Mutex<Vec<(Vec<String>, usize)>>);

impl Observer for Notes {
    fn answered(&self, answered: Answered) {
        assert_eq!((answered.role, answered.unix_ms), (Role::Champion, 7));
        assert_eq!(answered.table.rows(), answered.predictions.len());
        self.0.lock().unwrap().push((answered.ids, answered.table.rows()));
    }
}

#[test]
fn an_observer_is_told_of_every_row_by_its_id() {
    let notes = Arc::new(Notes::default());
    let telling =
        Telling { observer: Some(Arc::clone(&notes) as _), unix_ms: || 7, turns: Arc::new(Turns::new(2)) };
    let lane = Lane::start(Loaded::Rows(Arc::new(Pens::new("1", 0))), batching(256), telling).unwrap();
    assert_eq!(first(ask(&lane, 0.5)), Ok(0.5));
    let (mut two, answer) = job(0.5);
    two.payload.append(&payload(0.25));
    lane.submit(two).unwrap();
    assert!(answer.blocking_recv().unwrap().is_ok());
    let told = notes.0.lock().unwrap().clone();
    assert_eq!(told, [(vec!["x".to_owned()], 1), (vec!["x-0".to_owned(), "x-1".to_owned()], 2)]);
}

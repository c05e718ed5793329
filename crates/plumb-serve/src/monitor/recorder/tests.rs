//! The log under load, on a broken disk, with a clock that goes back, and torn.

use plumb_data::{Column, Kind, Predictions};
use plumb_ledger::clock::Clock;
use plumb_stats::Task;

use super::*;
use crate::monitor::{Layout, Log, Wanted, read_log};
use crate::observe::Role;
use crate::signature::Input;
use crate::{ServeError, Served, Signature};

/// Time as the test says it, in milliseconds.
#[derive(Debug, Default)]
struct ToldClock(AtomicU64);

impl Clock for ToldClock {
    fn unix_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Debug)]
struct Doubling(Signature);

impl Doubling {
    fn of(version: &str) -> Arc<dyn Served> {
        let input = |name: &str, kind| Input { name: name.to_owned(), kind };
        Arc::new(Self(Signature {
            name: "doubling".to_owned(),
            version: version.to_owned(),
            task: Task::Regression,
            target: "y".to_owned(),
            classes: Vec::new(),
            inputs: vec![input("weight", Kind::Number), input("site", Kind::Category)],
        }))
    }
}

impl Served for Doubling {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn predict(&self, _table: &Table) -> Result<Predictions, ServeError> {
        Err(ServeError::Failed("the log asks no model of a table".to_owned()))
    }
}

fn batch(version: &str, unix_ms: u64, first: usize, rows: usize) -> Answered {
    let numbers = || (first..first + rows).map(|x| x as f64);
    let table = Table::new(vec![
        Column::number("weight", Kind::Number, numbers().map(Some)),
        Column::category("site", Kind::Category, (0..rows).map(|_| Some("north"))),
    ]);
    Answered {
        model: Doubling::of(version),
        role: Role::Champion,
        unix_ms,
        ids: (first..first + rows).map(|row| format!("r-{row}")).collect(),
        table: table.unwrap(),
        predictions: Predictions::Numbers(numbers().map(|x| 2.0 * x).collect()),
    }
}

fn settings(folder: &Path) -> LogSettings {
    LogSettings { segment_rows: 100, ..LogSettings::new(folder.to_owned()) }
}

fn started(settings: &LogSettings) -> (Recorder, Arc<ToldClock>) {
    let clock = Arc::new(ToldClock::default());
    (Recorder::start(settings.clone(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap(), clock)
}

fn until(what: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it did not come about within ten seconds");
}

fn read(folder: &Path, from: u64, most: usize) -> Log {
    let layout = Layout::of(Doubling::of("a").signature());
    read_log(folder, &Wanted { version: "a", layout: &layout, from, most }).unwrap()
}

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn rows_that_come_one_by_one_are_kept_by_writing_sooner() {
    let one = size(&batch("a", 0, 0, 1).table);
    assert!(one < 4_096, "a row by itself takes {one} bytes");
    let folder = tempfile::tempdir().unwrap();
    // Room for some forty of them, and a segment that would want all.
    let settings = LogSettings { segment_rows: 1_000, memory_bytes: 40 * one, ..settings(folder.path()) };
    let (recorder, _) = started(&settings);
    for row in 0..400 {
        recorder.answered(batch("a", 0, row, 1));
        until(|| recorder.waiting() == 0);
    }
    assert!(recorder.close(PATIENCE));
    let counts = recorder.counts();
    assert_eq!((counts.told, counts.written, counts.dropped), (400, 400, 0));
    assert!(counts.segments > 1, "{counts:?}");
}

#[test]
fn what_was_told_is_read_back_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let (recorder, _) = started(&settings(folder.path()));
    for at in 0..25 {
        recorder.answered(batch("a", 1_000 - at as u64, 10 * at, 10));
        recorder.answered(batch("b", 5, 0, 1));
    }
    assert!(recorder.close(PATIENCE));
    let counts = recorder.counts();
    assert_eq!((counts.told, counts.written, counts.dropped, counts.failures), (275, 275, 0, 0));
    let log = read(folder.path(), 0, usize::MAX);
    assert_eq!((log.others, log.damaged.len(), log.older), (25, 0, 0));
    let rows = log.rows.unwrap();
    assert_eq!(rows.len(), 250);
    assert_eq!(
        (rows.ids[17].as_str(), rows.unix_ms[249]),
        ("r-17", 1_000),
        "a clock that went back stands still"
    );
    assert_eq!(rows.rows.table.column("weight").unwrap().display(17), "17");
    assert_eq!(rows.rows.predictions, Predictions::Numbers((0..250).map(|x| 2.0 * f64::from(x)).collect()));
    assert_eq!(read(folder.path(), 0, 60).older, 100, "the newest alone");
    let last = rows.places[249];
    assert_eq!(read(folder.path(), last, usize::MAX).rows.unwrap().ids, ["r-249"]);
}

#[test]
fn a_row_is_in_by_its_name_and_shares_are_nested() {
    let mut kept = Vec::new();
    for share in [0.1, 0.4] {
        let folder = tempfile::tempdir().unwrap();
        let (recorder, _) = started(&LogSettings { share, ..settings(folder.path()) });
        recorder.answered(batch("a", 0, 0, 5_000));
        assert!(recorder.close(PATIENCE));
        let rows = read(folder.path(), 0, usize::MAX).rows.unwrap();
        assert!((rows.weights[0] - 1.0 / share).abs() < 1e-9);
        assert!((rows.len() as f64 / 5_000.0 - share).abs() < 0.03, "{}", rows.len());
        kept.push(rows);
    }
    assert!(kept[0].ids.iter().all(|id| kept[1].ids.contains(id)));
    let mut mixed = kept[1].clone();
    mixed.weights[0] = 10.0;
    assert_eq!(mixed.at_one_share().ids, kept[0].ids);
}

#[test]
fn a_broken_disk_is_counted_tried_again_and_waited_for_by_nobody() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("log");
    let (recorder, clock) = started(&LogSettings {
        segment_age: Duration::from_secs(1),
        memory_bytes: 200_000,
        ..settings(&folder)
    });
    std::fs::remove_dir_all(&folder).unwrap();
    plumb_ledger::atomic::write_file(&folder, b"in the way").unwrap();
    recorder.answered(batch("a", 0, 0, 50));
    // Time goes on until the rows are old, whenever the other thread took them.
    until(|| {
        clock.0.fetch_add(2_000, Ordering::Relaxed);
        recorder.counts().failures >= 1
    });
    assert!(recorder.counts().last_failure.is_some());
    for at in 1..200 {
        recorder.answered(batch("a", 0, 50 * at, 50));
    }
    until(|| recorder.shared.pending.load(Ordering::Relaxed) > 0 && recorder.counts().dropped > 0);
    until(|| recorder.waiting() == 0);
    std::thread::sleep(Duration::from_millis(100));
    assert!(recorder.shared.pending.load(Ordering::Relaxed) <= 200_000);
    let dropped = recorder.counts().dropped;
    std::fs::remove_file(&folder).unwrap();
    clock.0.fetch_add(200_000, Ordering::Relaxed);
    until(|| recorder.counts().written > 0);
    assert!(recorder.close(PATIENCE));
    let counts = recorder.counts();
    assert_eq!((counts.written + counts.dropped, counts.dropped), (10_000, dropped));
    assert_eq!(read(&folder, 0, usize::MAX).rows.unwrap().len() as u64, counts.written);
}

#[test]
fn the_oldest_segments_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let (recorder, _) = started(&LogSettings { total_bytes: 12_000, ..settings(folder.path()) });
    for at in 0..20 {
        recorder.answered(batch("a", 0, 100 * at, 100));
    }
    assert!(recorder.close(PATIENCE));
    let counts = recorder.counts();
    assert!(counts.written == 2_000 && counts.removed > 0 && counts.bytes <= 12_000, "{counts:?}");
    let rows = read(folder.path(), 0, usize::MAX).rows.unwrap();
    assert_eq!(rows.ids.last().unwrap(), "r-1999");
    assert_eq!(rows.places[0], 2_000 - rows.len() as u64, "places go on over what has gone");
}

#[test]
fn a_damaged_segment_costs_its_own_rows_and_a_restart_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let (recorder, _) = started(&settings(folder.path()));
        recorder.answered(batch("a", round, 100 * round as usize, 100));
        assert!(recorder.close(PATIENCE));
    }
    let all = segments::segments(folder.path()).unwrap();
    assert_eq!(all.iter().map(|of| (of.number, of.first)).collect::<Vec<_>>(), [(1, 0), (2, 100), (3, 200)]);
    let bytes = std::fs::read(&all[1].path).unwrap();
    plumb_ledger::atomic::write_file(&all[1].path, &bytes[..bytes.len() / 2]).unwrap();
    plumb_ledger::atomic::write_file(&folder.path().join("log-00000004-000000000300-5.parquet"), b"PAR1PAR1")
        .unwrap();
    plumb_ledger::atomic::write_file(&folder.path().join(".log-00000009-1-1.parquet.7-0.part"), b"half")
        .unwrap();
    let log = read(folder.path(), 0, usize::MAX);
    assert_eq!((log.damaged.len(), log.rows.unwrap().len()), (2, 200));
    let (recorder, _) = started(&settings(folder.path()));
    assert!(!folder.path().join(".log-00000009-1-1.parquet.7-0.part").exists());
    let refused = Recorder::start(settings(folder.path()), Arc::new(ToldClock::default())).unwrap_err();
    assert!(matches!(refused, LogError::Lock(_)), "{refused}");
    assert!(recorder.close(PATIENCE));
}

#[test]
fn a_full_queue_drops_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (recorder, _) = started(&LogSettings { queue: 1, memory_bytes: 10, ..settings(folder.path()) });
    recorder.answered(batch("a", 0, 0, 10));
    assert_eq!((recorder.counts().drawn, recorder.counts().dropped), (10, 10));
    assert!(recorder.close(PATIENCE));
    recorder.answered(batch("a", 0, 0, 10));
    assert_eq!(recorder.counts().dropped, 20, "after the end all is dropped");
}

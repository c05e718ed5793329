//! Destinations that work, fail, panic and hang.

use std::sync::mpsc;

use plumb_learn::train::Event;

use super::*;
use crate::clock::SystemClock;

const KIND: Kind = Kind {
    name: "test",
    wants: |_| true,
    gather: Duration::from_millis(1),
    farewell: Duration::from_mins(1),
    longest_farewell: Duration::from_mins(1),
};

/// One that is soon given up.
const HASTY: Kind =
    Kind { farewell: Duration::from_millis(300), longest_farewell: Duration::from_millis(900), ..KIND };

fn note(step: u64) -> Arc<Note> {
    let event = Event::Step { step, epoch: 0, loss: 0.5, lr: 0.1, grad_norm: 1.0 };
    Arc::new(Note { unix_ms: 0, content: Content::Event(event) })
}

fn start(
    kind: Kind,
    take: impl FnMut(&[Arc<Note>], &Patience<'_>) -> Result<(), String> + Send + 'static,
) -> Sink {
    struct By<F>(F);
    impl<F: FnMut(&[Arc<Note>], &Patience<'_>) -> Result<(), String> + Send + 'static> Destination for By<F> {
        fn take(&mut self, notes: &[Arc<Note>], patience: &Patience<'_>) -> Result<(), String> {
            (self.0)(notes, patience)
        }
    }
    Sink::start(kind, By(take), Arc::new(SystemClock::start()))
}

fn step(note: &Note) -> u64 {
    match note.content {
        Content::Event(Event::Step { step, .. }) => step,
        _ => unreachable!("only steps are told"),
    }
}

fn end(sink: &Sink) -> Vec<String> {
    sink.close();
    sink.finish()
}

#[test]
fn every_note_arrives_once_and_in_order() {
    let (sender, receiver) = mpsc::channel();
    let sink = start(KIND, move |notes, _| {
        for note in notes {
            sender.send(step(note)).map_err(|e| e.to_string())?;
        }
        Ok(())
    });
    (0..1000).for_each(|step| sink.offer(&note(step)));
    assert_eq!(end(&sink), Vec::<String>::new());
    assert!(receiver.iter().eq(0..1000));
}

#[test]
fn notes_gather_before_they_are_handed_over() {
    let (sender, receiver) = mpsc::channel();
    let slow = Kind { gather: Duration::from_hours(1), ..KIND };
    let sink = start(slow, move |notes, _| sender.send(notes.len()).map_err(|e| e.to_string()));
    (0..10).for_each(|step| sink.offer(&note(step)));
    assert_eq!(end(&sink), Vec::<String>::new(), "the end of the run does not wait for the hour");
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [10]);
}

#[test]
fn a_failure_ends_the_sink_and_is_told_once() {
    let sink = start(KIND, |_, _| Err("the disk is full".to_owned()));
    sink.offer(&note(0));
    let told = end(&sink);
    assert_eq!(told, ["test: the disk is full; the run goes on without it"]);
    sink.offer(&note(1));
    assert!(end(&sink).is_empty() && sink.news().is_empty());
}

#[test]
fn a_panic_ends_the_sink_alone() {
    let sink = start(KIND, |_, _| panic!("on purpose"));
    sink.offer(&note(0));
    assert_eq!(end(&sink), ["test: ended by a bug of Plumb; the run goes on without it"]);
}

#[test]
fn a_hanging_destination_holds_nobody_up_and_the_lost_notes_are_counted() {
    let clock = SystemClock::start();
    let (release, held) = mpsc::channel::<()>();
    let (taken, takes) = mpsc::channel();
    let sink = start(HASTY, move |_, _| {
        taken.send(()).map_err(|e| e.to_string())?;
        held.recv().map_err(|e| e.to_string())
    });
    sink.offer(&note(0));
    takes.recv().unwrap();
    let room = (QUEUE_BYTES / note(0).content.bytes()) as u64;
    (0..room + 11).for_each(|step| sink.offer(&note(step)));
    assert!(clock.elapsed() < Duration::from_secs(5), "{:?}", clock.elapsed());
    let told = end(&sink);
    assert!(clock.elapsed() < Duration::from_secs(6), "{:?}", clock.elapsed());
    assert!(told[0].contains("no end of it"), "{told:?}");
    assert_eq!(told[1], "test: 11 notes were dropped because it was too slow");
    drop(release);
}

#[test]
fn a_wait_between_tries_ends_with_the_run() {
    let clock = SystemClock::start();
    let (begun, begins) = mpsc::channel();
    let sink = start(KIND, move |_, patience| {
        assert_eq!(patience.left(), None);
        begun.send(()).map_err(|e| e.to_string())?;
        patience.wait(Duration::from_hours(1));
        assert!(patience.left().unwrap() <= KIND.farewell);
        Ok(())
    });
    sink.offer(&note(0));
    begins.recv().unwrap();
    assert_eq!(end(&sink), Vec::<String>::new());
    assert!(clock.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_slow_destination_is_waited_for_while_it_gives_signs_and_not_for_ever() {
    let clock = SystemClock::start();
    let slow = |pauses: usize| {
        start(HASTY, move |_, patience| {
            for _ in 0..pauses {
                std::thread::sleep(Duration::from_millis(100));
                patience.sign();
            }
            Ok(())
        })
    };
    let (done, endless) = (slow(6), slow(10_000));
    for sink in [&done, &endless] {
        sink.offer(&note(0));
    }
    assert_eq!(end(&done), Vec::<String>::new(), "twice the farewell, with signs");
    assert!(end(&endless)[0].contains("no end of it"));
    assert!(clock.elapsed() < Duration::from_secs(5), "{:?}", clock.elapsed());
}

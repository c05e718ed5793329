//! Versions, aliases, rollback, and what a kill leaves.

use super::*;

const ONE: [(&str, &[u8]); 2] = [("bundle.json", b"{}"), ("model/model.safetensors", b"weights one")];
const TWO: [(&str, &[u8]); 2] = [("bundle.json", b"{}"), ("model/model.safetensors", b"weights two")];
const THREE: [(&str, &[u8]); 2] = [("bundle.json", b"{}"), ("model/model.safetensors", b"weights three")];

fn made() -> (tempfile::TempDir, Registry) {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::open_or_create(&home.path().join("registry")).unwrap();
    (home, registry)
}

fn filled() -> (tempfile::TempDir, Registry) {
    let (home, registry) = made();
    for (at, files) in [ONE, TWO, THREE].iter().enumerate() {
        let added = registry.add("loans", files, Lineage::default(), 1000 + at as u64).unwrap();
        assert_eq!(added, Added { version: at as u64 + 1, was_there: false });
    }
    (home, registry)
}

fn of(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn objects(registry: &Registry) -> usize {
    fs::read_dir(registry.root().join(OBJECTS)).unwrap().count()
}

fn champion(registry: &Registry) -> Option<u64> {
    registry.model("loans").unwrap().aliases().get("champion").copied()
}

#[test]
fn versions_share_their_objects_and_come_out_as_they_went_in() {
    let (_home, registry) = filled();
    assert_eq!(objects(&registry), 4, "the description is the same in all three");
    let again = registry.add("loans", &ONE, Lineage::default(), 5).unwrap();
    assert_eq!(again, Added { version: 1, was_there: true });
    let version = registry.resolve(&of("loans:2")).unwrap();
    let files = registry.files(&version).unwrap();
    assert_eq!(files["model/model.safetensors"], b"weights two");
    assert_eq!(registry.resolve(&of("loans")).unwrap().version, 3);
    let names: Vec<String> = registry.list().unwrap().into_iter().map(|model| model.name).collect();
    assert_eq!(names, ["loans"]);
}

#[test]
fn aliases_move_and_go_back_as_often_as_they_moved() {
    let (_home, registry) = filled();
    for (version, from) in [(1, None), (2, Some(1)), (3, Some(2))] {
        assert_eq!(registry.alias(&of(&format!("loans:{version}")), "champion", 1).unwrap(), from);
    }
    assert_eq!(
        registry.alias(&of("loans:3"), "champion", 1).unwrap(),
        Some(3),
        "to where it points is no move"
    );
    assert_eq!(registry.roll_back("loans", "champion", 2).unwrap(), (3, 2));
    assert_eq!(registry.roll_back("loans", "champion", 3).unwrap(), (2, 1));
    assert!(matches!(registry.roll_back("loans", "champion", 4), Err(RegistryError::NoPrevious { .. })));
    registry.alias(&of("loans:3"), "champion", 5).unwrap();
    assert_eq!(
        registry.roll_back("loans", "champion", 6).unwrap(),
        (3, 1),
        "what was rolled back is no target any more"
    );
    assert_eq!(registry.resolve(&of("loans@champion")).unwrap().version, 1);
    let actions: Vec<Action> = registry.model("loans").unwrap().log.iter().map(|line| line.action).collect();
    assert_eq!(actions.len(), 10);
}

#[test]
fn of_two_that_have_seen_the_same_champion_the_second_is_refused() {
    let (_home, registry) = filled();
    registry.replace(&of("loans:1"), "champion", None, 1).unwrap();
    registry.replace(&of("loans:2"), "champion", Some(1), 2).unwrap();
    registry.replace(&of("loans:2"), "champion", Some(1), 3).unwrap();
    assert_eq!(registry.model("loans").unwrap().log.len(), 5, "the same again is no move");
    let refused = registry.replace(&of("loans:3"), "champion", Some(1), 4).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "alias `champion` of `loans` points at version 2 by now, not at version 1"
    );
    assert!(matches!(
        registry.replace(&of("loans:3"), "champion", None, 4),
        Err(RegistryError::Moved { .. })
    ));
    assert_eq!(champion(&registry), Some(2));
    assert_eq!(registry.roll_back("loans", "champion", 5).unwrap(), (2, 1));
}

#[test]
fn what_is_pointed_at_stays_and_what_is_removed_takes_its_own_objects() {
    let (_home, registry) = filled();
    registry.alias(&of("loans:1"), "champion", 1).unwrap();
    registry.alias(&of("loans:2"), "champion", 2).unwrap();
    assert!(matches!(registry.remove("loans", 2, 3), Err(RegistryError::PointedAt { .. })));
    registry.remove("loans", 1, 3).unwrap();
    assert_eq!(objects(&registry), 3);
    assert!(matches!(registry.roll_back("loans", "champion", 4), Err(RegistryError::NoPrevious { .. })));
    registry.files(&registry.resolve(&of("loans:2")).unwrap()).unwrap();
    let again = registry.add("loans", &ONE, Lineage::default(), 5).unwrap();
    assert_eq!(again.version, 4, "a number is not given twice");
}

#[test]
fn a_damaged_object_is_named_and_mended_by_adding_again() {
    let (_home, registry) = filled();
    let version = registry.resolve(&of("loans:1")).unwrap();
    let object = registry.object(&version.files[1].sha256).unwrap();
    atomic::write_file(&object, b"other").unwrap();
    let refused = registry.files(&version).unwrap_err().to_string();
    assert!(refused.starts_with("`model/model.safetensors` of the bundle is damaged"), "{refused}");
    fs::remove_file(&object).unwrap();
    assert!(matches!(registry.files(&version), Err(RegistryError::Read { .. })));
    assert!(registry.add("loans", &ONE, Lineage::default(), 5).unwrap().was_there);
    registry.files(&version).unwrap();
}

#[test]
fn a_log_that_was_changed_is_refused() {
    let (_home, registry) = filled();
    registry.alias(&of("loans:1"), "champion", 1).unwrap();
    registry.alias(&of("loans:2"), "champion", 2).unwrap();
    let path = registry.file_of("loans");
    let whole = fs::read(&path).unwrap();
    let mut cut: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    cut["log"].as_array_mut().unwrap().remove(3);
    let mut moved: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    moved["versions"][0]["files"][1]["path"] = "../../x".into();
    let mut fewer: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    fewer["versions"].as_array_mut().unwrap().pop();
    for changed in [cut, moved, fewer, serde_json::json!({}), serde_json::json!({"schema": 2})] {
        atomic::write_file(&path, changed.to_string().as_bytes()).unwrap();
        assert!(matches!(registry.model("loans"), Err(RegistryError::Form { .. })), "{changed}");
    }
    for end in [0, 1, whole.len() / 2, whole.len() - 3] {
        atomic::write_file(&path, &whole[..end]).unwrap();
        assert!(matches!(registry.model("loans"), Err(RegistryError::Form { .. })), "{end}");
    }
}

/// A writer that is killed has written some objects, has a new file of the model beside the old one, or is done: the state is the old
/// one until the rename, the new one after it.
#[test]
fn a_writer_killed_anywhere_leaves_the_old_state_or_the_new_one() {
    let (_home, registry) = made();
    registry.add("loans", &ONE, Lineage::default(), 1).unwrap();
    let before = registry.model("loans").unwrap();
    let stored = model::stored(&TWO).unwrap();
    for written in 0..=stored.len() {
        for (of, (_, bytes)) in stored.iter().zip(sorted(&TWO)).take(written) {
            registry.keep(&of.sha256, bytes).unwrap();
        }
        assert_eq!(registry.model("loans").unwrap(), before);
    }
    let half = registry.root().join(MODELS).join(".loans.json.99-0.part");
    atomic::write_file(&half, b"{\"schema\"").unwrap();
    let left = registry.root().join(OBJECTS).join(".abc.99-0.part");
    atomic::write_file(&left, b"half").unwrap();
    assert_eq!(registry.model("loans").unwrap(), before);
    assert_eq!(registry.list().unwrap().len(), 1);
    let added = registry.add("loans", &TWO, Lineage::default(), 2).unwrap();
    assert_eq!(added, Added { version: 2, was_there: false });
    registry.add("loans", &THREE, Lineage::default(), 3).unwrap();
    registry.remove("loans", 3, 4).unwrap();
    assert!(!left.exists(), "a removal takes what was left behind");
    registry.files(&registry.resolve(&of("loans:2")).unwrap()).unwrap();
}

#[test]
fn two_writers_are_kept_apart() {
    let (_home, registry) = filled();
    let held = registry.lock().unwrap();
    assert!(matches!(registry.alias(&of("loans:1"), "champion", 1), Err(RegistryError::Lock(_))));
    assert_eq!(registry.model("loans").unwrap().versions.len(), 3, "reading needs no lock");
    drop(held);
    registry.alias(&of("loans:1"), "champion", 1).unwrap();
    assert_eq!(champion(&registry), Some(1));
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let (home, registry) = filled();
    assert!(matches!(Registry::open(home.path()), Err(RegistryError::None { .. })));
    let unknown = registry.model("loan").unwrap_err();
    assert_eq!(plumb_ledger::Explain::hint(&unknown).unwrap(), "did you mean `loans`?");
    assert!(matches!(registry.resolve(&of("loans:9")), Err(RegistryError::Version { .. })));
    assert!(matches!(registry.resolve(&of("loans@champion")), Err(RegistryError::Alias { .. })));
    let parent = Lineage { parent: Some("loans:9".to_owned()), ..Lineage::default() };
    assert!(registry.add("loans", &ONE, parent, 1).is_err(), "a parent must be there");
    for path in ["../x", "/x", "a\\b", ""] {
        let refused = registry.add("loans", &[(path, b"x")], Lineage::default(), 1);
        assert!(matches!(refused, Err(RegistryError::Path(_))), "{path}");
    }
}

"""Copies of checkpoints: listed, pinned while they are sent, dropped when the centre has them."""

from bostan_agent.runtime import kept


def copy(folder, seq):
    (folder / "checkpoints" / str(seq)).mkdir(parents=True)
    (folder / "checkpoints" / str(seq) / "weights").write_text("w")


def test_a_rank_without_checkpoints_has_no_copies(tmp_path):
    assert kept.copies(tmp_path) == []
    assert kept.pin(tmp_path, 1) is None


def test_copies_are_listed_by_number(tmp_path):
    for seq in (2, 10, 1):
        copy(tmp_path, seq)
    (tmp_path / "checkpoints" / ".11.tmp").mkdir()
    kept.pin(tmp_path, 2)
    assert kept.copies(tmp_path) == [1, 2, 10]


def test_a_pin_is_seen_by_the_shim_until_it_is_released(tmp_path):
    copy(tmp_path, 3)
    assert kept.pin(tmp_path, 3) == tmp_path / "checkpoints" / "3"
    assert (tmp_path / "checkpoints" / "3.pin").exists()
    kept.release(tmp_path, 3)
    kept.release(tmp_path, 3)
    assert not (tmp_path / "checkpoints" / "3.pin").exists()


def test_what_is_gone_cannot_be_pinned(tmp_path):
    copy(tmp_path, 3)
    assert kept.pin(tmp_path, 2) is None
    assert not (tmp_path / "checkpoints" / "2.pin").exists()


def test_a_delivered_copy_is_dropped_with_its_pin(tmp_path):
    copy(tmp_path, 3)
    copy(tmp_path, 4)
    kept.pin(tmp_path, 3)
    kept.drop(tmp_path, 3)
    kept.drop(tmp_path, 3)
    assert kept.copies(tmp_path) == [4]
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["4"]

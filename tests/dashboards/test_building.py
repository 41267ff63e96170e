"""What is committed is what the specs say."""

from pathlib import Path

from dashboards.building import HERE, contents, drift, write


def test_the_committed_files_are_what_the_specs_say() -> None:
    assert drift() == [], "run `tidegate dashboards build` and commit dashboards/"


def test_a_changed_a_missing_and_a_needless_file_are_found_and_put_right(tmp_path: Path) -> None:
    assert write(tmp_path) == sorted(contents())
    (tmp_path / "generated" / "tidegate-route.json").write_text("{}")
    (tmp_path / "provisioning" / "alerting" / "rules.yaml").unlink()
    (tmp_path / "generated" / "of-old.json").write_text("{}")
    changed = ["generated/of-old.json", "generated/tidegate-route.json", "provisioning/alerting/rules.yaml"]
    assert drift(tmp_path) == changed
    assert write(tmp_path) == changed
    assert drift(tmp_path) == []


def test_building_twice_gives_the_same_bytes() -> None:
    assert contents() == contents()


def test_every_provisioning_file_of_the_package_is_handed_out() -> None:
    files = {str(path.relative_to(HERE)) for path in (HERE / "provisioning").rglob("*") if path.is_file()}
    assert files == {path for path in contents() if path.startswith("provisioning/")}

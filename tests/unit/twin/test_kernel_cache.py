import shutil
from pathlib import Path

from twin.sweep import KERNELS, source_stamp


def test_a_change_in_any_kernel_changes_the_stamp(tmp_path: Path) -> None:
    source = Path(__file__).parents[3] / "twin"
    for name in KERNELS:
        shutil.copy(source / f"{name}.py", tmp_path)
    before = source_stamp(tmp_path)
    assert before == source_stamp(source)
    stamps = {before}
    for name in KERNELS:
        with (tmp_path / f"{name}.py").open("a", encoding="utf-8") as file:
            file.write("# another\n")
        stamps.add(source_stamp(tmp_path))
    assert len(stamps) == len(KERNELS) + 1


def test_the_list_of_kernels_is_complete() -> None:
    """Every file that compiles a function with numba is in the list."""
    source = Path(__file__).parents[3] / "twin"
    compiled = {path.stem for path in source.glob("*.py") if "import njit" in path.read_text(encoding="utf-8")}
    assert compiled == set(KERNELS)

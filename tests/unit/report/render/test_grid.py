from rich.text import Text
from tflm_hil.report.render.grid import Across, Head, grid


def lines(heads: list[Head], rows: list[list[str] | Across], width: int = 80) -> list[str]:
    made = [row if isinstance(row, Across) else [Text(cell) for cell in row] for row in rows]
    return grid(heads, made, width).plain.split("\n")


HEADS = [Head("entry\n  name", 0, right=False), Head("much", 1), Head("cycles\n/step", 2)]


def test_columns_are_aligned_below_two_line_headings() -> None:
    assert lines(HEADS, [["a", "1", "12,345,678"], ["long name", "22,222", "9"]]) == [
        "entry                  cycles",
        "  name       much       /step",
        "─────────────────────────────",
        "a               1  12,345,678",
        "long name  22,222           9",
    ]


def test_columns_of_high_rank_go_first_where_there_is_no_room() -> None:
    row = ["a", "1", "123"]
    assert "cycles" in lines(HEADS, [row], 20)[0]
    narrow = lines(HEADS, [row], 12)
    assert "cycles" not in "".join(narrow)
    assert "much" in "".join(narrow)
    assert "much" not in "".join(lines(HEADS, [row], 6))


def test_row_across_has_its_note_at_its_column_and_is_cut_at_the_width() -> None:
    across = Across(Text("model"), Text("what is measured, and a long title"), 1)
    printed = lines(HEADS, [across, ["name of it", "1", "123"]], 40)
    assert printed[3].index("what") == len("name of it") + 2
    assert all(len(line) <= 40 for line in printed)


def test_long_name_across_pushes_the_columns_instead_of_its_note() -> None:
    across = Across(Text("a_model_with_a_long_name"), Text("RMSE"), 1)
    printed = lines(HEADS, [across, ["x", "1", "123"]], 80)
    assert printed[3] == "a_model_with_a_long_name  RMSE"
    assert printed[4].startswith("x" + " " * len("a_model_with_a_long_name"))

"""Record the golden files of `test_document_formats.py` anew: `python tests/reports/record_golden.py`."""

from pathlib import Path

from golden_document import rendered

if __name__ == "__main__":
    folder = Path(__file__).parent / "golden"
    folder.mkdir(exist_ok=True)
    for name, text in rendered().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)

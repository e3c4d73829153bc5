"""Tables between rules: text stays text, and a foreign file is a message."""

import pytest
from art_transfer.errors import StudyError
from art_transfer.formats import read_csv


def test_texts_that_look_like_numbers_or_nothing_stay_as_they_are(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("label,other,object_id\nNA,1,007\n1.0,,\n")
    table = read_csv(path, ["object_id", "label"])
    assert table.values.tolist() == [["007", "NA"], ["", "1.0"]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"object_id;label\n1;2\n", "column object_id, label is missing; found"),
        (b"", "expected a CSV in UTF-8 with a header"),
        (b"object_id,label\n1,\xff\n", "expected a CSV in UTF-8 with a header"),
        (b'object_id,label\n1,"2\n', "expected a CSV in UTF-8 with a header"),
        (None, "there is no such file"),
    ],
)
def test_what_is_no_such_table_is_a_message(tmp_path, content, words):
    path = tmp_path / "labels.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyError, match=words) as caught:
        read_csv(path, ["object_id", "label"])
    assert str(path) in str(caught.value)
